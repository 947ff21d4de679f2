import type { FruContent } from '../records/fru-image.ts';
import type { BackendOptions } from '../kinds/backends/index.ts';
import type { FaultsOptions } from '../faults/rule.ts';
import type { ConsoleOptions } from '../kinds/consoles/index.ts';
import type { FirmwareOptions } from './firmware-options.ts';
import type { InterfaceOptions } from '../kinds/interfaces/index.ts';
import type { PefOptions } from './pef-options.ts';
import type { PrivilegeName } from './privilege.ts';
import type { SdrOptions, SensorFeedOptions, SensorOptions } from './sensor-options.ts';

export type {
  BackendOptions,
  CommandBackendOptions,
  CommandLine,
  HttpBackendOptions,
  LibvirtBackendOptions,
  QemuBackendOptions,
  SimulatedBackendOptions,
  VmProtocolBackendOptions,
} from '../kinds/backends/index.ts';
export type { ConsoleOptions } from '../kinds/consoles/index.ts';
export type {
  CommandValue,
  FileValue,
  FormulaValue,
  PushValue,
  SensorValue,
  SwingValue,
} from '../kinds/sources/index.ts';
export type * from '../faults/rule.ts';
export type * from './control-options.ts';
export type * from './firmware-options.ts';
export type {
  DeviceInterfaceOptions,
  IcmbInterfaceOptions,
  InterfaceOptions,
  IpmbFaults,
  IpmbInterfaceOptions,
  LanInterfaceOptions,
  SerialInterfaceOptions,
  VmInterfaceOptions,
} from '../kinds/interfaces/index.ts';
export type * from './pef-options.ts';
export type { PrivilegeName } from './privilege.ts';
export type * from './sensor-options.ts';

/**
 * The settings of a BMC, as plain objects. The YAML file has the same names; everything has a believable
 * default.
 */
export interface BmcOptions {
  /** What logs, traces and the ready line call it. Default 'bmc'. */
  readonly name?: string;
  /** Names with a value each, by which the control API finds BMCs (`rack: '7'`). */
  readonly labels?: Readonly<Record<string, string>>;
  /** What Get Device ID and the GUIDs say. */
  readonly identity?: IdentityOptions;
  /** Ways in. Default: none; LAN is off unless it stands here. */
  readonly interfaces?: readonly InterfaceOptions[];
  /** Users at the first start. Default: none. */
  readonly users?: readonly UserOptions[];
  /** User ids that there are, 1..63. Default 63. */
  readonly userSlots?: number;
  /** Sensors, whose records and events follow from them. */
  readonly sensors?: readonly SensorOptions[];
  /** FRU devices. */
  readonly fru?: readonly FruOptions[];
  /** Records beside those of the sensors. */
  readonly sdr?: SdrOptions;
  /** Seconds between two looks at sensors that move, 0.1..3600. Default 2. */
  readonly sensorInterval?: number;
  /** Where sensors are set by HTTP. */
  readonly sensorFeed?: SensorFeedOptions;
  /** The system event log. */
  readonly sel?: SelOptions;
  /** Event filters, alerts and traps. */
  readonly pef?: PefOptions;
  /** The machine, and what switches it. */
  readonly chassis?: ChassisOptions;
  /** How a reset of the BMC goes. */
  readonly reset?: ResetOptions;
  /** Limits of log-ins. */
  readonly sessions?: SessionsOptions;
  /** Which commands a channel may use, beyond privilege. */
  readonly firewall?: readonly FirewallOptions[];
  /** Sockets for handlers in other processes. */
  readonly sockets?: SocketsOptions;
  /** What can be updated over IPMI. */
  readonly firmware?: FirmwareOptions;
  /** Serial over LAN, and the serial console behind it. */
  readonly sol?: SolOptions;
  /** More management controllers, on busses of this one. */
  readonly satellites?: readonly SatelliteOptions[];
  /** What goes wrong on purpose (docs/faults.md). */
  readonly faults?: FaultsOptions;
  /**
   * The time of this BMC: the world's, one that stands until it is advanced, or one that runs faster (a whole
   * minute a second: `speed: 60`). Default real.
   */
  readonly clock?: ClockOptions;
}

/** By which time everything in a BMC waits. */
export type ClockOptions = 'real' | 'virtual' | ClockSpeed;

export interface ClockSpeed {
  /** Times as fast as the world's, 0.01..10000. */
  readonly speed: number;
}

/** A management controller on an IPMB of this one: a BMC object of its own with what a satellite has. */
export interface SatelliteOptions {
  /** Slave address: even, 10h..EEh. */
  readonly address: number;
  /** The channel whose bus it is on. Default 0, the primary IPMB. */
  readonly channel?: number;
  /** What its locator record calls it; at most 16 characters. Default `MC 30h`, by its address. */
  readonly name?: string;
  /** `id.instance`. Default 7.1 (system board). */
  readonly entity?: string;
  /** What its Get Device ID says. */
  readonly identity?: IdentityOptions;
  /** Its sensors. */
  readonly sensors?: readonly SensorOptions[];
  /** Its FRU devices. */
  readonly fru?: readonly FruOptions[];
  /** Which commands its channels may use. */
  readonly firewall?: readonly FirewallOptions[];
  /** Controllers on a bus behind it: double bridging. Give them a `channel` other than 0. */
  readonly satellites?: readonly SatelliteOptions[];
}

export interface IdentityOptions {
  /** 0..255. Default 20h. */
  readonly deviceId?: number;
  /** 0..15. Default 1. */
  readonly deviceRevision?: number;
  /**
   * `major.minor`, as `mc info` shows it. Four bytes of auxiliary information may follow, in hex: `2.14
   * 00000005`. Without them Get Device ID leaves them out, at which some clients take offence (IPMI 2.0
   * §20.1).
   */
  readonly firmware?: string;
  /** IANA enterprise number, 0..FFFFFh. Default 0. */
  readonly manufacturerId?: number;
  /** 0..FFFFh. Default 0. */
  readonly productId?: number;
  /** UUIDs as text. Made at random where absent. */
  readonly deviceGuid?: string;
  /** The same of the machine. */
  readonly systemGuid?: string;
  /** What Get Self Test Results says. Default `ok`. */
  readonly selfTest?: 'ok' | 'not-implemented' | 'fatal' | readonly SelfTestProblem[];
}

export interface UserOptions {
  /** 1..63; user 1 is the null user and has no name. */
  readonly id: number;
  /** At most 16 bytes in UTF-8. Without one, nobody can log in as it. */
  readonly name?: string;
  /** At most 20 bytes. */
  readonly password?: string;
  /** Highest level on every LAN channel. Default administrator. */
  readonly privilege?: PrivilegeName;
  /** Default true. */
  readonly enabled?: boolean;
  /** May activate SOL, until a client changes it. Default true. */
  readonly sol?: boolean;
}

export interface FruOptions extends FruContent {
  /** 0..254; 0 is the BMC's own, and its entity the BMC's. */
  readonly id: number;
  /** What its locator record calls it, at most 16 characters of Latin-1. */
  readonly name: string;
  /** `id.instance`. Default 7.1 (system board). */
  readonly entity?: string;
  /**
   * What its locator record says of it (IPMI 2.0 §43.8, table 43-12). Default 10h, a device behind the
   * controller.
   */
  readonly deviceType?: number;
  /** With 10h: 1 a DIMM's SPD, 2 an IPMI FRU inventory, 3 a processor cartridge. Default 0, unspecified. */
  readonly deviceTypeModifier?: number;
  /** Bytes of the device. Default 2048; with `image`, its length. */
  readonly size?: number;
  /** The device byte for byte, instead of areas. In a YAML file: `file`, a path beside it. */
  readonly image?: Uint8Array;
  /** A file that holds the device byte for byte, in place of areas. */
  readonly file?: string;
  /** Clients have to read and write words. */
  readonly byWords?: boolean;
  /** Writing is refused with 80h, except in manufacturing test mode. */
  readonly readOnly?: boolean;
  /**
   * Where Master Write-Read finds it as a serial EEPROM: a slave address on private bus 0..7, or on a
   * channel's own bus.
   */
  readonly i2c?: {
    /** Even, 2..FEh. */
    readonly address: number;
    /** Private bus, 0..7. Default 0. */
    readonly bus?: number;
    /** A channel, in place of a private bus. */
    readonly channel?: number;
  };
}

export interface SelOptions {
  /** Most entries. */
  readonly capacity?: number;
  /** Log a boot as the BMC starts with an empty SEL. Default true. */
  readonly bootEvents?: boolean;
  /** Log "log area cleared" into a SEL that was cleared. Default false. */
  readonly clearEvent?: boolean;
  /**
   * A history to begin with, until somebody logs or clears: what `ipmitool sel save`, `sel writeraw` or
   * `ipmi-bmc state export` wrote.
   */
  readonly file?: string;
  /** The bytes of that file, where no file is read (the library). */
  readonly image?: Uint8Array;
  /** More history, after the file's. */
  readonly entries?: readonly SelEntryOptions[];
}

/** An entry of the history: an event in words, or a whole record. */
export interface SelEntryOptions {
  /** A date and time, UTC where no zone is given. Default: when the BMC starts. */
  readonly time?: string;
  /** Whose event: a sensor by name (`Temp`, `Temp@3.1`, `#14`). */
  readonly sensor?: string;
  /** Without a sensor: the sensor type, by the specification's name or as a number. */
  readonly type?: string | number;
  /** 1..7Fh. Default: the sensor's, else 6Fh (sensor-specific). */
  readonly eventType?: number;
  /**
   * The specification's words (`upper critical going high`, `uc`, `presence detected`), or an offset, 0..15.
   */
  readonly event?: string | number;
  /** False: the event went away. Default true. */
  readonly asserted?: boolean;
  /** Of a threshold event: what the sensor read, in its unit. */
  readonly reading?: number;
  /** Event data 2 and 3. */
  readonly data?: readonly number[];
  /** Slave address or software id, as byte 1 of a generator id. Default 20h, the BMC. */
  readonly generator?: number;
  /** In place of all but `time`: the record in hex digits, 16 bytes, or 14 from the record type on. */
  readonly record?: string;
}

export interface ChassisOptions {
  /** What the machine was before the first start, as the restore policy `previous` has it. Default on. */
  readonly power?: 'on' | 'off';
  /** At each start of the BMC, the first one too. Default `previous`. */
  readonly restorePolicy?: 'always-off' | 'previous' | 'always-on';
  /** What switches the machine. Default: simulated, or the machine of the `vm` interface. */
  readonly backend?: BackendOptions;
  /** Seconds that the machine's system needs to shut down when it is asked to. Default 5. */
  readonly softOff?: number;
  /** Log power changes, buttons, intrusion and resets of the BMC. Default true. */
  readonly events?: boolean;
}

export interface ResetOptions {
  /** Seconds that a cold reset takes. Meanwhile LAN is silent and system interfaces say D2h. Default 2. */
  readonly dark?: number;
}

/** What the self-test of the BMC finds wrong (IPMI 2.0 §20.4). */
export type SelfTestProblem =
  | 'firmware'
  | 'boot-block'
  | 'internal-use-area'
  | 'sdr-empty'
  | 'ipmb'
  | 'fru'
  | 'sdr'
  | 'sel';

/** Unix sockets for handlers in other processes. */
export interface SocketsOptions {
  /** Any number of processes register claims here (docs/handler-socket.md). */
  readonly handlers?: SocketOptions;
  /** One process at a time is the default handler, with BT frames as `/dev/ipmi-bt-host` carries them. */
  readonly bt?: SocketOptions;
}

export interface SocketOptions {
  /** At most 107 bytes. */
  readonly path: string;
  /** Who may connect, as file permissions. Default 0600: this user. */
  readonly mode?: number;
}

export interface SolOptions {
  /** Default: a simulated machine that boots, asks for a log-in and echoes. */
  readonly console?: ConsoleOptions;
  /** Sessions that may share the console at once, 1..15. Default 1. */
  readonly instances?: number;
  /** A session that encrypts SOL does so to its end: Suspend Payload Encryption is 81h. Default false. */
  readonly keepEncrypted?: boolean;
  /**
   * UDP port that consoles are told to use, where they reach the BMC through another one than it listens on.
   */
  readonly port?: number;
}

export interface FirewallOptions {
  /**
   * 0..Fh, `host` (the system interface), `lan` (every LAN channel) or `all`. Several entries for one
   * channel add up.
   */
  readonly channel: number | 'host' | 'lan' | 'all';
  /**
   * `read-only`: commands that only read, and what a running host needs (watchdog, its own events).
   * `closed`: who the BMC is, and no more.
   */
  readonly restrict?: 'read-only' | 'closed';
  /**
   * Nothing but these (and opening and closing sessions): `Get Device ID`, `chassis`, `30h 01h`,
   * `2Eh/00ABCDh *`.
   */
  readonly allow?: readonly string[];
  /** Not these, even where `allow` has them. */
  readonly deny?: readonly string[];
}

export interface SessionsOptions {
  /** Sessions at once, 1..254. Default 64. */
  readonly limit?: number;
  /** Seconds without a message after which a session ends. Default 60. */
  readonly inactivity?: number;
}
