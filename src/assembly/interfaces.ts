import { SettingsError } from '../config/errors.ts';
import type { InterfaceOptions, LanInterfaceOptions } from '../config/interface-options.ts';
import { LanInterface } from '../interfaces/index.ts';
import type { Interface } from '../router/index.ts';
import type { BmcState } from '../state/bmc-state.ts';
import { endpointName, parseEndpoint, type Endpoint, type World } from '../world/world.ts';

/** What an interface is made with besides its settings. */
export interface Surroundings {
  readonly bmc: BmcState;
  readonly world: World;
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
};

/** The interface that one entry of `interfaces` asks for. Throws SettingsError. */
export function makeInterface(options: InterfaceOptions, around: Surroundings): Made {
  const make: (options: InterfaceOptions, around: Surroundings) => Omit<Made, 'type'> = makers[options.type];
  return { type: options.type, ...make(options, around) };
}

function makeLan({ listen = '127.0.0.1:623', channel = 1 }: LanInterfaceOptions, { bmc, world }: Surroundings): Omit<Made, 'type'> {
  const one = new LanInterface({ bmc, udp: world.udp, listen: endpointOf(listen), channel });
  return { one, address: () => endpointName(one.address) };
}

function endpointOf(text: string): Endpoint {
  const endpoint = parseEndpoint(text);
  if (!endpoint) throw new SettingsError(`'${text}' is not host:port`);
  return endpoint;
}
