import { CC, IpmiError } from '../../codec/index.ts';
import { Privilege } from '../../commands/command.ts';
import { PROXY_BUFFER, serialParameters, SerialParameter } from '../../commands/parameters/serial.ts';
import { ConnectionState, MuxSetting } from '../../commands/transport/serial.ts';
import type { TerminalOptions } from '../../wire/serial-terminal.ts';
import type { Timer } from '../../world/world.ts';
import { parameterFits, ParameterTable } from '../../state/parameters/parameter-table.ts';
import {
  givenSerial,
  MuxControl,
  terminalOptions,
  type SerialDefaults,
} from '../../state/parameters/serial-parameters.ts';
import type { Setup } from '../../state/setup.ts';
import { stores } from '../../state/stores.ts';
import type { Durable, Store } from '../../state/store.ts';
import { Listeners } from '../../state/listeners.ts';

/** What a channel asks of the interface that carries it. */
export interface SerialPort {
  /** Serial/Modem Connection Active, to the console (§25.9). */
  ping(state: number): void;
  /** SOL Activating, to the console (§26.1). */
  solActivating(instance: number): void;
  /** A session of this line is active. */
  readonly messaging: boolean;
  /** Hangs up and calls a number; the strings are those of the parameters. */
  dial(strings: { readonly hangUp: string; readonly init: string; readonly dial: string }): void;
}

/**
 * Milliseconds between the pings that announce a switch, how many there are, and how long an acknowledgement
 * is waited for (§14.3.2).
 */
const ANNOUNCE = { times: 4, interval: 20, wait: 3000 };

export type MuxSide = 'bmc' | 'system';

export interface SerialChannelOptions extends SerialDefaults {
  /** Where the connector is at the start, if it is shared. */
  readonly mux: MuxSide;
  readonly open?: number;
}

interface SerialStores {
  readonly values: Store<Uint8Array>;
  readonly secrets: Store<Uint8Array>;
}

/**
 * A serial/modem channel: parameters, and the switch that gives its connector to the BMC or to the system
 * (§14.2.3).
 */
export class SerialChannel {
  readonly number: number;
  /** The level of whoever is at the line without a session; None: a log-in is needed. */
  readonly open: number;
  readonly parameters: ParameterTable;
  #port: SerialPort | undefined = undefined;
  #proxyTransmit: Uint8Array | undefined;
  readonly #setup: Setup;
  readonly #initial: MuxSide;
  #terminal: Uint8Array | undefined;
  #mux: MuxSide;
  #blocked = { system: false, bmc: false };
  #switching: Timer | undefined;
  readonly #listeners = new Listeners<[side: MuxSide]>();

  /** `stores`: of all channels. */
  constructor(setup: Setup, stores: SerialStores, number: number, defaults: SerialChannelOptions) {
    this.number = number;
    this.open = defaults.open ?? Privilege.None;
    this.#setup = setup;
    const setting = (parameter: number): Uint8Array | undefined => givenSerial(defaults, parameter);
    this.parameters = new ParameterTable(setup.clock, {
      parameters: serialParameters,
      prefix: String(number),
      defaults: setting,
      ...stores,
    });
    this.#initial = defaults.sharing ? defaults.mux : 'bmc';
    this.#mux = this.#initial;
  }

  /** PPP UDP proxy: what is to be sent (§25.5). */
  get proxyTransmit(): Uint8Array {
    return (this.#proxyTransmit ??= new Uint8Array(PROXY_BUFFER));
  }

  get modes(): number {
    return this.parameters.value(SerialParameter.ConnectionMode.selector)[0];
  }

  muxControl(byte: 0 | 1): number {
    return this.parameters.value(SerialParameter.MuxControl.selector)[byte];
  }

  get sharing(): boolean {
    return (this.muxControl(1) & MuxControl.Sharing) !== 0;
  }

  /** Milliseconds of silence after which a session ends; Infinity: it does not. */
  get inactivity(): number {
    const enabled = this.parameters.value(SerialParameter.SessionTermination.selector)[0] & 0x02;
    const halfMinutes = this.parameters.value(SerialParameter.Inactivity.selector)[0];
    return enabled && halfMinutes > 0 ? halfMinutes * 30_000 : Infinity;
  }

  get closesWithCarrier(): boolean {
    return (this.parameters.value(SerialParameter.SessionTermination.selector)[0] & 0x01) !== 0;
  }

  /** Terminal mode as it is now: the volatile configuration, or the stored one. */
  get terminal(): TerminalOptions {
    return terminalOptions(this.terminalBytes('volatile'));
  }

  terminalBytes(which: 'volatile' | 'stored'): Uint8Array {
    return (
      (which === 'volatile' ? this.#terminal : undefined) ??
      this.parameters.value(SerialParameter.TerminalMode.selector)
    );
  }

  /**
   * Parameter 29; the two high bits of its first byte say which half is meant, or copy the stored one over
   * the other.
   */
  setTerminal(data: Uint8Array, owner: unknown): Durable {
    if (data.length !== 2) throw new IpmiError(CC.RequestLengthInvalid, 'terminal mode configuration');
    const bytes = Uint8Array.of(data[0] & 0x3f, data[1]);
    const { inputNewline, outputNewline } = terminalOptions(bytes);
    if (inputNewline < 1 || inputNewline > 2 || outputNewline > 5 || bytes[0] & 0x10)
      throw new IpmiError(CC.InvalidDataField, 'terminal mode configuration');
    switch (data[0] >> 6) {
      case 0:
        this.#terminal = bytes;
        return undefined;
      case 1:
        return this.parameters.set(SerialParameter.TerminalMode.selector, bytes, owner);
      case 2:
        this.#terminal = undefined;
        return undefined;
      default:
        throw new IpmiError(CC.InvalidDataField, 'terminal mode operation');
    }
  }

  /** A session ends or carrier is lost: the stored terminal configuration is in force again. */
  forgetTerminal(): void {
    this.#terminal = undefined;
  }

  get mux(): MuxSide {
    return this.#mux;
  }

  get muxBlocked(): { readonly system: boolean; readonly bmc: boolean } {
    return this.#blocked;
  }

  /** Undefined: the interface is not open. */
  get port(): SerialPort | undefined {
    return this.#port;
  }

  /** The interface is the port while it is open. There is one; returns its undoing. */
  connect(port: SerialPort): () => void {
    this.#port = port;
    return () => {
      if (this.#port === port) this.#port = undefined;
    };
  }

  onSwitch(listener: (side: MuxSide) => void): () => void {
    return this.#listeners.add(listener);
  }

  /** Set Serial/Modem Mux (§25.3). True: the request was accepted, or the switch was forced. */
  setMux(setting: number): boolean {
    switch (setting) {
      case MuxSetting.Get:
        return false;
      case MuxSetting.RequestSystem:
        return !this.#blocked.system && this.switchTo('system');
      case MuxSetting.RequestBmc:
        return !this.#blocked.bmc && this.switchTo('bmc');
      case MuxSetting.ForceSystem:
        return this.switchTo('system');
      case MuxSetting.ForceBmc:
        return this.switchTo('bmc');
      case MuxSetting.BlockSystem:
      case MuxSetting.AllowSystem:
        this.#blocked = { ...this.#blocked, system: setting === MuxSetting.BlockSystem };
        return true;
      case MuxSetting.BlockBmc:
      case MuxSetting.AllowBmc:
        this.#blocked = { ...this.#blocked, bmc: setting === MuxSetting.BlockBmc };
        return true;
      default:
        throw new IpmiError(CC.InvalidDataField, `mux setting ${setting}`);
    }
  }

  /**
   * False where the connector is not shared. A switch to the system is announced, and may wait for the
   * console to acknowledge it.
   */
  switchTo(side: MuxSide): boolean {
    if (!this.sharing) return false;
    if (side === this.#mux) return true;
    if (side === 'bmc') {
      this.#settle('bmc');
    } else if (!this.#switching) {
      const control = this.muxControl(1);
      if (control & MuxControl.Acknowledge) this.#announce(ANNOUNCE.times);
      else {
        if (control & MuxControl.Ping) this.port?.ping(ConnectionState.SwitchingToSystem);
        this.#settle('system');
      }
    }
    return true;
  }

  /** The console has sent Serial/Modem Connection Active of its own: it knows of the switch. */
  acknowledged(): void {
    if (this.#switching) this.#settle('system');
  }

  /** The machine was switched or reset by other means than Chassis Control: nothing is blocked any more. */
  unblock(): void {
    this.#blocked = { system: false, bmc: false };
  }

  /** The BMC resets. */
  reset(): void {
    this.unblock();
    this.forgetTerminal();
    this.parameters.reset();
    this.#settle(this.#initial);
  }

  #announce(left: number): void {
    this.port?.ping(ConnectionState.SwitchingToSystem);
    const { interval, wait } = ANNOUNCE;
    this.#switching = this.#setup.clock.after(left > 1 ? interval : wait, () =>
      left > 1 ? this.#announce(left - 1) : this.#settle('system'),
    );
  }

  #settle(side: MuxSide): void {
    this.#switching?.cancel();
    this.#switching = undefined;
    if (side === this.#mux) return;
    this.#mux = side;
    this.#listeners.tell(side);
  }
}

/** What a user may ask to be called back with (§25.11). */
export interface CallbackOptions {
  readonly cbcpCallback: boolean;
  readonly ipmiCallback: boolean;
  readonly fromList: boolean;
  readonly userSpecifiable: boolean;
  readonly preSpecified: boolean;
  readonly noCallback: boolean;
  readonly destination1: number;
  readonly destination2: number;
  readonly destination3: number;
}

const NO_CALLBACK: CallbackOptions = {
  cbcpCallback: false,
  ipmiCallback: false,
  fromList: false,
  userSpecifiable: false,
  preSpecified: false,
  noCallback: false,
  destination1: 0xff,
  destination2: 0xff,
  destination3: 0xff,
};

/** The serial/modem channels of a BMC, and what belongs to their users. */
export class SerialChannels {
  readonly #channels: ReadonlyMap<number, SerialChannel>;
  readonly #callback: Store<CallbackOptions>;
  readonly #routing: Store<number>;

  constructor(setup: Setup, channels: readonly (SerialChannelOptions & { readonly channel: number })[] = []) {
    const fits = parameterFits(serialParameters);
    const kept = {
      values: setup.store(stores.serial, undefined, fits),
      secrets: setup.store(stores.serialSecrets, undefined, fits),
    };
    this.#channels = new Map(
      channels.map(({ channel, ...defaults }) => [
        channel,
        new SerialChannel(setup, kept, channel, defaults),
      ]),
    );
    this.#callback = setup.store(stores.callback);
    this.#routing = setup.store(stores.serialRouting);
  }

  get(channel: number): SerialChannel | undefined {
    return this.#channels.get(channel);
  }

  get all(): Iterable<SerialChannel> {
    return this.#channels.values();
  }

  /** Why its BMC has to stay awake; undefined: it has no line. */
  get wakeful(): string | undefined {
    return this.#channels.size === 0 ? undefined : 'it has a serial channel';
  }

  callbackOptions(userId: number, channel: number): CallbackOptions {
    return this.#callback.get(`${userId}/${channel}`) ?? NO_CALLBACK;
  }

  setCallbackOptions(userId: number, channel: number, options: CallbackOptions): Durable {
    return this.#callback.set(`${userId}/${channel}`, options);
  }

  /** The serial port association in force, from 1 (§25.13). */
  routing(channel: number): number {
    return this.#routing.get(channel) ?? 1;
  }

  setRouting(channel: number, association: number): Durable {
    return this.#routing.set(channel, association);
  }

  /** SOL takes the system's serial port: consoles that share its connector, and have it now, are told. */
  solActivating(instance: number): void {
    for (const { sharing, mux, port } of this.#channels.values())
      if (sharing && mux === 'bmc') port?.solActivating(instance);
  }

  /** Frees what a session left locked. */
  release(owner: unknown): void {
    for (const { parameters } of this.#channels.values()) parameters.lock.release(owner);
  }
}
