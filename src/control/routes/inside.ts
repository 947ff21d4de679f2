import { z } from '@hono/zod-openapi';
import { PRIVILEGES } from '../../codec/index.ts';
import { keyName } from '../../commands/command.ts';
import { bmcRoute } from '../bmc-route.ts';

const handler = z
  .strictObject({
    key: z.string().openapi({ description: 'NetFn and command: `06h 01h`.' }),
    name: z.string(),
    owner: z.string(),
    privilege: z.string(),
    channel: z.int().optional(),
    lun: z.int().optional(),
    overrides: z.string().optional().openapi({ description: 'Whose handler is below it.' }),
    registered: z.string().openapi({ description: 'Where.' }),
  })
  .openapi('Handler');
export type HandlerRow = z.infer<typeof handler>;

const group = z
  .strictObject({
    name: z.string(),
    channel: z.int().optional(),
    medium: z.string().optional(),
    counters: z.record(z.string(), z.number()),
  })
  .openapi('CounterGroup');
export type CounterRow = z.infer<typeof group>;

export const insideRoutes = [
  bmcRoute({
    method: 'get',
    path: '/handlers',
    role: 'read',
    tag: 'Handlers and counters',
    summary: 'What is answered, by whom: the running BMC, with its workers and overrides.',
    query: z.strictObject({ owner: z.string().optional(), name: z.string().optional() }),
    answer: z.strictObject({ handlers: z.array(handler), total: z.int() }).openapi('HandlerList'),
    example: { path: '/v1/bmcs/node-1/handlers?name=device' },
    handle({ router }, { query: { owner, name } }) {
      const all: HandlerRow[] = [];
      let total = 0;
      for (const entry of router.claims()) {
        total++;
        const { handler: claimed, below } = entry;
        if (owner !== undefined && entry.owner !== owner) continue;
        if (name !== undefined && !claimed.name.toLowerCase().includes(name.toLowerCase())) continue;
        all.push({
          key: keyName(claimed.claim),
          name: claimed.name,
          owner: entry.owner,
          privilege: entry.systemInterfaceOnly ? 'system interface' : PRIVILEGES[claimed.privilege],
          ...(claimed.claim.channel !== undefined && { channel: claimed.claim.channel }),
          ...(claimed.claim.lun !== undefined && { lun: claimed.claim.lun }),
          ...(below && { overrides: below.owner }),
          registered: entry.site,
        });
      }
      return { handlers: all.sort((a, b) => (a.key < b.key ? -1 : 1)), total };
    },
  }),
  bmcRoute({
    method: 'get',
    path: '/counters',
    role: 'read',
    tag: 'Handlers and counters',
    summary: 'What the BMC has counted: requests by channel, log-ins by reason, dropped datagrams.',
    answer: z.strictObject({ groups: z.array(group) }).openapi('Counters'),
    example: { path: '/v1/bmcs/node-1/counters' },
    handle: ({ counters }) => ({
      groups: counters.map(({ name, channel, medium, counters: counted }) => ({
        name,
        ...(channel !== undefined && { channel }),
        ...(medium !== undefined && { medium }),
        counters: { ...counted },
      })),
    }),
  }),
];
