import { isatty } from 'node:tty';
import { daemonOf } from './daemon.ts';
import type { Flags } from './flags.ts';
import { isForPrograms, isTerminal, tell, untilReaderGoes } from './tell.ts';
import { TopSource, type TopFigures } from './top-figures.ts';
import { topPage, type Room } from './top-page.ts';

export interface TopFlags extends Flags {
  readonly once?: boolean;
  /** Seconds. */
  readonly interval?: number;
}

const INTERVAL = 2;
/** Until the first page of a terminal, in seconds. */
const FIRST = 0.3;
/** Of a page that goes into a pipe. */
const PAPER: Room = { columns: Infinity, rows: 60 };

/** Shows what goes on, again and again, until the reader or the daemon ends it. */
export async function top(names: readonly string[], flags: TopFlags): Promise<void> {
  const { interval = INTERVAL } = flags;
  const isScreen = isTerminal() && !isForPrograms(flags) && !flags.once;
  const isOnce = flags.once === true || (!isTerminal() && flags.interval === undefined);
  const control = daemonOf(flags);
  // Whoever is not there is told before anything is drawn.
  await control.get('/v1/fleet');
  const end = untilReaderGoes();
  const source = new TopSource(control, names, end.signal);
  const screen = isScreen ? new Screen(() => end.abort()) : undefined;
  try {
    for (let wait = isScreen ? Math.min(FIRST, interval) : interval; ; wait = interval) {
      await Promise.race([source.ended, pause(wait, end.signal)]);
      if (end.signal.aborted) return;
      const figures = await Promise.race([source.figures(), source.ended]);
      if (figures === undefined) return;
      if (screen) screen.show(figures);
      else await tell(flags, figures, () => `${topPage(figures, PAPER).join('\n')}\n${isOnce ? '' : '\n'}`);
      if (isOnce) return;
    }
  } finally {
    screen?.close();
    end.abort();
  }
}

/** Resolves after so many seconds, or when the signal is aborted. */
function pause(seconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, seconds * 1000);
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
    signal.addEventListener('abort', done);
  });
}

/** The other screen of a terminal, without a cursor; and back. */
const ENTER = '\x1b[?1049h\x1b[?25l';
const LEAVE = '\x1b[?25h\x1b[?1049l';
const HOME = '\x1b[H';
const REST_OF_LINE = '\x1b[K';
const REST_OF_SCREEN = '\x1b[J';
/** q, Q, Ctrl-C, Ctrl-D. */
const ENDS = /[qQ\x03\x04]/; // oxlint-disable-line no-control-regex
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;
/** Of a terminal that does not say. */
const USUAL: Room = { columns: 80, rows: 24 };

/** A terminal while `top` has it. It is as before after `close`, and however else the process ends. */
class Screen {
  readonly #end: () => void;
  #figures: TopFigures | undefined;
  readonly #restore = (): void => this.close();
  readonly #draw = (): void => this.#drawn();
  readonly #typed = (keys: Buffer): void => {
    if (ENDS.test(keys.toString('latin1'))) this.#end();
  };

  constructor(end: () => void) {
    this.#end = end;
    for (const signal of SIGNALS) process.on(signal, end);
    // Whatever it is that ends the process: an error that nobody foresaw leaves a terminal that can be used.
    process.on('exit', this.#restore);
    process.on('SIGCONT', this.#draw);
    process.stdout.on('resize', this.#draw);
    process.stdout.write(ENTER);
    if (!isatty(0)) return;
    process.stdin.setRawMode(true);
    process.stdin.on('data', this.#typed);
  }

  show(figures: TopFigures): void {
    this.#figures = figures;
    this.#drawn();
  }

  close(): void {
    process.off('exit', this.#restore);
    process.off('SIGCONT', this.#draw);
    process.stdout.off('resize', this.#draw);
    for (const signal of SIGNALS) process.off(signal, this.#end);
    if (isatty(0)) {
      process.stdin.off('data', this.#typed);
      process.stdin.setRawMode(false);
      process.stdin.pause();
    }
    process.stdout.write(LEAVE);
  }

  #drawn(): void {
    if (this.#figures === undefined) return;
    const { columns, rows } = process.stdout;
    const room = columns > 0 && rows > 0 ? { columns, rows } : USUAL;
    const lines = topPage(this.#figures, room).map((line) => line + REST_OF_LINE);
    process.stdout.write(HOME + lines.join('\r\n') + REST_OF_SCREEN);
  }
}
