import { spawn, type ChildProcess } from 'node:child_process';
import { isSea } from 'node:sea';
import type { Traveller } from '../../control/traveller.ts';
import type { Placement } from '../../fleet/placement.ts';
import {
  SHARD,
  type Answered,
  type FromShard,
  type ToShard,
  type Work,
  type ShardReady,
} from './messages.ts';

export interface ShardOptions {
  readonly index: number;
  readonly of: number;
  /** Of the program, beside those that this process was given. */
  readonly args: readonly string[];
  readonly placement: () => Placement;
  /** A whole line of its log. */
  readonly line: (text: string) => void;
  readonly ready: (ready: ShardReady) => void;
  /** It has ended, and nobody told it to. */
  readonly died: (how: string) => void;
}

/** Who was told to end and has not, after so many milliseconds, is killed. */
const PATIENCE = 30_000;
/** Milliseconds that a shard has for one piece of work. */
const WORK = 60_000;

/** A process that serves some of the BMCs. */
export class ShardProcess {
  readonly index: number;
  ready: ShardReady | undefined;
  readonly #options: ShardOptions;
  readonly #child: ChildProcess;
  readonly #asked = new Map<number, (answer: Omit<Answered, 'id'>) => void>();
  readonly #ended: Promise<number>;
  #next = 1;
  #isEnding = false;

  constructor(options: ShardOptions) {
    this.#options = options;
    this.index = options.index;
    const own = isSea() ? [] : [...process.execArgv, process.argv[1]];
    const env: NodeJS.ProcessEnv = { ...process.env, [SHARD]: `${options.index}/${options.of}` };
    // Systemd is told by one process.
    for (const name of ['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID']) delete env[name];
    this.#child = spawn(process.execPath, [...own, ...process.argv.slice(2), ...options.args], {
      env,
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      serialization: 'advanced',
      // A terminal's signals are for the process that it knows.
      detached: true,
    });
    this.#child.on('message', (message: FromShard) => this.#hear(message));
    this.#child.stderr?.setEncoding('utf8');
    const lines = linesInto(options.line);
    this.#child.stderr?.on('data', (text: string) => lines.push(text));
    this.#ended = new Promise((resolve) => {
      const over = (code: number | null, how: string): void => {
        for (const answer of this.#asked.values()) answer({ problem: 'its shard has ended' });
        this.#asked.clear();
        resolve(code ?? 1);
        if (!this.#isEnding) options.died(how);
        this.#isEnding = true;
      };
      this.#child.on('error', (error) => over(null, error.message));
      // Programs that it has started may hold its standard error open for longer.
      this.#child.on('exit', (code, signal) => over(code, signal ?? `exit code ${code}`));
      this.#child.on('close', () => lines.end());
    });
    this.place();
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Resolves with its exit code when it has ended, however that came. */
  get ended(): Promise<number> {
    return this.#ended;
  }

  /** Tells it which BMCs are whose. */
  place(): void {
    const { of, moved } = this.#options.placement();
    this.#say({ placement: { of, moved } });
  }

  /** Resolves with what it did, or why it could not. */
  ask(work: Work): Promise<{ readonly traveller?: Traveller; readonly problem?: string }> {
    return new Promise((resolve) => {
      const id = this.#next++;
      const timer = setTimeout(() => answer({ problem: 'its shard does not answer' }), WORK);
      const answer = (outcome: Omit<Answered, 'id'>): void => {
        clearTimeout(timer);
        this.#asked.delete(id);
        resolve(outcome);
      };
      this.#asked.set(id, answer);
      this.#say({ id, work });
    });
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Ends it. Resolves when it has ended. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    this.#isEnding = true;
    this.#child.kill(signal);
    const late = setTimeout(() => this.#child.kill('SIGKILL'), PATIENCE);
    await this.#ended;
    clearTimeout(late);
  }

  #say(message: ToShard): void {
    // One that ends just now needs to know nothing.
    if (this.#child.connected) this.#child.send(message, () => undefined);
  }

  #hear(message: FromShard): void {
    if ('ready' in message) {
      this.ready = message.ready;
      this.#options.ready(message.ready);
    } else this.#asked.get(message.id)?.(message);
  }
}

/** Whole lines of what comes in pieces. */
function linesInto(line: (text: string) => void): { push(text: string): void; end(): void } {
  let rest = '';
  return {
    push(text) {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const whole of lines) line(whole);
    },
    end() {
      if (rest !== '') line(rest);
      rest = '';
    },
  };
}
