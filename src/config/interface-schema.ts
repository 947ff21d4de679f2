import { z } from 'zod';
import { endpoint, latin1Text, slaveAddress, streamAddress, utf8Length } from '../settings/texts.ts';

const isKeyInHex = (key: string): boolean => /^0x[\da-f]{40}$/i.test(key);
const ipv4 = z.ipv4('expected an IPv4 address');

const lan = z.strictObject({
  type: z.literal('lan'),
  channel: z.int().min(1).max(11).optional(),
  listen: endpoint(z).optional(),
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
  community: latin1Text(z, 18).optional(),
});

const vm = z
  .strictObject({
    type: z.literal('vm'),
    channel: z.union([z.int().min(0).max(11), z.literal(15)]).optional(),
    interface: z.enum(['bt', 'kcs', 'ssif']).optional(),
    listen: streamAddress(z).optional(),
    connect: streamAddress(z).optional(),
  })
  .refine(({ listen, connect }) => (listen === undefined) !== (connect === undefined), 'expected listen or connect, and not both');

const share = z.number().min(0).max(1).optional();
const ipmb = z.strictObject({
  type: z.literal('ipmb'),
  channel: z.int().min(0).max(11).optional(),
  address: slaveAddress(z).optional(),
  listen: streamAddress(z).optional(),
  connect: streamAddress(z).optional(),
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
    listen: streamAddress(z).optional(),
    connect: streamAddress(z).optional(),
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
