/** Bytes that a reader may be behind; what comes then is left out. */
const MOST_BEHIND = 4 << 20;

/** Takes what is to be sent; false: the reader is too far behind, and it was left out. */
export type Send = (bytes: Uint8Array) => boolean;

/** An answer that goes on until its reader goes. `begin` begins to send; the result is its undoing. */
export function byteStream(contentType: string, begin: (send: Send) => () => void): Response {
  let undo: () => void = () => undefined;
  const body = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        undo = begin((bytes) => {
          if ((controller.desiredSize ?? 0) <= 0) return false;
          controller.enqueue(bytes);
          return true;
        });
      },
      cancel: () => undo(),
    },
    new ByteLengthQueuingStrategy({ highWaterMark: MOST_BEHIND }),
  );
  return new Response(body, {
    headers: { 'content-type': contentType, 'cache-control': 'no-store', 'x-accel-buffering': 'no' },
  });
}
