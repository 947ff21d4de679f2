import type { AuxiliaryLogs } from './storage/auxiliary-logs.ts';
import type { BmcTime } from './app/bmc-time.ts';
import type { BootOptions } from './chassis/boot-options.ts';
import type { Bridge } from './bridge/bridge.ts';
import type { Channels } from './app/channels.ts';
import type { Chassis } from './chassis/chassis.ts';
import type { Dcmi } from './dcmi/dcmi.ts';
import type { Console } from './console/console.ts';
import type { Payloads } from './app/payloads.ts';
import type { SolParameters } from './transport/sol-parameters.ts';
import type { Router } from '../router/index.ts';
import type { Events } from './sensor/events.ts';
import type { Firewall } from './app/firewall.ts';
import type { Forwarding } from './transport/forwarding.ts';
import type { FrontPanel } from './chassis/front-panel.ts';
import type { FruInventory } from './storage/fru.ts';
import type { I2cBusses } from './bridge/i2c.ts';
import type { Icmb } from './bridge/icmb.ts';
import type { Identity } from './app/identity.ts';
import type { LanParameters } from './transport/lan-parameters.ts';
import type { Life, ResetKind } from './app/life.ts';
import type { MessageBuffers } from './app/message-buffers.ts';
import type { Pef } from './sensor/pef.ts';
import type { Reservation } from './reservation.ts';
import type { SdrRepository } from './storage/sdr.ts';
import type { Sel } from './storage/sel.ts';
import type { Sensors } from './sensor/sensors.ts';
import type { SerialChannels } from './transport/serial.ts';
import type { Sessions } from './app/sessions.ts';
import type { LogIns } from './app/log-ins.ts';
import type { Drops } from './app/drops.ts';
import type { Users } from './app/users.ts';
import type { Setup } from './setup.ts';
import type { SystemInfo } from './app/system-info.ts';
import type { UpdateService } from './update/index.ts';
import type { Blobs } from './blobs/index.ts';
import type { Watchdog } from './app/watchdog.ts';

/** Everything a handler may read and change: `context.bmc`. Each BMC of a process has its own. */
export interface BmcState {
  readonly setup: Setup;
  /** Who claims what. */
  readonly router: Pick<Router<BmcState>, 'find' | 'claims' | 'dispatch' | 'enter' | 'check'>;
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
  readonly deviceSdrReservation: Reservation;
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
  /** Resets the BMC itself after its answer has gone out: sessions end, what is durable stays (IPMI 2.0 §20.2, §20.3). */
  reset(kind: ResetKind): void;
}
