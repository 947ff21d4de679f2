import { hexText } from '../../codec/index.ts';
import type { Context, Message } from '../../joint/message.ts';
import { PRIVILEGES, type WireRequest } from '../../wire/userland.ts';

/** A request as handlers outside of the process get it, at a socket or over a bus. */
export function wireRequest(
  token: number,
  message: Message,
  { session, channel, privilege, requester, deadline }: Context,
  body?: number,
): WireRequest {
  return {
    type: 'request',
    token,
    netFn: message.netFn,
    cmd: message.cmd,
    body,
    lun: message.lun,
    data: hexText(message.data),
    channel: channel.number,
    medium: channel.medium,
    privilege: PRIVILEGES[privilege],
    user: session?.userName,
    userId: session?.userId,
    session: session?.handle,
    requester,
    deadline,
  };
}
