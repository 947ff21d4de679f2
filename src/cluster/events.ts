import { eventsSoFar, eventStream } from '../control/events/stream.ts';
import type { NumberedEvent } from '../control/events/event-log.ts';
import { Position } from '../control/events/position.ts';
import { eventsIn, type SentEvent } from '../control/sse.ts';
import type { Clock } from '../world/world.ts';
import type { Hosts } from './hosts.ts';
import { tokenOf } from './names.ts';

/** Milliseconds until the events of a host are asked for again. */
const AGAIN = 1000;

interface Everywhere {
  readonly clock: Clock;
  readonly hosts: Hosts;
  /** What a host, which may be this one, answers. */
  readonly open: (host: string, request: Request) => Promise<Response>;
}

/**
 * The events of all hosts as one stream: hosts that come later are in it, and one that is away for a while
 * goes on where it was. An event's id says how far that of each host is.
 */
export async function eventsEverywhere(
  request: Request,
  { clock, hosts, open }: Everywhere,
): Promise<Response> {
  const position = new Position(request.headers.get('last-event-id') ?? undefined);
  const url = new URL(request.url);
  const ask = (host: string, isFirst: boolean): Promise<Response> => {
    const lastId = position.of(tokenOf(host));
    const asked = new URL(url);
    // What was before has been told.
    if (!isFirst) asked.searchParams.delete('last');
    return open(
      host,
      new Request(asked, { headers: lastId === undefined ? {} : { 'last-event-id': lastId } }),
    );
  };
  const living = [...hosts.living.keys()];
  const first = new Map<string, Response>();
  await Promise.all(living.map(async (host) => first.set(host, await ask(host, true))));
  const refused = [...first.values()].find(({ status }) => status !== 200 && status !== UNAVAILABLE);
  if (refused) {
    for (const answer of first.values()) if (answer !== refused) void answer.body?.cancel();
    return refused;
  }
  if (url.searchParams.get('follow') === 'false') return soFar(first, position, url);
  return eventStream({ clock }, (hear, _note, tell) => {
    let isOver = false;
    /** Of the hosts that are followed: what is being read. */
    const reading = new Map<string, ReadableStreamDefaultReader<Uint8Array> | undefined>();
    const told = (host: string, { id, name, data }: SentEvent): void => {
      const value = JSON.parse(data) as NumberedEvent['event'];
      if (id !== undefined) hear({ id: position.after(tokenOf(host), id), event: value });
      // Who is told so here asks again here.
      else if (name !== 'dropped') tell(name, value);
    };
    const follow = async (host: string, begun?: Response): Promise<void> => {
      reading.set(host, undefined);
      for (let answer = begun; ; answer = undefined) {
        try {
          answer ??= await ask(host, false);
          const reader = answer.body?.getReader();
          reading.set(host, reader);
          if (isOver) await reader?.cancel();
          else if (reader && answer.status === 200)
            for await (const event of eventsIn(chunksOf(reader))) told(host, event);
        } catch {
          // It has gone, or the bus between: it is asked again while it lives.
        }
        if (!isOver) await new Promise<void>((resolve) => void clock.after(AGAIN, resolve));
        if (isOver || !hosts.living.has(host)) break;
      }
      reading.delete(host);
    };
    const undo = hosts.onChanged(() => {
      for (const host of hosts.living.keys()) if (!reading.has(host)) void follow(host);
    });
    for (const [host, answer] of first) void follow(host, answer);
    return () => {
      isOver = true;
      undo();
      for (const reader of reading.values()) reader?.cancel().catch(ignored);
    };
  });
}

const UNAVAILABLE = 503;
/** One that has failed has ended. */
const ignored = (): void => undefined;

async function* chunksOf(reader: ReadableStreamDefaultReader<Uint8Array>): AsyncGenerator<Uint8Array> {
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield value;
  }
}

/** What was, in the order of time, the last so many. */
async function soFar(
  answers: ReadonlyMap<string, Response>,
  position: Position,
  url: URL,
): Promise<Response> {
  const all: NumberedEvent[] = [];
  const hosts = new Map<NumberedEvent, string>();
  for (const [host, answer] of answers) {
    if (answer.status !== 200) continue;
    const reader = answer.body?.getReader();
    if (!reader) continue;
    for await (const { id, data } of eventsIn(chunksOf(reader))) {
      if (id === undefined) continue;
      const told = { id, event: JSON.parse(data) as NumberedEvent['event'] };
      all.push(told);
      hosts.set(told, host);
    }
  }
  all.sort(({ event: a }, { event: b }) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
  const last = Number(url.searchParams.get('last') ?? all.length);
  const some = all.slice(Math.max(0, all.length - last));
  return eventsSoFar(
    some.map((told) => ({ ...told, id: position.after(tokenOf(hosts.get(told) ?? ''), told.id) })),
  );
}
