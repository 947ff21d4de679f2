import { hex2 } from '../codec/index.ts';

/**
 * Terminal mode of serial/modem channels (IPMI 2.0 §14.7, appendix E): lines of printable text between
 * brackets.
 */
export interface TerminalOptions {
  /** Backspace, continuation lines; input time-outs are off (§14.8). */
  readonly lineEditing: boolean;
  /** What a deleted character looks like: DEL itself, or backspace, space, backspace. */
  readonly eraseVisibly: boolean;
  readonly echo: boolean;
  /** `[SYS]` whenever another line can be taken (§14.7.7). */
  readonly handshake: boolean;
  /** 0..5, as parameter 29 numbers them. */
  readonly outputNewline: number;
  /** 1: carriage return, 2: null. */
  readonly inputNewline: number;
}

const NEWLINES = ['', '\r\n', '\0', '\r', '\n\r', '\n'];
const CR = 0x0d;
const LF = 0x0a;
const ESC = 0x1b;
const BACKSPACE = 0x08;
const DEL = 0x7f;
const OPEN = 0x5b;
const CLOSE = 0x5d;
/** Hex digits and a space for each byte of the longest message, and the brackets. */
const LIMIT = 3 * 260;

export const newlineOf = ({ outputNewline }: TerminalOptions): string => NEWLINES[outputNewline] ?? '\r\n';

/** What a character led to. */
export interface TerminalStep {
  /** Goes back to the terminal: an echo, an erased character, a new line. */
  readonly echo?: string;
  /** A line that is complete, without its brackets; `tooLong`: its end was lost. */
  readonly line?: { readonly text: string; readonly tooLong: boolean };
}

const NOTHING: TerminalStep = {};

/**
 * Finds the bracketed lines in what a terminal sends. What is illegal flushes the line in silence (§14.8).
 */
export class TerminalReader {
  #text = '';
  /** Outside of brackets; in them; behind the closing one, where only a new line may follow. */
  #state: 'outside' | 'inside' | 'closed' = 'outside';
  #tooLong = false;
  #flushed = false;

  take(byte: number, options: TerminalOptions): TerminalStep {
    const newline = options.inputNewline === 2 ? byte === 0 : byte === CR || byte === LF;
    if (newline) return this.#newline(options);
    if (byte === ESC) {
      this.#flushed = true;
      this.#leave();
      return NOTHING;
    }
    this.#flushed = false;
    if (byte === BACKSPACE || byte === DEL) return this.#erase(options);
    if (byte < 0x20 || byte > 0x7e) {
      this.#leave();
      return NOTHING;
    }
    const character = String.fromCharCode(byte);
    const echo = options.echo && !this.#tooLong ? character : undefined;
    if (byte === OPEN) {
      this.#text = '';
      this.#tooLong = false;
      this.#state = 'inside';
    } else if (this.#state === 'inside') {
      if (byte === CLOSE) this.#state = 'closed';
      else if (this.#text.length < LIMIT) this.#text += character;
      else this.#tooLong = true;
    } else if (this.#state === 'closed') {
      this.#leave();
    }
    return { echo };
  }

  #newline(options: TerminalOptions): TerminalStep {
    const echo = options.echo || (this.#flushed && options.lineEditing) ? newlineOf(options) : undefined;
    this.#flushed = false;
    if (this.#state === 'closed') {
      const line = { text: this.#text, tooLong: this.#tooLong };
      this.#leave();
      return { echo, line };
    }
    // A backslash at its end says that the line goes on.
    if (this.#state === 'inside' && this.#text.endsWith('\\')) this.#text = this.#text.slice(0, -1);
    else this.#leave();
    return { echo };
  }

  #erase({ lineEditing, echo, eraseVisibly }: TerminalOptions): TerminalStep {
    if (!lineEditing || this.#state === 'outside') return NOTHING;
    if (this.#state === 'closed') this.#state = 'inside';
    else if (this.#text.length > 0) this.#text = this.#text.slice(0, -1);
    else this.#leave();
    this.#tooLong = false;
    return echo ? { echo: eraseVisibly ? '\b \b' : '\x7f' } : NOTHING;
  }

  #leave(): void {
    this.#state = 'outside';
    this.#text = '';
    this.#tooLong = false;
  }
}

/**
 * A message as terminal mode writes it: no addresses, no checksums (§14.7.3).
 *
 *   netFn<<2|lun   seq<<2|bridge   cmd   [cc]   data...
 */
export interface TerminalMessage {
  readonly netFn: number;
  /** The responder's in both directions. */
  readonly lun: number;
  /** 0..63. */
  readonly seq: number;
  /** 1: a bridged message (§14.7.4). */
  readonly bridge: number;
  readonly cmd: number;
  /** In responses the completion code comes first. */
  readonly data: Uint8Array;
}

/** Hex pairs, each after at most one space; undefined for anything else. */
export function parseHex(text: string): Uint8Array | undefined {
  if (!/^ ?[\da-f]{2}( ?[\da-f]{2})* ?$/i.test(text)) return undefined;
  return Uint8Array.from(text.match(/[\da-f]{2}/gi) ?? [], (pair) => parseInt(pair, 16));
}

export const hexPairs = (bytes: Uint8Array): string => Array.from(bytes, hex2).join(' ');

/** Undefined: too few bytes, or no hex pairs. */
export function parseTerminal(text: string): TerminalMessage | undefined {
  const bytes = parseHex(text);
  if (!bytes || bytes.length < 3) return undefined;
  return {
    netFn: bytes[0] >> 2,
    lun: bytes[0] & 3,
    seq: bytes[1] >> 2,
    bridge: bytes[1] & 3,
    cmd: bytes[2],
    data: bytes.subarray(3),
  };
}

/** The text between the brackets. */
export function formatTerminal({ netFn, lun, seq, bridge, cmd, data }: TerminalMessage): string {
  return hexPairs(Uint8Array.of((netFn << 2) | lun, (seq << 2) | bridge, cmd, ...data));
}
