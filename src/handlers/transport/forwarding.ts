import { CC, IpmiError } from '../../codec/index.ts';
import { NetFn } from '../../commands/command.ts';
import {
  EnableForwardedCommands,
  ForwardedCommand,
  ForwardingOperation,
  GetForwardedCommands,
  SetForwardedCommands,
} from '../../commands/transport/forwarding.ts';
import type { Context, Handler } from '../../router/index.ts';
import type { BmcState } from '../../bmc-state.ts';
import { MediumType } from '../../commands/codes/channels.ts';
import type { ForwardingRange } from '../../services/bridging/forwarding.ts';
import { after } from '../../state/store.ts';
import { handle } from '../handle.ts';

export const forwardingHandlers: readonly Handler<BmcState>[] = [
  handle(ForwardedCommand, ({ sequence, completionCode, data }, { bmc }) =>
    bmc.forwarding.answer(sequence, completionCode, data),
  ),

  handle(SetForwardedCommands, (request, context) =>
    after(context.bmc.forwarding.setMask(rangeOf(request, context), request.forwarded), {}),
  ),
  handle(GetForwardedCommands, (request, context) => ({
    forwarded: context.bmc.forwarding.mask(rangeOf(request, context)),
  })),

  handle(EnableForwardedCommands, ({ channel, operation }, context) => {
    const { forwarding } = context.bmc;
    const number = forwardable(context, channel);
    if (operation > ForwardingOperation.Get)
      throw new IpmiError(CC.InvalidDataField, `operation ${operation}`);
    if (operation === ForwardingOperation.Enable) forwarding.enable(number);
    else if (operation === ForwardingOperation.Disable) forwarding.disable(number);
    return { enabled: forwarding.isEnabled(number) ? 1 : 0 };
  }),
];

/** What comes from system software is not sent back to it. */
function forwardable(context: Context<BmcState>, channel: number): number {
  const { channels } = context.bmc;
  const number = channels.resolve(channel, context);
  if (channels.get(number)?.medium === MediumType.SystemInterface)
    throw new IpmiError(CC.InvalidDataField, `channel ${number} is system software's`);
  return number;
}

type Named = { channel: number; upperHalf: number; targetNetFn: number; targetLun: number; body: Uint8Array };

function rangeOf(
  { channel, upperHalf, targetNetFn, targetLun, body }: Named,
  context: Context<BmcState>,
): ForwardingRange {
  const netFn = targetNetFn & 0x3e;
  const expected = netFn === NetFn.Group ? 1 : netFn === NetFn.OemGroup ? 3 : 0;
  if (upperHalf > 1) throw new IpmiError(CC.InvalidDataField, `range ${upperHalf}`);
  if (body.length !== expected)
    throw new IpmiError(CC.RequestLengthInvalid, `NetFn ${netFn} has ${expected} bytes of body`);
  const number = body.length === 0 ? undefined : body.reduce((sum, byte, i) => sum + byte * 256 ** i, 0);
  return { channel: forwardable(context, channel), netFn, lun: targetLun, half: upperHalf, body: number };
}
