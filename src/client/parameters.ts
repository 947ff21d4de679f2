import { GetSystemInfoParameters, SetSystemInfoParameters } from '../commands/app/system-info.ts';
import { GetSystemBootOptions, SetSystemBootOptions } from '../commands/chassis/boot-options.ts';
import { GetDcmiConfigurationParameters, SetDcmiConfigurationParameters } from '../commands/dcmi/dcmi.ts';
import type { Command, Request } from '../commands/command.ts';
import type { Parameter, ParameterTableName } from '../commands/parameters/parameter.ts';
import { GetPefConfigurationParameters, SetPefConfigurationParameters } from '../commands/sensor/pef.ts';
import { GetLanConfigurationParameters, SetLanConfigurationParameters } from '../commands/transport/lan.ts';
import { GetSerialModemConfiguration, SetSerialModemConfiguration } from '../commands/transport/serial.ts';
import { GetSolConfigurationParameters, SetSolConfigurationParameters } from '../commands/transport/sol.ts';

/** Which of a parameter's values is meant. */
export interface ParameterPlace {
  /** Of LAN, serial and SOL parameters. Default: the channel that the request goes by. */
  readonly channel?: number;
  /** Default: the first one. */
  readonly set?: number;
  /** Default: the first one. */
  readonly block?: number;
}

/** The bytes that stand before a parameter's data. */
export function selectors(
  { sets, firstSet, blocks, firstBlock }: Parameter,
  { set = firstSet, block = firstBlock }: ParameterPlace,
): number[] {
  return [...(sets === undefined ? [] : [set]), ...(blocks === undefined ? [] : [block])];
}

const THIS_CHANNEL = 0x0e;

interface Ways {
  readonly get: (
    selector: number,
    set: number,
    block: number,
    channel: number,
  ) => readonly [Command, Request<Command>];
  readonly set: (selector: number, data: Uint8Array, channel: number) => readonly [Command, Request<Command>];
}

const ofChannel = (getCommand: Command, setCommand: Command): Ways => ({
  get: (parameter, setSelector, blockSelector, channel) => [
    getCommand,
    { revisionOnly: false, channel, parameter, setSelector, blockSelector },
  ],
  set: (parameter, data, channel) => [setCommand, { channel, parameter, data }],
});
const ofBmc = (getCommand: Command, setCommand: Command): Ways => ({
  get: (parameter, setSelector, blockSelector) => [
    getCommand,
    { revisionOnly: false, parameter, setSelector, blockSelector },
  ],
  set: (parameter, data) => [setCommand, { parameter, data }],
});

/** How each table is asked. */
const WAYS: Readonly<Record<ParameterTableName, Ways>> = {
  LAN: ofChannel(GetLanConfigurationParameters, SetLanConfigurationParameters),
  serial: ofChannel(GetSerialModemConfiguration, SetSerialModemConfiguration),
  SOL: ofChannel(GetSolConfigurationParameters, SetSolConfigurationParameters),
  PEF: ofBmc(GetPefConfigurationParameters, SetPefConfigurationParameters),
  'system info': ofBmc(GetSystemInfoParameters, SetSystemInfoParameters),
  boot: {
    get: (parameter, setSelector, blockSelector) => [
      GetSystemBootOptions,
      { parameter, setSelector, blockSelector },
    ],
    set: (parameter, data) => [SetSystemBootOptions, { invalid: false, parameter, data }],
  },
  DCMI: {
    get: (parameter, setSelector) => [GetDcmiConfigurationParameters, { parameter, setSelector }],
    set: (parameter, data) => [SetDcmiConfigurationParameters, { parameter, setSelector: 0, data }],
  },
};

/** The command and request that read a parameter. */
export function getRequest(
  parameter: Parameter,
  { channel = THIS_CHANNEL, set, block }: ParameterPlace,
): readonly [Command, Request<Command>] {
  const { table, selector, sets, firstSet, blocks, firstBlock } = parameter;
  return WAYS[table].get(
    selector,
    set ?? (sets === undefined ? 0 : firstSet),
    block ?? (blocks === undefined ? 0 : firstBlock),
    channel,
  );
}

/** The command and request that write it. */
export function setRequest<V>(
  parameter: Parameter<V>,
  value: V,
  place: ParameterPlace,
): readonly [Command, Request<Command>] {
  const before = selectors(parameter, place);
  const data = parameter.layout.encode(value, before.length);
  data.set(before);
  return WAYS[parameter.table].set(parameter.selector, data, place.channel ?? THIS_CHANNEL);
}
