import { bit, byte, layout, rest, u8 } from '../../codec/index.ts';
import { command, NetFn, Privilege } from '../command.ts';
import { parameterAnswer, parameterCodes } from '../parameters/requests.ts';
import { systemInfoParameters } from '../parameters/system-info.ts';

export const SetSystemInfoParameters = command({
  name: 'Set System Info Parameters',
  spec: 'IPMI 2.0 §22.14a',
  netFn: NetFn.App,
  cmd: 0x58,
  privilege: Privilege.Administrator,
  codes: parameterCodes,
  parameters: systemInfoParameters,
  request: { parameter: u8, data: rest() },
  response: {},
});

export const GetSystemInfoParameters = command({
  name: 'Get System Info Parameters',
  spec: 'IPMI 2.0 §22.14b',
  netFn: NetFn.App,
  cmd: 0x59,
  privilege: Privilege.User,
  codes: parameterCodes,
  parameters: systemInfoParameters,
  request: { ...byte({ revisionOnly: bit(7) }), parameter: u8, setSelector: u8, blockSelector: u8 },
  response: parameterAnswer,
});

/**
 * One set of a text parameter. Block 0 begins with the encoding (0: ASCII) and the length of the whole text.
 */
export const SystemInfoSet = layout('system info set', { set: u8, block: rest(0, 16) });
