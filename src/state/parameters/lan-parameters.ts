import { bit, byte, CC, fromLatin1, IpmiError, ipv4, layout, mac, u16, u8, Writer, type Field } from '../../codec/index.ts';
import { Privilege } from '../../commands/command.ts';
import type { Clock } from '../../world/world.ts';
import type { Channels } from '../app/channels.ts';
import type { BadPasswordRule } from '../app/lock-outs.ts';
import { parameterFits, ParameterTable, type ParameterRules } from './parameter-table.ts';
import type { Setup } from '../setup.ts';
import { stores } from '../stores.ts';
import type { Durable, Store } from '../store.ts';

export interface LanSettings {
  readonly channel: number;
  readonly address?: string;
  readonly netmask?: string;
  readonly gateway?: string;
  readonly mac?: string;
  readonly community?: string;
  /** Sets of parameters, by `parameter/set`, selectors excluded. */
  readonly sets?: ReadonlyMap<string, Uint8Array>;
}

/** IPv4, dotted. */
export interface LanPlace {
  readonly address: string;
  readonly netmask: string;
  readonly gateway: string;
}

const NOWHERE = '0.0.0.0';
const USUAL_MASK = '255.255.255.0';

/** Datagrams of a LAN channel since the start or the last clear (§23.4). */
export interface LanStatistics {
  received: number;
  /** RMCP packets that carried something for this BMC. */
  valid: number;
  sent: number;
}

/** ARPs that the BMC itself makes. */
export interface Arps {
  readonly responses: boolean;
  readonly gratuitous: boolean;
}

/** Parameter selectors with rules of their own, IPMI 2.0 §23.2 table 23-4. */
export const LanParameter = {
  SetInProgress: 0,
  AuthTypeSupport: 1,
  AuthTypeEnables: 2,
  Address: 3,
  ArpControl: 10,
  Community: 16,
  Destinations: 17,
  DestinationType: 18,
  DestinationAddress: 19,
  CipherSuites: 23,
  CipherSuiteCount: 22,
  SuiteCaps: 24,
  BadPassword: 26,
  StaticIpv6: 56,
  DynamicIpv6: 59,
} as const;

const DESTINATIONS = 4;
const COMMUNITY_SIZE = 18;
/** Where the data of an IPv6 address, after its set selector, has its status, and what it says. */
const IPV6_STATUS = 18;
const ACTIVE = 0;
const DISABLED = 1;
const UNUSED_IPV6 = Array.from({ length: IPV6_STATUS + 1 }, (_, i) => (i === IPV6_STATUS ? DISABLED : 0));
const ALERT_SETS = DESTINATIONS + 1;
/** Timing of DHCPv6 and of neighbour discovery can be set for the whole BMC. */
const TIMING_SUPPORT = 1;
const IPV6_STATIC = 2;
const IPV6_DYNAMIC = 2;

/** Sizes and rules of the parameters (table 23-4, and 50 and up: IPv6 of errata 7). Where nothing is said, zeros. */
const rules: ParameterRules = {
  0: { size: 1 },
  1: { size: 1, readOnly: true },
  2: { size: 5 },
  3: { size: 4 },
  4: { size: 1, initial: [1], highest: 4 },
  5: { size: 6 },
  6: { size: 4 },
  7: { size: 3, initial: [0x40, 0x40, 0x10] },
  8: { size: 2, initial: [0x6f, 0x02] },
  9: { size: 2, initial: [0x98, 0x02] },
  10: { size: 1, initial: [0x02] },
  11: { size: 1, initial: [4] },
  12: { size: 4 },
  13: { size: 6 },
  14: { size: 4 },
  15: { size: 6 },
  16: { size: COMMUNITY_SIZE },
  17: { size: 1, readOnly: true, initial: [DESTINATIONS] },
  // 3 s between repetitions, as table 23-4 recommends.
  18: { size: 4, sets: ALERT_SETS, initial: [0, 2, 3], volatileSet: true },
  19: { size: 13, sets: ALERT_SETS, volatileSet: true },
  20: { size: 2 },
  21: { size: 1, highest: 7 },
  22: { size: 1, readOnly: true },
  23: { size: 17, readOnly: true },
  24: { size: 9 },
  25: { size: 4, sets: ALERT_SETS },
  26: { size: 6 },
  50: { size: 1, readOnly: true, initial: [0x07] },
  51: { size: 1, highest: 2 },
  52: { size: 1 },
  53: { size: 1, initial: [64] },
  54: { size: 3 },
  55: { size: 3, readOnly: true, initial: [IPV6_STATIC, IPV6_DYNAMIC, 0x03] },
  56: { size: 20, sets: IPV6_STATIC, initial: UNUSED_IPV6 },
  57: { size: 1, readOnly: true, initial: [1] },
  58: { size: 18, sets: 1, blocks: 1, firstBlock: 0 },
  59: { size: 20, readOnly: true, sets: IPV6_DYNAMIC, initial: UNUSED_IPV6 },
  60: { size: 1, readOnly: true, initial: [1] },
  61: { size: 18, sets: 1, blocks: 1, firstBlock: 0 },
  62: { size: 1, readOnly: true, initial: [TIMING_SUPPORT] },
  63: { size: 18, sets: 1, blocks: 2, firstBlock: 0 },
  64: { size: 1, highest: 3 },
  65: { size: 16 },
  66: { size: 6 },
  67: { size: 1, highest: 128 },
  68: { size: 16 },
  69: { size: 16 },
  70: { size: 6 },
  71: { size: 1, highest: 128 },
  72: { size: 16 },
  73: { size: 1, readOnly: true },
  // No router was learnt: there is no set of these.
  74: { size: 17, readOnly: true, sets: 0 },
  75: { size: 7, readOnly: true, sets: 0 },
  76: { size: 2, readOnly: true, sets: 0 },
  77: { size: 17, readOnly: true, sets: 0 },
  78: { size: 1, readOnly: true, initial: [64] },
  79: { size: 1, readOnly: true, initial: [TIMING_SUPPORT] },
  80: { size: 18, sets: 1, blocks: 1, firstBlock: 0 },
};

/** Parameter 26: what happens to a user whose password is guessed at. Intervals in tens of seconds. */
const BadPassword = layout('bad password threshold', { ...byte({ event: bit(0) }), threshold: u8, forgetAfter: u16, lockOut: u16 });

/** LAN configuration parameters by channel: what the config gives until a client sets it. */
export class LanParameters {
  readonly #clock: Clock;
  readonly #channels: Channels;
  readonly #values: Store<Uint8Array>;
  readonly #tables = new Map<number, ParameterTable>();
  readonly #settings = new Map<number, LanSettings>();
  readonly #places = new Map<number, () => LanPlace | undefined>();
  readonly #statistics = new Map<number, LanStatistics>();
  readonly #suspendedArps = new Map<number, Arps>();

  constructor(setup: Setup, channels: Channels, settings: readonly LanSettings[] = []) {
    this.#clock = setup.clock;
    this.#channels = channels;
    this.#values = setup.store(stores.lan, undefined, parameterFits(rules, true));
    for (const one of settings) this.#settings.set(one.channel, one);
  }

  /** Alert destinations of a channel, besides the volatile destination 0. */
  get destinations(): number {
    return DESTINATIONS;
  }

  /** Where a channel's interface is in its network, as far as that is known: what the settings do not say follows from it. */
  located(channel: number, placeOf: () => LanPlace | undefined): void {
    this.#places.set(channel, placeOf);
  }

  /** The counters of a channel: its interface counts, Get IP/UDP/RMCP Statistics reads. */
  statistics(channel: number): LanStatistics {
    const counters = this.#statistics.get(channel) ?? { received: 0, valid: 0, sent: 0 };
    this.#statistics.set(channel, counters);
    return counters;
  }

  /** A cold reset: counters begin again, ARPs go on, what nobody keeps is gone. */
  reset(): void {
    for (const table of this.#tables.values()) table.reset();
    this.clearStatistics();
    this.#suspendedArps.clear();
  }

  /** All counters of all channels, or of one, begin again. */
  clearStatistics(channel?: number): void {
    for (const [number, counters] of this.#statistics)
      if (channel === undefined || channel === number) Object.assign(counters, { received: 0, valid: 0, sent: 0 });
  }

  /** Frees what a session left locked. */
  release(owner: unknown): void {
    for (const { lock } of this.#tables.values()) lock.release(owner);
  }

  /** Parameter data as the wire has it. Throws 80h for a parameter, C9h for a set or block that there is not. */
  get(channel: number, parameter: number, setSelector = 0, blockSelector = 0): Uint8Array {
    return this.#table(channel).get(parameter, setSelector, blockSelector);
  }

  /** What happens to a user of the channel whose password is guessed at. */
  badPasswordRule(channel: number): BadPasswordRule {
    const { event, threshold, forgetAfter, lockOut } = BadPassword.decode(this.get(channel, LanParameter.BadPassword, 0));
    return { event, threshold, forgetAfter: forgetAfter * 10_000, lockOut: lockOut * 10_000 };
  }

  /** Suspends ARP responses and gratuitous ARPs until the next reset (§23.3), and says which of them go on. */
  suspendArps(channel: number, suspended: Arps): Arps {
    this.#suspendedArps.set(channel, suspended);
    const [control] = this.get(channel, LanParameter.ArpControl, 0);
    return { responses: (control & 2) !== 0 && !suspended.responses, gratuitous: (control & 1) !== 0 && !suspended.gratuitous };
  }

  /** Throws 80h, 81h while another client is writing, 82h for a read-only parameter, C7h for a wrong size, C9h for a set that there is not, CCh. */
  set(channel: number, parameter: number, data: Uint8Array, owner: unknown): Durable {
    const table = this.#table(channel);
    if (parameter === LanParameter.AuthTypeEnables)
      return this.#channels.setEnabledAuthTypes(channel, Array.from(table.checked(parameter, data), typesIn));
    if (parameter === LanParameter.SuiteCaps) {
      const caps = nibbles(table.checked(parameter, data).subarray(1));
      if (caps.some((cap) => cap > Privilege.Oem)) throw new IpmiError(CC.InvalidDataField, 'a cipher suite privilege is above OEM');
      return this.#channels.setSuiteCaps(channel, caps);
    }
    return table.set(parameter, data, owner);
  }

  #table(channel: number): ParameterTable {
    let table = this.#tables.get(channel);
    if (!table) {
      const given = (parameter: number, set: number): Uint8Array | undefined => this.#given(channel, parameter, set);
      const lock = { kept: true };
      table = new ParameterTable(this.#clock, {
        name: 'LAN',
        rules,
        values: this.#values,
        prefix: String(channel),
        given,
        known,
        setBits: 0x0f,
        lock,
      });
      this.#tables.set(channel, table);
    }
    return table;
  }

  /** What the settings say, and where they are silent, the network. */
  #place(channel: number): LanPlace {
    const { address, netmask, gateway } = this.#settings.get(channel) ?? {};
    const found = this.#places.get(channel)?.();
    // An address of another network than the one that is listened on has no mask and no gateway of that.
    const known = address === undefined || address === found?.address ? found : undefined;
    return {
      address: address ?? known?.address ?? NOWHERE,
      netmask: netmask ?? known?.netmask ?? (address === undefined ? NOWHERE : USUAL_MASK),
      gateway: gateway ?? known?.gateway ?? NOWHERE,
    };
  }

  /** What the channel and its settings say. */
  #given(channel: number, parameter: number, set: number): Uint8Array | undefined {
    const settings = this.#settings.get(channel);
    const suites = this.#channels.cipherSuites(channel);
    switch (parameter) {
      case LanParameter.AuthTypeSupport:
        return Uint8Array.of(maskOf(this.#channels.supportedAuthTypes(channel)));
      case LanParameter.AuthTypeEnables:
        return Uint8Array.from({ length: 5 }, (_, i) => maskOf(this.#channels.enabledAuthTypes(channel, i + 1)));
      case LanParameter.CipherSuiteCount:
        return Uint8Array.of(suites.length);
      case LanParameter.CipherSuites:
        return Uint8Array.of(0, ...suites);
      case LanParameter.SuiteCaps:
        return packedNibbles(this.#channels.suiteCaps(channel));
      case LanParameter.Address:
        return encoded(ipv4, this.#place(channel).address);
      case 5:
        return encoded(mac, settings?.mac ?? '00:00:00:00:00:00');
      case 6:
        return encoded(ipv4, this.#place(channel).netmask);
      case 12:
        return encoded(ipv4, this.#place(channel).gateway);
      case LanParameter.Community:
        return fromLatin1(settings?.community ?? 'public', COMMUNITY_SIZE);
      default:
        return settings?.sets?.get(`${parameter}/${set}`);
    }
  }
}

/** The status of an address is the BMC's to say. */
function known(parameter: number, value: Uint8Array): Uint8Array {
  if (parameter === LanParameter.StaticIpv6) value[IPV6_STATUS] = value[0] & 0x80 ? ACTIVE : DISABLED;
  return value;
}

/** A bit for each authentication type: none 0, MD2 1, MD5 2, password 4, OEM 5. */
export const maskOf = (types: readonly number[]): number => types.reduce((mask, type) => mask | (1 << type), 0);
export const typesIn = (mask: number): number[] => [0, 1, 2, 4, 5].filter((type) => mask & (1 << type));

const nibbles = (data: Uint8Array): number[] => Array.from(data).flatMap((byte) => [byte & 0xf, byte >> 4]);

/** A reserved byte, and a nibble for each suite, the first one low. */
function packedNibbles(values: readonly number[]): Uint8Array {
  const out = new Uint8Array(9);
  for (const [i, value] of values.entries()) out[1 + (i >> 1)] |= value << (4 * (i & 1));
  return out;
}

function encoded<T>(field: Field<T>, value: T): Uint8Array {
  const writer = new Writer(field.min);
  field.write(writer, value);
  return writer.done();
}
