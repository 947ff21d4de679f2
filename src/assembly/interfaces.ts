import { ICMB_CHANNEL, SERIAL_CHANNEL } from '../config/channels.ts';
import { SettingsError, type SettingsPath } from '../settings/errors.ts';
import type {
  IcmbInterfaceOptions,
  InterfaceOptions,
  IpmbInterfaceOptions,
  DeviceInterfaceOptions,
  LanInterfaceOptions,
  SerialInterfaceOptions,
  VmInterfaceOptions,
} from '../config/interface-options.ts';
import {
  IcmbInterface,
  IpmbDevice,
  IpmbInterface,
  IpmbSocket,
  LanInterface,
  SerialInterface,
  SerialLine,
  VmInterface,
  type Carrier,
  BtInterface,
  DevicePort,
  KcsInterface,
  SsifInterface,
  type HostInterfaceOptions,
  type IcmbNetwork,
  type VmMachine,
} from '../interfaces/index.ts';
import type { Interface } from '../router/index.ts';
import type { BmcState } from '../bmc-state.ts';
import { endpointName, streamName, type World } from '../world/world.ts';
import { endpointOf, OWN, streamAddressOf } from '../settings/addresses.ts';
import type { Busses } from './satellites.ts';

/** What an interface is made with besides its settings. */
export interface Surroundings {
  readonly bmc: BmcState;
  readonly world: World;
  /** Who works the machine over the VM protocol. */
  readonly machine?: VmMachine;
  readonly busses: Busses;
  readonly icmb: IcmbNetwork;
}

/** An interface and what the ready line says of it. */
export interface Made {
  readonly type: InterfaceOptions['type'];
  readonly one: Interface<BmcState>;
  /** Where it is reached, once it is open. */
  readonly address: () => string;
}

type Makers = {
  readonly [T in InterfaceOptions['type']]: (options: Extract<InterfaceOptions, { type: T }>, around: Surroundings) => Omit<Made, 'type'>;
};

const makers: Makers = {
  lan: makeLan,
  vm: makeVm,
  ipmb: makeIpmb,
  bt: (options, around) => makeDevice(options, '/dev/ipmi-bt-host', BtInterface, around),
  kcs: (options, around) => makeDevice(options, undefined, KcsInterface, around),
  ssif: (options, around) => makeDevice(options, '/dev/ipmi-ssif-host', SsifInterface, around),
  icmb: makeIcmb,
  serial: makeSerial,
};

/** Which key of an entry says where the interface is: errors of opening it stand there. */
export function addressKey(options: InterfaceOptions): SettingsPath {
  if (options.type === 'lan') return ['listen'];
  return ['listen', 'connect', 'tty', 'device'].filter((key) => key in options && options[key as keyof InterfaceOptions] !== undefined).slice(0, 1);
}

/** The interface that one entry of `interfaces` asks for. Throws SettingsError. */
export function makeInterface(options: InterfaceOptions, around: Surroundings): Made {
  const make = makers[options.type] as (options: InterfaceOptions, around: Surroundings) => Omit<Made, 'type'>;
  return { type: options.type, ...make(options, around) };
}

function makeLan({ listen = '127.0.0.1:623', channel = 1 }: LanInterfaceOptions, { bmc, world }: Surroundings): Omit<Made, 'type'> {
  const at = endpointOf(listen);
  const one = new LanInterface({ bmc, udp: world.udp, listen: at, channel });
  // Looked up when somebody asks: addresses come and go.
  bmc.lan.located(channel, () => world.network?.placeOf(at.host));
  return { one, address: () => endpointName(one.address) };
}

/** Most bytes of an answer that each of QEMU's interfaces carries to its guest. */
const GUEST_LIMITS = { bt: 252, kcs: 256, ssif: 251 } as const;

function makeVm(options: VmInterfaceOptions, { bmc, world, machine }: Surroundings): Omit<Made, 'type'> {
  const { listen, connect, channel, interface: kind = 'kcs' } = options;
  if ((listen === undefined) === (connect === undefined)) throw new SettingsError('a vm interface needs listen or connect, and not both');
  const at = listen === undefined ? { connect: streamAddressOf(connect!) } : { listen: streamAddressOf(listen, OWN) };
  const one = new VmInterface({ bmc, world, at, channel, maxAnswer: GUEST_LIMITS[kind], machine });
  return { one, address: () => streamName(one.address) };
}

function makeSerial(
  { tty, baud, listen, connect, channel = SERIAL_CHANNEL }: SerialInterfaceOptions,
  { bmc, world }: Surroundings,
): Omit<Made, 'type'> {
  const { stream, clock } = world;
  const places = [
    tty && { connect: { tty, baud } },
    connect && { connect: streamAddressOf(connect) },
    listen && { listen: streamAddressOf(listen, OWN) },
  ];
  const [at, ...more] = places.filter((place) => place !== undefined && place !== '');
  if (!at || more.length > 0) throw new SettingsError('a serial interface needs one of tty, listen and connect');
  const line = new SerialLine({ stream, clock, at });
  return { one: new SerialInterface({ bmc, clock, line, channel }), address: () => streamName(line.address) };
}

/** The interface to a real host behind a device node. */
function makeDevice(
  { type: kind, channel, device }: DeviceInterfaceOptions<'bt' | 'kcs' | 'ssif'>,
  usual: string | undefined,
  Kind: new (options: HostInterfaceOptions) => Interface<BmcState>,
  { bmc, world: { clock, devices } }: Surroundings,
): Omit<Made, 'type'> {
  const path = device ?? usual;
  if (path === undefined) throw new SettingsError(`a ${kind} interface needs device: the path of its node`);
  const port = new DevicePort({ kind, path, devices, clock, log: (message) => bmc.setup.log.warn(message) });
  return { one: new Kind({ bmc, port, clock, channel }), address: () => path };
}

function makeIcmb({ channel = ICMB_CHANNEL, bus = 'icmb' }: IcmbInterfaceOptions, { bmc, icmb }: Surroundings): Omit<Made, 'type'> {
  const one = new IcmbInterface({ bmc, bus: icmb.bus(bus), channel });
  return { one, address: () => `${bus}, ${one.address}` };
}

function makeIpmb(options: IpmbInterfaceOptions, { bmc, world, busses }: Surroundings): Omit<Made, 'type'> {
  const { channel = 0, address, timeout, tries, listen, connect, device } = options;
  const common = { stream: world.stream, clock: world.clock, log: (message: string) => bmc.setup.log.warn(message) };
  const carriers: Carrier[] = [];
  if (listen !== undefined) carriers.push(new IpmbSocket({ ...common, at: { listen: streamAddressOf(listen, OWN) } }));
  if (connect !== undefined) carriers.push(new IpmbSocket({ ...common, at: { connect: streamAddressOf(connect) } }));
  if (device !== undefined) carriers.push(new IpmbDevice({ path: device, devices: world.devices, clock: world.clock, log: common.log }));
  const one = new IpmbInterface({ bmc, bus: busses.on(channel), channel, address, timeout, tries, carriers });
  return { one, address: () => [`${one.address.toString(16)}h`, ...carriers.map(({ name }) => name)].join(', ') };
}
