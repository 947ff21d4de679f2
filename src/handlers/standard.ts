import { standardTable, type Handler, type HandlerSet, type Table } from '../router/index.ts';
import type { BmcState } from '../bmc-state.ts';
import { bridgingHandlers } from './app/bridging.ts';
import { channelHandlers } from './app/channels.ts';
import { deviceHandlers } from './app/device.ts';
import { firewallHandlers } from './app/firewall.ts';
import { globalHandlers } from './app/global.ts';
import { payloadHandlers } from './app/payloads.ts';
import { sessionHandlers } from './app/sessions.ts';
import { systemInfoHandlers } from './app/system-info.ts';
import { userHandlers } from './app/users.ts';
import { watchdogHandlers } from './app/watchdog.ts';
import { icmbHandlers } from './bridge/icmb.ts';
import { bootOptionHandlers } from './chassis/boot-options.ts';
import { chassisHandlers } from './chassis/chassis.ts';
import { dcmiHandlers } from './dcmi/dcmi.ts';
import { deviceSdrHandlers } from './sensor/device-sdr.ts';
import { eventHandlers } from './sensor/events.ts';
import { pefHandlers } from './sensor/pef.ts';
import { sensorHandlers } from './sensor/sensors.ts';
import { fruHandlers } from './storage/fru.ts';
import { sdrHandlers } from './storage/sdr.ts';
import { selHandlers } from './storage/sel.ts';
import { forwardingHandlers } from './transport/forwarding.ts';
import { lanHandlers } from './transport/lan.ts';
import { serialHandlers } from './transport/serial.ts';
import { solHandlers } from './transport/sol.ts';

/** What every controller has: who it is, its sensors, its FRU devices, and messages to others. */
const ofController: readonly Handler<BmcState>[] = [
  ...eventHandlers,
  ...deviceSdrHandlers,
  ...sensorHandlers,
  ...deviceHandlers,
  ...firewallHandlers,
  ...globalHandlers,
  ...bridgingHandlers,
  ...icmbHandlers,
  ...fruHandlers,
];

/** Every command that a BMC serves out of the box; the owner to name in `override`. */
export const standardHandlers: HandlerSet<BmcState> = {
  owner: 'standard',
  handlers: [
    ...ofController,
    ...chassisHandlers,
    ...bootOptionHandlers,
    ...pefHandlers,
    ...sessionHandlers,
    ...payloadHandlers,
    ...channelHandlers,
    ...userHandlers,
    ...watchdogHandlers,
    ...systemInfoHandlers,
    ...sdrHandlers,
    ...selHandlers,
    ...lanHandlers,
    ...forwardingHandlers,
    ...serialHandlers,
    ...solHandlers,
    ...dcmiHandlers,
  ],
};

/** Built once, never changed, shared by every BMC of the process. */
export const standard: Table = standardTable([standardHandlers]);

/**
 * The same of a satellite controller: no machine, no log, no repository, no users (IPMI 2.0 §20.1: its Get
 * Device ID says so).
 */
export const satelliteStandard: Table = standardTable([{ owner: 'standard', handlers: ofController }]);
