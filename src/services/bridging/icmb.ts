import { CC, IpmiError } from '../../codec/index.ts';
import { BridgeState } from '../../commands/bridge/icmb.ts';
import { noCounts, type CounterTable } from '../../joint/counters.ts';
import type { Answer, Context } from '../../joint/message.ts';
import type { Setup } from '../../state/setup.ts';
import { stores } from '../../state/stores.ts';
import type { Durable, Store } from '../../state/store.ts';
import { BMC_ADDRESS } from '../../wire/message.ts';

/** The bridge's connection to its ICMB; the interface brings it while it is open. */
export interface IcmbPort {
  /**
   * A command for another bridge, for the request that asked for it (none: the BMC itself): its completion
   * code and data; C3h where it does not answer.
   */
  request(to: number, cmd: number, data: Uint8Array, cause?: Context): Promise<Answer>;
  /** A command for every bridge, and what those answered that do within a moment. */
  broadcast(cmd: number, data: Uint8Array, cause?: Context): Promise<Answer[]>;
  /** Takes another address. Throws CCh where a bridge has it already. */
  move(address: number): void;
  /** Takes a second address for a controller of the local IPMB; 0: none. Throws CCh as `move` does. */
  represent(address: number): void;
}

export interface Proxy {
  /** 0: there is none. */
  readonly icmbAddress: number;
  readonly ipmbAddress: number;
  readonly lun: number;
}

export interface Reception {
  readonly enabled: number;
  readonly slaveAddress: number;
  readonly lun: number;
}

/** Counters of Get Bridge Statistics; 16 bits each. */
export const icmbCounters = {
  runtCommands: { unit: 'requests', counts: 'too short for what they ask' },
  badCommands: { unit: 'requests', counts: 'that other bridges reported as errors' },
  spuriousResponses: { unit: 'responses', counts: 'to nothing that was asked' },
  sent: { unit: 'packets', counts: 'that were sent' },
  received: { unit: 'packets', counts: 'that came' },
  otherAddresses: { unit: 'packets', counts: 'that came for others' },
  runts: { unit: 'packets', counts: 'dropped: too short' },
  badChecksums: { unit: 'packets', counts: 'dropped: a wrong checksum' },
  unknownTypes: { unit: 'packets', counts: 'dropped: of no known type' },
  notStarts: { unit: 'packets', counts: 'dropped: no start of a message' },
  restarts: { unit: 'messages', counts: 'that began again before their end' },
  arbitrationWins: { unit: 'packets', counts: 'that won the bus' },
  arbitrationLosses: { unit: 'packets', counts: 'that lost the bus' },
} satisfies CounterTable;
export type IcmbCounter = keyof typeof icmbCounters;

/**
 * The ICMB bridge of a chassis: its addresses, what it forwards, and where its events go (ICMB Bridge
 * Specification 1.0).
 */
export class Icmb {
  /**
   * Set by SetDiscovered, cleared by PrepareForDiscovery: who is discovered does not answer to GetAddresses.
   */
  discovered = false;
  /** Events sent since the start, mod 256. */
  eventCount = 0;
  statistics: Record<IcmbCounter, number> = noCounts(icmbCounters);
  /** The address that the interface found free, where none is set. */
  assigned = 0;
  #port: IcmbPort | undefined = undefined;
  readonly #settings: Store<number>;
  readonly #configured: number | undefined;

  /** `address`: as configured. */
  constructor(setup: Setup, address?: number) {
    this.#settings = setup.store(stores.icmb);
    this.#configured = address;
  }

  /** Undefined: there is no ICMB now. */
  get port(): IcmbPort | undefined {
    return this.#port;
  }

  /** An interface brings the ICMB as it opens. There is one; returns its undoing. */
  connect(port: IcmbPort): () => void {
    this.#port = port;
    return () => {
      if (this.#port === port) this.#port = undefined;
    };
  }

  get enabled(): boolean {
    return (this.#settings.get('state') ?? BridgeState.Enabled) === BridgeState.Enabled;
  }

  setEnabled(enabled: boolean): Durable {
    return this.#settings.set('state', enabled ? BridgeState.Enabled : BridgeState.Disabled);
  }

  get address(): number {
    return this.#settings.get('address') ?? this.#configured ?? this.assigned;
  }

  /** What was chosen, before the interface has looked for a free one. */
  get chosenAddress(): number | undefined {
    return this.#settings.get('address') ?? this.#configured;
  }

  /** A client has set it; it may be another bridge's by the next start. */
  get isAddressStored(): boolean {
    return this.#settings.has('address');
  }

  setAddress(address: number): Durable {
    this.port?.move(address);
    return this.#settings.set('address', address);
  }

  get proxy(): Proxy {
    return {
      icmbAddress: this.#settings.get('proxy-icmb') ?? 0,
      ipmbAddress: this.#settings.get('proxy-ipmb') ?? 0,
      lun: this.#settings.get('proxy-lun') ?? 0,
    };
  }

  setProxy({ icmbAddress, ipmbAddress, lun }: Proxy): Durable {
    this.port?.represent(icmbAddress);
    return this.#settings.change([
      ['proxy-icmb', icmbAddress],
      ['proxy-ipmb', ipmbAddress],
      ['proxy-lun', lun],
    ]);
  }

  /** 8-bit slave address of the chassis device. */
  get chassisDevice(): number {
    return this.#settings.get('chassis-device') ?? BMC_ADDRESS;
  }

  setChassisDevice(address: number): Durable {
    return this.#settings.set('chassis-device', address);
  }

  get eventDestination(): number {
    return this.#settings.get('event-destination') ?? 0;
  }

  setEventDestination(address: number): Durable {
    return this.#settings.set('event-destination', address);
  }

  get reception(): Reception {
    return {
      enabled: this.#settings.get('reception') ?? 0,
      slaveAddress: this.#settings.get('reception-address') ?? BMC_ADDRESS,
      lun: this.#settings.get('reception-lun') ?? 0,
    };
  }

  setReception({ enabled, slaveAddress, lun }: Reception): Durable {
    return this.#settings.change([
      ['reception', enabled],
      ['reception-address', slaveAddress],
      ['reception-lun', lun],
    ]);
  }

  count(counter: IcmbCounter): void {
    this.statistics[counter] = Math.min(this.statistics[counter] + 1, 0xffff);
  }

  clearStatistics(): void {
    this.statistics = noCounts(icmbCounters);
  }

  /** The way to other chassis. Throws D5h where bridging is disabled, D3h where there is no ICMB. */
  out(): IcmbPort {
    if (!this.enabled) throw new IpmiError(CC.NotSupportedInState, 'bridging is disabled');
    if (!this.port) throw new IpmiError(CC.DestinationUnavailable, 'there is no ICMB');
    return this.port;
  }
}
