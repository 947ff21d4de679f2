import { expect, test } from 'vitest';
import { rig } from '../../test/support/bmc.ts';
import { CC } from '../codec/index.ts';
import * as declared from '../commands/index.ts';
import {
  BootParameter,
  DcmiParameter,
  LanParameter,
  PefParameter,
  SerialParameter,
  SolParameter,
  SystemInfoParameter,
  type Parameter,
  type ParameterSet,
} from '../commands/index.ts';

const interfaces = [
  {
    type: 'lan' as const,
    address: '10.0.0.2',
    netmask: '255.255.0.0',
    gateway: '10.0.0.1',
    community: 'ours',
  },
  { type: 'serial' as const },
];

test('P3: parameters are read as values, whichever table they are in', async () => {
  const { client } = rig({ interfaces });
  expect({
    address: await client.get(LanParameter.Address, { channel: 1 }),
    // The request comes by the LAN channel.
    community: await client.get(LanParameter.Community),
    destination: await client.get(LanParameter.DestinationType, { channel: 1, set: 2 }),
    mode: await client.get(SerialParameter.ConnectionMode, { channel: 2 }),
    dialString: await client.get(SerialParameter.DialStrings, { channel: 2, set: 1, block: 2 }),
    sol: await client.get(SolParameter.Retry, { channel: 1 }),
    policy: await client.get(PefParameter.Policy),
    flags: (await client.get(BootParameter.BootFlags)).valid,
    name: (await client.get(SystemInfoParameter.SystemName)).block.length,
    dcmi: await client.get(DcmiParameter.DhcpTiming2),
  }).toEqual({
    address: { address: '10.0.0.2' },
    community: { community: 'ours' },
    destination: { acknowledged: false, kind: 0, timeout: 2, retries: 3 },
    mode: { direct: true, terminal: true, basic: true },
    dialString: { text: new Uint8Array(16) },
    sol: { count: 7, interval: 10 },
    policy: {
      set: 0,
      enabled: false,
      rule: 0,
      channel: 0,
      destination: 0,
      stringEventSpecific: false,
      string: 0,
    },
    flags: false,
    name: 16,
    dcmi: { contactTimeout: 120 },
  });
});

test('P3: parameters are written as values', async () => {
  const { client } = rig({ interfaces });
  await client.set(LanParameter.Address, { address: '10.9.9.9' }, { channel: 1 });
  await client.set(
    LanParameter.StaticIpv6,
    { enabled: true, source: 0, address: 'fe80::1', prefixLength: 64, status: 0 },
    { channel: 1, set: 1 },
  );
  await client.set(
    SerialParameter.PppAccountPassword,
    { password: Uint8Array.of(1, 2) },
    { channel: 2, set: 1 },
  );
  await client.set(SolParameter.Character, { accumulate: 4, threshold: 80 });
  await client.set(PefParameter.StringKeys, { filter: 3, set: 2 }, { set: 4 });
  await client.set(BootParameter.InitiatorMailbox, { block: Uint8Array.of(7) }, { set: 9 });
  await client.set(DcmiParameter.Discovery, { randomBackOff: true, vendorClass: false, controllerId: true });
  expect([
    await client.get(LanParameter.Address),
    (await client.get(LanParameter.StaticIpv6, { set: 1 })).address,
    await client.get(SolParameter.Character),
    await client.get(PefParameter.StringKeys, { set: 4 }),
    (await client.get(BootParameter.InitiatorMailbox, { set: 9 })).block[0],
    (await client.get(DcmiParameter.Discovery)).randomBackOff,
  ]).toEqual([
    { address: '10.9.9.9' },
    'fe80:0:0:0:0:0:0:1',
    { accumulate: 4, threshold: 80 },
    { filter: 3, set: 2 },
    7,
    true,
  ]);
});

test('P3: what cannot be read, written or found is refused by its code', async () => {
  const { client } = rig({ interfaces });
  const refused = (what: Promise<unknown>): Promise<unknown> =>
    what.then(
      () => 0,
      (error: { cc: number }) => error.cc,
    );
  expect([
    await refused(client.get(SerialParameter.TapPassword, { channel: 2 })),
    await refused(client.set(LanParameter.DestinationCount, { destinations: 9 })),
    await refused(client.get(LanParameter.DestinationType, { set: 5 })),
    await refused(client.get(LanParameter.Address, { channel: 2 })),
  ]).toEqual([0x83, 0x82, CC.ParameterOutOfRange, CC.InvalidDataField]);
});

const sets = Object.values<unknown>(declared).filter(
  (value): value is ParameterSet => typeof value === 'object' && value !== null && 'bySelector' in value,
);

test.each(sets.map((set) => [set.table, set] as const))(
  'P3: what the BMC says of each %s parameter is what its layout reads and writes',
  async (_, set) => {
    const { client } = rig({ interfaces });
    const channel = set.table === 'serial' ? 2 : 1;
    const readable = (one: Parameter): boolean => one.access !== 'write-only' && one.sets !== 0;
    for (const parameter of set.all.filter(readable)) {
      const value: unknown = await client.get(parameter, { channel });
      expect(parameter.layout.decode(parameter.layout.encode(value)), parameter.name).toEqual(value);
    }
  },
);
