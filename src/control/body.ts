import { refusal } from './problem.ts';

/** Bytes of a body. */
export const BODY_LIMIT = 1 << 20;

/**
 * The text of a body, however it is sent. Rejects with ControlError for one that is too long, without having
 * read it whole.
 */
export async function bodyText({ headers, body }: Pick<Request, 'headers' | 'body'>): Promise<string> {
  if (Number(headers.get('content-length') ?? 0) > BODY_LIMIT) throw tooLarge();
  if (body === null) return '';
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader = body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return textIn(Buffer.concat(chunks));
    size += value.length;
    if (size > BODY_LIMIT) {
      await reader.cancel();
      throw tooLarge();
    }
    chunks.push(value);
  }
}

/** Throws ControlError: letters that are none would become others. */
function textIn(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw refusal('bad-request', 'the body is no UTF-8');
  }
}

export const tooLarge = (): Error =>
  refusal('too-large', `a body has at most ${BODY_LIMIT} bytes`, {
    next: 'images go in pieces, by the routes of firmware',
  });
