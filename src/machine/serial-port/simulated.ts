import { fromLatin1, latin1 } from '../../codec/index.ts';
import type { Clock, Timer } from '../../world/world.ts';
import type { Chassis } from '../chassis/chassis.ts';
import type { ConsolePort, ConsoleSource, MachinePower } from './console.ts';

export interface SimulatedOptions {
  readonly clock: Clock;
  readonly chassis: Pick<Chassis, 'isOn'>;
  /** What the machine calls itself. */
  readonly host: string;
}

const BACKSPACE = '\b';
const DELETE = '\u007f';
const END_OF_TEXT = '\u0003';
/** Longest line that is remembered. */
const LONGEST = 256;

/** Milliseconds after power-on, and what is written then. */
const bootOf = (host: string): readonly (readonly [number, string])[] => [
  [100, 'Initializing memory... 65536 MB OK\r\n'],
  [900, 'Booting from disk 0\r\n'],
  [1400, `[    0.000000] Linux version 6.1.0 (${host})\r\n`],
  [1900, '[    0.812345] systemd[1]: Reached target multi-user.target\r\n'],
  [2400, `\r\n${host} login: `],
];

/**
 * A machine that is not there: it boots when it is switched on, asks for a log-in and echoes what is typed.
 * It waits for nothing, so that a thousand of them cost nothing.
 */
export class SimulatedConsole implements ConsoleSource {
  readonly #port: ConsolePort;
  readonly #options: SimulatedOptions;
  #boot: Timer | undefined;
  #line = '';
  #held: string[] | undefined;

  constructor(port: ConsolePort, options: SimulatedOptions) {
    this.#port = port;
    this.#options = options;
  }

  powerWent({ on, starts }: MachinePower): void {
    this.#port.available(on);
    if (starts) this.#bootFrom(0);
    else if (!on) this.#boot?.cancel();
  }

  /** The machine's state as it is found; call it once the console is plugged in. */
  start(): void {
    this.#port.available(this.#options.chassis.isOn);
  }

  get isUnfinished(): boolean {
    return this.#line !== '' || this.#held !== undefined;
  }

  write(characters: Uint8Array): boolean {
    let out = '';
    for (const character of latin1(characters)) out += this.#typed(character);
    this.#say(out);
    return true;
  }

  /** A getty takes it as a wrong speed and asks again. */
  sendBreak(): void {
    this.#line = '';
    this.#say(this.#prompt());
  }

  pause(): void {
    this.#held ??= [];
  }

  resume(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    if (held.length > 0) this.#say(held.join(''));
  }

  async close(): Promise<void> {
    this.#boot?.cancel();
  }

  #typed(character: string): string {
    if (character === '\r' || character === '\n') {
      const failed = this.#line === '' ? '' : '\r\nLogin incorrect\r\n';
      this.#line = '';
      return failed + this.#prompt();
    }
    if (character === BACKSPACE || character === DELETE) {
      if (this.#line === '') return '';
      this.#line = this.#line.slice(0, -1);
      return '\b \b';
    }
    if (character === END_OF_TEXT) {
      this.#line = '';
      return `^C${this.#prompt()}`;
    }
    this.#line = (this.#line + character).slice(0, LONGEST);
    return character;
  }

  #prompt(): string {
    return `\r\n${this.#options.host} login: `;
  }

  #bootFrom(step: number): void {
    this.#boot?.cancel();
    this.#line = '';
    const boot = bootOf(this.#options.host);
    if (step === boot.length) return;
    const wait = boot[step][0] - (boot[step - 1]?.[0] ?? 0);
    this.#boot = this.#options.clock.after(wait, () => {
      this.#say(boot[step][1]);
      this.#bootFrom(step + 1);
    });
  }

  #say(text: string): void {
    if (text === '') return;
    // A machine cannot be held back for ever: what is too much is lost.
    if (this.#held) this.#held = [...this.#held, text].slice(-LONGEST);
    else this.#port.received(fromLatin1(text));
  }
}
