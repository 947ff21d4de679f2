import { CC, IpmiError } from '../../codec/index.ts';
import {
  AlertPolicy,
  EventFilter,
  PefActions,
  PefControl,
  PefGuid,
  PefParameter,
  STRING_BLOCK,
  StringKeys,
  type PefActionSet,
} from '../../commands/sensor/pef.ts';
import { EMPTY_FILTER } from './pef-filters.ts';
import { SetInProgress, SetState } from '../set-in-progress.ts';
import type { Setup } from '../setup.ts';
import type { Durable, Store } from '../store.ts';

export const FILTERS = 40;
export const POLICIES = 20;
/** Besides string 0, which is volatile and belongs to Alert Immediate. */
export const STRINGS = 8;
const STRING_BLOCKS = 5;
const GROUPS = 4;
/** Milliseconds that a lock outlives its session: a client of several sessions may go on. */
const AFTER_SESSION = 2000;

/** What config gives; a client's change goes over it. */
export interface PefDefaults {
  readonly control?: Partial<ReturnType<typeof PefControl.decode>>;
  readonly actions?: Partial<PefActionSet>;
  /** Seconds. */
  readonly startupDelay?: number;
  readonly alertStartupDelay?: number;
  /** By filter number, 1..40. */
  readonly filters?: ReadonlyMap<number, EventFilter>;
  /** By entry number, 1..20. */
  readonly policies?: ReadonlyMap<number, AlertPolicy>;
  /** By string selector, 1..8. */
  readonly strings?: ReadonlyMap<number, string>;
}

interface Rule {
  /** Fewest and most bytes that a client sends, selectors included. */
  readonly size: readonly [number, number];
  readonly readOnly?: boolean;
  /** Entries first..last; the first data byte says which. */
  readonly sets?: readonly [number, number];
  /** Blocks 1..blocks of an entry; the second data byte says which. */
  readonly blocks?: number;
}

const rules: Readonly<Record<number, Rule | undefined>> = {
  [PefParameter.SetInProgress]: { size: [1, 1] },
  [PefParameter.Control]: { size: [1, 1] },
  [PefParameter.ActionControl]: { size: [1, 1] },
  [PefParameter.StartupDelay]: { size: [1, 1] },
  [PefParameter.AlertStartupDelay]: { size: [1, 1] },
  [PefParameter.FilterCount]: { size: [1, 1], readOnly: true },
  [PefParameter.Filter]: { size: [21, 21], sets: [1, FILTERS] },
  [PefParameter.FilterConfiguration]: { size: [2, 2], sets: [1, FILTERS] },
  [PefParameter.PolicyCount]: { size: [1, 1], readOnly: true },
  [PefParameter.Policy]: { size: [4, 4], sets: [1, POLICIES] },
  [PefParameter.SystemGuid]: { size: [17, 17] },
  [PefParameter.StringCount]: { size: [1, 1], readOnly: true },
  [PefParameter.StringKeys]: { size: [3, 3], sets: [0, STRINGS] },
  [PefParameter.String]: { size: [2, 2 + STRING_BLOCK], sets: [0, STRINGS], blocks: STRING_BLOCKS },
  [PefParameter.GroupControlCount]: { size: [1, 1], readOnly: true },
  [PefParameter.GroupControl]: { size: [11, 11], sets: [1, GROUPS] },
};

const counts: Readonly<Record<number, number>> = {
  [PefParameter.FilterCount]: FILTERS,
  [PefParameter.PolicyCount]: POLICIES,
  [PefParameter.StringCount]: STRINGS,
  [PefParameter.GroupControlCount]: GROUPS,
};

const EMPTY_POLICY: AlertPolicy = { set: 0, enabled: false, rule: 0, channel: 0, destination: 0, stringEventSpecific: false, string: 0 };
const ALL_ACTIONS: PefActionSet = { alert: true, powerDown: true, reset: true, powerCycle: true, oem: true, diagnosticInterrupt: true };

/** PEF configuration parameters (IPMI 2.0 §30.4): bytes for clients, values for the engine. */
export class PefParameters {
  readonly setInProgress: SetInProgress;
  readonly #store: Store<Uint8Array>;
  readonly #given: PefDefaults;
  /** Keys and string of selector 0. */
  readonly #volatile = new Map<string, Uint8Array>();

  constructor(setup: Setup, given: PefDefaults = {}) {
    this.setInProgress = new SetInProgress(setup.clock, AFTER_SESSION);
    this.#store = setup.store<Uint8Array>('pef');
    this.#given = given;
  }

  get control(): ReturnType<typeof PefControl.decode> {
    return PefControl.decode(this.#data(PefParameter.Control));
  }

  get actions(): PefActionSet {
    return PefActions.decode(this.#data(PefParameter.ActionControl));
  }

  /** Seconds. */
  get startupDelay(): number {
    return this.#data(PefParameter.StartupDelay)[0];
  }

  get alertStartupDelay(): number {
    return this.#data(PefParameter.AlertStartupDelay)[0];
  }

  /** Each event is compared with all filters: those that nobody changed need no decoding. */
  filter(number: number): EventFilter {
    const stored = this.#store.size === 0 ? undefined : this.#store.get(keyOf(PefParameter.Filter, number));
    return stored ? EventFilter.decode(stored) : (this.#given.filters?.get(number) ?? EMPTY_FILTER);
  }

  policy(number: number): AlertPolicy {
    const stored = this.#store.get(keyOf(PefParameter.Policy, number));
    return stored ? AlertPolicy.decode(stored) : (this.#given.policies?.get(number) ?? EMPTY_POLICY);
  }

  /** The GUID that traps carry instead of the system's; undefined: the system's. */
  get guid(): Uint8Array | undefined {
    const { used, guid } = PefGuid.decode(this.#data(PefParameter.SystemGuid));
    return used ? guid : undefined;
  }

  /** The alert string of a policy entry (§17.11, §30.4 parameters 12 and 13); undefined: it has none. */
  stringFor({ stringEventSpecific, string }: AlertPolicy, filter: number): Uint8Array | undefined {
    if (!stringEventSpecific) return string === 0 ? undefined : this.string(string);
    for (let selector = 0; selector <= STRINGS; selector++) {
      const keys = StringKeys.decode(this.#data(PefParameter.StringKeys, selector));
      if (keys.filter === filter && keys.set === string) return this.string(selector);
    }
    return undefined;
  }

  /** Up to the first zero; undefined if there is no such string, or nothing in it. */
  string(selector: number): Uint8Array | undefined {
    if (selector > STRINGS) return undefined;
    const whole = this.#data(PefParameter.String, selector);
    const end = whole.indexOf(0);
    const text = end < 0 ? whole : whole.subarray(0, end);
    return text.length > 0 ? text : undefined;
  }

  /** As the wire has it, selectors included. Throws 80h, C9h for an entry or block that there is not. */
  get(parameter: number, setSelector: number, blockSelector: number): Uint8Array {
    const rule = ruleOf(parameter);
    if (!rule.sets) return parameter === PefParameter.SetInProgress ? Uint8Array.of(this.setInProgress.state) : this.#data(parameter);
    const set = checkSet(parameter, rule, setSelector);
    if (rule.blocks) {
      const block = checkBlock(rule.blocks, blockSelector);
      const at = (block - 1) * STRING_BLOCK;
      return Uint8Array.of(set, block, ...this.#data(parameter, set).subarray(at, at + STRING_BLOCK));
    }
    if (parameter === PefParameter.FilterConfiguration) return Uint8Array.of(set, this.#data(PefParameter.Filter, set)[0]);
    return Uint8Array.of(set, ...this.#data(parameter, set));
  }

  /** Throws 80h, 81h while another client is writing, 82h for a read-only parameter, C7h for a wrong size, C9h, CCh. */
  set(parameter: number, data: Uint8Array, owner: unknown): Durable {
    const rule = ruleOf(parameter);
    if (rule.readOnly) throw new IpmiError(0x82, `PEF parameter ${parameter}`);
    if (data.length < rule.size[0] || data.length > rule.size[1])
      throw new IpmiError(CC.RequestLengthInvalid, `PEF parameter ${parameter} has ${rule.size.join(' to ')} bytes, not ${data.length}`);
    if (parameter === PefParameter.SetInProgress) {
      // Commit write belongs to roll-back, which is not offered (§30.4).
      if (data[0] > SetState.InProgress) throw new IpmiError(CC.InvalidDataField, `set in progress ${data[0]}`);
      this.setInProgress.set(data[0], owner);
      return undefined;
    }
    if (!rule.sets) return this.#put(parameter, undefined, known(parameter, data));
    const set = checkSet(parameter, rule, data[0]);
    if (rule.blocks) {
      const whole = this.#data(parameter, set).slice();
      const at = (checkBlock(rule.blocks, data[1]) - 1) * STRING_BLOCK;
      whole.fill(0, at, at + STRING_BLOCK);
      whole.set(data.subarray(2), at);
      return this.#put(parameter, set, whole);
    }
    if (parameter === PefParameter.FilterConfiguration) {
      const filter = this.#data(PefParameter.Filter, set).slice();
      filter[0] = data[1];
      return this.#put(PefParameter.Filter, set, known(PefParameter.Filter, filter));
    }
    return this.#put(parameter, set, known(parameter, data.subarray(1)));
  }

  #put(parameter: number, set: number | undefined, data: Uint8Array): Durable {
    const key = keyOf(parameter, set);
    if (set !== 0) return this.#store.set(key, data.slice());
    this.#volatile.set(key, data.slice());
    return undefined;
  }

  #data(parameter: number, set?: number): Uint8Array {
    const key = keyOf(parameter, set);
    return this.#volatile.get(key) ?? this.#store.get(key) ?? this.#initial(parameter, set ?? 0);
  }

  #initial(parameter: number, set: number): Uint8Array {
    const { control, actions, startupDelay = 60, alertStartupDelay = 60, strings } = this.#given;
    switch (parameter) {
      case PefParameter.Control:
        return PefControl.encode({ enabled: true, eventMessages: false, startupDelay: true, alertStartupDelay: false, ...control });
      case PefParameter.ActionControl:
        return PefActions.encode({ ...ALL_ACTIONS, ...actions });
      case PefParameter.StartupDelay:
        return Uint8Array.of(startupDelay);
      case PefParameter.AlertStartupDelay:
        return Uint8Array.of(alertStartupDelay);
      case PefParameter.Filter:
        return EventFilter.encode(this.filter(set));
      case PefParameter.Policy:
        return AlertPolicy.encode(this.policy(set));
      case PefParameter.SystemGuid:
        return new Uint8Array(17);
      case PefParameter.StringKeys:
        return new Uint8Array(2);
      case PefParameter.String: {
        const whole = new Uint8Array(STRING_BLOCKS * STRING_BLOCK);
        for (const [i, letter] of Array.from(strings?.get(set) ?? '').entries()) whole[i] = letter.charCodeAt(0);
        return whole;
      }
      case PefParameter.GroupControl:
        return new Uint8Array(10);
      default:
        return Uint8Array.of(counts[parameter] ?? 0);
    }
  }
}

const keyOf = (parameter: number, set: number | undefined): string => (set === undefined ? `${parameter}` : `${parameter}/${set}`);

function ruleOf(parameter: number): Rule {
  const rule = rules[parameter];
  if (!rule) throw new IpmiError(0x80, `PEF parameter ${parameter}`);
  return rule;
}

function checkSet(parameter: number, { sets: [first, last] = [0, 0] }: Rule, selector: number): number {
  const set = selector & 0x7f;
  if (set < first || set > last) throw new IpmiError(CC.ParameterOutOfRange, `entry ${set} of PEF parameter ${parameter}`);
  return set;
}

function checkBlock(blocks: number, selector: number): number {
  if (selector < 1 || selector > blocks) throw new IpmiError(CC.ParameterOutOfRange, `alert string block ${selector}`);
  return selector;
}

/** Reserved bits are dropped: software finds out by reading back which actions there are (§17.7). */
function known(parameter: number, data: Uint8Array): Uint8Array {
  switch (parameter) {
    case PefParameter.Control:
      return PefControl.encode(PefControl.decode(data));
    case PefParameter.ActionControl:
      return PefActions.encode(PefActions.decode(data));
    case PefParameter.Filter:
      return EventFilter.encode(EventFilter.decode(data));
    case PefParameter.StringKeys:
      return StringKeys.encode(StringKeys.decode(data));
    default:
      return data;
  }
}
