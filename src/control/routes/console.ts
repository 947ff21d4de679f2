import { z } from '@hono/zod-openapi';
import { bmcRoute } from '../bmc-route.ts';
import { refusal } from '../problem.ts';

const console = z
  .strictObject({
    available: z.boolean().openapi({ description: 'The machine can be reached.' }),
    bitRate: z.int(),
  })
  .openapi('Console');
export type ConsoleState = z.infer<typeof console>;

/** Half of a character would be typed as another one. */
const isWhole = (text: string): boolean => !/\p{Surrogate}/u.test(text);

export const consoleRoutes = [
  bmcRoute({
    method: 'get',
    path: '/console',
    role: 'read',
    tag: 'Console',
    summary:
      "The machine's serial console. With `Connection: Upgrade` and `Upgrade: ipmi-bmc-console`, and the role operate, the connection becomes its bytes, both ways.",
    answer: console,
    example: { path: '/v1/bmcs/node-1/console' },
    handle: ({ console: { available, bitRate } }) => ({ available, bitRate }),
  }),
  bmcRoute({
    method: 'get',
    path: '/console/history',
    role: 'read',
    tag: 'Console',
    summary: 'The last 64 KiB that the machine has said, since its BMC began.',
    answer: z.string(),
    gives: 'text/plain',
    example: { path: '/v1/bmcs/node-1/console/history' },
    handle: ({ console: { past } }) => new TextDecoder().decode(past),
  }),
  bmcRoute({
    method: 'post',
    path: '/console/write',
    role: 'operate',
    tag: 'Console',
    summary: 'Types text into the console.',
    body: z.strictObject({ text: z.string().min(1).max(4096).refine(isWhole, 'expected whole characters') }),
    answer: z.strictObject({ taken: z.int().openapi({ description: 'Bytes that the machine took.' }) }),
    example: { path: '/v1/bmcs/node-1/console/write', body: { text: 'root\n' } },
    handle({ console: port }, { body: { text } }) {
      if (!port.available)
        throw refusal('conflict', 'the console is not available: the machine is off, or away');
      return { taken: port.write(new TextEncoder().encode(text)) };
    },
  }),
  bmcRoute({
    method: 'post',
    path: '/console/break',
    role: 'operate',
    tag: 'Console',
    summary: 'Sends a serial break to the machine.',
    status: 204,
    example: { path: '/v1/bmcs/node-1/console/break' },
    handle: ({ console: port }) => port.sendBreak(),
  }),
];
