import { z } from '@hono/zod-openapi';
import { bmcName } from '../bmc-route.ts';
import type { Caller } from '../caller.ts';
import type { Applied, Daemon } from '../daemon.ts';
import { refusal } from '../problem.ts';
import { route } from '../route.ts';
import { bmcRow, rowOf, type BmcRow } from '../rows.ts';

const fleetStatus = z
  .strictObject({
    version: z.string(),
    pid: z.int(),
    started: z.string().openapi({ description: 'ISO 8601.' }),
    ready: z.boolean(),
    file: z.string().nullable(),
    state: z.string().nullable(),
    bmcs: z.int(),
    stopped: z.int(),
    removed: z.array(z.string()).openapi({ description: 'BMCs of the file that a command removed.' }),
    sessions: z.int(),
  })
  .openapi('Fleet');
export type FleetStatus = z.infer<typeof fleetStatus>;

const how = z.enum(['live', 'restart']);
const plan = z
  .strictObject({
    added: z.array(z.string()),
    removed: z.array(z.string()),
    changed: z.array(
      z.strictObject({ name: z.string(), how, keys: z.array(z.strictObject({ key: z.string(), how })) }),
    ),
    unchanged: z.int(),
  })
  .openapi('Plan');
const applied = z
  .strictObject({
    applied: z.boolean().openapi({ description: 'False of a plan: nothing is done.' }),
    plan,
    problems: z
      .array(z.string())
      .openapi({ description: 'A line for each BMC that could not be had: it is as it was before.' }),
  })
  .openapi('Applied');
export type FleetPlan = z.infer<typeof plan>;
export type FleetApplied = z.infer<typeof applied>;

export function statusOf(daemon: Daemon): FleetStatus {
  const { fleet, wanted } = daemon;
  let sessions = 0;
  for (const bmc of fleet.awake) sessions += bmc.sessions.active.length;
  let stopped = 0;
  for (const { isStopped } of wanted.values()) if (isStopped) stopped++;
  return {
    version: daemon.version,
    pid: daemon.pid,
    started: new Date(daemon.began).toISOString(),
    ready: daemon.isReady,
    file: daemon.file ?? null,
    state: daemon.stateDirectory ?? null,
    bmcs: fleet.bmcs.size,
    stopped,
    removed: [...daemon.removed],
    sessions,
  };
}

const shown = ({ plan: { added, removed, changed, unchanged }, problems }: Applied, isDone: boolean) => ({
  applied: isDone,
  plan: {
    added: [...added],
    removed: [...removed],
    changed: changed.map((change) => ({ ...change, keys: [...change.keys] })),
    unchanged: unchanged.length,
  },
  problems: [...problems],
});

/** The row of a BMC, whichever host of a cluster has it. */
async function rowAnywhere(name: string, daemon: Daemon, caller: Caller): Promise<BmcRow> {
  const path = `/v1/bmcs?filter=${encodeURIComponent(name)}&limit=500`;
  const list = await daemon.elsewhere?.answer(new Request(`http://cluster${path}`), caller);
  const { bmcs = [] } = list?.ok ? ((await list.json()) as { bmcs?: BmcRow[] }) : {};
  return bmcs.find(({ name: known }) => known === name) ?? rowOf(name, daemon);
}

/** What settings come as. */
const SETTINGS = ['application/yaml', 'application/json'];
const planned = z.strictObject({
  plan: z
    .enum(['true', 'false'])
    .default('false')
    .openapi({ description: '`true`: shows it, does nothing.' }),
});
const sample = `bmcs:
  - name: node-1
    interfaces: [{ type: lan, listen: '127.0.0.1:6241' }]
    users: [{ id: 2, name: admin, password: secret-enough }]
`;

export const fleetRoutes = [
  route({
    method: 'get',
    path: '/v1/fleet',
    role: 'read',
    tag: 'Fleet',
    summary: 'The process: version, since when, its file, how many BMCs and sessions.',
    answer: fleetStatus,
    example: { path: '/v1/fleet' },
    handle: statusOf,
  }),
  route({
    method: 'post',
    path: '/v1/fleet/apply',
    role: 'admin',
    tag: 'Fleet',
    summary:
      'Makes the fleet what the settings in the body say, a whole file of them; BMCs that do not differ notice nothing, and those that were added by command stay. Settings with a mistake change nothing. Relative paths begin where those of the file of the process do.',
    query: planned,
    body: z.string(),
    takes: SETTINGS,
    isRaw: true,
    answer: applied,
    example: { path: '/v1/fleet/apply?plan=true', body: sample },
    async handle(daemon, { query, body }) {
      const fleet = daemon.elsewhere?.fleet ?? daemon;
      if (query.plan === 'true') return shown({ plan: await fleet.plan(body), problems: [] }, false);
      return shown(await fleet.apply(body), true);
    },
  }),
  route({
    method: 'post',
    path: '/v1/fleet/reload',
    role: 'admin',
    tag: 'Fleet',
    summary:
      'Reads the file of the process again, as SIGHUP does. In a cluster: all hosts look at its fleet file again, and try again what could not be had.',
    query: planned,
    answer: applied,
    example: { path: '/v1/fleet/reload?plan=true' },
    async handle(daemon, { query }) {
      const fleet = daemon.elsewhere?.fleet ?? daemon;
      if (query.plan === 'true') return shown({ plan: await fleet.plan(), problems: [] }, false);
      return shown(await fleet.reload(), true);
    },
  }),
  route({
    method: 'post',
    path: '/v1/bmcs',
    role: 'admin',
    tag: 'Fleet',
    summary:
      'Adds a BMC with the settings in the body, as an entry of `bmcs` has them. It is kept in the state directory, if there is one.',
    body: z.string(),
    takes: [...SETTINGS].reverse(),
    isRaw: true,
    answer: z.strictObject({ bmc: bmcRow, kept: z.boolean() }).openapi('Added'),
    status: 201,
    example: {
      path: '/v1/bmcs',
      body: {
        name: 'node-9',
        interfaces: [{ type: 'lan', listen: '127.0.0.1:6249' }],
        users: [{ id: 2, name: 'admin', password: 'secret-enough' }],
      },
    },
    async handle(daemon, { body, caller }) {
      const { elsewhere } = daemon;
      const { name } = await (elsewhere?.fleet ?? daemon).add(body);
      return {
        bmc: await rowAnywhere(name, daemon, caller),
        kept: elsewhere !== undefined || daemon.keeps,
      };
    },
  }),
  route({
    method: 'delete',
    path: '/v1/bmcs/{bmc}',
    role: 'admin',
    tag: 'Fleet',
    summary:
      'Ends a BMC for good; what it has stored stays. One of the file is back when it is started, or when a file that has it is applied.',
    params: bmcName,
    answer: z.strictObject({ removed: z.string(), origin: z.enum(['file', 'added']) }).openapi('Removed'),
    example: { path: '/v1/bmcs/node-2' },
    async handle(daemon, { params }) {
      if (daemon.elsewhere) {
        await daemon.elsewhere.fleet.remove(params.bmc);
        return { removed: params.bmc, origin: 'file' as const };
      }
      const { origin } = await daemon.remove(params.bmc);
      return { removed: params.bmc, origin };
    },
  }),
  route({
    method: 'post',
    path: '/v1/bmcs/{bmc}/stop',
    role: 'admin',
    tag: 'Fleet',
    summary: 'Ends a BMC until it is started again: its machine too, where it runs with its BMC.',
    params: bmcName,
    answer: bmcRow,
    example: { path: '/v1/bmcs/node-2/stop' },
    async handle(daemon, { params, caller }) {
      await (daemon.elsewhere?.fleet ?? daemon).stop(params.bmc);
      return rowAnywhere(params.bmc, daemon, caller);
    },
  }),
  route({
    method: 'post',
    path: '/v1/bmcs/{bmc}/start',
    role: 'admin',
    tag: 'Fleet',
    summary: 'Runs a BMC that was stopped or could not be had, or that was removed though the file has it.',
    params: bmcName,
    answer: bmcRow,
    example: { path: '/v1/bmcs/node-2/start', after: ['POST /v1/bmcs/node-2/stop'] },
    async handle(daemon, { params, caller }) {
      const { problems } = await (daemon.elsewhere?.fleet ?? daemon).start(params.bmc);
      if (problems.length > 0) throw refusal('conflict', problems[0], { problems });
      return rowAnywhere(params.bmc, daemon, caller);
    },
  }),
  route({
    method: 'post',
    path: '/v1/bmcs/{bmc}/restart',
    role: 'admin',
    tag: 'Fleet',
    summary: 'Ends a BMC and runs it again, as if the process had ended and begun again for it alone.',
    params: bmcName,
    answer: bmcRow,
    example: { path: '/v1/bmcs/node-1/restart' },
    async handle(daemon, { params }) {
      const { problems } = await daemon.restart(params.bmc);
      if (problems.length > 0) throw refusal('conflict', problems[0], { problems });
      return rowOf(params.bmc, daemon);
    },
  }),
];
