import { CC, IpmiError } from '../../codec/index.ts';
import type { Clock } from '../../world/world.ts';
import { AFTER_SESSION, SetInProgress, type LockOptions } from './set-in-progress.ts';
import type { Durable, Store } from '../store.ts';

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
  /** Blocks of a set from `firstBlock` (default 1) on; the data byte after the set says which. */
  readonly blocks?: number;
  readonly firstBlock?: number;
  /** Set 0 is a place for values that nobody keeps. */
  readonly volatileSet?: boolean;
  /** Selectors excluded; where nothing is said, zeros. */
  readonly initial?: readonly number[];
  /** Bits that may be set, a mask for each byte after the selectors; others are answered CCh. */
  readonly allowed?: readonly number[];
  /** Most that the first byte after the selectors may be; more is answered CCh. */
  readonly highest?: number;
}

export type ParameterRules = Readonly<Record<number, ParameterRule | undefined>>;

/** Whether a stored value has the size of its parameter; `prefixed`: keys begin with what tells tables apart. */
export function parameterFits(rules: ParameterRules, prefixed: boolean): (key: string, value: Uint8Array) => boolean {
  return (key, { length }) => {
    const [parameter, ...selectors] = key.split('/').slice(prefixed ? 1 : 0);
    const rule = rules[Number(parameter)];
    // Of a parameter that this table does not have nobody asks.
    if (!rule) return true;
    const { size, least = size } = rule;
    return length >= least - selectors.length && length <= size - selectors.length;
  };
}

export interface ParameterTableOptions {
  /** What messages call it. */
  readonly name: string;
  readonly rules: ParameterRules;
  /** May be shared by tables that `prefix` tells apart. */
  readonly values: Store<Uint8Array>;
  readonly prefix?: string;
  /** Where write-only parameters lie. */
  readonly secrets?: Store<Uint8Array>;
  /** What a parameter is until somebody sets it, selectors excluded, where a rule cannot say it. */
  readonly given?: (parameter: number, set: number, block: number) => Uint8Array | undefined;
  /** A value as it is kept, without its reserved bits. Throws CCh for one that cannot be. */
  readonly known?: (parameter: number, value: Uint8Array) => Uint8Array;
  /** Bits of the set selector in data that is written; the others are reserved. Default: all. */
  readonly setBits?: number;
  readonly lock?: LockOptions;
}

/**
 * A table of configuration parameters as LAN, serial/modem and PEF have it: selectors, sets and blocks, parameter 0 as its
 * lock. Codes 80h (no such parameter), 81h (locked), 82h (read-only), 83h (write-only).
 */
export class ParameterTable {
  readonly lock: SetInProgress;
  readonly #options: ParameterTableOptions;
  /** Made with the first value. */
  #volatile: Map<string, Uint8Array> | undefined;

  constructor(clock: Clock, options: ParameterTableOptions) {
    this.lock = new SetInProgress(clock, { grace: AFTER_SESSION, ...options.lock });
    this.#options = options;
  }

  /** Parameter data as the wire has it, selectors included. Throws 80h, 83h, C9h for a set or block that there is not. */
  get(parameter: number, set = 0, block = 0): Uint8Array {
    const rule = this.#rule(parameter);
    if (rule.writeOnly) throw new IpmiError(0x83, this.#nameOf(parameter));
    if (parameter === 0) return Uint8Array.of(this.lock.state);
    const selectors = this.#selectors(parameter, rule, set, block);
    const value = this.#value(parameter, rule, selectors);
    return selectors.length === 0 ? value : Uint8Array.of(...selectors, ...value);
  }

  /** The data without selectors, a secret parameter's included. Throws 80h, C9h. */
  value(parameter: number, set = 0, block = 0): Uint8Array {
    const rule = this.#rule(parameter);
    return this.#value(parameter, rule, this.#selectors(parameter, rule, set, block));
  }

  /** What a client has set, selectors excluded; undefined: nothing. */
  stored(parameter: number, ...selectors: readonly number[]): Uint8Array | undefined {
    const { values } = this.#options;
    if (values.size === 0 && !this.#volatile) return undefined;
    const key = this.#key(parameter, selectors);
    return this.#volatile?.get(key) ?? values.get(key);
  }

  /**
   * `owner`: the session, or the channel where there is none; see SetInProgress. Throws 80h, 81h while another client is
   * writing, 82h, C7h for a wrong size, C9h for a set or block that there is not, CCh for a value that cannot be.
   */
  set(parameter: number, data: Uint8Array, owner: unknown): Durable {
    const { rule, selectors, value } = this.#take(parameter, data);
    if (parameter === 0) {
      this.lock.set(data[0], owner);
      return undefined;
    }
    const { known, secrets, values } = this.#options;
    const kept = known?.(parameter, value) ?? value;
    const key = this.#key(parameter, selectors);
    if (rule.writeOnly) return secrets?.set(key, kept);
    if (!rule.volatileSet || selectors[0] !== 0) return values.set(key, kept);
    (this.#volatile ??= new Map()).set(key, kept);
    return undefined;
  }

  /** The value in `data`, for a parameter that is kept elsewhere. Throws as `set` does. */
  checked(parameter: number, data: Uint8Array): Uint8Array {
    return this.#take(parameter, data).value;
  }

  /** A cold reset: what nobody keeps is gone. */
  reset(): void {
    this.#volatile = undefined;
  }

  #take(parameter: number, data: Uint8Array): { rule: ParameterRule; selectors: readonly number[]; value: Uint8Array } {
    const rule = this.#rule(parameter);
    const { size, least = size, sets, readOnly, allowed = [], highest = 0xff } = rule;
    if (readOnly) throw new IpmiError(0x82, this.#nameOf(parameter));
    if (data.length > size || data.length < least)
      throw new IpmiError(CC.RequestLengthInvalid, `${this.#nameOf(parameter)} has ${size} bytes, not ${data.length}`);
    const set = data[0] & (this.#options.setBits ?? 0xff);
    const selectors = this.#selectors(parameter, rule, set, sets === undefined ? data[0] : data[1]);
    const value = data.slice(selectors.length);
    if (value[0] > highest || allowed.some((mask, i) => value[i] & ~mask))
      throw new IpmiError(CC.InvalidDataField, `${this.#nameOf(parameter)}: ${value.join(' ')}`);
    return { rule, selectors, value };
  }

  #value(parameter: number, { size, writeOnly, initial }: ParameterRule, selectors: readonly number[]): Uint8Array {
    const { secrets, given } = this.#options;
    const found = writeOnly
      ? secrets?.get(this.#key(parameter, selectors))
      : (this.stored(parameter, ...selectors) ?? given?.(parameter, selectors[0] ?? 0, selectors[1] ?? 0));
    if (found) return found;
    const out = new Uint8Array(size - selectors.length);
    out.set(initial ?? []);
    return out;
  }

  #rule(parameter: number): ParameterRule {
    const rule = this.#options.rules[parameter];
    if (!rule) throw new IpmiError(0x80, this.#nameOf(parameter));
    return rule;
  }

  #selectors(parameter: number, { sets, firstSet = 0, blocks, firstBlock = 1 }: ParameterRule, set: number, block: number): number[] {
    const wrong = (which: string, number: number): IpmiError =>
      new IpmiError(CC.ParameterOutOfRange, `${which} ${number} of ${this.#nameOf(parameter)}`);
    const selectors: number[] = [];
    if (sets !== undefined) {
      if (set < firstSet || set >= firstSet + sets) throw wrong('set', set);
      selectors.push(set);
    }
    if (blocks !== undefined) {
      // A parameter of one set has its block in either selector: clients differ.
      const wanted = sets === undefined && block === 0 ? set : block;
      if (wanted < firstBlock || wanted >= firstBlock + blocks) throw wrong('block', wanted);
      selectors.push(wanted);
    }
    return selectors;
  }

  #nameOf(parameter: number): string {
    return `${this.#options.name} parameter ${parameter}`;
  }

  #key(parameter: number, selectors: readonly number[]): string {
    const { prefix } = this.#options;
    return [...(prefix === undefined ? [] : [prefix]), parameter, ...selectors].join('/');
  }
}
