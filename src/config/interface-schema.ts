import { z } from 'zod';
import { ENDPOINT, meantEndpoint } from '../world/endpoint-forms.ts';
import { latin1Text, utf8Length } from './text-schema.ts';

const isPort = (text: string): boolean => !(Number(/:(\d+)$/.exec(text)?.[1]) > 65_535);
/** `host:port`, `[v6]:port`, `[v6%zone]:port`. */
const endpoint = z
  .string()
  .regex(ENDPOINT, { error: ({ input }) => `expected host:port, like ${meantEndpoint(String(input))}` })
  .refine(isPort, 'expected a port of 0 to 65535');
const isKeyInHex = (key: string): boolean => /^0x[\da-f]{40}$/i.test(key);
const ipv4 = z.ipv4('expected an IPv4 address');

const lan = z.strictObject({
  type: z.literal('lan'),
  channel: z.int().min(1).max(11).optional(),
  listen: endpoint.optional(),
  cipherSuites: z.array(z.union([0, 1, 2, 3, 6, 7, 8, 11, 12, 15, 16, 17].map((id) => z.literal(id)))).optional(),
  authTypes: z.array(z.enum(['none', 'md2', 'md5', 'password'])).optional(),
  kg: z
    .string()
    .refine(
      (key) => isKeyInHex(key) || (utf8Length(key) <= 20 && !/^0x[\da-f]*$/i.test(key)),
      'expected up to 20 bytes in UTF-8, or 0x and 40 hex digits',
    )
    .optional(),
  address: ipv4.optional(),
  netmask: ipv4.optional(),
  gateway: ipv4.optional(),
  mac: z
    .string()
    .regex(/^[\da-f]{2}(:[\da-f]{2}){5}$/i, 'expected a MAC address')
    .optional(),
  community: latin1Text(18).optional(),
});

/** `host:port` or the path of a Unix socket. */
export const streamAddress = z
  .string()
  .regex(/^(.*\/.+|(\[[\da-f:.]+(%[\w.-]+)?\]|[^:\s/]+):\d{1,5})$/i, 'expected host:port or a path with a /')
  .refine(isPort, 'expected a port of 0 to 65535');

const vm = z
  .strictObject({
    type: z.literal('vm'),
    channel: z.union([z.int().min(0).max(11), z.literal(15)]).optional(),
    interface: z.enum(['bt', 'kcs', 'ssif']).optional(),
    listen: streamAddress.optional(),
    connect: streamAddress.optional(),
  })
  .refine(({ listen, connect }) => (listen === undefined) !== (connect === undefined), 'expected listen or connect, and not both');

const share = z.number().min(0).max(1).optional();
/** An 8-bit slave address of a controller. */
export const slaveAddress = z.int().refine((address) => address >= 0x10 && address <= 0xee && address % 2 === 0, {
  error: 'expected an even slave address, 0x10 to 0xee',
});

const ipmb = z.strictObject({
  type: z.literal('ipmb'),
  channel: z.int().min(0).max(11).optional(),
  address: slaveAddress.optional(),
  listen: streamAddress.optional(),
  connect: streamAddress.optional(),
  device: z.string().min(1).optional(),
  timeout: z.int().min(1).max(10_000).optional(),
  tries: z.int().min(1).max(20).optional(),
  faults: z
    .strictObject({
      loss: share,
      duplicate: share,
      corrupt: share,
      delay: z.tuple([z.number().min(0), z.number().min(0).max(10_000)]).optional(),
      nack: share,
      arbitration: share,
      busError: share,
    })
    .optional(),
});

const serial = z
  .strictObject({
    type: z.literal('serial'),
    channel: z.int().min(1).max(11).optional(),
    tty: z.string().min(1).optional(),
    baud: z.union([9600, 19_200, 38_400, 57_600, 115_200].map((baud) => z.literal(baud as 9600))).optional(),
    listen: streamAddress.optional(),
    connect: streamAddress.optional(),
    modes: z
      .array(z.enum(['basic', 'terminal']))
      .min(1)
      .optional(),
    modem: z.boolean().optional(),
    withoutLogIn: z.enum(['user', 'operator', 'administrator']).optional(),
    shared: z.enum(['system', 'bmc']).optional(),
  })
  .refine(
    ({ tty, listen, connect }) => [tty, listen, connect].filter((place) => place !== undefined).length === 1,
    'expected one of tty, listen and connect',
  );

const icmb = z.strictObject({
  type: z.literal('icmb'),
  channel: z.int().min(0).max(11).optional(),
  bus: z.string().min(1).optional(),
  address: z.int().min(1).max(0xfffe).optional(),
});

const channelToHost = z.union([z.int().min(0).max(11), z.literal(15)]).optional();
const node = z.string().regex(/^\//, 'expected the absolute path of a device node');
const bt = z.strictObject({ type: z.literal('bt'), channel: channelToHost, device: node.optional() });
const kcs = z.strictObject({ type: z.literal('kcs'), channel: channelToHost, device: node });
const ssif = z.strictObject({ type: z.literal('ssif'), channel: channelToHost, device: node.optional() });

/** One entry of `interfaces`, by its `type`. */
export const interfaceSchema = z.discriminatedUnion('type', [lan, vm, ipmb, icmb, serial, bt, kcs, ssif]);
