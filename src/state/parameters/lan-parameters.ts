import { withChannel, type ByChannel } from '../by-channel.ts';
import { CC, fromLatin1, IpmiError } from '../../codec/index.ts';
import { Privilege } from '../../commands/command.ts';
import { Ipv6Status, LAN_DESTINATIONS, lanParameters, LanParameter } from '../../commands/parameters/lan.ts';
import type { Parameter } from '../../commands/parameters/parameter.ts';
import type { Clock } from '../../world/world.ts';
import type { Channels } from '../app/channels.ts';
import type { BadPasswordRule } from '../app/lock-outs.ts';
import { parameterFits, ParameterTable } from './parameter-table.ts';
import type { CounterTable } from '../../joint/counters.ts';
import type { Setup } from '../setup.ts';
import type { Sleeper } from '../sleeper.ts';
import { stores } from '../stores.ts';
import type { Durable, Store } from '../store.ts';

export interface LanSettings {
  readonly channel: number;
  /** Values of the settings that parameters take their first values from, by the setting's name. */
  readonly values: Readonly<Record<string, string | number | boolean | undefined>>;
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
export const lanCounters = {
  received: { unit: 'datagrams', counts: 'that came' },
  valid: { unit: 'datagrams', counts: 'that were RMCP packets with something for this BMC' },
  sent: { unit: 'datagrams', counts: 'that were sent' },
} satisfies CounterTable;
export type LanStatistics = Record<keyof typeof lanCounters, number>;

/** ARPs that the BMC itself makes. */
export interface Arps {
  readonly responses: boolean;
  readonly gratuitous: boolean;
}

/** Where the data of an IPv6 address have its status. */
const IPV6_STATUS = LanParameter.StaticIpv6.layout.max - 1;

const KEPT = { ...stores.lan, fits: parameterFits(lanParameters) };

interface LanMemento {
  readonly statistics: ByChannel<LanStatistics>;
  /** What is volatile of the parameters, by channel. */
  readonly volatile: readonly (Map<string, Uint8Array> | undefined)[];
}

/** What knows where it is; asked each time, since addresses come and go. */
export interface Located {
  readonly place: LanPlace | undefined;
}

const NOWHERE_KNOWN: readonly never[] = [];

/** LAN configuration parameters by channel: what the config gives until a client sets it. */
export class LanParameters implements Sleeper<LanMemento> {
  readonly #clock: Clock;
  readonly #channels: Channels;
  readonly #values: Store<Uint8Array>;
  // By channel; most BMCs have one LAN.
  readonly #settings: readonly LanSettings[];
  readonly #tables: (ParameterTable | undefined)[] = [];
  #located: ByChannel<Located> = NOWHERE_KNOWN;
  #statistics: ByChannel<LanStatistics> = NOWHERE_KNOWN;

  constructor(setup: Setup, channels: Channels, settings: readonly LanSettings[] = []) {
    this.#clock = setup.clock;
    this.#channels = channels;
    this.#values = setup.store(KEPT);
    this.#settings = settings;
  }

  get wakeful(): string | undefined {
    return this.#tables.find((table) => table?.wakeful)?.wakeful;
  }

  memento(): LanMemento | undefined {
    const isHeard = this.#statistics.some(
      (counts) => counts !== undefined && counts.received + counts.sent > 0,
    );
    const volatile = this.#tables.map((table) => table?.memento());
    return isHeard || volatile.some(Boolean) ? { statistics: this.#statistics, volatile } : undefined;
  }

  recall({ statistics, volatile }: LanMemento): void {
    this.#statistics = statistics;
    for (const [channel, values] of volatile.entries()) if (values) this.#table(channel).recall(values);
  }

  /** Alert destinations of a channel, besides the volatile destination 0. */
  get destinations(): number {
    return LAN_DESTINATIONS;
  }

  /**
   * Where a channel's interface is in its network, as far as that is known: what the settings do not say
   * follows from it.
   */
  located(channel: number, located: Located): void {
    this.#located = withChannel(this.#located, channel, located);
  }

  /** The counters of a channel: its interface counts, Get IP/UDP/RMCP Statistics reads. */
  statistics(channel: number): LanStatistics {
    const known = this.#statistics[channel];
    if (known !== undefined) return known;
    const counts = { received: 0, valid: 0, sent: 0 };
    this.#statistics = withChannel(this.#statistics, channel, counts);
    return counts;
  }

  /** A cold reset: counters begin again, ARPs go on, what nobody keeps is gone. */
  reset(): void {
    for (const table of this.#tables) table?.reset();
    this.clearStatistics();
  }

  /** All counters of all channels, or of one, begin again. */
  clearStatistics(channel?: number): void {
    for (const [number, counters] of this.#statistics.entries())
      if (counters && (channel === undefined || channel === number))
        Object.assign(counters, { received: 0, valid: 0, sent: 0 });
  }

  /** Frees what a session left locked. */
  release(owner: unknown): void {
    for (const table of this.#tables) table?.lock.release(owner);
  }

  /**
   * Parameter data as the wire has it. Throws 80h for a parameter, C9h for a set or block that there is not.
   */
  get(channel: number, parameter: number, setSelector = 0, blockSelector = 0): Uint8Array {
    return this.#table(channel).get(parameter, setSelector, blockSelector);
  }

  /** What happens to a user of the channel whose password is guessed at. */
  badPasswordRule(channel: number): BadPasswordRule {
    const { event, threshold, forgetAfter, lockOut } = this.#table(channel).read(LanParameter.BadPassword);
    return { event, threshold, forgetAfter: forgetAfter * 10_000, lockOut: lockOut * 10_000 };
  }

  /**
   * Suspends ARP responses and gratuitous ARPs until the next reset (§23.3), and says which of them go on.
   */
  suspendArps(channel: number, suspended: Arps): Arps {
    const { responses, gratuitous } = this.#table(channel).read(LanParameter.ArpControl);
    return { responses: responses && !suspended.responses, gratuitous: gratuitous && !suspended.gratuitous };
  }

  /**
   * Throws 80h, 81h while another client is writing, 82h for a read-only parameter, C7h for a wrong size,
   * C9h for a set that there is not, CCh.
   */
  set(channel: number, parameter: number, data: Uint8Array, owner: unknown): Durable {
    const table = this.#table(channel);
    if (parameter === LanParameter.AuthTypeEnables.selector)
      return this.#channels.setEnabledAuthTypes(channel, Array.from(table.checked(parameter, data), typesIn));
    if (parameter === LanParameter.SuiteCaps.selector) {
      const caps = nibbles(table.checked(parameter, data).subarray(1));
      if (caps.some((cap) => cap > Privilege.Oem))
        throw new IpmiError(CC.InvalidDataField, 'a cipher suite privilege is above OEM');
      return this.#channels.setSuiteCaps(channel, caps);
    }
    return table.set(parameter, data, owner);
  }

  #table(channel: number): ParameterTable {
    let table = this.#tables[channel];
    if (!table) {
      const defaults = (parameter: number, set: number): Uint8Array | undefined =>
        this.#default(channel, parameter, set);
      const lock = { kept: true };
      table = new ParameterTable(this.#clock, {
        parameters: lanParameters,
        values: this.#values,
        prefix: String(channel),
        defaults,
        known,
        setBits: 0x0f,
        lock,
      });
      this.#tables[channel] = table;
    }
    return table;
  }

  #settingsOf(channel: number): LanSettings | undefined {
    return this.#settings.find((settings) => settings.channel === channel);
  }

  /** What the settings say, and where they are silent, the network. */
  #place(channel: number): LanPlace {
    const { address, netmask, gateway } =
      (this.#settingsOf(channel)?.values as Partial<LanPlace> | undefined) ?? {};
    const found = this.#located[channel]?.place;
    // An address of another network than the one that is listened on has no mask and no gateway of that.
    const known = address === undefined || address === found?.address ? found : undefined;
    return {
      address: address ?? known?.address ?? NOWHERE,
      netmask: netmask ?? known?.netmask ?? (address === undefined ? NOWHERE : USUAL_MASK),
      gateway: gateway ?? known?.gateway ?? NOWHERE,
    };
  }

  /** What the channel and its settings say. */
  #default(channel: number, parameter: number, set: number): Uint8Array | undefined {
    const settings = this.#settingsOf(channel);
    const suites = this.#channels.cipherSuites(channel);
    switch (parameter) {
      case LanParameter.AuthTypeSupport.selector:
        return Uint8Array.of(maskOf(this.#channels.supportedAuthTypes(channel)));
      case LanParameter.AuthTypeEnables.selector:
        return Uint8Array.from({ length: 5 }, (_, i) =>
          maskOf(this.#channels.enabledAuthTypes(channel, i + 1)),
        );
      case LanParameter.CipherSuiteCount.selector:
        return Uint8Array.of(suites.length);
      case LanParameter.CipherSuites.selector:
        return Uint8Array.of(0, ...suites);
      case LanParameter.SuiteCaps.selector:
        return packedNibbles(this.#channels.suiteCaps(channel));
      case LanParameter.Address.selector:
        return LanParameter.Address.layout.encode(this.#place(channel));
      case LanParameter.SubnetMask.selector:
        return LanParameter.SubnetMask.layout.encode(this.#place(channel));
      case LanParameter.Gateway.selector:
        return LanParameter.Gateway.layout.encode(this.#place(channel));
      case LanParameter.Community.selector: {
        const community = settings?.values.community;
        // A character that the wire does not have is a question mark there.
        return community === undefined
          ? undefined
          : fromLatin1(String(community), LanParameter.Community.layout.max);
      }
      default:
        return (
          settings?.sets?.get(`${parameter}/${set}`) ??
          givenBy(lanParameters.bySelector[parameter], settings?.values)
        );
    }
  }
}

/** A parameter as its setting says it; undefined: it has none, or nobody has set it. */
function givenBy(
  parameter: Parameter | undefined,
  values: LanSettings['values'] = {},
): Uint8Array | undefined {
  const value = parameter?.setting === undefined ? undefined : values[parameter.setting];
  return value === undefined ? undefined : parameter?.layout.encode({ [parameter.layout.names[0]]: value });
}

/** The status of an address is the BMC's to say. */
function known(parameter: number, value: Uint8Array): Uint8Array {
  if (parameter === LanParameter.StaticIpv6.selector)
    value[IPV6_STATUS] = value[0] & 0x80 ? Ipv6Status.Active : Ipv6Status.Disabled;
  return value;
}

/** A bit for each authentication type: none 0, MD2 1, MD5 2, password 4, OEM 5. */
export const maskOf = (types: readonly number[]): number =>
  types.reduce((mask, type) => mask | (1 << type), 0);
export const typesIn = (mask: number): number[] => [0, 1, 2, 4, 5].filter((type) => mask & (1 << type));

const nibbles = (data: Uint8Array): number[] => Array.from(data).flatMap((byte) => [byte & 0xf, byte >> 4]);

/** A reserved byte, and a nibble for each suite, the first one low. */
function packedNibbles(values: readonly number[]): Uint8Array {
  const out = new Uint8Array(9);
  for (const [i, value] of values.entries()) out[1 + (i >> 1)] |= value << (4 * (i & 1));
  return out;
}
