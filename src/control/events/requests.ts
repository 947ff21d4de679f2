import type { Bmc } from '../../bmc.ts';
import { maskData } from '../../capture/index.ts';
import { hexText } from '../../codec/index.ts';
import { bodyBytes, bodyOf } from '../../commands/body.ts';
import type { Answer, Message } from '../../joint/message.ts';
import { traced, type Asked } from '../../taps/index.ts';
import type { Told } from './kinds.ts';

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

/**
 * Tells each request when it is answered, decoded, without secrets, what it carried for others, and datagrams
 * that were dropped, until it is undone.
 */
export function tellOfRequests({ router, taps, setup }: Bmc, tell: Told): () => void {
  let current: { readonly asked: Asked; readonly answer: Answer } | undefined;
  const trace = traced(router, setup.clock, (one) => {
    switch (one.kind) {
      case 'request': {
        const { message, context } = current?.asked ?? {};
        return tell('request', `${one.request} -> ${one.answer}`, {
          request: one.id,
          command: one.name,
          netFn: one.netFn,
          lun: one.lun,
          cmd: one.cmd,
          privilege: one.privilege,
          session: context?.session?.handle,
          ...(message && current && bytesOf(router, message, one.channel, current.answer)),
          user: one.user,
          peer: one.peer,
          channel: one.channel,
          owner: one.owner,
          asked: one.request,
          answered: one.answer,
          code: one.cc,
          microseconds: one.microseconds,
          late: one.late || undefined,
          faults: one.faults.length > 0 ? one.faults.join(',') : undefined,
        });
      }
      case 'carried':
        return tell('request', one.lines.join('\n'), { request: one.id, carried: true });
      case 'dropped':
        return tell('request', `datagram dropped: ${one.reason}`, {
          peer: one.peer,
          channel: one.channel,
          dropped: one.reason,
        });
      default:
        // Faults are events of their own.
        return undefined;
    }
  });
  return taps.add({
    ...trace,
    answer(asked, answer) {
      current = { asked, answer };
      trace.answer?.(asked, answer);
      current = undefined;
    },
  });
}
