/**
 * The handler socket's protocol (docs/handler-socket.md): one JSON object a line, both ways, so that any
 * language with a socket and a JSON parser can answer BMC commands. Bytes are hex text.
 */
import { PRIVILEGES, type PrivilegeName } from '../codec/index.ts';

/** What both sides say first. A worker of another protocol version is refused with one line. */
export const PROTOCOL = 1;
/** Longest line, bytes. Requests and answers are far shorter; whatever exceeds it is no worker of ours. */
export const LINE_LIMIT = 65_536;

export { PRIVILEGES, type PrivilegeName };

/** A claim as a worker writes it. */
export interface WireClaim {
  readonly netFn: number;
  readonly cmd: number | '*';
  /** Defining body (NetFn 2Ch) or IANA number (NetFn 2Eh). */
  readonly body?: number;
  readonly channel?: number;
  readonly lun?: number;
  readonly name?: string;
  /** Default administrator. */
  readonly privilege?: PrivilegeName;
  /** The owner whose claim is taken over; `next` then asks the handler below. */
  readonly override?: string;
  readonly manufacturer?: number;
}

/** BMC to worker. */
export type FromBmc =
  | {
      readonly type: 'hello';
      readonly protocol: number;
      readonly bmc: string;
      readonly maxOpen: number;
      readonly features?: readonly string[];
    }
  | { readonly type: 'registered' | 'unregistered'; readonly id: number }
  | { readonly type: 'refused'; readonly id: number; readonly problems: readonly string[] }
  | WireRequest
  | { readonly type: 'below'; readonly token: number; readonly cc: number; readonly data: string }
  | { readonly type: 'expired'; readonly token: number }
  | { readonly type: 'pressed'; readonly id: number; readonly done: boolean }
  | { readonly type: 'ping' | 'pong'; readonly id: number }
  | { readonly type: 'error'; readonly problem: string };

export interface WireRequest {
  readonly type: 'request';
  /** Names this request in its answer; never used twice. */
  readonly token: number;
  readonly netFn: number;
  readonly cmd: number;
  readonly body?: number;
  readonly lun: number;
  /** Request data without body or IANA; for the default handler with them. */
  readonly data: string;
  readonly channel: number;
  readonly medium: string;
  readonly privilege: PrivilegeName;
  readonly user?: string;
  readonly userId?: number;
  /** Session handle. */
  readonly session?: number;
  readonly requester: string;
  /** Milliseconds until the requester gets C3h; 0: no limit. */
  readonly deadline: number;
}

/** Worker to BMC. */
export type FromWorker =
  | { readonly type: 'hello'; readonly protocol: number }
  | {
      readonly type: 'register';
      readonly id: number;
      readonly owner: string;
      readonly handlers: readonly WireClaim[];
    }
  | { readonly type: 'register'; readonly id: number; readonly owner: string; readonly default: true }
  | { readonly type: 'unregister'; readonly id: number; readonly owner: string }
  | { readonly type: 'answer'; readonly token: number; readonly cc: number; readonly data?: string }
  | { readonly type: 'next'; readonly token: number; readonly data: string }
  | { readonly type: 'sensor'; readonly name: string; readonly value: number | null }
  | { readonly type: 'press'; readonly id: number; readonly button: string }
  | { readonly type: 'ping' | 'pong'; readonly id: number };

/** Undefined if the text is no hex of whole bytes. Spaces between bytes are allowed. */
export function fromHex(text: unknown): Uint8Array | undefined {
  if (typeof text !== 'string') return undefined;
  const digits = text.replaceAll(' ', '');
  if (digits.length % 2 !== 0 || !/^[\da-f]*$/i.test(digits)) return undefined;
  return Uint8Array.from({ length: digits.length / 2 }, (_, i) =>
    Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16),
  );
}

const encoder = new TextEncoder();
export const encodeLine = (message: FromBmc | FromWorker): Uint8Array =>
  encoder.encode(`${JSON.stringify(message)}\n`);

/** Cuts a byte stream into lines and parses them. */
export class LineReader {
  #rest = '';
  readonly #decoder = new TextDecoder();
  readonly #line: (message: Readonly<Record<string, unknown>>) => void;
  readonly #problem: (problem: string, fatal: boolean) => void;

  /**
   * `problem` is told of lines that are no JSON object; one that is too long is fatal, as the stream's place
   * is lost.
   */
  constructor(
    line: (message: Readonly<Record<string, unknown>>) => void,
    problem: (problem: string, fatal: boolean) => void,
  ) {
    this.#line = line;
    this.#problem = problem;
  }

  push(bytes: Uint8Array): void {
    const lines = (this.#rest + this.#decoder.decode(bytes, { stream: true })).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line.length > LINE_LIMIT) return this.#tooLong();
      this.#parse(line.trim());
    }
    if (this.#rest.length > LINE_LIMIT) this.#tooLong();
  }

  #tooLong(): void {
    this.#rest = '';
    this.#problem(`line longer than ${LINE_LIMIT} bytes`, true);
  }

  #parse(line: string): void {
    if (line === '') return;
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch {
      return this.#problem('not a line of JSON', false);
    }
    if (typeof value !== 'object' || value === null) return this.#problem('not a JSON object', false);
    this.#line(value as Readonly<Record<string, unknown>>);
  }
}
