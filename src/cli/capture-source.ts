import { PassThrough, pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { CaptureError, isGzip } from '../explain/index.ts';
import { codeOf } from '../world/system-error.ts';

/** Bytes by which a file says what it is. */
const HEAD = 8;

/** The first bytes of a file, and everything, these included; what gzip has packed is unpacked. */
export async function opened(
  chunks: AsyncIterable<Uint8Array>,
): Promise<{ head: Uint8Array; all: AsyncIterable<Uint8Array> }> {
  const packed = await peeked(chunks);
  return isGzip(packed.head) ? peeked(unpacked(packed.all)) : packed;
}

async function* unpacked(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
  const out = new PassThrough();
  // Its errors are those of what is read from it.
  pipeline(chunks, createGunzip(), out, () => {});
  try {
    for await (const chunk of out) yield chunk as Uint8Array;
  } catch (error) {
    const code = codeOf(error);
    if (code === 'Z_BUF_ERROR') throw new CaptureError('the file ends within what gzip has packed');
    if (code?.startsWith('Z_')) throw new CaptureError('what gzip has packed is damaged');
    throw error;
  }
}

async function peeked(
  chunks: AsyncIterable<Uint8Array>,
): Promise<{ head: Uint8Array; all: AsyncIterable<Uint8Array> }> {
  const source = chunks[Symbol.asyncIterator]();
  const first: Uint8Array[] = [];
  let length = 0;
  let isEnd = false;
  while (length < HEAD && !isEnd) {
    const { done, value } = await source.next();
    if (done === true) isEnd = true;
    else {
      first.push(value);
      length += value.length;
    }
  }
  const head = Buffer.concat(first);
  async function* all(): AsyncGenerator<Uint8Array, void, void> {
    if (head.length > 0) yield head;
    while (!isEnd) {
      const { done, value } = await source.next();
      if (done === true) return;
      yield value;
    }
  }
  return { head, all: all() };
}
