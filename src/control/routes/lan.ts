import { z } from '@hono/zod-openapi';
import type { Bmc } from '../../bmc.ts';
import { lanParameters } from '../../commands/parameters/lan.ts';
import { spokenName } from '../../commands/command.ts';
import { selectorsOf, type Parameter } from '../../commands/parameters/parameter.ts';
import { nearest } from '../../config/wording.ts';
import { bmcRoute } from '../bmc-route.ts';
import { bytesOfHex, hexText } from '../hex-text.ts';
import { encodedFields } from '../raw-values.ts';
import { refusal } from '../problem.ts';
import { wholeNumber } from '../whole-number.ts';
import { parameterState, shownParameter, shownParameters, type ReadParameter } from './parameter-state.ts';

const parameter = parameterState('Lan');
const channel = z.strictObject({ channel: z.int(), parameters: z.array(parameter) }).openapi('LanChannel');
export type LanChannelState = z.infer<typeof channel>;

/** Of destinations and community strings, of which there are up to 15. */
const MOST_SETS = 4;

const CHANNELS = Array.from({ length: 12 }, (_, number) => number);

/** How a channel's parameters are read. */
const readOf =
  ({ lan }: Bmc, number: number): ReadParameter =>
  (selector, set, block) =>
    lan.get(number, selector, set, block);

function channelOf(bmc: Bmc, number: number): LanChannelState {
  if (!bmc.channels.isLan(number))
    throw refusal('not-found', `channel ${number} is no LAN`, {
      key: 'channel',
      next: `LANs: ${CHANNELS.filter((channel) => bmc.channels.isLan(channel)).join(', ') || 'none'}`,
    });
  return { channel: number, parameters: shownParameters(readOf(bmc, number), lanParameters.all, MOST_SETS) };
}

const where = z.object({ channel: wholeNumber(0, 15) });
const byte = z.int().min(0).max(0xff);
const change = z
  .strictObject({
    data: hexText
      .optional()
      .openapi({ description: 'All bytes as hex digits, set and block selector in front.' }),
    value: z
      .union([z.string(), z.number(), z.boolean()])
      .optional()
      .openapi({ description: 'Of a parameter that has one field.' }),
    values: z
      .record(z.string(), z.unknown())
      .optional()
      .openapi({ description: 'Fields by name; those that are left out stay as they are.' }),
    set: byte.optional().openapi({ description: 'Without `data`: of which set. Default: the first.' }),
    block: byte.optional().openapi({ description: 'Without `data`: which block. Default: the first.' }),
  })
  .refine(
    (wanted) => [wanted.data, wanted.value, wanted.values].filter((way) => way !== undefined).length === 1,
    'expected data, value or values',
  )
  .refine(
    ({ data, set, block }) => data === undefined || (set ?? block) === undefined,
    'set and block stand in data',
  );
type Change = z.infer<typeof change>;

/** By its number, or its name in either spelling: `IP Address`, `ip-address`. Throws ControlError. */
function parameterNamed(text: string): Parameter {
  const found = /^\d{1,3}$/.test(text)
    ? lanParameters.bySelector[Number(text)]
    : lanParameters.all.find(({ name }) => spokenName(name) === spokenName(text));
  if (found) return found;
  const near = nearest(
    spokenName(text),
    lanParameters.all.map(({ name }) => spokenName(name)),
  );
  throw refusal('not-found', `there is no LAN parameter '${text}'`, {
    key: 'parameter',
    ...(near !== undefined && { nearest: near }),
  });
}

/** The fields of a change by name. Throws ControlError. */
function fieldsOf({ layout, name }: Parameter, { value, values = {} }: Change): Record<string, unknown> {
  if (value === undefined) return values;
  const [field, ...others] = layout.kinds.keys();
  if (others.length === 0) return { [field]: value };
  throw refusal('bad-request', `${name} has several fields: ${[field, ...others].join(', ')}`, {
    key: 'value',
    next: 'say values',
  });
}

/** The data of a change as the command has it, and which set they are of. Throws ControlError, IpmiError. */
function dataOf({ lan }: Bmc, number: number, declared: Parameter, wanted: Change) {
  const { layout, name, sets, firstSet, blocks, firstBlock, selector } = declared;
  if (wanted.data !== undefined) {
    const data = bytesOfHex(wanted.data);
    return { data, set: sets === undefined ? firstSet : (data[0] ?? firstSet) };
  }
  for (const [key, count] of [['set', sets] as const, ['block', blocks] as const])
    if (wanted[key] !== undefined && count === undefined)
      throw refusal('bad-request', `${name} has no ${key}s`, { key });
  const { set = firstSet, block = firstBlock } = wanted;
  const fields = fieldsOf(declared, wanted);
  // What is not said stays as it is.
  const isWhole = [...layout.kinds.keys()].every((field) => field in fields);
  const otherwise = isWhole
    ? {}
    : (layout.decode(lan.get(number, selector, set, block), selectorsOf(declared)) as Record<
        string,
        unknown
      >);
  const bytes = encodedFields({ layout, name, key: 'values', otherwise }, fields);
  const selectors = [...(sets === undefined ? [] : [set]), ...(blocks === undefined ? [] : [block])];
  return { data: Uint8Array.from([...selectors, ...bytes]), set };
}

export const lanRoutes = [
  bmcRoute({
    method: 'get',
    path: '/lan',
    role: 'read',
    tag: 'LAN',
    summary:
      'LAN configuration parameters of every LAN channel, by name; of those with sets the first four. No secrets.',
    answer: z.strictObject({ channels: z.array(channel) }).openapi('LanChannels'),
    example: { path: '/v1/bmcs/node-1/lan' },
    handle: (bmc) => ({
      channels: CHANNELS.filter((number) => bmc.channels.isLan(number)).map((number) =>
        channelOf(bmc, number),
      ),
    }),
  }),
  bmcRoute({
    method: 'get',
    path: '/lan/{channel}',
    role: 'read',
    tag: 'LAN',
    summary: 'LAN configuration parameters of one channel.',
    params: where,
    answer: channel,
    example: { path: '/v1/bmcs/node-1/lan/1' },
    handle: (bmc, { params }) => channelOf(bmc, params.channel),
  }),
  bmcRoute({
    method: 'put',
    path: '/lan/{channel}/{parameter}',
    role: 'admin',
    tag: 'LAN',
    summary:
      'Sets a LAN configuration parameter, by number or name, as Set LAN Configuration Parameters does. Of one that is secret the answer has no data.',
    params: where.extend({
      parameter: z.string().min(1).openapi({ description: '`3`, `ip-address`.' }),
    }),
    body: change,
    answer: parameter,
    example: {
      path: '/v1/bmcs/node-1/lan/1/ip-address',
      body: { value: '192.0.2.17' },
    },
    async handle(bmc, { params, body, caller }) {
      channelOf(bmc, params.channel);
      const declared = parameterNamed(params.parameter);
      const { selector, name, secret } = declared;
      const { data, set } = dataOf(bmc, params.channel, declared, body);
      await bmc.lan.set(params.channel, selector, data, caller);
      const now = secret ? undefined : shownParameter(readOf(bmc, params.channel), declared, set);
      return now ?? { parameter: selector, name, data: '', values: null };
    },
  }),
];
