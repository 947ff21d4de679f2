import type { Bmc } from '../../bmc.ts';
import { maskData } from '../../capture/index.ts';
import { hexText } from '../../codec/index.ts';
import { bodyBytes, bodyOf } from '../../commands/body.ts';
import type { Answer, Message } from '../../joint/message.ts';
import { answerText, requestText, type Tap } from '../../taps/index.ts';
import type { Told } from './kinds.ts';

/** Requests that have begun, of those that are never answered: the oldest make way. */
const MOST_BEGUN = 4096;

/** The bytes of both, for who opens them: zeros where passwords, keys and challenges stand. */
function bytesOf(router: Bmc['router'], message: Message, channel: number, answer: Answer) {
  const { netFn, cmd, lun: toLun } = message;
  const data = message.data.slice();
  const reply = answer.slice();
  maskData(router, channel, { netFn, cmd, toLun, data });
  maskData(router, channel, { netFn: netFn | 1, cmd, toLun, data: reply }, message);
  // Which command it is is no secret: a body or an IANA number stands in front.
  data.set(bodyBytes({ netFn, body: bodyOf(message) }));
  return { data: hexText(data), reply: hexText(reply) };
}

/** Tells each request when it is answered, decoded, without secrets, until it is undone. */
export function tellOfRequests({ router, taps, setup }: Bmc, tell: Told): () => void {
  const begun = new Map<number, number>();
  const { clock } = setup;
  const tap: Tap = {
    message({ id }) {
      if (begun.size >= MOST_BEGUN) for (const [oldest] of begun) if (begun.delete(oldest)) break;
      begun.set(id, clock.monotonic());
    },
    answer({ id, name, message, context }, answer) {
      const at = begun.get(id);
      if (at === undefined) return;
      begun.delete(id);
      const { number } = context.channel;
      const asked = requestText(router, message, number, true);
      const came = answerText(router, message, number, answer);
      tell('request', `${asked} -> ${came}`, {
        request: id,
        command: name,
        netFn: message.netFn,
        lun: message.lun,
        cmd: message.cmd,
        privilege: context.privilege,
        session: context.session?.handle,
        ...bytesOf(router, message, number, answer),
        user: context.session?.userName,
        peer: context.requester,
        channel: number,
        asked,
        answered: came,
        code: answer[0],
        microseconds: Math.round((clock.monotonic() - at) * 1000),
        late: context.expired || undefined,
      });
    },
    dropped({ reason, channel, peer: { address, port } }) {
      tell('request', `datagram dropped: ${reason}`, {
        peer: `${address}:${port}`,
        channel,
        dropped: reason,
      });
    },
  };
  return taps.add(tap);
}
