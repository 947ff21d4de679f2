import { CC, IpmiError } from '../../codec/index.ts';
import {
  EventBody,
  GetEventReceiver,
  PlatformEventMessage,
  SetEventReceiver,
} from '../../commands/sensor/events.ts';
import type { Handler } from '../../router/index.ts';
import type { BmcState } from '../../bmc-state.ts';
import { after } from '../../state/store.ts';
import { handle } from '../handle.ts';

/** Bytes of an event message with all three event data. */
const BODY_SIZE = 7;
/** Software id 41h of remote console software #1..., as generator ids have it (IPMI 2.0 §5.5). */
const REMOTE_SOFTWARE = 0x41;

export const eventHandlers: readonly Handler<BmcState>[] = [
  handle(SetEventReceiver, (receiver, { bmc }) => {
    bmc.events.receiver = receiver;
  }),

  handle(GetEventReceiver, (_request, { bmc }) => bmc.events.receiver),

  handle(PlatformEventMessage, ({ event }, context) => {
    const hasGenerator = context.channel.medium === 'system-interface' || event.length > BODY_SIZE;
    const { evmRev, data, ...body } = decodeBody(event, hasGenerator ? 1 : 0);
    return after(
      context.bmc.events.raise({
        ...body,
        evmRev,
        generator: hasGenerator ? event[0] : (context.requesterAddress ?? REMOTE_SOFTWARE),
        generatorChannel: context.channel.medium === 'system-interface' ? 0 : context.channel.number,
        data: Uint8Array.of(data[0], data[1] ?? 0xff, data[2] ?? 0xff),
      }),
      {},
    );
  }),
];

function decodeBody(event: Uint8Array, start: number): ReturnType<typeof EventBody.decode> {
  const body = EventBody.decode(event, start);
  if (body.evmRev !== 0x03 && body.evmRev !== 0x04)
    throw new IpmiError(CC.InvalidDataField, `event message revision ${body.evmRev}`);
  return body;
}
