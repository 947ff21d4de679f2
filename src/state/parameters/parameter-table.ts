import { CC, IpmiError } from '../../codec/index.ts';
import {
  parameterOfKey,
  selectorsOf,
  type Parameter,
  type ParameterSet,
} from '../../commands/parameters/parameter.ts';
import { refused } from '../../commands/command.ts';
import { parameterCodes } from '../../commands/parameters/requests.ts';
import type { Clock } from '../../world/world.ts';
import { AFTER_SESSION, SetInProgress, type LockOptions } from './set-in-progress.ts';
import type { Sleeper } from '../sleeper.ts';
import type { Durable, Store } from '../store.ts';

/** Whether a stored value has the size of its parameter. */
export function parameterFits(parameters: ParameterSet): (key: string, value: Uint8Array) => boolean {
  return (key, { length }) => {
    const parameter = parameterOfKey(parameters, key);
    // Of a parameter that this table does not have nobody asks.
    if (!parameter) return true;
    const { layout, padded } = parameter;
    return length >= (padded ? layout.max : layout.min) && length <= layout.max;
  };
}

const [UNSUPPORTED] = parameterCodes.unsupported;

export interface ParameterTableOptions {
  readonly parameters: ParameterSet;
  /** May be shared by tables that `prefix` tells apart. */
  readonly values: Pick<Store<Uint8Array>, 'get' | 'set' | 'size'>;
  readonly prefix?: string;
  /** Where write-only parameters lie. */
  readonly secrets?: Store<Uint8Array>;
  /**
   * What a parameter is until somebody sets it, selectors excluded, where its declaration does not say it.
   */
  readonly defaults?: (parameter: number, set: number, block: number) => Uint8Array | undefined;
  /** A value as it is kept. Throws CCh for one that cannot be. */
  readonly known?: (parameter: number, value: Uint8Array) => Uint8Array;
  /** Bits of the set selector in data that is written; the others are reserved. Default: all. */
  readonly setBits?: number;
  readonly lock?: LockOptions;
  /** What a parameter that there is not is answered with. Default: 80h. */
  readonly unsupported?: number;
}

/**
 * A table of configuration parameters of one channel or BMC: selectors, sets and blocks, parameter 0 as its
 * lock. Codes 80h (no such parameter), 81h (locked), 82h (read-only), 83h (write-only).
 */
export class ParameterTable implements Sleeper<Map<string, Uint8Array>> {
  readonly lock: SetInProgress;
  readonly #options: ParameterTableOptions;
  /** Made with the first value. */
  #volatile: Map<string, Uint8Array> | undefined;

  constructor(clock: Clock, options: ParameterTableOptions) {
    this.lock = new SetInProgress(clock, { grace: AFTER_SESSION, ...options.lock });
    this.#options = options;
  }

  /**
   * Parameter data as the wire has it, selectors included. Throws 80h, 83h, C9h for a set or block that there
   * is not.
   */
  get(selector: number, set = 0, block = 0): Uint8Array {
    const parameter = this.#declared(selector);
    if (parameter.access === 'write-only') throw refused(parameterCodes, 'writeOnly', nameOf(parameter));
    if (selector === 0) return Uint8Array.of(this.lock.state);
    const selectors = this.#selectors(parameter, set, block);
    const value = this.#value(parameter, selectors);
    return selectors.length === 0 ? value : Uint8Array.of(...selectors, ...value);
  }

  /** The data without selectors, a secret parameter's included. Throws 80h, C9h. */
  value(selector: number, set = 0, block = 0): Uint8Array {
    const parameter = this.#declared(selector);
    return this.#value(parameter, this.#selectors(parameter, set, block));
  }

  /** The same as values. */
  read<V>(parameter: Parameter<V>, set = 0, block = 0): V {
    return parameter.layout.decode(this.value(parameter.selector, set, block));
  }

  /** What a client has set, selectors excluded; undefined: nothing. */
  stored(selector: number, ...selectors: readonly number[]): Uint8Array | undefined {
    const { values } = this.#options;
    if (values.size === 0 && !this.#volatile) return undefined;
    const key = this.#key(selector, selectors);
    return this.#volatile?.get(key) ?? values.get(key);
  }

  /**
   * `owner`: the session, or the channel where there is none; see SetInProgress. Throws 80h, 81h while
   * another client is writing, 82h, C7h for a wrong size, C9h for a set or block that there is not, CCh for a
   * value that cannot be.
   */
  set(selector: number, data: Uint8Array, owner: unknown): Durable {
    const { parameter, selectors, value } = this.#take(selector, data);
    if (selector === 0) {
      this.lock.set(value[0], owner);
      return undefined;
    }
    const { known, secrets, values } = this.#options;
    const kept = known?.(selector, value) ?? value;
    const key = this.#key(selector, selectors);
    if (parameter.access === 'write-only') return secrets?.set(key, kept);
    if (!parameter.volatileSet || selectors[0] !== 0) return values.set(key, kept);
    (this.#volatile ??= new Map()).set(key, kept);
    return undefined;
  }

  /** The value in `data`, for a parameter that is kept elsewhere. Throws as `set` does. */
  checked(selector: number, data: Uint8Array): Uint8Array {
    return this.#take(selector, data).value;
  }

  get wakeful(): string | undefined {
    return this.lock.wakeful;
  }

  memento(): Map<string, Uint8Array> | undefined {
    return this.#volatile;
  }

  recall(values: Map<string, Uint8Array>): void {
    this.#volatile = values;
  }

  /** A cold reset: what nobody keeps is gone. */
  reset(): void {
    this.#volatile = undefined;
  }

  #take(
    selector: number,
    data: Uint8Array,
  ): { parameter: Parameter; selectors: readonly number[]; value: Uint8Array } {
    const parameter = this.#declared(selector);
    const { layout, access, sets } = parameter;
    const before = selectorsOf(parameter);
    if (access === 'read-only') throw refused(parameterCodes, 'readOnly', nameOf(parameter));
    if (data.length > layout.max + before || data.length < layout.min + before)
      throw new IpmiError(
        CC.RequestLengthInvalid,
        `${nameOf(parameter)} has ${layout.max + before} bytes, not ${data.length}`,
      );
    const set = data[0] & (this.#options.setBits ?? 0xff);
    const selectors = this.#selectors(parameter, set, sets === undefined ? data[0] : data[1]);
    return { parameter, selectors, value: whole(parameter, data.slice(before)) };
  }

  #value(parameter: Parameter, selectors: readonly number[]): Uint8Array {
    const { secrets, defaults } = this.#options;
    const found =
      parameter.access === 'write-only'
        ? secrets?.get(this.#key(parameter.selector, selectors))
        : (this.stored(parameter.selector, ...selectors) ??
          defaults?.(parameter.selector, selectors[0] ?? 0, selectors[1] ?? 0));
    return found ?? parameter.initial.slice();
  }

  #declared(selector: number): Parameter {
    const { parameters, unsupported = UNSUPPORTED } = this.#options;
    const parameter = parameters.bySelector[selector];
    if (!parameter) throw new IpmiError(unsupported, `${parameters.table} parameter ${selector}`);
    return parameter;
  }

  #selectors(parameter: Parameter, set: number, block: number): number[] {
    const { sets, firstSet, blocks, firstBlock } = parameter;
    const wrong = (which: string, number: number): IpmiError =>
      new IpmiError(CC.ParameterOutOfRange, `${which} ${number} of ${nameOf(parameter)}`);
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

  #key(selector: number, selectors: readonly number[]): string {
    const { prefix } = this.#options;
    return [...(prefix === undefined ? [] : [prefix]), selector, ...selectors].join('/');
  }
}

/**
 * Data as the declaration wants them. Throws CCh for more than a byte may be, and for reserved bits that are
 * refused.
 */
function whole(parameter: Parameter, value: Uint8Array): Uint8Array {
  const { layout, reserved, padded } = parameter;
  const { masks, mosts } = layout;
  if (
    mosts.some(({ at, most }) => value[at] > most) ||
    (reserved === 'refused' && masks.some((mask, i) => value[i] & ~mask))
  )
    throw new IpmiError(CC.InvalidDataField, `${nameOf(parameter)}: ${value.join(' ')}`);
  if (reserved === 'dropped') return value.map((byte, i) => byte & (masks[i] ?? 0xff));
  if (!padded || value.length === layout.max) return value;
  const out = new Uint8Array(layout.max);
  out.set(value);
  return out;
}

const nameOf = ({ table, selector, name }: Parameter): string => `${table} parameter ${selector} (${name})`;
