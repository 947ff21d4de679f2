import type { World } from '../../world/world.ts';
import type { NumberedEvent } from './event-log.ts';

/** Bytes that a reader may be behind. */
const MOST_BEHIND = 1 << 20;
/** Milliseconds between two signs of life where nothing happens: what stands between may end silence. */
const ALIVE = 15_000;
const HEADERS = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-store',
  'x-accel-buffering': 'no',
};

/** Sends something of another name, with no number: it is not sent again. */
export type Tell = (name: string, value: unknown) => void;

/** Begins to hear; the result is its undoing. */
type Begin = (
  hear: (told: NumberedEvent) => void,
  note: (name: string, text: string) => void,
  tell: Tell,
) => () => void;

/** Server-sent events for one reader; one that does not keep up gets a last line that says so. */
export function eventStream({ clock }: Pick<World, 'clock'>, begin: Begin): Response {
  const encoder = new TextEncoder();
  let stop: () => void = () => undefined;
  const body = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        let isOver = false;
        const send = (text: string): void => {
          if (isOver) return;
          if ((controller.desiredSize ?? 0) > 0) {
            controller.enqueue(encoder.encode(text));
            return;
          }
          stop();
          const detail = `more than ${MOST_BEHIND} bytes were not read: ask again with Last-Event-ID`;
          controller.enqueue(encoder.encode(`event: dropped\ndata: ${JSON.stringify({ detail })}\n\n`));
          controller.close();
        };
        const alive = (): void => {
          send(': alive\n\n');
          if (!isOver) timer = clock.after(ALIVE, alive);
        };
        let timer = clock.after(ALIVE, alive);
        stop = () => {
          isOver = true;
          timer.cancel();
          undo();
        };
        let undo: () => void = () => undefined;
        send('retry: 2000\n\n');
        const tell: Tell = (name, value) => send(`event: ${name}\ndata: ${JSON.stringify(value)}\n\n`);
        undo = begin(
          (told) => send(textOf(told)),
          (name, detail) => tell(name, { detail }),
          tell,
        );
        if (isOver) undo();
      },
      cancel: () => stop(),
    },
    new ByteLengthQueuingStrategy({ highWaterMark: MOST_BEHIND }),
  );
  return new Response(body, { headers: HEADERS });
}

/** Those events, what was lost before them, and the end. */
export const eventsSoFar = (all: readonly NumberedEvent[], missed?: string): Response => {
  const lost = missed === undefined ? '' : `event: missed\ndata: ${JSON.stringify({ detail: missed })}\n\n`;
  return new Response(lost + all.map(textOf).join(''), { headers: HEADERS });
};

/** What a reader has seen last. Of an empty one there is none, as browsers mean it. */
export const lastEventId = (headers: Headers): string | undefined =>
  headers.get('last-event-id') || undefined;

const textOf = ({ id, event }: NumberedEvent): string =>
  `id: ${id}\nevent: ${event.kind}\ndata: ${JSON.stringify(event)}\n\n`;
