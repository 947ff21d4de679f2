import { bit, bits, byte, rest, u8 } from '../../codec/index.ts';
import { command, NetFn, Privilege } from '../command.ts';
import { bootParameters } from '../parameters/boot.ts';
import { parameterCodes } from '../parameters/requests.ts';

export const SetSystemBootOptions = command({
  name: 'Set System Boot Options',
  spec: 'IPMI 2.0 §28.12',
  netFn: NetFn.Chassis,
  cmd: 0x08,
  privilege: Privilege.Operator,
  codes: parameterCodes,
  parameters: bootParameters,
  request: {
    /** Without data only the mark is changed. */
    ...byte({ invalid: bit(7), parameter: bits(6, 0) }),
    data: rest(),
  },
  response: {},
});

export const GetSystemBootOptions = command({
  name: 'Get System Boot Options',
  spec: 'IPMI 2.0 §28.13',
  netFn: NetFn.Chassis,
  cmd: 0x09,
  privilege: Privilege.Operator,
  codes: parameterCodes,
  parameters: bootParameters,
  request: { ...byte({ parameter: bits(6, 0) }), setSelector: u8, blockSelector: u8 },
  response: {
    ...byte({ version: bits(3, 0) }),
    ...byte({ invalid: bit(7), parameter: bits(6, 0) }),
    data: rest(),
  },
});
