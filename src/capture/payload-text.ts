import { parseMessage, PayloadType } from '../wire/index.ts';
import { setUpText } from './set-up.ts';

/** Why nobody was asked. */
export function unaskedNote(payload: Uint8Array): string[] | undefined {
  const message = parseMessage(payload);
  if (message === undefined) return undefined;
  return [
    message.netFn % 2 === 0
      ? 'no handler was asked: a repetition, or a message for system software'
      : 'the response to a request of the BMC',
  ];
}

/** What is no message, in words. */
export function payloadText(type: number, payload: Uint8Array): string {
  const step = setUpText(type, payload);
  if (step !== undefined) return step;
  if (type === PayloadType.Sol)
    return `SOL: packet ${payload[0]}, ${Math.max(payload.length - 4, 0)} character(s), acknowledges ${payload[1]}\nIPMI 2.0 §15.9`;
  return `payload type ${type}`;
}
