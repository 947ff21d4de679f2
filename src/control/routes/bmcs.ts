import { z } from '@hono/zod-openapi';
import { bmcRoute } from '../bmc-route.ts';
import type { Daemon } from '../daemon.ts';
import { route } from '../route.ts';
import { Pace } from '../../world/pace.ts';
import { bmcRow, type BmcRow, HEALTHS, MACHINE, POWER, row, rowOf, STATE } from '../rows.ts';
import { wholeNumberOr } from '../whole-number.ts';

const whole = row
  .extend({
    firmware: z.string(),
    manufacturerId: z.int(),
    productId: z.int(),
    deviceGuid: z.string(),
    systemGuid: z.string(),
    sensors: z.int(),
    sel: z.strictObject({ entries: z.int(), capacity: z.int(), overflow: z.boolean() }),
    satellites: z.array(z.string()),
    /** The BMC is silent after a cold reset. */
    dark: z.boolean(),
  })
  .openapi('Bmc');

const list = z
  .strictObject({ bmcs: z.array(bmcRow), total: z.int(), next: z.string().optional() })
  .openapi('BmcList');

export type { BmcRow } from '../rows.ts';
export type BmcWhole = z.infer<typeof whole>;
export type BmcList = z.infer<typeof list>;

const LIMIT = 500;
/** The place of the row behind, and the name of the one before it, encoded. */
const CURSOR = /^(\d{1,9})\.(.+)$/;
const listQuery = z.strictObject({
  filter: z.string().optional().openapi({ description: 'Part of the name; `*` stands for anything.' }),
  label: z
    .string()
    .optional()
    .openapi({ description: '`rack=7`, or `rack` for any value; several with commas.' }),
  state: z.enum(STATE).optional(),
  origin: z.enum(['file', 'added']).optional(),
  power: z.enum(POWER).optional(),
  machine: z.enum(MACHINE).optional(),
  health: z.enum(HEALTHS).optional(),
  limit: wholeNumberOr(100, 1, LIMIT),
  cursor: z
    .string()
    .regex(CURSOR, 'expected `next` of a page')
    .optional()
    .openapi({ description: '`next` of the page before.' }),
});

type Query = z.infer<typeof listQuery>;
/** What a name and settings show comes first: it costs nothing. Undefined: the row is not asked for. */
function wantedRow(name: string, daemon: Daemon, query: Query): z.input<typeof row> | undefined {
  if (!isNamed(name, daemon.settings(name).labels, query)) return undefined;
  const shown = rowOf(name, daemon);
  return isLike(shown, query) ? shown : undefined;
}

type Filter = Partial<Omit<Query, 'limit' | 'cursor'>>;

/** Whether a list asks for one of this name and these labels. */
const isNamed = (name: string, labels: BmcRow['labels'] | undefined, { filter, label }: Filter): boolean =>
  (filter === undefined || matcherOf(filter)(name)) &&
  (label === undefined || hasLabels(labels ?? {}, label));

const isLike = (shown: BmcRow, query: Filter): boolean =>
  (['state', 'origin', 'power', 'machine', 'health'] as const).every(
    (key) => query[key] === undefined || query[key] === shown[key],
  );

/** Whether a list that is asked for so has this row. */
export const isAskedFor = (shown: BmcRow, query: Filter): boolean =>
  isNamed(shown.name, shown.labels, query) && isLike(shown, query);

function matcherOf(filter: string): (name: string) => boolean {
  if (!filter.includes('*')) return (name) => name.includes(filter);
  const parts = filter.split('*');
  return (name) => {
    let at = 0;
    for (const [i, part] of parts.entries()) {
      const last = i === parts.length - 1;
      const found = last && i > 0 ? name.lastIndexOf(part) : name.indexOf(part, at);
      if (found < at || (i === 0 && found > 0) || (last && found + part.length < name.length)) return false;
      at = found + part.length;
    }
    return true;
  };
}

const hasLabels = (labels: Readonly<Record<string, string>>, wanted: string): boolean =>
  wanted.split(',').every((label) => {
    const [key, ...value] = label.split('=');
    return Object.hasOwn(labels, key) && (value.length === 0 || labels[key] === value.join('='));
  });

/** Where a page ends: its place and the name there, which holds where BMCs came or went before it. */
const cursorOf = (place: number, name: string): string => `${place}.${encodeURIComponent(name)}`;

function placeAfter(names: readonly string[], cursor: string): number {
  const [, place, name] = CURSOR.exec(cursor) ?? [];
  const found = names.findIndex((other) => encodeURIComponent(other) === name);
  return found < 0 ? Number(place) : found + 1;
}

export const bmcRoutes = [
  route({
    method: 'get',
    path: '/v1/bmcs',
    role: 'read',
    tag: 'BMCs',
    summary:
      'BMCs in the order of the settings, a page at a time; `next` is the cursor of the page behind it.',
    query: listQuery,
    answer: list,
    scope: 'shows',
    example: { path: '/v1/bmcs?power=on&limit=10' },
    async handle(daemon, { query, caller }) {
      const names = [...daemon.wanted.keys()].filter((name) => (caller.bmc ?? name) === name);
      const found: z.input<typeof row>[] = [];
      const pace = new Pace(daemon.world);
      let place = query.cursor === undefined ? 0 : placeAfter(names, query.cursor);
      for (; place < names.length && found.length < query.limit; place++) {
        // Requests of the BMCs come between.
        const rest = pace.rest();
        if (rest !== undefined) await rest;
        const shown = wantedRow(names[place], daemon, query);
        if (shown) found.push(shown);
      }
      const next = place < names.length ? cursorOf(place, names[place - 1]) : undefined;
      return { bmcs: found, total: names.length, ...(next !== undefined && { next }) };
    },
  }),
  bmcRoute({
    method: 'get',
    path: '',
    role: 'read',
    tag: 'BMCs',
    summary: 'One BMC whole.',
    answer: whole,
    example: { path: '/v1/bmcs/node-1' },
    handle(bmc, _input, daemon) {
      const { firmware, manufacturerId, productId, deviceGuid, systemGuid } = bmc.identity;
      return {
        ...rowOf(bmc.name, daemon),
        firmware: `${firmware.major}.${String(firmware.minor).padStart(2, '0')}`,
        manufacturerId,
        productId,
        deviceGuid,
        systemGuid,
        sensors: bmc.sensors.all.length,
        sel: { entries: bmc.sel.count, capacity: bmc.sel.capacity, overflow: bmc.sel.overflow },
        satellites: bmc.satellites.map(({ name }) => name),
        dark: bmc.life.dark,
      };
    },
  }),
];
