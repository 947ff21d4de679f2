import { CC, IpmiError } from '../codec/index.ts';
import type { Command } from '../commands/command.ts';
import { NO_PREFIX, refusal } from './answers.ts';
import type { CommandHandler } from './handlers.ts';
import type { Answer, Message } from '../joint/message.ts';

/** What a typed override calls: the handler below it. */
export type Next = Parameters<CommandHandler<never>['run']>[2];

export function encode(command: Command, prefix: Uint8Array, value: unknown): Answer {
  // A completion code of 00h and the prefix stand in front.
  const answer: Uint8Array = command.response.encode(value ?? {}, 1 + prefix.length);
  if (prefix.length > 0) answer.set(prefix, 1);
  return answer;
}

export const restored = (message: Message, prefix: Uint8Array): Message =>
  prefix.length === 0 ? message : { ...message, data: Uint8Array.of(...prefix, ...message.data) };

/** What a raw handler returned, if it is an answer: bytes with a completion code in front. */
export function whole(answer: Answer): Answer {
  if (answer instanceof Uint8Array && answer.length > 0) return answer;
  throw new TypeError('returned no completion code');
}

/** What a handler's `next` is when it overrides nothing: in bytes, and in values. */
export const nothingBelow = (): Answer => refusal(NO_PREFIX, CC.InvalidCommand);

export function noNext(): never {
  throw new IpmiError(CC.InvalidCommand, 'no handler below this one');
}
