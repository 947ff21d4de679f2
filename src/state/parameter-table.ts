import { CC, IpmiError } from '../codec/index.ts';
import { SetInProgress, SetState } from './set-in-progress.ts';
import type { Setup } from './setup.ts';
import { type Durable, type Store } from './store.ts';

/** One configuration parameter: its size, its selectors, its rules. */
export interface ParameterRule {
  /** Bytes of the data, selectors included; fewer are taken from `least` on. */
  readonly size: number;
  readonly least?: number;
  readonly readOnly?: boolean;
  readonly writeOnly?: boolean;
  /** Sets from `firstSet` (default 0) on; the first data byte says which. */
  readonly sets?: number;
  readonly firstSet?: number;
  /** Blocks of a set, from 1 on; the data byte after the set says which. */
  readonly blocks?: number;
  /** Set 0 is a place for values that nobody keeps. */
  readonly volatileSet?: boolean;
  /** Selectors excluded; where nothing is said, zeros. */
  readonly initial?: readonly number[];
  /** Bits that may be set, a mask for each byte after the selectors; others are answered CCh. */
  readonly allowed?: readonly number[];
}

export type ParameterRules = Readonly<Record<number, ParameterRule | undefined>>;

/** Milliseconds that a lock stays when the session that took it ends: a client of several sessions may go on. */
const AFTER_SESSION = 2000;

/**
 * A table of configuration parameters as LAN, serial/modem and others have it: selectors, sets and blocks, parameter 0 as its
 * lock. Codes 80h (no such parameter), 81h (locked), 82h (read-only), 83h (write-only).
 */
export class ParameterTable {
  readonly lock: SetInProgress;
  readonly #name: string;
  readonly #rules: ParameterRules;
  readonly #values: Store<Uint8Array>;
  readonly #secrets: Store<Uint8Array>;
  readonly #volatile = new Map<string, Uint8Array>();
  readonly #prefix: string;

  /** `name` is that of its stores (secrets lie in `name`-secrets); `prefix` tells several tables of one name apart. */
  constructor(setup: Setup, name: string, prefix: string, rules: ParameterRules) {
    this.lock = new SetInProgress(setup.clock, AFTER_SESSION);
    this.#name = name;
    this.#prefix = prefix;
    this.#rules = rules;
    this.#values = setup.store<Uint8Array>(name);
    this.#secrets = setup.store<Uint8Array>(`${name}-secrets`);
  }

  /** Parameter data as the wire has it, selectors included. */
  get(parameter: number, set = 0, block = 0): Uint8Array {
    const rule = this.#rule(parameter);
    if (rule.writeOnly) throw new IpmiError(0x83, `${this.#name} parameter ${parameter}`);
    if (parameter === 0) return Uint8Array.of(this.lock.state);
    const selectors = this.#selectors(parameter, rule, set, block);
    const key = this.#key(parameter, selectors);
    const stored = this.#volatile.get(key) ?? this.#values.get(key);
    if (stored) return Uint8Array.of(...selectors, ...stored);
    const out = new Uint8Array(rule.size);
    out.set(selectors);
    out.set(rule.initial ?? [], selectors.length);
    return out;
  }

  /** The data without selectors, a secret parameter's included. */
  value(parameter: number, set = 0, block = 0): Uint8Array {
    const rule = this.#rule(parameter);
    const selectors = this.#selectors(parameter, rule, set, block);
    if (rule.writeOnly) return this.#secrets.get(this.#key(parameter, selectors)) ?? new Uint8Array(rule.size - selectors.length);
    return this.get(parameter, set, block).subarray(selectors.length);
  }

  /** `owner`: the session, or the channel where there is none; see SetInProgress. Throws C7h for a wrong size, C9h for a set that there is not. */
  set(parameter: number, data: Uint8Array, owner: unknown): Durable {
    const rule = this.#rule(parameter);
    if (rule.readOnly) throw new IpmiError(0x82, `${this.#name} parameter ${parameter}`);
    if (data.length > rule.size || data.length < (rule.least ?? rule.size))
      throw new IpmiError(CC.RequestLengthInvalid, `${this.#name} parameter ${parameter} has ${rule.size} bytes, not ${data.length}`);
    if (parameter === 0) {
      if (data[0] > SetState.CommitWrite) throw new IpmiError(CC.InvalidDataField, `set in progress ${data[0]}`);
      this.lock.set(data[0], owner);
      return undefined;
    }
    const selectors = this.#selectors(parameter, rule, data[0], rule.sets === undefined ? data[0] : data[1]);
    const value = data.slice(selectors.length);
    for (const [i, mask] of (rule.allowed ?? []).entries()) {
      if (value[i] & ~mask) throw new IpmiError(CC.InvalidDataField, `${this.#name} parameter ${parameter}: ${value[i].toString(16)}h`);
    }
    const key = this.#key(parameter, selectors);
    if (rule.writeOnly) return this.#secrets.set(key, value);
    if (rule.volatileSet && selectors[0] === 0) {
      this.#volatile.set(key, value);
      return undefined;
    }
    return this.#values.set(key, value);
  }

  /** A cold reset: what nobody keeps is gone. */
  reset(): void {
    this.#volatile.clear();
  }

  #rule(parameter: number): ParameterRule {
    const rule = this.#rules[parameter];
    if (!rule) throw new IpmiError(0x80, `${this.#name} parameter ${parameter}`);
    return rule;
  }

  #selectors(parameter: number, { sets, firstSet = 0, blocks }: ParameterRule, set: number, block: number): number[] {
    const wrong = (which: string, number: number): IpmiError =>
      new IpmiError(CC.ParameterOutOfRange, `${which} ${number} of ${this.#name} parameter ${parameter}`);
    const selectors: number[] = [];
    if (sets !== undefined) {
      if (set < firstSet || set >= firstSet + sets) throw wrong('set', set);
      selectors.push(set);
    }
    if (blocks !== undefined) {
      // A parameter of one set has its block in either selector: clients differ.
      const wanted = sets === undefined && block === 0 ? set : block;
      if (wanted < 1 || wanted > blocks) throw wrong('block', wanted);
      selectors.push(wanted);
    }
    return selectors;
  }

  #key(parameter: number, selectors: readonly number[]): string {
    return [this.#prefix, parameter, ...selectors].join('/');
  }
}
