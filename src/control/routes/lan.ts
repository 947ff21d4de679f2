import { z } from '@hono/zod-openapi';
import type { Bmc } from '../../bmc.ts';
import { lanParameters } from '../../commands/parameters/lan.ts';
import { selectorsOf, type Parameter } from '../../commands/parameters/parameter.ts';
import { IpmiError } from '../../codec/index.ts';
import { bmcRoute } from '../bmc-route.ts';
import { bytesOfHex, hexText } from '../hex-text.ts';
import { plain } from '../raw-values.ts';
import { refusal } from '../problem.ts';
import { hexOf } from '../sel-text.ts';
import { wholeNumber } from '../whole-number.ts';

const parameter = z
  .strictObject({
    parameter: z.int(),
    name: z.string(),
    set: z.int().optional(),
    data: z.string().openapi({ description: 'Hex digits, a set selector in front.' }),
    values: z.record(z.string(), z.unknown()).nullable(),
  })
  .openapi('LanParameter');
const channel = z.strictObject({ channel: z.int(), parameters: z.array(parameter) }).openapi('LanChannel');
export type LanParameterState = z.infer<typeof parameter>;
export type LanChannelState = z.infer<typeof channel>;

const CHANNELS = Array.from({ length: 12 }, (_, number) => number);

function shown({ lan }: Bmc, number: number, one: Parameter, set: number): LanParameterState | undefined {
  let data: Uint8Array;
  try {
    data = lan.get(number, one.selector, set, one.firstBlock);
  } catch (error) {
    // There is no such set, or the BMC does not have the parameter.
    if (error instanceof IpmiError) return undefined;
    throw error;
  }
  let values: Record<string, unknown> | null;
  try {
    values = plain(one.layout.decode(data, selectorsOf(one))) as Record<string, unknown>;
  } catch {
    values = null;
  }
  const { selector, name, sets } = one;
  return { parameter: selector, name, ...(sets !== undefined && { set }), data: hexOf(data), values };
}

function channelOf(bmc: Bmc, number: number): LanChannelState {
  if (!bmc.channels.isLan(number))
    throw refusal('not-found', `channel ${number} is no LAN`, {
      key: 'channel',
      next: `LANs: ${CHANNELS.filter((one) => bmc.channels.isLan(one)).join(', ') || 'none'}`,
    });
  const parameters = lanParameters.all
    .filter(({ secret, access }) => !secret && access !== 'write-only')
    .flatMap((one) => {
      const count = Math.min(one.sets ?? 1, 4);
      return Array.from({ length: count }, (_, i) => shown(bmc, number, one, one.firstSet + i) ?? []).flat();
    });
  return { channel: number, parameters };
}

const where = z.object({ channel: wholeNumber(0, 15) });

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
      channels: CHANNELS.filter((one) => bmc.channels.isLan(one)).map((one) => channelOf(bmc, one)),
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
    summary: 'Sets a LAN configuration parameter, as Set LAN Configuration Parameters does.',
    params: where.extend({ parameter: wholeNumber(0, 255) }),
    body: z.strictObject({ data: hexText }),
    status: 204,
    example: { path: '/v1/bmcs/node-1/lan/1/20', body: { data: '64 80' } },
    async handle(bmc, { params, body, caller }) {
      channelOf(bmc, params.channel);
      await bmc.lan.set(params.channel, params.parameter, bytesOfHex(body.data), caller);
    },
  }),
];
