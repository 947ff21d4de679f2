import type { SocketsOptions } from '../config/options.ts';
import { BtSocket, HandlerSocket } from '../interfaces/index.ts';
import type { Router } from '../router/index.ts';
import type { BmcState } from '../state/bmc-state.ts';
import type { World } from '../world/world.ts';
import { OWN } from './addresses.ts';
import { SensorFeed } from './sensor-feed.ts';

/** What other programs connect to beside the interfaces. */
export interface Socket {
  readonly type: 'handler-socket' | 'bt-socket' | 'sensor-feed';
  /** Where it listens; a port is the real one once it is open. */
  readonly address: () => string;
  /** Rejects with the system's error where it cannot listen. */
  readonly open: () => Promise<void>;
  readonly close: () => Promise<void>;
}

/** The sockets that the settings ask for, in the order in which they are opened. Throws SettingsError. */
export function makeSockets(
  bmc: Pick<BmcState, 'setup' | 'sensors' | 'frontPanel'> & { readonly name: string; readonly router: Router<BmcState> },
  { sockets: { handlers, bt } = {}, sensorFeed }: { readonly sockets?: SocketsOptions; readonly sensorFeed?: { readonly listen: string } },
  { clock, stream, http }: World,
): Socket[] {
  const { name, router, sensors, frontPanel, setup } = bmc;
  const common = { router, clock, stream, bmc: name, log: (message: string) => setup.log.warn(`${name}: ${message}`) };
  const made: Socket[] = [];
  const add = (type: Socket['type'], address: () => string, one: { open(): Promise<void>; close(): Promise<void> }): void =>
    void made.push({ type, address, open: () => one.open(), close: () => one.close() });
  if (handlers) {
    const listen = { path: handlers.path, mode: handlers.mode ?? OWN };
    const take = (sensor: string, value: number | null | undefined): string | undefined => {
      const found = sensors.named(sensor);
      return typeof found === 'string' ? found : found.push(value);
    };
    add('handler-socket', () => handlers.path, new HandlerSocket({ ...common, sensors: take, buttons: frontPanel.pressNamed, listen }));
  }
  if (bt) add('bt-socket', () => bt.path, new BtSocket({ ...common, listen: { path: bt.path, mode: bt.mode ?? OWN } }));
  if (sensorFeed) {
    const feed = new SensorFeed(sensors, http, sensorFeed.listen);
    add('sensor-feed', () => feed.address, feed);
  }
  return made;
}
