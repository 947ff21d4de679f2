import { bits, byte, rest, u8 } from '../../codec/index.ts';
import { commandBody, commandMask, commandRange } from '../app/firewall.ts';
import { command, NetFn, Privilege } from '../command.ts';

// Command forwarding has no public layout; these follow the firmware firewall's, which name commands in the
// same way (docs/decisions/0013).

export const ForwardedCommand = command({
  name: 'Forwarded Command',
  spec: 'IPMI 2.0 §35b.4',
  netFn: NetFn.Transport,
  cmd: 0x30,
  privilege: Privilege.User,
  systemInterfaceOnly: true,
  codes: { notWaiting: [0x80, 'no such command is waiting for its answer'] },
  carried: ['data'],
  /** System software's answer to the forwarded command of that sequence number. */
  request: { ...byte({ sequence: bits(5, 0) }), completionCode: u8, data: rest() },
  response: {},
});

export const SetForwardedCommands = command({
  name: 'Set Forwarded Commands',
  spec: 'IPMI 2.0 §35b.1',
  netFn: NetFn.Transport,
  cmd: 0x31,
  privilege: Privilege.Administrator,
  /** A 1: forward the command. */
  request: { ...commandRange, forwarded: commandMask, body: commandBody },
  response: {},
});

export const GetForwardedCommands = command({
  name: 'Get Forwarded Commands',
  spec: 'IPMI 2.0 §35b.2',
  netFn: NetFn.Transport,
  cmd: 0x32,
  privilege: Privilege.User,
  request: { ...commandRange, body: commandBody },
  response: { forwarded: commandMask },
});

export const ForwardingOperation = { Disable: 0, Enable: 1, Get: 2 } as const;

export const EnableForwardedCommands = command({
  name: 'Enable Forwarded Commands',
  spec: 'IPMI 2.0 §35b.3',
  netFn: NetFn.Transport,
  cmd: 0x33,
  privilege: Privilege.Administrator,
  codes: { noTarget: [0x80, 'target for forwarded commands unavailable'] },
  request: { ...byte({ channel: bits(3, 0) }), ...byte({ operation: bits(1, 0) }) },
  response: { ...byte({ enabled: bits(0, 0) }) },
});
