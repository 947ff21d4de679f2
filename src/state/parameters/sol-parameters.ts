import { CC, IpmiError } from '../../codec/index.ts';
import { Privilege } from '../../commands/command.ts';
import {
  SolAuthentication,
  SolBitRate,
  SolCharacter,
  SolEnable,
  SolParameter,
  SolPayloadChannel,
  SolPayloadPort,
  SolRetry,
} from '../../commands/transport/sol.ts';
import type { SolTiming } from '../../wire/sol-transfer.ts';
import { AFTER_SESSION, SetInProgress } from './set-in-progress.ts';
import type { Setup } from '../setup.ts';
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

const DEFAULTS: Readonly<Record<number, Uint8Array>> = {
  [SolParameter.Enable]: SolEnable.encode({ enabled: true }),
  [SolParameter.Authentication]: SolAuthentication.encode({ forceEncryption: false, forceAuthentication: false, privilege: Privilege.User }),
  [SolParameter.Character]: SolCharacter.encode({ accumulate: 2, threshold: 96 }),
  [SolParameter.Retry]: SolRetry.encode({ count: 7, interval: 10 }),
  [SolParameter.NonVolatileBitRate]: SolBitRate.encode({ rate: 10 }),
  [SolParameter.VolatileBitRate]: SolBitRate.encode({ rate: 10 }),
};

/** SOL configuration parameters by channel (IPMI 2.0 §26.3). */
export class SolParameters {
  readonly #setup: Setup;
  readonly #around: SolSurroundings;
  readonly #values: Store<Uint8Array>;
  /** The speed of the serial port until the BMC is reset. */
  readonly #bitRate: (Uint8Array | undefined)[] = [];
  readonly #locks: (SetInProgress | undefined)[] = [];

  constructor(setup: Setup, around: SolSurroundings) {
    this.#setup = setup;
    this.#around = around;
    this.#values = setup.store(stores.sol, undefined, (key, value) => checked(Number(key.split('/')[1]), value).length > 0);
  }

  enabled(channel: number): boolean {
    return SolEnable.decode(this.get(channel, SolParameter.Enable)).enabled;
  }

  authentication(channel: number): ReturnType<typeof SolAuthentication.decode> {
    return SolAuthentication.decode(this.get(channel, SolParameter.Authentication));
  }

  timing(channel: number): SolTiming {
    const { accumulate, threshold } = SolCharacter.decode(this.get(channel, SolParameter.Character));
    const { count, interval } = SolRetry.decode(this.get(channel, SolParameter.Retry));
    // 0 is back to back, which would leave no time for an answer.
    return {
      accumulate: accumulate * ACCUMULATE_UNIT,
      threshold: Math.max(threshold, 1),
      retries: count,
      retryInterval: Math.max(interval, 1) * RETRY_UNIT,
    };
  }

  /** Parameter data as the wire has it. Throws 80h. */
  get(channel: number, parameter: number): Uint8Array {
    switch (parameter) {
      case SolParameter.SetInProgress:
        return Uint8Array.of(this.#lock(channel).state);
      case SolParameter.PayloadChannel:
        return SolPayloadChannel.encode({ channel });
      case SolParameter.PayloadPort:
        return this.#values.get(`${channel}/${parameter}`) ?? SolPayloadPort.encode({ port: this.#around.port(channel) });
      case SolParameter.VolatileBitRate:
        return this.#bitRate[channel] ?? this.get(channel, SolParameter.NonVolatileBitRate);
      default: {
        const value = this.#values.get(`${channel}/${parameter}`) ?? DEFAULTS[parameter];
        if (!value) throw new IpmiError(0x80, `SOL parameter ${parameter}`);
        return value;
      }
    }
  }

  /** Throws 80h, 81h while another one writes, 82h for a read-only parameter, C7h for a wrong size, CCh for a reserved value. */
  set(channel: number, parameter: number, data: Uint8Array, owner: unknown): Durable {
    if (parameter === SolParameter.PayloadChannel) throw new IpmiError(0x82, `SOL parameter ${parameter}`);
    if (parameter === SolParameter.SetInProgress) {
      if (data.length !== 1) throw new IpmiError(CC.RequestLengthInvalid, `set in progress has 1 byte, not ${data.length}`);
      this.#lock(channel).set(data[0], owner);
      return undefined;
    }
    const value = checked(parameter, data);
    if (parameter !== SolParameter.VolatileBitRate) return this.#values.set(`${channel}/${parameter}`, value);
    this.#bitRate[channel] = value;
    const rate = bitRates[SolBitRate.decode(value).rate];
    if (rate) this.#around.bitRate(rate);
    return undefined;
  }

  /** Frees what a session left locked. */
  release(owner: unknown): void {
    for (const lock of this.#locks) lock?.release(owner);
  }

  /** The BMC was reset: the serial port has its non-volatile speed again. */
  reset(): void {
    for (const [channel, changed] of this.#bitRate.splice(0).entries()) {
      if (!changed) continue;
      const rate = bitRates[SolBitRate.decode(this.get(channel, SolParameter.NonVolatileBitRate)).rate];
      if (rate) this.#around.bitRate(rate);
    }
  }

  #lock(channel: number): SetInProgress {
    return (this.#locks[channel] ??= new SetInProgress(this.#setup.clock, { grace: AFTER_SESSION }));
  }
}

/** Reserved bits gone, reserved values refused. */
function checked(parameter: number, data: Uint8Array): Uint8Array {
  const refuse = (): never => {
    throw new IpmiError(CC.InvalidDataField, `SOL parameter ${parameter}: ${data.join(' ')}`);
  };
  switch (parameter) {
    case SolParameter.Enable:
      return SolEnable.encode(SolEnable.decode(data));
    case SolParameter.Authentication: {
      const value = SolAuthentication.decode(data);
      return value.privilege < Privilege.User || value.privilege > Privilege.Oem ? refuse() : SolAuthentication.encode(value);
    }
    case SolParameter.Character: {
      const value = SolCharacter.decode(data);
      return value.accumulate === 0 ? refuse() : SolCharacter.encode(value);
    }
    case SolParameter.Retry:
      return SolRetry.encode(SolRetry.decode(data));
    case SolParameter.NonVolatileBitRate:
    case SolParameter.VolatileBitRate: {
      const value = SolBitRate.decode(data);
      return value.rate === 0 || bitRates[value.rate] ? SolBitRate.encode(value) : refuse();
    }
    case SolParameter.PayloadPort:
      return SolPayloadPort.encode(SolPayloadPort.decode(data));
    default:
      throw new IpmiError(0x80, `SOL parameter ${parameter}`);
  }
}
