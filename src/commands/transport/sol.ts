import { bits, byte, u8 } from '../../codec/index.ts';
import { command, NetFn, Privilege } from '../command.ts';
import { getOfChannel, parameterAnswer, parameterCodes, setOfChannel } from '../parameters/requests.ts';
import { solParameters } from '../parameters/sol.ts';

/** Session states of SOL Activating. */
export const SolState = { Activating: 1 } as const;

/** Sent by the BMC to a serial channel whose connector SOL takes over; answered with nothing but success. */
export const SolActivating = command({
  name: 'SOL Activating',
  changes: false,
  spec: 'IPMI 2.0 §26.1',
  netFn: NetFn.Transport,
  cmd: 0x20,
  privilege: Privilege.None,
  request: {
    ...byte({ sessionState: bits(3, 0) }),
    ...byte({ instance: bits(3, 0) }),
    majorVersion: u8,
    minorVersion: u8,
  },
  response: {},
});

export const SetSolConfigurationParameters = command({
  name: 'Set SOL Configuration Parameters',
  spec: 'IPMI 2.0 §26.2',
  netFn: NetFn.Transport,
  cmd: 0x21,
  privilege: Privilege.Administrator,
  codes: parameterCodes,
  parameters: solParameters,
  request: setOfChannel,
  response: {},
});

export const GetSolConfigurationParameters = command({
  name: 'Get SOL Configuration Parameters',
  spec: 'IPMI 2.0 §26.3',
  netFn: NetFn.Transport,
  cmd: 0x22,
  privilege: Privilege.User,
  codes: parameterCodes,
  parameters: solParameters,
  request: getOfChannel,
  response: parameterAnswer,
});
