import { bodyBytes } from '../commands/body.ts';
import { CC } from '../codec/index.ts';
import { NetFn } from '../commands/command.ts';
import type { Claim } from './handlers.ts';
import type { Answer, Message } from '../joint/message.ts';

export const NO_PREFIX: Uint8Array = new Uint8Array(0);

/** An answer with the body or IANA that the router took off put back. */
export function prefixed(prefix: Uint8Array, body: Answer): Answer {
  if (prefix.length === 0) return body;
  const answer = new Uint8Array(body.length + prefix.length);
  answer[0] = body[0];
  answer.set(prefix, 1);
  answer.set(body.subarray(1), 1 + prefix.length);
  return answer;
}

/** An answer without the body or IANA that the router put into it. */
export const bare = (prefix: Uint8Array, answer: Answer): Answer =>
  prefix.length === 0 ? answer : Uint8Array.of(answer[0], ...answer.subarray(1 + prefix.length));

/** Completion code, the body or IANA that the request named, and the data that the code comes with. */
export function refusal(prefix: Uint8Array, cc: number, data: Uint8Array = NO_PREFIX): Answer {
  const answer = new Uint8Array(1 + prefix.length + data.length);
  answer[0] = cc;
  answer.set(prefix, 1);
  answer.set(data, 1 + prefix.length);
  return answer;
}

/** Group and OEM answers carry their body even when nobody knows the command (IPMI 2.0 §5.1). */
export function prefixIn({ netFn, data }: Message): Uint8Array {
  if (netFn === NetFn.Group) return data.slice(0, 1);
  return netFn === NetFn.OemGroup ? data.slice(0, 3) : NO_PREFIX;
}

/** The bytes that a claim's requests and answers carry before their data. */
export function prefixOf({ netFn, body }: Claim): Uint8Array {
  return bodyBytes({ netFn, body });
}

/** What an interface calls before it is open: whoever asks so early may ask again. */
export const notOpen = (message: Message): Answer => refuse(message, CC.NodeBusy);

/** A completion code alone as the answer to a message, for whoever refuses it before a handler sees it. */
export const refuse = (message: Message, cc: number): Answer => refusal(prefixIn(message), cc);
