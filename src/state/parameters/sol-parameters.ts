import { CC, IpmiError } from '../../codec/index.ts';
import { Privilege } from '../../commands/command.ts';
import { solParameters, SolParameter } from '../../commands/parameters/sol.ts';
import { settled } from '../../world/settled.ts';
import type { SolTiming } from '../../wire/sol-transfer.ts';
import { parameterFits, ParameterTable } from './parameter-table.ts';
import type { Setup } from '../setup.ts';
import type { Sleeper } from '../sleeper.ts';
import { stores } from '../stores.ts';
import type { Durable, Store } from '../store.ts';

/** What the parameters take from the rest of the BMC. */
export interface SolSurroundings {
  /** UDP port of a channel, until somebody sets another one. */
  readonly port: (channel: number) => number;
  /** The serial port gets another speed, in bits per second. */
  readonly bitRate: (rate: number) => void;
}

const ACCUMULATE_UNIT = 5;
const RETRY_UNIT = 10;
/** Codes of bit rates (table 26-5); 0 leaves the serial port as it is. */
const bitRates: Readonly<Record<number, number>> = { 6: 9600, 7: 19_200, 8: 38_400, 9: 57_600, 10: 115_200 };

/** SOL configuration parameters by channel (IPMI 2.0 §26.3). */
export class SolParameters implements Sleeper<readonly (Uint8Array | undefined)[]> {
  readonly #setup: Setup;
  readonly #surroundings: SolSurroundings;
  readonly #values: Store<Uint8Array>;
  readonly #tables: (ParameterTable | undefined)[] = [];
  /** The speed of the serial port until the BMC is reset. */
  readonly #bitRate: (Uint8Array | undefined)[] = [];
  /** Of each channel until somebody changes it: each character of a session asks for it. */
  readonly #timing: (SolTiming | undefined)[] = [];

  constructor(setup: Setup, surroundings: SolSurroundings) {
    this.#setup = setup;
    this.#surroundings = surroundings;
    const fits = parameterFits(solParameters);
    this.#values = setup.store(
      stores.sol,
      undefined,
      (key, value) => fits(key, value) && isAllowed(Number(key.split('/')[1]), value),
    );
  }

  get wakeful(): string | undefined {
    return this.#tables.find((table) => table?.wakeful)?.wakeful;
  }

  memento(): readonly (Uint8Array | undefined)[] | undefined {
    return this.#bitRate.some(Boolean) ? this.#bitRate : undefined;
  }

  recall(bitRate: readonly (Uint8Array | undefined)[]): void {
    for (const [channel, rate] of bitRate.entries()) this.#bitRate[channel] = rate;
  }

  enabled(channel: number): boolean {
    return this.#table(channel).read(SolParameter.Enable).enabled;
  }

  authentication(channel: number): ReturnType<typeof SolParameter.Authentication.layout.decode> {
    return this.#table(channel).read(SolParameter.Authentication);
  }

  timing(channel: number): SolTiming {
    return (this.#timing[channel] ??= this.#timingNow(channel));
  }

  /** Parameter data as the wire has it. Throws 80h. */
  get(channel: number, parameter: number): Uint8Array {
    return this.#table(channel).get(parameter);
  }

  /**
   * Throws 80h, 81h while another one writes, 82h for a read-only parameter, C7h for a wrong size, CCh for a
   * reserved value.
   */
  set(channel: number, parameter: number, data: Uint8Array, owner: unknown): Durable {
    const table = this.#table(channel);
    if (parameter !== SolParameter.VolatileBitRate.selector) {
      const done = table.set(parameter, data, owner);
      this.#timing[channel] = undefined;
      // What cannot be stored is as it was.
      if (done) void settled(done).then(() => (this.#timing[channel] = undefined));
      return done;
    }
    const value = allowed(parameter, table.checked(parameter, data));
    this.#bitRate[channel] = value;
    this.#tellBitRate(value);
    return undefined;
  }

  /** Frees what a session left locked. */
  release(owner: unknown): void {
    for (const table of this.#tables) table?.lock.release(owner);
  }

  /** The BMC was reset: the serial port has its non-volatile speed again. */
  reset(): void {
    for (const [channel, changed] of this.#bitRate.splice(0).entries())
      if (changed) this.#tellBitRate(this.#table(channel).value(SolParameter.NonVolatileBitRate.selector));
  }

  #tellBitRate(value: Uint8Array): void {
    const rate = bitRates[SolParameter.VolatileBitRate.layout.decode(value).rate];
    if (rate) this.#surroundings.bitRate(rate);
  }

  #timingNow(channel: number): SolTiming {
    const table = this.#table(channel);
    const { accumulate, threshold } = table.read(SolParameter.Character);
    const { count, interval } = table.read(SolParameter.Retry);
    // 0 is back to back, which would leave no time for an answer.
    return {
      accumulate: accumulate * ACCUMULATE_UNIT,
      threshold: Math.max(threshold, 1),
      retries: count,
      retryInterval: Math.max(interval, 1) * RETRY_UNIT,
    };
  }

  #table(channel: number): ParameterTable {
    return (this.#tables[channel] ??= new ParameterTable(this.#setup.clock, {
      parameters: solParameters,
      values: this.#values,
      prefix: String(channel),
      defaults: (parameter) => this.#default(channel, parameter),
      known: allowed,
    }));
  }

  #default(channel: number, parameter: number): Uint8Array | undefined {
    switch (parameter) {
      case SolParameter.PayloadChannel.selector:
        return SolParameter.PayloadChannel.layout.encode({ channel });
      case SolParameter.PayloadPort.selector:
        return SolParameter.PayloadPort.layout.encode({ port: this.#surroundings.port(channel) });
      case SolParameter.VolatileBitRate.selector:
        return this.#bitRate[channel] ?? this.#table(channel).value(SolParameter.NonVolatileBitRate.selector);
      default:
        return undefined;
    }
  }
}

/** False for reserved values. */
function isAllowed(parameter: number, data: Uint8Array): boolean {
  switch (parameter) {
    case SolParameter.Authentication.selector: {
      const { privilege } = SolParameter.Authentication.layout.decode(data);
      return privilege >= Privilege.User && privilege <= Privilege.Oem;
    }
    case SolParameter.Character.selector:
      return data[0] !== 0;
    case SolParameter.NonVolatileBitRate.selector:
    case SolParameter.VolatileBitRate.selector: {
      const { rate } = SolParameter.VolatileBitRate.layout.decode(data);
      return rate === 0 || bitRates[rate] !== undefined;
    }
    default:
      return true;
  }
}

function allowed(parameter: number, value: Uint8Array): Uint8Array {
  if (!isAllowed(parameter, value))
    throw new IpmiError(CC.InvalidDataField, `SOL parameter ${parameter}: ${value.join(' ')}`);
  return value;
}
