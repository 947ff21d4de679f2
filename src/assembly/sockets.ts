import type { SettingsPath } from '../settings/errors.ts';
import type { SocketsOptions } from '../config/options.ts';
import { BtSocket, HandlerSocket } from '../interfaces/index.ts';
import type { CounterTable, Counts, Router } from '../router/index.ts';
import type { BmcState } from '../bmc-state.ts';
import { streamName, type World } from '../world/world.ts';
import { OWN } from '../settings/addresses.ts';
import { SensorFeed } from './sensor-feed.ts';

/** What other programs connect to beside the interfaces. */
export interface Socket {
  readonly type: 'handler-socket' | 'bt-socket' | 'sensor-feed';
  /** The setting that says where it listens. */
  readonly setting: SettingsPath;
  /** Where it listens; a port is the real one once it is open. */
  readonly address: () => string;
  /** Rejects with the system's error where it cannot listen. */
  readonly open: () => Promise<void>;
  readonly close: () => Promise<void>;
  /** What it counts; undefined: nothing. */
  readonly counters:
    | (() => { readonly name: string; readonly counters: Counts; readonly table: CounterTable })
    | undefined;
}

/** The sockets that the settings ask for, in the order in which they are opened. Throws SettingsError. */
export function makeSockets(
  bmc: Pick<BmcState, 'setup' | 'sensors' | 'frontPanel'> & {
    readonly name: string;
    readonly router: Router<BmcState>;
  },
  {
    sockets: { handlers, bt } = {},
    sensorFeed,
  }: { readonly sockets?: SocketsOptions; readonly sensorFeed?: { readonly listen: string } },
  { clock, stream, http }: World,
): Socket[] {
  const { name, router, sensors, setup } = bmc;
  const common = {
    router,
    clock,
    stream,
    bmc: name,
    log: (message: string) => setup.log.warn(`${name}: ${message}`),
  };
  const sockets: Socket[] = [];
  const add = (
    type: Socket['type'],
    setting: SettingsPath,
    address: () => string,
    socket: {
      readonly counters?: Counts;
      readonly counterTable?: CounterTable;
      open(): Promise<void>;
      close(): Promise<void>;
    },
  ): void =>
    void sockets.push({
      type,
      setting,
      address,
      open: () => socket.open(),
      close: () => socket.close(),
      counters:
        socket.counters &&
        (() => ({ name: type, counters: { ...socket.counters }, table: { ...socket.counterTable } })),
    });
  if (handlers) {
    const listen = { path: handlers.path, mode: handlers.mode ?? OWN };
    const take = (sensor: string, value: number | null | undefined): string | undefined => {
      const found = sensors.named(sensor);
      return typeof found === 'string' ? found : found.push(value);
    };
    const socket = new HandlerSocket({
      ...common,
      sensors: take,
      buttons: (button: string) => bmc.frontPanel.pressNamed(button),
      listen,
    });
    add('handler-socket', ['sockets', 'handlers', 'path'], () => streamName(socket.address), socket);
  }
  if (bt) {
    const socket = new BtSocket({ ...common, listen: { path: bt.path, mode: bt.mode ?? OWN } });
    add('bt-socket', ['sockets', 'bt', 'path'], () => streamName(socket.address), socket);
  }
  if (sensorFeed) {
    const feed = new SensorFeed(sensors, http, sensorFeed.listen);
    add('sensor-feed', ['sensorFeed', 'listen'], () => feed.address, feed);
  }
  return sockets;
}
