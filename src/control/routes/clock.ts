import { z } from '@hono/zod-openapi';
import { timeSchema } from '../../config/faults-schema.ts';
import type { Bmc } from '../../bmc.ts';
import { millisecondsOf } from '../../settings/durations.ts';
import { Pace } from '../../world/pace.ts';
import { bmcRoute } from '../bmc-route.ts';
import type { Daemon } from '../daemon.ts';
import { refusal } from '../problem.ts';
import { route } from '../route.ts';

const KINDS = ['real', 'virtual', 'fast'] as const;
const clock = z
  .strictObject({
    kind: z.enum(KINDS),
    speed: z.number().openapi({ description: "Times as fast as the world's; 0 where it is virtual." }),
    now: z.string().openapi({ description: 'ISO 8601.' }),
    timers: z.int().optional().openapi({ description: 'What waits, where it is virtual.' }),
    sel: z.int().openapi({ description: 'Seconds as time stamps of the SEL show them.' }),
  })
  .openapi('Clock');
export type ClockShown = z.infer<typeof clock>;

const shown = ({ clock: own, time }: Bmc): ClockShown => ({
  kind: own.isVirtual ? 'virtual' : own.speed === 1 ? 'real' : 'fast',
  speed: own.speed,
  now: new Date(own.now()).toISOString(),
  ...(own.pending !== undefined && { timers: own.pending }),
  sel: time.now(),
});

const next = z.literal(true).openapi({ description: 'In place of `by`: as far as the next timer.' });
const step = z.union(
  [z.strictObject({ by: timeSchema }), z.strictObject({ toNextTimer: next })],
  'expected either by or toNextTimer',
);

function virtual({ name, clock: own }: Bmc): Bmc['clock'] {
  if (own.isVirtual) return own;
  throw refusal('conflict', `the clock of '${name}' is not virtual`, {
    next: 'clock: virtual in its settings',
  });
}

/** The last second that a time stamp of the SEL can say (IPMI 2.0 §37.1): in the year 2106. */
const LAST_SECOND = 0xffff_fffe;

/** Throws ControlError: nobody could say the time after it. */
function checkAhead({ name, clock: own }: Bmc, by: number | string): void {
  const then = own.now() + (millisecondsOf(by) ?? 0);
  if (then <= LAST_SECOND * 1000) return;
  const most = Math.floor(LAST_SECOND - own.now() / 1000);
  throw refusal('bad-request', `by: expected at most ${most} seconds: time stamps of '${name}' end in 2106`, {
    key: 'by',
  });
}

/** Moves a virtual clock; whatever else the process serves has its turns meanwhile. */
async function advance({ clock: own }: Bmc, by: number | string, { world }: Daemon): Promise<void> {
  const pace = new Pace(world);
  await own.advance(by, () => pace.rest());
}

const virtualOf = (daemon: Daemon): Bmc[] => daemon.fleet.awake.filter((bmc) => bmc.clock.isVirtual);

export const clockRoutes = [
  bmcRoute({
    method: 'get',
    path: '/clock',
    role: 'read',
    tag: 'Clock',
    summary: 'The time of the BMC: real, virtual or fast.',
    answer: clock,
    example: { path: '/v1/bmcs/node-1/clock' },
    handle: shown,
  }),
  bmcRoute({
    method: 'post',
    path: '/clock/advance',
    role: 'operate',
    tag: 'Clock',
    summary:
      'Moves a virtual clock by `10m`, `500ms` or seconds: everything that is due meanwhile happens, in order, before it answers.',
    body: step,
    answer: clock,
    example: { path: '/v1/bmcs/node-2/clock/advance', body: { by: '10m' } },
    async handle(bmc, { body }, daemon) {
      const own = virtual(bmc);
      if ('by' in body) {
        checkAhead(bmc, body.by);
        await advance(bmc, body.by, daemon);
      } else await own.advanceToNextTimer();
      return shown(bmc);
    },
  }),
  route({
    method: 'post',
    path: '/v1/clock/advance',
    role: 'operate',
    tag: 'Clock',
    summary: 'Moves the virtual clocks of the whole fleet, each by as much.',
    body: z.strictObject({ by: timeSchema }),
    answer: z.strictObject({ bmcs: z.int() }),
    example: { path: '/v1/clock/advance', body: { by: '1m' } },
    async handle(daemon, { body }) {
      const all = virtualOf(daemon);
      for (const bmc of all) checkAhead(bmc, body.by);
      await Promise.all(all.map((bmc) => advance(bmc, body.by, daemon)));
      return { bmcs: all.length };
    },
  }),
];
