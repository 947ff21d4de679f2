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
  const trace = traced(router, setup.clock, (traced) => {
    switch (traced.kind) {
      case 'request': {
        const { message, context } = current?.asked ?? {};
        return tell('request', `${traced.request} -> ${traced.answer}`, {
          request: traced.id,
          command: traced.name,
          netFn: traced.netFn,
          lun: traced.lun,
          cmd: traced.cmd,
          privilege: traced.privilege,
          session: context?.session?.handle,
          ...(message && current && bytesOf(router, message, traced.channel, current.answer)),
          user: traced.user,
          peer: traced.peer,
          channel: traced.channel,
          owner: traced.owner,
          asked: traced.request,
          answered: traced.answer,
          code: traced.cc,
          microseconds: traced.microseconds,
          late: traced.late || undefined,
          faults: traced.faults.length > 0 ? traced.faults.join(',') : undefined,
        });
      }
      case 'carried':
        return tell('request', traced.lines.join('\n'), { request: traced.id, carried: true });
      case 'dropped':
        return tell('request', `datagram dropped: ${traced.reason}`, {
          peer: traced.peer,
          channel: traced.channel,
          dropped: traced.reason,
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
