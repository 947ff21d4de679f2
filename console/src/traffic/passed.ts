import type { Heard } from '../live.ts';

/** What passed: a request with its answer, a datagram without one, or a log-in that was refused. */
export interface Passed {
  /** Of this page, counted up. */
  readonly number: number;
  readonly kind: 'request' | 'dropped' | 'refused' | 'fault';
  readonly time: string;
  readonly text: string;
  readonly peer: string;
  readonly user: string;
  readonly channel: number;
  /** Of a request, else undefined. */
  readonly asked?: Asked;
}

export interface Asked {
  readonly request: number;
  readonly command: string;
  readonly netFn: number;
  readonly lun: number;
  readonly cmd: number;
  readonly privilege: number;
  readonly session?: number;
  readonly user?: string;
  /** Hex digits; zeros where a secret stands. */
  readonly data: string;
  readonly reply: string;
  readonly code: number;
  readonly microseconds: number;
  readonly late: boolean;
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/** Undefined: it is nothing that passes. */
export function passedOf(name: string, value: Heard, number: number): Passed | undefined {
  const about = {
    number,
    time: text(value.time),
    text: text(value.text),
    peer: text(value.peer),
    user: text(value.user),
    channel: Number(value.channel ?? 0),
  };
  if (name === 'login-refused') return { ...about, kind: 'refused' };
  if (name === 'fault') return { ...about, kind: 'fault' };
  if (name !== 'request') return undefined;
  if (value.dropped !== undefined) return { ...about, kind: 'dropped' };
  return {
    ...about,
    kind: 'request',
    asked: { ...(value as { readonly data: string } as Asked), late: value.late === true },
  };
}

/** Words that all have to be somewhere in it. */
export function isFound({ text: line, peer, user, kind }: Passed, words: readonly string[]): boolean {
  const all = `${line} ${peer} ${user} ${kind}`.toLowerCase();
  return words.every((word) => all.includes(word));
}
