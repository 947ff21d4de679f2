import { parseSelector } from '../state/app/command-selector.ts';
import type { CommandSelector } from '../state/app/command-masks.ts';
import { millisecondsOf, shareOf } from '../settings/durations.ts';
import { SettingsError } from '../settings/errors.ts';
import { SeededRandom } from '../world/sim-random.ts';
import { layerOf, needed } from './layers.ts';
import type { FaultEffect, FaultLayer, FaultRule, FaultTime, FaultWhen, SessionEnd } from './rule.ts';

/** Which of those that fit: from one to another, or each so many. */
interface Nth {
  readonly from: number;
  readonly to: number;
  readonly every: number;
}

/** From one to another, milliseconds. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

export interface Patch {
  /** From 0, the completion code. */
  readonly at: number;
  readonly bytes: Uint8Array;
}

/** A rule that was found good, with what it has done so far. */
export class Armed {
  readonly id: string;
  /** In the order of the rules. */
  readonly place: number;
  readonly rule: FaultRule;
  readonly when: FaultWhen;
  readonly layer: FaultLayer;
  readonly then: FaultEffect;
  readonly selectors: readonly CommandSelector[] | undefined;
  /** The first bytes of a request's data; -1: any. */
  readonly prefix: readonly number[] | undefined;
  readonly sessionAge: Span | undefined;
  /** Milliseconds until it begins, and how long it lasts from then on. */
  readonly after: number | undefined;
  readonly lasts: number | undefined;
  /** Milliseconds of `then`. */
  readonly delay: number;
  readonly jitter: number;
  /** The completion code of `then`, and the bytes that it puts in a response, from a place on. */
  readonly cc: number | undefined;
  readonly patch: Patch | undefined;
  readonly random: SeededRandom;
  hits = 0;
  readonly #nth: Nth | undefined;
  readonly #chance: number;
  readonly #times: number;
  #fitting = 0;

  /** Throws SettingsError with the place of what is wrong in the rule. */
  constructor(rule: FaultRule, id: string, seed: number, place = 0) {
    const { when = {}, then } = rule;
    this.id = id;
    this.place = place;
    this.rule = rule;
    this.when = when;
    this.then = then;
    this.layer = layerOf(rule);
    this.selectors = selectorsOf(rule);
    this.prefix = when.data === undefined ? undefined : prefixOf(when.data);
    this.sessionAge = when.sessionAge === undefined ? undefined : spanOf(when.sessionAge);
    this.after = timeAt(['after'], rule.after);
    this.lasts = timeAt(['for'], rule.for);
    this.delay = timeAt(['then', 'delay'], then.delay) ?? 0;
    this.jitter = timeAt(['then', 'jitter'], then.jitter) ?? 0;
    this.cc = then.complete === undefined ? undefined : ccOf(then.complete);
    this.patch = then.patch === undefined ? undefined : patchOf(then.patch);
    this.random = new SeededRandom(seed ^ hash(id));
    this.#nth = when.nth === undefined ? undefined : nthOf(when.nth);
    this.#chance = shareAt(['chance'], rule.chance) ?? 1;
    this.#times = then.busy ?? rule.times ?? Infinity;
    if (then.busy !== undefined && rule.times !== undefined)
      throw new SettingsError('does not go with then.busy, which says how often', ['times']);
    if (typeof then.endSession === 'object') this.#checkEnd(then.endSession);
    if (!(this.#times >= 1)) throw new SettingsError('expected 1 or more', ['times']);
  }

  #checkEnd({ requests, age }: SessionEnd): void {
    const place = ['then', 'endSession'];
    if (requests === undefined && age === undefined)
      throw new SettingsError('expected requests, age or both', place);
    timeAt([...place, 'age'], age);
    if (age !== undefined && (this.selectors ?? this.prefix) !== undefined)
      throw new SettingsError('does not go with a command in when: a session ages without', [
        ...place,
        'age',
      ]);
  }

  /** It has happened as often as it may. */
  get isOver(): boolean {
    return this.hits >= this.#times;
  }

  /** Something fits: is it the turn of this one, and does chance want it? */
  strikes(): boolean {
    if (this.hits >= this.#times) return false;
    const nth = this.#nth;
    if (nth !== undefined) {
      const n = ++this.#fitting;
      if (n < nth.from || n > nth.to || (n - nth.from) % nth.every !== 0) return false;
    }
    return this.#chance === 1 || this.random.fraction() < this.#chance;
  }

  /** Whether something of this share happens now. */
  draws(share: FaultTime | undefined): boolean {
    if (share === undefined) return false;
    return this.random.fraction() < needed(shareOf(share));
  }

  /** Milliseconds of a delay that varies. */
  drawDelay(): number {
    return this.jitter === 0
      ? this.delay
      : Math.max(0, this.delay + this.jitter * (2 * this.random.fraction() - 1));
  }
}

/** The same text, the same number (FNV-1a). */
export function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  return value >>> 0;
}

type Place = readonly string[];

/** Milliseconds. Throws SettingsError. */
export function timeAt(place: Place, time: FaultTime | undefined): number | undefined {
  if (time === undefined) return undefined;
  const milliseconds = millisecondsOf(time);
  if (milliseconds === undefined)
    throw new SettingsError(`expected a time (2s, 500ms, 10m), received ${JSON.stringify(time)}`, place);
  return milliseconds;
}

/** 0..1. Throws SettingsError. */
export function shareAt(place: Place, share: FaultTime | undefined): number | undefined {
  if (share === undefined) return undefined;
  const value = shareOf(share);
  if (value === undefined)
    throw new SettingsError(`expected a share (0.05, 5%), received ${JSON.stringify(share)}`, place);
  return value;
}

function selectorsOf({ when = {} }: FaultRule): readonly CommandSelector[] | undefined {
  const { command, netFn, cmd, iana } = when;
  if (command !== undefined) {
    if (netFn !== undefined || cmd !== undefined)
      throw new SettingsError('expected command, or netFn and cmd, and not both', ['when', 'netFn']);
    const names = typeof command === 'string' ? [command] : command;
    return names.map((name) => {
      const selector = parseSelector(name);
      if (selector === undefined)
        throw new SettingsError(
          `expected a command (get-sdr, Chassis Control), a group (chassis, dcmi) or numbers (0Ah 23h), received ${JSON.stringify(name)}`,
          ['when', 'command'],
        );
      return selector;
    });
  }
  const body = when.body ?? iana;
  if (netFn === undefined && cmd === undefined && body === undefined) return undefined;
  const meant = netFn ?? (iana !== undefined ? 0x2e : when.body !== undefined ? 0x2c : undefined);
  if (meant === undefined) throw new SettingsError('expected netFn beside cmd', ['when', 'cmd']);
  return [{ netFn: meant, cmd: cmd ?? '*', body }];
}

function prefixOf(text: string): readonly number[] {
  const digits = text.replaceAll(/[\s:]+/g, '');
  if (!/^([\da-f]{2}|\.\.)+$/i.test(digits))
    throw new SettingsError(`expected bytes in hex (00 ff; .. is any), received ${JSON.stringify(text)}`, [
      'when',
      'data',
    ]);
  return (digits.match(/../g) ?? []).map((pair) => (pair === '..' ? -1 : Number.parseInt(pair, 16)));
}

function ccOf(code: number | string): number {
  const [, digits] = typeof code === 'string' ? (/^(?:0x)?([\da-f]{2})h?$/i.exec(code.trim()) ?? []) : [];
  const value = typeof code === 'number' ? code : digits === undefined ? NaN : Number.parseInt(digits, 16);
  if (Number.isInteger(value) && value >= 0 && value <= 0xff) return value;
  throw new SettingsError(`expected a completion code (C0h, 0xc0), received ${JSON.stringify(code)}`, [
    'then',
    'complete',
  ]);
}

function patchOf(text: string): Patch {
  const [, place, digits] = /^\s*@(\d{1,3})((?:\s*[\da-f]{2})+)\s*$/i.exec(text) ?? [];
  if (place === undefined || Number(place) < 1)
    throw new SettingsError(
      `expected @5 FF 00 (from byte 5 on; byte 1 is the completion code), received ${JSON.stringify(text)}`,
      ['then', 'patch'],
    );
  const pairs = digits.match(/[\da-f]{2}/gi) ?? [];
  return { at: Number(place) - 1, bytes: Uint8Array.from(pairs, (pair) => Number.parseInt(pair, 16)) };
}

function nthOf(text: number | string): Nth {
  const spoken = String(text).trim();
  const [, every] = /^every (\d+)$/.exec(spoken) ?? [];
  if (every !== undefined && Number(every) > 0)
    return { from: Number(every), to: Infinity, every: Number(every) };
  const [whole, from, dots, to] = /^(\d+)(\.\.)?(\d+)?$/.exec(spoken) ?? [];
  const first = Number(from);
  const last = dots === undefined ? first : to === undefined ? Infinity : Number(to);
  if (whole === undefined || first < 1 || last < first || (dots === undefined && to !== undefined))
    throw new SettingsError(`expected 3, 3.., 2..5 or every 3, received ${JSON.stringify(text)}`, [
      'when',
      'nth',
    ]);
  return { from: first, to: last, every: 1 };
}

/** `stopped`, `+1h`, `-2d`, `x2`: what the clock shows when it is `began` or later. Throws SettingsError. */
export function warpOf(text: string, began: number): (seconds: number) => number {
  const spoken = text.trim();
  if (spoken === 'stopped') return () => began;
  const [, factor] = /^x(\d+(?:\.\d+)?)$/.exec(spoken) ?? [];
  if (factor !== undefined) return (seconds) => began + (seconds - began) * Number(factor);
  const [, sign, time] = /^([+-])(.+)$/.exec(spoken) ?? [];
  if (sign === undefined)
    throw new SettingsError(`expected stopped, +1h, -2d or x2, received ${JSON.stringify(text)}`, [
      'then',
      'clock',
    ]);
  const seconds = needed(timeAt(['then', 'clock'], time)) / 1000;
  const ahead = sign === '+' ? seconds : -seconds;
  return (now) => now + ahead;
}

function spanOf(text: string): Span {
  const place = ['when', 'sessionAge'];
  const parts = text.split('..');
  if (parts.length !== 2 || text.trim() === '..')
    throw new SettingsError(`expected 30s.., ..10s or 10s..1m, received ${JSON.stringify(text)}`, place);
  const [from, to] = parts.map((part) => part.trim());
  return {
    from: from === '' ? 0 : (timeAt(place, from) ?? 0),
    to: to === '' ? Infinity : (timeAt(place, to) ?? Infinity),
  };
}
