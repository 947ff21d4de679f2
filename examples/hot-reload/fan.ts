// Edit this file while main.ts runs: the next request is answered by what stands here then.
import { command, NetFn, Privilege } from '../../src/commands/command.ts';
import { u8 } from '../../src/codec/index.ts';
import { handle, type HandlerSet } from '../../src/router/index.ts';

const GetFanDuty = command({
  name: 'Acme Get Fan Duty',
  spec: 'Acme 1.0',
  netFn: NetFn.OemGroup,
  body: 0xabcdef,
  cmd: 0x02,
  privilege: Privilege.User,
  request: {},
  response: { duty: u8 },
});

export const fan: HandlerSet = { owner: 'acme', handlers: [handle(GetFanDuty, () => ({ duty: 30 }))] };
