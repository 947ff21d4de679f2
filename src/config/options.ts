import type { FruContent } from '../records/fru-image.ts';
import type { FaultsOptions } from '../faults/rule.ts';
import type { FirmwareOptions } from './firmware-schema.ts';
import type { InterfaceOptions } from '../kinds/interfaces/index.ts';
import type { PefOptions } from './pef-schema.ts';
import type { FirewallOptions, SessionsOptions, UserOptions } from './access-schema.ts';
import type { ChassisOptions, ResetOptions } from './chassis-schema.ts';
import type { IdentityOptions } from './identity-schema.ts';
import type { SelOptions } from './sel-schema.ts';
import type { SocketsOptions, SolOptions } from './serving-schema.ts';
import type { SdrOptions, SensorFeedOptions, SensorOptions } from './sensor-schema.ts';

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
export type * from './audit-options.ts';
export type * from './control-options.ts';
export type * from './metrics-options.ts';
export type * from './cluster-options.ts';
export type { FirmwareComponentOptions, FirmwareOptions, FirmwarePaths } from './firmware-schema.ts';
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
export type {
  AlertDestinationOptions,
  AlertPolicyOptions,
  PefFilterOptions,
  PefOptions,
} from './pef-schema.ts';
export type { PrivilegeName } from './privilege.ts';
export type {
  AssociationOptions,
  SdrOptions,
  SensorFeedOptions,
  SensorOptions,
  ThresholdOption,
} from './sensor-schema.ts';
export type { FirewallOptions, SessionsOptions, UserOptions } from './access-schema.ts';
export type { ChassisOptions, ResetOptions } from './chassis-schema.ts';
export type { IdentityOptions, SelfTestProblem } from './identity-schema.ts';
export type { SelEntryOptions, SelOptions } from './sel-schema.ts';
export type { SocketOptions, SocketsOptions, SolOptions } from './serving-schema.ts';

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
