// Edit this file while main.ts runs: the next request is answered by what stands here then.
import { command, NetFn, Privilege } from 'ipmi-bmc/commands';
import { u8 } from 'ipmi-bmc/codec';
import { handle, type HandlerSet } from 'ipmi-bmc/router';

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
