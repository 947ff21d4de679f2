// What is said by a colour is said by a sign and a word too.
import type { StreamState } from '../live.ts';

const SIGNS: Readonly<Record<string, readonly [sign: string, tone: string]>> = {
  on: ['●', 'ok'],
  off: ['○', 'off'],
  ok: ['✓', 'ok'],
  warning: ['▲', 'warning'],
  critical: ['✖', 'critical'],
  running: ['●', 'ok'],
  stopped: ['■', 'off'],
  failed: ['✖', 'critical'],
  nc: ['▲', 'warning'],
  cr: ['✖', 'critical'],
  nr: ['✖', 'critical'],
  ns: ['?', 'off'],
};
const WORDS: Readonly<Record<string, string>> = {
  nc: 'non-critical',
  cr: 'critical',
  nr: 'non-recoverable',
  ns: 'no reading',
};

export function State({ of }: { readonly of: string }) {
  const [sign, tone] = SIGNS[of] ?? ['·', 'off'];
  return (
    <span class={`state ${tone}`}>
      <span aria-hidden="true">{sign}</span> {WORDS[of] ?? of}
    </span>
  );
}

const STREAM: Readonly<Record<StreamState, readonly [sign: string, words: string]>> = {
  connecting: ['…', 'connecting'],
  live: ['●', 'live'],
  away: ['✖', 'connection lost, trying again'],
};

export function Connection({ state }: { readonly state: StreamState }) {
  const [sign, words] = STREAM[state];
  return (
    <span class={`connection ${state}`} role="status">
      <span aria-hidden="true">{sign}</span> {words}
    </span>
  );
}

/** A time of the server, in this browser's words. */
export const clockOf = (iso: unknown): string =>
  typeof iso === 'string' ? new Date(iso).toLocaleTimeString([], { hour12: false }) : '';
export const dateOf = (iso: unknown): string =>
  typeof iso === 'string' ? new Date(iso).toLocaleString([], { hour12: false }) : '';
