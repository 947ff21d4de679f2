import { SettingsError } from '../settings/errors.ts';
import type { FaultEffect, FaultLayer, FaultRule, FaultWhen } from './rule.ts';

/** The layers that have a key of `then`. */
const EFFECTS: Readonly<Record<keyof FaultEffect, readonly FaultLayer[]>> = {
  loss: ['datagram'],
  duplicate: ['datagram'],
  reorder: ['datagram'],
  corrupt: ['datagram'],
  rate: ['datagram'],
  delay: ['datagram', 'command'],
  jitter: ['datagram', 'command'],
  truncate: ['datagram', 'command'],
  integrity: ['session'],
  checksum: ['session'],
  sequence: ['session'],
  sessionId: ['session'],
  padding: ['session'],
  logIn: ['session'],
  sessions: ['session'],
  endSession: ['session'],
  complete: ['command'],
  drop: ['command'],
  answerOf: ['command'],
  patch: ['command'],
  extend: ['command'],
  busy: ['command'],
  throws: ['command'],
  dark: ['condition'],
  sel: ['condition'],
  clock: ['condition'],
  sensor: ['condition'],
  fru: ['condition'],
  selfTest: ['condition'],
  sdr: ['condition'],
  console: ['condition'],
  power: ['condition'],
  softOff: ['condition'],
  firmware: ['condition'],
};

const REQUEST: readonly FaultLayer[] = ['session', 'command', 'condition'];
const ALL: readonly FaultLayer[] = ['datagram', 'session', 'command', 'condition'];

/** The layers that can wait for a key of `when`; a condition that waits begins with a command. */
const WHENS: Readonly<Record<keyof FaultWhen, readonly FaultLayer[]>> = {
  command: REQUEST,
  netFn: REQUEST,
  cmd: REQUEST,
  body: REQUEST,
  iana: REQUEST,
  channel: REQUEST,
  user: REQUEST,
  data: REQUEST,
  sessionAge: REQUEST,
  nth: ALL,
  power: ALL,
  direction: ['datagram'],
  payload: ['datagram', 'session'],
  step: ['session'],
};

/** The layer that everything in a rule belongs to. Throws SettingsError where there is none. */
export function layerOf({ when = {}, then }: FaultRule): FaultLayer {
  let layers = ALL;
  let last = '';
  const narrow = (
    known: Readonly<Record<string, readonly FaultLayer[]>>,
    section: string,
    key: string,
  ): void => {
    const own = Object.hasOwn(known, key) ? known[key] : undefined;
    if (own === undefined)
      throw new SettingsError(`unknown key; expected one of ${Object.keys(known).join(', ')}`, [
        section,
        key,
      ]);
    const left = layers.filter((layer) => own.includes(layer));
    if (left.length === 0)
      throw new SettingsError(`does not go with ${last}: it is of another layer`, [section, key]);
    if (left.length < layers.length) last = `${section}.${key}`;
    layers = left;
  };
  const effects = keysOf(then);
  if (effects.length === 0) throw new SettingsError('expected something that happens', ['then']);
  // What names one layer alone tells first whose the shared ones are.
  for (const key of effects.sort((a, b) => lengthOf(EFFECTS, a) - lengthOf(EFFECTS, b)))
    narrow(EFFECTS, 'then', key);
  for (const key of keysOf(when)) narrow(WHENS, 'when', key);
  // A delay alone is a command's, which is what people see.
  return layers.includes('command') ? 'command' : layers[0];
}

const keysOf = (section: object): string[] =>
  Object.entries(section)
    .filter(([, value]) => value !== undefined)
    .map(([key]) => key);

const lengthOf = (known: Readonly<Record<string, readonly FaultLayer[]>>, key: string): number =>
  Object.hasOwn(known, key) ? known[key].length : 0;

/** What was looked at when the rule was read. */
export function needed<T>(value: T | undefined): T {
  if (value === undefined) throw new TypeError('a fault rule that nobody has looked at');
  return value;
}
