import { completionCodeName, hex2, type Layout } from '../codec/index.ts';
import { oemName } from '../commands/oem-registry.ts';
import { keyName, NetFn } from '../commands/command.ts';
import type { Answer, Context, Dispatch, Message } from './message.ts';
import type { Router } from './router.ts';
import type { Timers } from './timers.ts';

/** Fields whose values are secrets: named in a trace, never shown. */
const SECRET = new Set(['password', 'key', 'challenge', 'authCode']);

/** A dispatch that says of each message who sent it, what it was, and how it ended. Nothing is paid where it is not used. */
export function traced<B>(router: Router<B>, dispatch: Dispatch<B>, clock: Timers, print: (line: string) => void): Dispatch<B> {
  return (message, context) => {
    const began = clock.monotonic();
    const finish = (answer: Answer): Answer => {
      print(traceLine(router, message, context, answer, (clock.monotonic() - began) * 1000));
      return answer;
    };
    const answer = dispatch(message, context);
    return answer instanceof Promise ? answer.then(finish) : finish(answer);
  };
}

function traceLine<B>(router: Router<B>, message: Message, context: Context<B>, answer: Answer, microseconds: number): string {
  const entry = router.find(message, context.channel.number);
  const command = entry?.handler.command;
  const skip = entry?.prefix.length ?? 0;
  const who = context.session ? `${context.session.userName || 'null user'}@` : '';
  const key = { netFn: message.netFn, cmd: message.cmd, ...bodyOf(message) };
  const maker = oemName(key);
  const name = entry?.handler.name ?? `${keyName(key)} (${maker === undefined ? '' : `${maker}, `}nobody's)`;
  const request = command ? fields(command.request, message.data, skip) : bytes(message.data);
  const cc = answer[0];
  const result =
    cc === 0
      ? command
        ? fields(command.response, answer, 1 + skip)
        : bytes(answer.subarray(1))
      : `${completionCodeName(cc, command?.codes)} (${hex2(cc)}h)`;
  return `${who}channel ${context.channel.number}  ${name}${request && ` ${request}`}  ->  ${result || 'ok'}  ${microseconds.toFixed(0)} us`;
}

function bodyOf({ netFn, data }: Message): { body?: number } {
  if (netFn === NetFn.Group && data.length > 0) return { body: data[0] };
  return netFn === NetFn.OemGroup && data.length > 2 ? { body: data[0] | (data[1] << 8) | (data[2] << 16) } : {};
}

function fields(layout: Layout<Record<string, unknown>>, data: Uint8Array, start: number): string {
  let values: Record<string, unknown>;
  try {
    values = layout.decode(data, start);
  } catch {
    // What cannot be decoded may still hold a secret: only its length is shown.
    return `${data.length - start} byte(s)`;
  }
  return Object.entries(values)
    .map(([name, value]) => `${name}=${SECRET.has(name) ? '...' : value instanceof Uint8Array ? bytes(value) : JSON.stringify(value)}`)
    .join(' ');
}

const bytes = (data: Uint8Array): string => (data.length === 0 ? '' : `[${Array.from(data, hex2).join(' ')}]`);
