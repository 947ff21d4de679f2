import { z } from '@hono/zod-openapi';
import { nearest } from '../../config/wording.ts';
import type { Daemon } from '../daemon.ts';
import type { EventFilter } from '../events/event-log.ts';
import { EVENT_KINDS, type EventKind } from '../events/kinds.ts';
import { eventsSoFar, eventStream, lastEventId } from '../events/stream.ts';
import { refusal } from '../problem.ts';
import type { Caller } from '../caller.ts';
import { route } from '../route.ts';
import { wholeNumber } from '../whole-number.ts';

const MOST_LAST = 1000;
const query = z.strictObject({
  bmc: z.string().min(1).optional().openapi({ description: 'Names, with commas between. Default: all.' }),
  kind: z
    .string()
    .min(1)
    .optional()
    .openapi({ description: `Of ${EVENT_KINDS.join(', ')}. Default: all but request.` }),
  last: wholeNumber(0, MOST_LAST, 'So many that were before come first.').optional(),
  follow: z
    .enum(['true', 'false'])
    .default('true')
    .openapi({ description: '`false`: what was, and no more.' }),
});

function filterOf(
  { bmc, kind }: z.infer<typeof query>,
  daemon: Daemon,
  { bmc: own }: Pick<Caller, 'bmc'>,
): EventFilter {
  const bmcs = (bmc ?? own)?.split(',');
  if (own !== undefined && bmcs?.some((name) => name !== own))
    throw refusal('forbidden', `this is for a user of BMC '${own}', and of no other`);
  for (const name of bmcs ?? []) if (!daemon.knows(name)) throw daemon.noBmc(name);
  const kinds = kind?.split(',');
  const known: readonly string[] = EVENT_KINDS;
  const wrong = kinds?.find((kind) => !known.includes(kind));
  if (wrong !== undefined) {
    const near = nearest(wrong, known);
    throw refusal('bad-request', `kind: there are no events '${wrong}'; there are ${known.join(', ')}`, {
      key: 'kind',
      ...(near !== undefined && { nearest: near }),
    });
  }
  return {
    ...(bmcs && { bmcs: new Set(bmcs) }),
    ...(kinds && { kinds: new Set(kinds as EventKind[]) }),
  };
}

export const eventRoutes = [
  route({
    method: 'get',
    path: '/v1/events',
    role: 'read',
    tag: 'Events',
    summary:
      'What happens, as server-sent events: `event` is the kind, `data` JSON with `kind`, `time`, `bmc`, `text` and what else there is to say. With `Last-Event-ID` those since then come first, `missed` says that some are forgotten; a reader that does not keep up gets `dropped` as its last. Requests, decoded and without secrets, come to those who ask for `kind=request`.',
    query,
    scope: 'shows',
    answer: z.string(),
    gives: 'text/event-stream',
    example: { path: '/v1/events?bmc=node-1&kind=power,session', isEndless: true },
    handle(daemon, { query: asked, headers, caller }) {
      const { events, world } = daemon;
      const filter = filterOf(asked, daemon, caller);
      const seen = lastEventId(headers);
      if (asked.follow === 'false') {
        if (seen === undefined) return eventsSoFar(events.last(asked.last ?? MOST_LAST, filter));
        const { events: since, missed } = events.since(seen, filter);
        return eventsSoFar(since, missed);
      }
      return eventStream(world, (hear, note) => {
        const before = seen === undefined ? undefined : events.since(seen, filter);
        if (before?.missed !== undefined) note('missed', before.missed);
        for (const told of before?.events ?? events.last(asked.last ?? 0, filter)) hear(told);
        return events.listen(filter, hear);
      });
    },
  }),
];
