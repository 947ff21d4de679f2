import { z } from '@hono/zod-openapi';
import { bmcName } from '../bmc-route.ts';
import { refusal } from '../problem.ts';
import { route } from '../route.ts';

const row = z
  .strictObject({
    shard: z.int().openapi({ description: 'From 0.' }),
    pid: z.int(),
    ready: z.boolean().openapi({ description: 'False while it is being started again.' }),
    bmcs: z.int(),
    sessions: z.int(),
  })
  .openapi('Shard');
const list = z.strictObject({ shards: z.array(row) }).openapi('ShardList');
const moved = z.strictObject({ bmc: z.string(), from: z.int(), to: z.int() }).openapi('Moved');

export type ShardList = z.infer<typeof list>;
export type ShardMoved = z.infer<typeof moved>;

/** Of a process by itself; where several share out the BMCs, the one that has started them answers. */
export const shardRoutes = [
  route({
    method: 'get',
    path: '/v1/shards',
    role: 'read',
    tag: 'Fleet',
    summary: 'The processes that share out the BMCs (`run --workers N`); none where one has them all.',
    answer: list,
    example: { path: '/v1/shards' },
    handle: () => ({ shards: [] }),
  }),
  route({
    method: 'post',
    path: '/v1/bmcs/{bmc}/move',
    role: 'admin',
    tag: 'Fleet',
    summary:
      'Moves a BMC to another process with all that is stored of it: it ends there and begins here, as if restarted. Where that cannot be, it is where it was.',
    params: bmcName,
    body: z.strictObject({ to: z.int().min(0).openapi({ description: 'The shard that it goes to.' }) }),
    answer: moved,
    example: { path: '/v1/bmcs/node-1/move', body: { to: 1 }, needs: '`run --workers N`' },
    handle(daemon, { params }) {
      if (!daemon.wanted.has(params.bmc)) throw daemon.noBmc(params.bmc);
      throw refusal('conflict', 'one process has all BMCs', { next: 'run with --workers N' });
    },
  }),
];
