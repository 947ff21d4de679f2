import { z } from '@hono/zod-openapi';
import type { Bmc } from '../../bmc.ts';
import type { Daemon } from '../daemon.ts';
import { eventStream, lastEventId, type Tell } from '../events/stream.ts';
import { EVENT_KINDS, type EventKind } from '../events/kinds.ts';
import { refusal } from '../problem.ts';
import { route } from '../route.ts';
import { rowOf } from '../rows.ts';
import { shownSensor } from './sensors.ts';
import { wholeNumberOr } from '../whole-number.ts';

/** Milliseconds in which what changes of a BMC is told once. */
const SETTLED = 250;
/** Rows that are told at a time: a whole fleet that is switched comes by and by. */
const AT_ONCE = 200;
/** Milliseconds between two readings of sensors. */
const READ = 2000;

const truth = z.enum(['true', 'false']).default('false');
const query = z.strictObject({
  bmc: z.string().min(1).optional().openapi({ description: 'One BMC. Default: all.' }),
  last: wholeNumberOr(0, 0, 1000).openapi({ description: 'So many events that were before come first.' }),
  sensors: truth.openapi({ description: 'With `bmc`: `sensors`, as they read, every two seconds.' }),
  requests: truth.openapi({ description: 'With `bmc`: events of kind `request` too.' }),
});

const WITHOUT_REQUESTS = new Set<EventKind>(EVENT_KINDS.filter((kind) => kind !== 'request'));

/** Tells the rows of BMCs of which something has changed, each at most once in a while. */
function tellRows(daemon: Daemon, tell: Tell): { changed(name: string): void; end(): void } {
  const changed = new Set<string>();
  const { clock } = daemon.world;
  const told = (): void => {
    let left = AT_ONCE;
    for (const name of changed) {
      if (left-- === 0) break;
      changed.delete(name);
      tell('row', daemon.wanted.has(name) ? rowOf(name, daemon) : { name, gone: true });
    }
    timer = changed.size > 0 ? clock.after(SETTLED, told) : undefined;
  };
  let timer: ReturnType<typeof clock.after> | undefined;
  return {
    changed(name) {
      changed.add(name);
      timer ??= clock.after(SETTLED, told);
    },
    end: () => timer?.cancel(),
  };
}

/** Tells all sensors of a BMC again and again. Returns its undoing. */
function tellSensors(daemon: Daemon, name: string, tell: Tell): () => void {
  const { clock } = daemon.world;
  const read = (): void => {
    const bmc: Bmc | undefined = daemon.fleet.use(name);
    const sensors = bmc?.sensors.all.map((sensor) => shownSensor(bmc, sensor)) ?? [];
    tell('sensors', { time: clock.now(), sensors });
    timer = clock.after(READ, read);
  };
  let timer = clock.after(0, read);
  return () => timer.cancel();
}

export const watchRoutes = [
  route({
    method: 'get',
    path: '/v1/watch',
    role: 'read',
    tag: 'Events',
    summary:
      'Everything that a page shows, as one stream of server-sent events: the events of `/v1/events`, `row` with the row of each BMC of which something has changed, and what else is asked for.',
    query,
    scope: 'shows',
    answer: z.string(),
    gives: 'text/event-stream',
    example: { path: '/v1/watch?bmc=node-1&sensors=true', isEndless: true },
    handle(daemon, { query: asked, headers, caller }) {
      const { events, world } = daemon;
      const name = asked.bmc ?? caller.bmc;
      if (caller.bmc !== undefined && name !== caller.bmc)
        throw refusal('forbidden', `this is for a user of BMC '${caller.bmc}', and of no other`);
      if (name !== undefined && !daemon.knows(name)) throw daemon.noBmc(name);
      for (const key of ['sensors', 'requests'] as const)
        if (asked[key] === 'true' && name === undefined)
          throw refusal('bad-request', `${key}: expected with bmc`, { key });
      const filter = {
        ...(name !== undefined && { bmcs: new Set([name]) }),
        kinds: asked.requests === 'true' ? new Set<EventKind>(EVENT_KINDS) : WITHOUT_REQUESTS,
      };
      const seen = lastEventId(headers);
      return eventStream(world, (hear, note, tell) => {
        const before = seen === undefined ? undefined : events.since(seen, filter);
        if (before?.missed !== undefined) note('missed', before.missed);
        for (const told of before?.events ?? events.last(asked.last, filter)) hear(told);
        const rows = tellRows(daemon, tell);
        const undoing = [
          events.listen(filter, (told) => {
            hear(told);
            const { bmc, kind } = told.event;
            if (bmc !== null && kind !== 'request') rows.changed(bmc.split('/')[0]);
          }),
          () => rows.end(),
        ];
        if (name !== undefined) rows.changed(name);
        if (name !== undefined && asked.sensors === 'true') undoing.push(tellSensors(daemon, name, tell));
        return () => {
          for (const undo of undoing) undo();
        };
      });
    },
  }),
];
