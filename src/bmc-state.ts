import type { AuxiliaryLogs } from './state/log/auxiliary-logs.ts';
import type { BmcTime } from './state/app/bmc-time.ts';
import type { BootOptions } from './state/parameters/boot-options.ts';
import type { Bridge } from './services/bridging/bridge.ts';
import type { Channels } from './state/app/channels.ts';
import type { Chassis } from './machine/chassis/chassis.ts';
import type { Dcmi } from './services/dcmi/dcmi.ts';
import type { Console } from './machine/serial-port/console.ts';
import type { Payloads } from './services/payloads/payloads.ts';
import type { SolParameters } from './state/parameters/sol-parameters.ts';
import type { Router } from './router/index.ts';
import type { Taps } from './taps/index.ts';
import type { Events } from './state/log/events.ts';
import type { Firewall } from './state/app/firewall.ts';
import type { Forwarding } from './services/bridging/forwarding.ts';
import type { FrontPanel } from './machine/chassis/front-panel.ts';
import type { FruInventory } from './state/storage/fru.ts';
import type { I2cBusses } from './services/bridging/i2c.ts';
import type { Icmb } from './services/bridging/icmb.ts';
import type { Identity } from './state/app/identity.ts';
import type { LanParameters } from './state/parameters/lan-parameters.ts';
import type { Life, ResetKind } from './state/app/life.ts';
import type { MessageBuffers } from './state/app/message-buffers.ts';
import type { Pef } from './services/alerting/pef.ts';
import type { SdrRepository } from './state/storage/sdr.ts';
import type { Sel } from './state/log/sel.ts';
import type { Sensors } from './machine/sensors/sensors.ts';
import type { SerialChannels } from './services/serial/serial.ts';
import type { Sessions } from './state/app/sessions.ts';
import type { LogIns } from './state/app/log-ins.ts';
import type { Drops } from './state/app/drops.ts';
import type { Users } from './state/app/users.ts';
import type { Setup } from './state/setup.ts';
import type { SystemInfo } from './state/parameters/system-info.ts';
import type { UpdateService } from './services/update/index.ts';
import type { Blobs } from './services/blobs/index.ts';
import type { Watchdog } from './services/watchdog/watchdog.ts';

/** Everything a handler may read and change: `context.bmc`. Each BMC of a process has its own. */
/** What of a BMC is built when somebody first asks for it. */
export type Part =
  | 'auxiliaryLogs'
  | 'blobs'
  | 'bootOptions'
  | 'dcmi'
  | 'forwarding'
  | 'frontPanel'
  | 'i2c'
  | 'icmb'
  | 'pef'
  | 'serial'
  | 'sol'
  | 'systemInfo'
  | 'update'
  | 'watchdog';

export type BuiltParts = { -readonly [P in Part]?: BmcState[P] };

export interface BmcState {
  /** The parts that are built: for who would only tell them that something is over. */
  readonly built: Readonly<BuiltParts>;
  readonly setup: Setup;
  /** Who claims what. */
  readonly router: Pick<
    Router<BmcState>,
    'find' | 'claims' | 'dispatch' | 'enter' | 'enterBy' | 'check' | 'idOf'
  >;
  /** Who looks on, at what passes. */
  readonly taps: Pick<Taps<BmcState>, 'frame' | 'payload' | 'sealed' | 'setUp' | 'tampers' | 'peerName'>;
  readonly firewall: Firewall;
  readonly time: BmcTime;
  readonly identity: Identity;
  readonly chassis: Chassis;
  readonly frontPanel: FrontPanel;
  readonly bootOptions: BootOptions;
  readonly events: Events;
  readonly pef: Pef;
  readonly sel: Sel;
  readonly auxiliaryLogs: AuxiliaryLogs;
  readonly sdr: SdrRepository;
  readonly sensors: Sensors;
  /** This controller's own locator record (IPMI 2.0 §43.9). */
  readonly locator: Uint8Array;
  readonly fru: FruInventory;
  readonly users: Users;
  readonly channels: Channels;
  readonly sessions: Sessions;
  readonly logIns: LogIns;
  /** Datagrams that were thrown away. */
  readonly drops: Drops;
  readonly lan: LanParameters;
  readonly serial: SerialChannels;
  /** The machine's serial port. */
  readonly console: Console;
  /** SOL configuration parameters. */
  readonly sol: SolParameters;
  readonly payloads: Payloads;
  readonly messages: MessageBuffers;
  readonly forwarding: Forwarding;
  readonly bridge: Bridge;
  readonly i2c: I2cBusses;
  readonly icmb: Icmb;
  readonly watchdog: Watchdog;
  readonly systemInfo: SystemInfo;
  readonly dcmi: Dcmi;
  readonly life: Life;
  /** Firmware updates; undefined where nothing can be updated. */
  readonly update: UpdateService | undefined;
  readonly blobs: Blobs;
  /**
   * Resets the BMC itself after its answer has gone out: sessions end, what is durable stays (IPMI 2.0
   * §20.2, §20.3).
   */
  reset(kind: ResetKind): void;
}
