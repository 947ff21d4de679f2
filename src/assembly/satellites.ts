import { CC } from '../codec/index.ts';
import { EventBody, PlatformEventMessage } from '../commands/sensor/events.ts';
import { satelliteName } from '../config/locators.ts';
import type { BmcOptions, SatelliteOptions } from '../config/options.ts';
import { MessageBus, type BusWeather } from '../interfaces/index.ts';
import type { BmcState } from '../state/bmc-state.ts';
import type { PlatformEvent } from '../state/sensor/events.ts';
import { sensorSdr } from '../state/sensor/sensor-sdr.ts';
import type { World } from '../world/world.ts';

/** Event message revision of IPMI 1.5 and 2.0. */
const EVM_REV = 0x04;
const NO_RECEIVER = 0xff;

/** How a satellite hangs on another controller's bus: its own channel 0. */
export interface Uplink {
  readonly bus: MessageBus;
  readonly address: number;
  /** The number that the bus has above. */
  readonly channel: number;
  /** `id.instance`, of its locator record. */
  readonly entity?: string;
}

/** The management busses that a controller is on, by its channels; each is made when it is first asked for. */
export class Busses {
  readonly #world: Pick<World, 'clock' | 'random'>;
  readonly #faults: ReadonlyMap<number, BusWeather>;
  readonly #busses = new Map<number, MessageBus>();

  constructor({ interfaces = [] }: BmcOptions, world: Pick<World, 'clock' | 'random'>, uplink: Uplink | undefined) {
    this.#world = world;
    this.#faults = new Map(interfaces.flatMap((one) => (one.type === 'ipmb' && one.faults ? [[one.channel ?? 0, one.faults] as const] : [])));
    if (uplink) this.#busses.set(0, uplink.bus);
  }

  on(channel: number): MessageBus {
    let bus = this.#busses.get(channel);
    if (!bus) this.#busses.set(channel, (bus = new MessageBus({ ...this.#world, weather: this.#faults.get(channel) })));
    return bus;
  }
}

/** The settings of a satellite as those of a BMC: no machine of its own, no log, a place on its parent's bus. */
export const satelliteSettings = (
  parent: string,
  { address, name = satelliteName(address), identity, sensors, fru, firewall, satellites }: SatelliteOptions,
): BmcOptions => ({
  name: `${parent}/${address.toString(16)}h`,
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

/** Records with which a repository shows the sensors of a controller, but for those that were loaded with theirs. */
export const sensorRecords = ({ sensors, identity }: Pick<BmcState, 'sensors' | 'identity'>): Uint8Array[] =>
  sensors.all.filter(({ declaration }) => !declaration.record).map((sensor) => sensorSdr(sensor, identity));

/** Takes a controller's own events to their receiver over its primary IPMB (IPMI 2.0 §29.1). FFh: nobody wants them. */
export function forwardEvents(bmc: BmcState): (event: PlatformEvent) => boolean {
  return ({ generator, ...event }) => {
    const { address, lun } = bmc.events.receiver;
    if (generator !== bmc.identity.address || address === bmc.identity.address) return false;
    const outlet = bmc.bridge.outlet(0);
    if (outlet?.kind !== 'bus') return false;
    if (address === NO_RECEIVER) return true;
    const { netFn, cmd } = PlatformEventMessage;
    void outlet.requester
      .request({ to: address, toLun: lun, netFn, cmd, data: EventBody.encode({ ...event, evmRev: event.evmRev ?? EVM_REV }) })
      .then((answer) => answer[0] !== CC.Ok && bmc.setup.log.warn(`${address.toString(16)}h refused an event: ${answer[0].toString(16)}h`))
      .catch((error: unknown) => bmc.setup.log.warn(`an event did not get through: ${String(error)}`));
    return true;
  };
}
