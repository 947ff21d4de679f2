import { z } from '@hono/zod-openapi';
import type { Bmc } from '../../bmc.ts';
import { CC, IpmiError } from '../../codec/index.ts';
import { SEL_RECORD_SIZE } from '../../records/sel.ts';
import { bmcRoute } from '../bmc-route.ts';
import { refusal } from '../problem.ts';
import { bytesOfHex, hexOf } from '../hex-text.ts';
import { selLine } from '../sel-text.ts';
import { wholeNumber } from '../whole-number.ts';

const entry = z
  .strictObject({
    id: z.int(),
    type: z.enum(['event', 'oem-stamped', 'oem', 'reserved']),
    time: z.string().nullable().openapi({ description: "ISO 8601 by the BMC's clock; null: it has none." }),
    text: z.string(),
    sensor: z.string().optional(),
    asserted: z.boolean().optional(),
    raw: z.string().openapi({ description: 'The 16 bytes in hex digits.' }),
  })
  .openapi('SelEntry');
export type SelEntry = z.infer<typeof entry>;

const list = z
  .strictObject({
    entries: z.array(entry),
    total: z.int(),
    capacity: z.int(),
    overflow: z.boolean(),
    next: z.int().optional().openapi({ description: '`after` of the next page.' }),
  })
  .openapi('SelList');
export type SelList = z.infer<typeof list>;

const LIMIT = 1000;
const page = z.strictObject({
  limit: wholeNumber(1, LIMIT, 'Default 100, with `last` all of those.').optional(),
  after: wholeNumber(0, 0xffff, 'Id of a record.').optional(),
  last: wholeNumber(1, LIMIT, 'Of those that would come, the last so many.').optional(),
});
const id = z.object({ id: wholeNumber(1, 0xfffe) });

const lineOf = (bmc: Bmc, record: number): SelEntry => selLine(bmc, record, bmc.sel.get(record).record);

export const selRoutes = [
  bmcRoute({
    method: 'get',
    path: '/sel',
    role: 'read',
    tag: 'SEL',
    summary: 'The system event log in words, a page at a time.',
    query: page,
    answer: list,
    example: { path: '/v1/bmcs/node-1/sel?last=20' },
    handle(bmc, { query: { last, limit = last ?? 100, after } }) {
      const { ids, capacity, overflow } = bmc.sel;
      const place = after === undefined ? -1 : ids.indexOf(after);
      if (after !== undefined && place < 0)
        throw refusal('not-found', `there is no record ${after}`, { key: 'after' });
      const behind = ids.slice(place + 1);
      const some = (last === undefined ? behind : behind.slice(-last)).slice(0, limit);
      const end = some.at(-1);
      const isMore = end !== undefined && end !== ids.at(-1);
      return {
        entries: some.map((id) => lineOf(bmc, id)),
        total: ids.length,
        capacity,
        overflow,
        ...(isMore && { next: end }),
      };
    },
  }),
  bmcRoute({
    method: 'post',
    path: '/sel',
    role: 'operate',
    tag: 'SEL',
    summary: 'Adds a record of 16 bytes; its id is given, and its time where its type has one.',
    body: z.strictObject({ record: hexOf(SEL_RECORD_SIZE) }),
    answer: entry,
    status: 201,
    example: {
      path: '/v1/bmcs/node-1/sel',
      body: { record: '0000 02 00000000 2000 04 01 01 01 59 ffff' },
    },
    async handle(bmc, { body: { record } }) {
      const bytes = bytesOfHex(record);
      const { id: added, done } = bmc.sel.add(bytes);
      await done;
      return lineOf(bmc, added);
    },
  }),
  bmcRoute({
    method: 'delete',
    path: '/sel',
    role: 'operate',
    tag: 'SEL',
    summary: 'Clears the log.',
    status: 204,
    example: { path: '/v1/bmcs/node-1/sel' },
    async handle(bmc) {
      await bmc.sel.clear();
    },
  }),
  bmcRoute({
    method: 'delete',
    path: '/sel/{id}',
    role: 'operate',
    tag: 'SEL',
    summary: 'Deletes one record.',
    params: id,
    status: 204,
    example: { path: '/v1/bmcs/node-1/sel/1' },
    async handle(bmc, { params }) {
      if (!bmc.sel.ids.includes(params.id))
        throw new IpmiError(CC.NotPresent, `there is no record ${params.id}`);
      await bmc.sel.delete(params.id).done;
    },
  }),
  bmcRoute({
    method: 'get',
    path: '/sel.txt',
    role: 'read',
    tag: 'SEL',
    summary:
      'The whole log as text, a line a record as `ipmitool sel save` writes them: `sel.file` of the settings reads it.',
    answer: z.string(),
    gives: 'text/plain',
    example: { path: '/v1/bmcs/node-1/sel.txt' },
    handle: (bmc) => bmc.sel.ids.map((id) => savedLine(bmc, id)).join(''),
  }),
];

/** Where an event's bytes begin that `ipmitool sel save` writes: the event message revision. */
const EVENT_AT = 9;

/** An event's bytes with its words behind them; records of OEMs have no place in such a file. */
function savedLine(bmc: Bmc, id: number): string {
  const { record } = bmc.sel.get(id);
  const { type, time, text } = selLine(bmc, id, record);
  const words = `# ${time ?? 'no time'} ${text}\n`;
  if (type !== 'event') return words;
  const hex = (value: number): string => `0x${value.toString(16).padStart(2, '0')}`;
  return `${Array.from(record.subarray(EVENT_AT), hex).join(' ')} ${words}`;
}
