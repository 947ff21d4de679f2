// Who changed what: by commands, whichever way they came, and by what else changes a BMC.
import { expect, test } from 'vitest';
import { HOST } from '../../test/support/bmc.ts';
import { logInNet } from '../../test/support/log-in-net.ts';
import { Bmc } from '../bmc.ts';
import { connectLan } from '../client/index.ts';
import { standard } from '../handlers/standard.ts';
import { Context, handleRaw } from '../router/index.ts';
import { simWorld } from '../world/index.ts';
import { Audit } from './index.ts';

async function audited(...given: Parameters<typeof logInNet>) {
  const net = await logInNet(...given);
  const lines: Record<string, unknown>[] = [];
  const audit = new Audit(
    net.world.clock,
    (make) => void lines.push(JSON.parse(make(0)) as Record<string, unknown>),
  );
  const off = audit.watch(net.bmc);
  const { world } = net;
  const client = await world.until(
    connectLan(world, { host: '10.0.0.1', port: 623, user: 'admin', password: 'AdminPass123' }),
  );
  const send = async (netFn: number, cmd: number, ...data: number[]): Promise<Record<string, unknown>[]> => {
    lines.length = 0;
    await world.until(client.raw(netFn, cmd, Uint8Array.from(data)));
    return [...lines];
  };
  return { ...net, lines, audit, off, send, client };
}

const text = (value: string, size: number): number[] => [...Buffer.from(value.padEnd(size, '\0'))];

test('A3: a change has who, what by name with its values, and the result; a look has nothing', async () => {
  const { send, world, off } = await audited();
  const [line, ...more] = await send(6, 0x45, 3, ...text('jane', 16));
  expect(more).toEqual([]);
  expect(line).toEqual({
    time: new Date(world.clock.now()).toISOString(),
    bmc: 'bmc',
    request: expect.any(Number) as number,
    actor: {
      by: 'session',
      user: 'admin',
      userId: 2,
      session: 1,
      channel: 1,
      peer: expect.stringMatching(/^[\d.]+:\d+$/) as string,
    },
    what: 'Set User Name',
    fields: { userId: 3, name: 'jane' },
    cc: 0,
    result: 'ok',
  });
  for (const look of [
    [6, 0x01],
    [6, 0x46, 3],
    [0x0a, 0x43, 0, 0, 0, 0, 0, 0xff],
    // The status of an erasure; a password that is only tried; a key that is only read.
    [0x0a, 0x47, 0, 0, 0x43, 0x4c, 0x52, 0],
    [6, 0x47, 3, 3, ...text('x', 16)],
    [6, 0x56, 1, 0, 1],
    [6, 0x3b, 4],
    [6, 0x22],
  ] as const)
    expect([look, await send(look[0], look[1], ...look.slice(2))]).toEqual([look, []]);
  off();
  expect(await send(6, 0x45, 3, ...text('joan', 16))).toEqual([]);
});

test('A3: what is refused is there with its code, and no secret in any line', async () => {
  const { send } = await audited();
  const [password] = await send(6, 0x47, 3, 2, ...text('SECRET-of-jane', 16));
  expect(password).toMatchObject({
    what: 'Set User Password',
    fields: { userId: 3, operation: 2, password: '...' },
  });
  const [community] = await send(0x0c, 0x01, 1, 16, ...text('SECRET', 18));
  expect(community).toMatchObject({ what: 'Set LAN Configuration Parameters', cc: 0 });
  const [address] = await send(0x0c, 0x01, 1, 3, 10, 0, 0, 9);
  expect(address).toMatchObject({ fields: { data: 'address=10.0.0.9' } });
  const [key] = await send(6, 0x56, 1, 1, 1, ...text('SECRET-key', 20));
  const [refused] = await send(6, 0x45, 0, ...text('x', 16));
  expect(refused).toMatchObject({ what: 'Set User Name', cc: 0xc9, result: 'parameter out of range' });
  // Bytes that are no such request may hold a secret.
  const [broken] = await send(6, 0x47, 3, 2, ...text('SECRET', 7));
  expect(broken).toMatchObject({ what: 'Set User Password', cc: expect.any(Number) as number });
  expect(JSON.stringify([password, community, key, refused, broken])).not.toMatch(/SECRET|83, ?69/);
});

test('A3: the request has the number that the log has; power is told as what was asked and what became of it', async () => {
  const { send, net } = await audited({ chassis: { power: 'on' } }).then((all) => ({ ...all, net: all }));
  const said = await send(0, 2, 0);
  expect(said.map(({ what, actor, fields, result }) => ({ what, actor, fields, result }))).toEqual([
    {
      what: 'power',
      actor: { by: 'bmc', cause: 'a command' },
      fields: { on: false, action: 'off', changed: true },
      result: 'ok',
    },
    {
      what: 'Chassis Control',
      actor: expect.objectContaining({ by: 'session', user: 'admin' }) as unknown,
      fields: { action: 0 },
      result: 'ok',
    },
  ]);
  expect(net.lines.find(({ event }) => event)).toBeUndefined();
});

test('A3: what no request changed: the machine itself, the watchdog, a reset, a user who is locked out', async () => {
  const { bmc, lines, world, send } = await audited({ chassis: { power: 'on' } });
  await bmc.chassis.losePower('acFailed');
  expect(lines.at(-1)).toMatchObject({
    what: 'power',
    actor: { by: 'machine' },
    fields: { on: false, loss: 'acFailed' },
  });
  await bmc.chassis.control('on');
  // Watchdog: SMS/OS, hard reset, a tenth of a second.
  await send(6, 0x24, 0x04, 0x01, 0, 0, 1, 0);
  await send(6, 0x22);
  lines.length = 0;
  await world.run(1000);
  expect(lines[0]).toMatchObject({
    actor: { by: 'bmc', cause: 'the watchdog' },
    fields: { action: 'reset' },
  });
  lines.length = 0;
  await send(6, 3);
  await world.run(100);
  expect(lines.map(({ what }) => what)).toContain('warm reset of the BMC');
});

test('A3: satellites, hosts, and handlers that declare nothing', async () => {
  const world = simWorld(1);
  const bmc = new Bmc({ name: 'node', satellites: [{ address: 0x82, name: 'CARRIER' }] }, { world });
  await bmc.open();
  const lines: Record<string, unknown>[] = [];
  new Audit(world.clock, (make) => void lines.push(JSON.parse(make(0)) as Record<string, unknown>)).watch(
    bmc,
  );
  bmc.router.register({
    owner: 'acme',
    handlers: [
      handleRaw({ netFn: 0x30, cmd: 1 }, () => Uint8Array.of(0)),
      handleRaw({ netFn: 0x30, cmd: 2 }, () => Uint8Array.of(0), { privilege: 2 }),
      handleRaw({ netFn: 6, cmd: 0x47 }, () => Uint8Array.of(0), { override: 'standard' }),
    ],
  });
  const ask = (netFn: number, cmd: number, ...data: number[]) =>
    bmc.router.enter({ netFn, cmd, lun: 0, data: Uint8Array.from(data) }, new Context(bmc, HOST, 4));
  await ask(0x30, 1, 7);
  await ask(0x30, 2, 7);
  await ask(0x30, 3, 7);
  await ask(6, 0x47, 3, 2, ...text('SECRET', 16));
  expect(lines.map(({ what, actor, fields }) => ({ what, actor, fields }))).toEqual([
    {
      what: expect.stringContaining('30h 01h') as string,
      actor: { by: 'channel', channel: 15, medium: 'system-interface' },
      fields: { data: '[07]' },
    },
    {
      what: expect.any(String) as string,
      actor: { by: 'channel', channel: 15, medium: 'system-interface' },
      fields: { data: '18 byte(s)' },
    },
  ]);
  lines.length = 0;
  // To the satellite, by Send Message: its line is the satellite's, in the name of who sent it.
  const [satellite] = bmc.satellites;
  await satellite.router.enter(
    { netFn: 6, cmd: 3, lun: 0, data: new Uint8Array(0) },
    new Context(satellite, HOST, 4),
  );
  expect(lines[0]).toMatchObject({ bmc: satellite.name, what: 'Warm Reset' });
  await bmc.close();
});

test('A3: which commands are changes is declared: names that promise none are looked at here', () => {
  const all = [...standard.entries()].flatMap(({ handler }) => (handler.command ? [handler.command] : []));
  expect(all.length).toBeGreaterThan(150);
  const quiet = all.filter((one) => !one.isChange(new Uint8Array(0), 0)).map(({ name }) => name);
  expect(quiet.filter((name) => !/^(Get|Read|Query|Reserve|Test)/.test(name)).sort()).toEqual([
    'Activate Session',
    'Arm PEF Postpone Timer',
    'BridgeMessage',
    'BridgeRequest',
    'Clear Message Flags',
    'Close Session',
    'Error Report',
    'Reset Watchdog Timer',
    'SOL Activating',
    'Send Message',
    'Serial/Modem Connection Active',
    'Set Session Privilege Level',
  ]);
});
