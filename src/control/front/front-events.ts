import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../../world/world.ts';
import { Position } from '../events/position.ts';
import { eventsIn, type SentEvent } from '../sse.ts';

/** Bytes that a reader may be behind. */
const MOST_BEHIND = 1 << 20;
/** Milliseconds between two signs of life. */
const ALIVE = 15_000;
/** Milliseconds until a shard that has gone is asked again. */
const AGAIN = 250;
const HEADERS = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-store',
  'x-accel-buffering': 'no',
};

/** Opens the events of one shard; `lastId`: those since then. */
export type OpenEvents = (shard: number, lastId: string | undefined) => Promise<IncomingMessage>;

/** The events of these shards as one stream, which outlives each. Resolves when the reader is gone. */
export async function followed(
  response: ServerResponse,
  shards: readonly number[],
  seen: string | undefined,
  open: OpenEvents,
  clock: Clock,
): Promise<void> {
  const position = new Position(seen);
  // Before anything is told: what is wrong with the question is an answer.
  const first = await Promise.all(shards.map((shard) => open(shard, position.of(String(shard)))));
  response.writeHead(200, HEADERS);
  response.write('retry: 2000\n\n');
  const alive = (): void => {
    response.write(': alive\n\n');
    timer = clock.after(ALIVE, alive);
  };
  let timer = clock.after(ALIVE, alive);
  const gone = new Promise<void>((resolve) => response.once('close', resolve));
  const isGone = (): boolean => response.destroyed || response.writableEnded;
  const tell = (text: string): void => {
    if (isGone()) return;
    if (response.writableLength < MOST_BEHIND) return void response.write(text);
    const detail = `more than ${MOST_BEHIND} bytes were not read: ask again with Last-Event-ID`;
    response.end(`event: dropped\ndata: ${JSON.stringify({ detail })}\n\n`);
  };
  for (const [i, shard] of shards.entries())
    void follow(
      first[i],
      () => open(shard, position.of(String(shard))),
      { gone, isGone, clock },
      (event) =>
        tell(textOf(event, event.id === undefined ? undefined : position.after(String(shard), event.id))),
    );
  await gone;
  timer.cancel();
}

/** Whoever reads the stream. */
interface Reader {
  readonly gone: Promise<void>;
  readonly isGone: () => boolean;
  readonly clock: Clock;
}

async function follow(
  begun: IncomingMessage,
  again: () => Promise<IncomingMessage>,
  { gone, isGone, clock }: Reader,
  told: (event: SentEvent) => void,
): Promise<void> {
  let stream: IncomingMessage | undefined = begun;
  while (!isGone()) {
    const open = stream;
    void gone.then(() => open?.destroy());
    try {
      for await (const event of eventsIn(open ?? (await again()))) told(event);
    } catch {
      // It has ended, and is started again: what it has to tell then comes.
    }
    stream = undefined;
    await Promise.race([gone, new Promise<void>((resolve) => void clock.after(AGAIN, resolve))]);
    if (!isGone())
      stream = await again().then(
        (found) => found,
        () => undefined,
      );
  }
}

/** What was, in the order of time, the last so many. */
export async function soFar(
  response: ServerResponse,
  shards: readonly number[],
  seen: string | undefined,
  last: number | undefined,
  open: OpenEvents,
): Promise<void> {
  const position = new Position(seen);
  const streams = await Promise.all(shards.map((shard) => open(shard, position.of(String(shard)))));
  const all: { readonly shard: number; readonly event: SentEvent; readonly time: string }[] = [];
  for (const [i, shard] of shards.entries())
    for await (const event of eventsIn(streams[i])) all.push({ shard, event, time: timeIn(event) });
  all.sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
  const told = last === undefined ? all : all.slice(Math.max(0, all.length - last));
  response.writeHead(200, HEADERS);
  const texts = told.map(({ shard, event }) =>
    textOf(event, event.id === undefined ? undefined : position.after(String(shard), event.id)),
  );
  response.end(texts.join(''));
}

/** ISO 8601: as a text it is in order. */
function timeIn({ data }: SentEvent): string {
  const { time } = JSON.parse(data) as { readonly time?: unknown };
  return typeof time === 'string' ? time : '';
}

const textOf = ({ name, data }: SentEvent, id: string | undefined): string =>
  `${id === undefined ? '' : `id: ${id}\n`}event: ${name}\n${data
    .split('\n')
    .map((line) => `data: ${line}\n`)
    .join('')}\n`;
