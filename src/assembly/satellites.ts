import { interfacesOf } from '../config/channels.ts';
import { fullNameOfSatellite, satelliteName } from '../config/locators.ts';
import type { BmcOptions, SatelliteOptions } from '../config/options.ts';
import { MessageBus } from '../interfaces/index.ts';
import type { BmcState } from '../bmc-state.ts';
import { sensorSdr } from '../machine/sensors/sensor-sdr.ts';
import { LateMap } from '../state/late-map.ts';
import type { World } from '../world/world.ts';

/** How a satellite hangs on another controller's bus: its own channel 0. */
export interface Uplink {
  readonly bus: MessageBus;
  readonly address: number;
  /** The number that the bus has above. */
  readonly channel: number;
  /** `id.instance`, of its locator record. */
  readonly entity?: string;
}

/**
 * The management busses that a controller is on, by its channels; each is made when it is first asked for.
 */
export class Busses {
  readonly #world: Pick<World, 'clock' | 'random'>;
  readonly #options: BmcOptions;
  readonly #busses = new LateMap<number, MessageBus>();

  constructor(options: BmcOptions, world: Pick<World, 'clock' | 'random'>, uplink: Uplink | undefined) {
    this.#world = world;
    this.#options = options;
    if (uplink) this.#busses.set(0, uplink.bus);
  }

  on(channel: number): MessageBus {
    let bus = this.#busses.get(channel);
    if (!bus) {
      const weather = interfacesOf(this.#options, 'ipmb').find((entry) => entry.channel === channel)?.faults;
      this.#busses.set(channel, (bus = new MessageBus({ ...this.#world, weather })));
    }
    return bus;
  }
}

/**
 * The settings of a satellite as those of a BMC: no machine of its own, no log, a place on its parent's bus.
 */
export const satelliteSettings = (
  parent: string,
  { address, name = satelliteName(address), identity, sensors, fru, firewall, satellites }: SatelliteOptions,
): BmcOptions => ({
  name: fullNameOfSatellite(parent, address),
  interfaces: [{ type: 'ipmb', address }],
  sdr: { name },
  identity,
  sensors,
  fru,
  firewall,
  satellites,
  sel: { bootEvents: false },
  chassis: { events: false },
});

/**
 * Records with which a repository shows the sensors of a controller, but for those that were loaded with
 * theirs.
 */
export const sensorRecords = ({ sensors, identity }: Pick<BmcState, 'sensors' | 'identity'>): Uint8Array[] =>
  sensors.all.filter(({ declaration }) => !declaration.record).map((sensor) => sensorSdr(sensor, identity));
