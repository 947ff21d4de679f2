import { fromLatin1 } from '../../codec/index.ts';
import {
  AlertPolicy,
  EventFilter,
  PEF_STRINGS,
  PefActions,
  PefControl,
  PefGuid,
  pefParameters,
  PefParameter,
  STRING_BLOCK,
  StringKeys,
  type PefActionSet,
} from '../../commands/parameters/pef.ts';
import { EMPTY_FILTER } from './pef-filters.ts';
import { parameterFits, ParameterTable } from './parameter-table.ts';
import type { SetInProgress } from './set-in-progress.ts';
import type { Setup } from '../setup.ts';
import type { Sleeper } from '../sleeper.ts';
import { stores } from '../stores.ts';
import type { Durable } from '../store.ts';

const STRING_BLOCKS = PefParameter.String.blocks ?? 0;
/** Of a set selector: bit 7 is reserved. */
const SET_BITS = 0x7f;

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

const EMPTY_POLICY: AlertPolicy = {
  set: 0,
  enabled: false,
  rule: 0,
  channel: 0,
  destination: 0,
  stringEventSpecific: false,
  string: 0,
};
const ALL_ACTIONS: PefActionSet = {
  alert: true,
  powerDown: true,
  reset: true,
  powerCycle: true,
  oem: true,
  diagnosticInterrupt: true,
};

const KEPT = { ...stores.pef, fits: parameterFits(pefParameters) };

/** PEF configuration parameters (IPMI 2.0 §30.4): bytes for clients, values for the engine. */
export class PefParameters implements Sleeper<Map<string, Uint8Array>> {
  readonly #table: ParameterTable;
  readonly #defaults: PefDefaults;

  constructor(setup: Setup, defaults: PefDefaults = {}) {
    this.#defaults = defaults;
    this.#table = new ParameterTable(setup.clock, {
      parameters: pefParameters,
      values: setup.store(KEPT),
      defaults: (parameter, set, block) => this.#initial(parameter, set, block),
      setBits: SET_BITS,
      // Roll-back is not offered (§30.4).
      lock: { commitWrite: false },
    });
  }

  get wakeful(): string | undefined {
    return this.#table.wakeful;
  }

  memento(): Map<string, Uint8Array> | undefined {
    return this.#table.memento();
  }

  recall(values: Map<string, Uint8Array>): void {
    this.#table.recall(values);
  }

  get setInProgress(): SetInProgress {
    return this.#table.lock;
  }

  get control(): ReturnType<typeof PefControl.decode> {
    return PefControl.decode(this.#table.value(PefParameter.Control.selector));
  }

  get actions(): PefActionSet {
    return PefActions.decode(this.#table.value(PefParameter.ActionControl.selector));
  }

  /** Seconds. */
  get startupDelay(): number {
    return this.#table.value(PefParameter.StartupDelay.selector)[0];
  }

  get alertStartupDelay(): number {
    return this.#table.value(PefParameter.AlertStartupDelay.selector)[0];
  }

  /** Each event is compared with all filters: those that nobody changed need no decoding. */
  filter(number: number): EventFilter {
    const stored = this.#table.stored(PefParameter.Filter.selector, number);
    return stored ? EventFilter.decode(stored) : (this.#defaults.filters?.get(number) ?? EMPTY_FILTER);
  }

  policy(number: number): AlertPolicy {
    const stored = this.#table.stored(PefParameter.Policy.selector, number);
    return stored ? AlertPolicy.decode(stored) : (this.#defaults.policies?.get(number) ?? EMPTY_POLICY);
  }

  /** The GUID that traps carry instead of the system's; undefined: the system's. */
  get guid(): Uint8Array | undefined {
    const { used, guid } = PefGuid.decode(this.#table.value(PefParameter.SystemGuid.selector));
    return used ? guid : undefined;
  }

  /** The alert string of a policy entry (§17.11, §30.4 parameters 12 and 13); undefined: it has none. */
  stringFor({ stringEventSpecific, string }: AlertPolicy, filter: number): Uint8Array | undefined {
    if (!stringEventSpecific) return string === 0 ? undefined : this.string(string);
    for (let selector = 0; selector <= PEF_STRINGS; selector++) {
      const keys = StringKeys.decode(this.#table.value(PefParameter.StringKeys.selector, selector));
      if (keys.filter === filter && keys.set === string) return this.string(selector);
    }
    return undefined;
  }

  /** Up to the first zero; undefined if there is no such string, or nothing in it. */
  string(selector: number): Uint8Array | undefined {
    if (selector > PEF_STRINGS) return undefined;
    const whole = Array.from({ length: STRING_BLOCKS }, (_, i) => [
      ...this.#table.value(PefParameter.String.selector, selector, i + 1),
    ]).flat();
    const end = whole.indexOf(0);
    const text = end < 0 ? whole : whole.slice(0, end);
    return text.length > 0 ? Uint8Array.from(text) : undefined;
  }

  /** As the wire has it, selectors included. Throws 80h, C9h for an entry or block that there is not. */
  get(parameter: number, setSelector: number, blockSelector: number): Uint8Array {
    return this.#table.get(parameter, setSelector & SET_BITS, blockSelector);
  }

  /**
   * Throws 80h, 81h while another client is writing, 82h for a read-only parameter, C7h for a wrong size,
   * C9h, CCh.
   */
  set(parameter: number, data: Uint8Array, owner: unknown): Durable {
    if (parameter !== PefParameter.FilterConfiguration.selector)
      return this.#table.set(parameter, data, owner);
    const [configuration] = this.#table.checked(parameter, data);
    const filter = this.#table.get(PefParameter.Filter.selector, data[0] & SET_BITS);
    filter[1] = configuration;
    return this.#table.set(PefParameter.Filter.selector, filter, owner);
  }

  #initial(parameter: number, set: number, block: number): Uint8Array | undefined {
    const { control, actions, startupDelay = 60, alertStartupDelay = 60, strings } = this.#defaults;
    switch (parameter) {
      case PefParameter.Control.selector:
        return PefControl.encode({
          enabled: true,
          eventMessages: false,
          startupDelay: true,
          alertStartupDelay: false,
          ...control,
        });
      case PefParameter.ActionControl.selector:
        return PefActions.encode({ ...ALL_ACTIONS, ...actions });
      case PefParameter.StartupDelay.selector:
        return Uint8Array.of(startupDelay);
      case PefParameter.AlertStartupDelay.selector:
        return Uint8Array.of(alertStartupDelay);
      case PefParameter.Filter.selector:
        return EventFilter.encode(this.filter(set));
      case PefParameter.Policy.selector:
        return AlertPolicy.encode(this.policy(set));
      case PefParameter.FilterConfiguration.selector:
        return this.#table.value(PefParameter.Filter.selector, set).slice(0, 1);
      case PefParameter.String.selector: {
        const at = (block - 1) * STRING_BLOCK;
        return fromLatin1((strings?.get(set) ?? '').slice(at, at + STRING_BLOCK), STRING_BLOCK);
      }
      default:
        return undefined;
    }
  }
}
