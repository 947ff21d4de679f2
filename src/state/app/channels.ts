import { CC, IpmiError } from '../../codec/index.ts';
import { AccessMode, MediumType, SessionSupport } from '../../commands/codes/channels.ts';
import { Privilege } from '../../commands/command.ts';
import type { Context, SessionView } from '../../joint/message.ts';
import { AuthType } from '../../wire/lan15.ts';
import type { Setup } from '../setup.ts';
import { whenStored, type Durable, type Store } from '../store.ts';
import { channelSecretKey, stores } from '../stores.ts';
import { LateMap } from '../late-map.ts';
import type { Sleeper } from '../sleeper.ts';
import { Occasion, type Occasions } from '../occasions.ts';

/** What Set Channel Access can change. */
export interface ChannelAccess {
  readonly alertingDisabled: boolean;
  readonly perMessageDisabled: boolean;
  readonly userLevelDisabled: boolean;
  readonly accessMode: number;
  readonly privilegeLimit: number;
}

export interface ChannelOptions {
  readonly number: number;
  readonly medium: number;
  readonly protocol: number;
  readonly sessionSupport: number;
  readonly lan?: LanChannelOptions;
  /** Authentication types of IPMI 1.5 on a channel that is no LAN. */
  readonly authTypes?: readonly number[];
}

export interface LanChannelOptions {
  /** Default 3 and 17. */
  readonly cipherSuites?: readonly number[];
  /** Authentication types of IPMI 1.5. Default MD5 and MD2. */
  readonly authTypes?: readonly number[];
  /** 20 bytes; absent: one-key log-in. */
  readonly kg?: Uint8Array;
}

const OPEN: ChannelAccess = {
  alertingDisabled: false,
  perMessageDisabled: false,
  userLevelDisabled: false,
  accessMode: AccessMode.Always,
  privilegeLimit: Privilege.Administrator,
};

/** What was stored is lost: nobody comes in until somebody says who may. */
const LOST: ChannelAccess = { ...OPEN, accessMode: AccessMode.Disabled };

const UNCAPPED: readonly number[] = Array<number>(16).fill(Privilege.Administrator);
const UNUSED: readonly number[] = Array<number>(16).fill(0);

/** The BMC's channels: what they are, and who may come in by them. */
export class Channels implements Sleeper<readonly [number, ChannelAccess][]> {
  static readonly restricted = new Occasion<[channel: number]>();
  static readonly keyChanged = new Occasion<[channel: number, by: SessionView | undefined]>();
  /** In order; few, and each look is for one of the first. */
  readonly #channels: readonly ChannelOptions[];
  /** Volatile access, where it differs from the stored one. */
  readonly #present = new LateMap<number, ChannelAccess>();
  readonly #access: Store<ChannelAccess>;
  readonly #keys: Store<Uint8Array>;
  readonly #caps: Store<readonly number[]>;
  readonly #authTypes: Store<readonly (readonly number[])[]>;
  readonly #occasions: Occasions;

  constructor(setup: Setup, channels: readonly ChannelOptions[]) {
    this.#channels = channels;
    this.#occasions = setup.occasions;
    this.#access = setup.store(stores.channelAccess);
    this.#keys = setup.store(stores.channelKeys);
    this.#caps = setup.store(stores.cipherSuiteCaps);
    this.#authTypes = setup.store(stores.authTypes);
  }

  /** The channel a request means; 0Eh is the one that it came by. Throws CCh for one that there is not. */
  resolve(number: number, context: Pick<Context, 'channel'>): number {
    const wanted = number === 0x0e ? context.channel.number : number;
    if (!this.get(wanted)) throw new IpmiError(CC.InvalidDataField, `there is no channel ${wanted}`);
    return wanted;
  }

  get(number: number): ChannelOptions | undefined {
    for (const channel of this.#channels) if (channel.number === number) return channel;
    return undefined;
  }

  hasSessions(number: number): boolean {
    return (this.get(number)?.sessionSupport ?? SessionSupport.None) !== SessionSupport.None;
  }

  /** Is there a system interface that speaks `protocol` (ProtocolType)? */
  hasSystemInterface(protocol: number): boolean {
    return this.#channels.some(
      (channel) => channel.medium === MediumType.SystemInterface && channel.protocol === protocol,
    );
  }

  /** Channels of a medium, in order. */
  numbersOf(medium: number): number[] {
    return this.#channels.filter((channel) => channel.medium === medium).map(({ number }) => number);
  }

  isLan(number: number): boolean {
    return this.get(number)?.medium === MediumType.Lan;
  }

  access(number: number, which: 'present' | 'stored'): ChannelAccess {
    const present = which === 'present' ? this.#present.get(number) : undefined;
    return present ?? (this.#access.isLocked(number) ? LOST : (this.#access.get(number) ?? OPEN));
  }

  setPresentAccess(number: number, access: ChannelAccess): void {
    this.#present.set(number, access);
    this.#occasions.tell(Channels.restricted, number);
  }

  setStoredAccess(number: number, access: ChannelAccess): Durable {
    // The present setting stays what it is until it is set itself.
    this.#present.set(number, this.access(number, 'present'));
    return this.#access.set(number, access);
  }

  memento(): readonly [number, ChannelAccess][] | undefined {
    return this.#present.size === 0 ? undefined : [...this.#present.entries()];
  }

  recall(present: readonly [number, ChannelAccess][]): void {
    for (const [channel, access] of present) this.#present.set(channel, access);
  }

  /** A cold reset: the stored access is the present one again. */
  forgetPresentAccess(): void {
    this.#present.clear();
  }

  /** How IPMI 1.5 messages on a channel are authenticated. */
  authentication(number: number): {
    perMessageDisabled: boolean;
    userLevelDisabled: boolean;
    privilegeLimit: number;
    authTypes: (privilege: number) => readonly number[];
  } {
    const { perMessageDisabled, userLevelDisabled, privilegeLimit } = this.access(number, 'present');
    return {
      perMessageDisabled,
      userLevelDisabled,
      privilegeLimit,
      authTypes: (privilege) => this.enabledAuthTypes(number, privilege),
    };
  }

  supportedAuthTypes(number: number): readonly number[] {
    const channel = this.get(number);
    return channel?.lan?.authTypes ?? channel?.authTypes ?? [AuthType.Md5, AuthType.Md2];
  }

  /** By privilege level, Callback..Oem (LAN parameter 2). */
  enabledAuthTypes(number: number, privilege: number): readonly number[] {
    const supported = this.supportedAuthTypes(number);
    if (this.#authTypes.isLocked(number)) return [];
    return (
      this.#authTypes.get(number)?.[privilege - 1]?.filter((type) => supported.includes(type)) ?? supported
    );
  }

  setEnabledAuthTypes(number: number, byPrivilege: readonly (readonly number[])[]): Durable {
    return whenStored(this.#authTypes.set(number, byPrivilege), () =>
      this.#occasions.tell(Channels.restricted, number),
    );
  }

  /** What RMCP+ on a LAN channel asks for. */
  lan(number: number): {
    cipherSuites: readonly number[];
    suiteCap: (id: number) => number;
    available: boolean;
    privilegeLimit: number;
    kg: Uint8Array | undefined;
  } {
    return {
      cipherSuites: this.cipherSuites(number),
      suiteCap: (id) => this.suiteCap(number, id),
      available: this.available(number),
      privilegeLimit: this.access(number, 'present').privilegeLimit,
      kg: this.kg(number),
    };
  }

  /**
   * Its access mode lets remote consoles in (§6.6). With a K_g that is lost nobody can prove anything: the
   * settings' own is another.
   */
  available(number: number): boolean {
    const { accessMode } = this.access(number, 'present');
    if (this.#keys.isLocked(channelSecretKey(number, 'kg'))) return false;
    return accessMode === AccessMode.Always || accessMode === AccessMode.Shared;
  }

  cipherSuites(number: number): readonly number[] {
    return this.get(number)?.lan?.cipherSuites ?? [3, 17];
  }

  /**
   * The highest privilege of each suite of `cipherSuites`, in that order, and of places without one; 0: the
   * suite is not to be used (LAN parameter 24). Administrator until somebody says otherwise, in every place:
   * clients that take the place for the id then read the same.
   */
  suiteCaps(number: number): readonly number[] {
    return this.#caps.isLocked(number) ? UNUSED : (this.#caps.get(number) ?? UNCAPPED);
  }

  /** The highest privilege by a suite; 0: the suite is not to be used, or not there. */
  suiteCap(number: number, id: number): number {
    return this.suiteCaps(number)[this.cipherSuites(number).indexOf(id)] ?? 0;
  }

  setSuiteCaps(number: number, caps: readonly number[]): Durable {
    return whenStored(this.#caps.set(number, caps), () => this.#occasions.tell(Channels.restricted, number));
  }

  /** The BMC key; undefined: it is all zeros, and the user's key serves as both. */
  kg(number: number): Uint8Array | undefined {
    const key = this.#keys.get(channelSecretKey(number, 'kg')) ?? this.get(number)?.lan?.kg;
    return key?.some((byte) => byte !== 0) ? key : undefined;
  }

  /** K_R is what a BMC's random numbers could be made with; it is kept because it can be set. */
  key(number: number, which: 'kr' | 'kg'): Uint8Array {
    return (
      this.#keys.get(channelSecretKey(number, which)) ??
      (which === 'kg' ? this.get(number)?.lan?.kg : undefined) ??
      new Uint8Array(20)
    );
  }

  /** `by`: the session that sets it. */
  setKey(number: number, which: 'kr' | 'kg', key: Uint8Array, by?: SessionView): Durable {
    const done = this.#keys.set(channelSecretKey(number, which), key);
    return which === 'kr'
      ? done
      : whenStored(done, () => this.#occasions.tell(Channels.keyChanged, number, by));
  }

  /** Called when a channel may allow less than before. */
  onRestricted(listener: (channel: number) => void): () => void {
    return this.#occasions.listen(Channels.restricted, listener);
  }

  /** Called when a channel's BMC key was set, with the session that did it. */
  onKeyChanged(listener: (channel: number, by: SessionView | undefined) => void): () => void {
    return this.#occasions.listen(Channels.keyChanged, listener);
  }

  keyLocked(number: number, which: 'kr' | 'kg'): boolean {
    return this.#keys.has(`${number}/${which}-locked`);
  }

  lockKey(number: number, which: 'kr' | 'kg'): Durable {
    return this.#keys.set(`${number}/${which}-locked`, new Uint8Array(0));
  }
}
