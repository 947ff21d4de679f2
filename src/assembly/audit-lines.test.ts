import { expect, test } from 'vitest';
import type { BmcState } from '../bmc-state.ts';
import { Bmc } from '../bmc.ts';
import { connectLan, loopback } from '../client/index.ts';
import { Privilege } from '../commands/command.ts';
import { Context } from '../router/index.ts';
import type { LogFields } from '../state/setup.ts';
import { simWorld } from '../world/index.ts';
import { HOST } from '../../test/support/bmc.ts';

async function bench() {
  const world = simWorld(3);
  const said: string[] = [];
  const fields: LogFields[] = [];
  const take = (message: string, more: LogFields = {}): void => {
    said.push(message);
    fields.push(more);
  };
  const log = {
    debug: () => undefined,
    info: take,
    warn: take,
    error: (message: string, error?: unknown) => take(`${message}: ${String(error)}`),
  };
  const fails = { now: false };
  const power = { power: () => (fails.now ? Promise.reject(new Error('no such domain')) : undefined) };
  const settings = {
    name: 'node-7',
    interfaces: [{ type: 'lan', listen: '192.0.2.9:623' } as const],
    chassis: { power: 'on' } as const,
  };
  const bmc = new Bmc(
    {
      ...settings,
      users: [
        { id: 2, name: 'admin', password: 'secret-enough' },
        { id: 3, name: 'joe' },
      ],
    },
    { world, log, power },
  );
  await bmc.open();
  const client = await world.until(
    connectLan(world, { host: '192.0.2.9', port: 623, user: 'admin', password: 'secret-enough' }),
  );
  const send = async (netFn: number, cmd: number, ...data: number[]): Promise<number> => {
    said.length = fields.length = 0;
    return (await world.until(client.raw(netFn, cmd, Uint8Array.from(data))))[0];
  };
  return { world, bmc, said, fields, fails, send };
}

const bytes = (text: string, size: number): number[] => [...Buffer.from(text.padEnd(size, '\0'))];

test('V17: a line with who and from where for each power action, user change and reset, and never a secret', async () => {
  const { send, said, fields } = await bench();
  const by = /by user 'admin' at 0?[\d.]+:\d+ \(request \d+\)$/;
  for (const [what, netFn, cmd, ...data] of [
    ['power soft shutdown', 0, 2, 5],
    ['power cycle', 0, 2, 2],
    ["user 3 'joe' given a new password", 6, 0x47, 3, 2, ...bytes('SECRET-password1', 16)],
    ["user 3 'joe' enabled", 6, 0x47, 3, 1],
    ["user 3 'joe' named 'jane'", 6, 0x45, 3, ...bytes('jane', 16)],
    ["access of user 3 'jane' on channel 1 changed, up to operator", 6, 0x43, 0x91, 3, 3],
    ["name of user 3 'jane' cleared", 6, 0x45, 3, ...bytes('', 16)],
    ['keys of channel 1 changed', 6, 0x56, 1, 1, 1, ...bytes('SECRETKG', 20)],
    ['warm reset', 6, 3],
  ] as const) {
    expect([what, await send(netFn, cmd, ...data)]).toEqual([what, 0]);
    const lines = said.filter((line) => line.includes(what));
    expect([what, lines]).toEqual([what, [expect.stringMatching(by)]]);
    expect(lines[0]).toMatch(/^node-7: /);
    expect(fields[said.indexOf(lines[0])]).toMatchObject({ bmc: 'node-7', user: 'admin', channel: 1 });
    expect(JSON.stringify([said, fields])).not.toContain('SECRET');
  }
});

test('V17: what is refused, tested or only read has no such line', async () => {
  const { send, said } = await bench();
  expect(await send(0, 2, 9)).not.toBe(0);
  expect(await send(6, 0x47, 3, 3, ...bytes('x', 16))).not.toBe(0);
  expect(await send(6, 0x47, 2, 3, ...bytes('secret-enough', 16))).toBe(0);
  expect(await send(0, 1)).toBe(0);
  expect(said).toEqual([]);
});

test('V17: a power action that the machine refuses names its BMC; the host and a button have no session', async () => {
  const { bmc, send, said, fails, world } = await bench();
  fails.now = true;
  expect(await send(0, 2, 3)).toBe(0xd5);
  expect(said).toEqual(['node-7: power reset failed: no such domain']);
  fails.now = false;
  said.length = 0;
  const host = loopback(bmc.router.enter, new Context(bmc, HOST, Privilege.Administrator));
  await host.raw(0, 2, Uint8Array.of(4));
  expect(said).toEqual(['node-7: power diagnostic interrupt by channel 15 (request 1)']);
  said.length = 0;
  bmc.frontPanel.press('reset');
  await world.run(10);
  expect(said).toEqual(['node-7: power reset by front panel']);
});

test('C1: what a session has done around by a bus is told as its own', async () => {
  const { bmc, said, fields } = await bench();
  const [session] = bmc.sessions.active;
  const cause = new Context<BmcState>(bmc, session.channel, Privilege.Oem, 0, session, '192.0.2.77:4000');
  const bus = { number: 0, medium: 'ipmb', maxAnswer: 57 } as const;
  session.privilege = Privilege.Administrator;
  said.length = fields.length = 0;
  const around = new Context<BmcState>(bmc, bus, Privilege.Administrator, 0, undefined, '82h', cause);
  await bmc.router.enter({ netFn: 6, cmd: 0x47, lun: 0, data: Uint8Array.of(3, 0) }, around);
  expect(said).toEqual(["node-7: user 3 'joe' disabled by user 'admin' at 192.0.2.77:4000 (request 1)"]);
  expect(fields).toMatchObject([{ user: 'admin', peer: '192.0.2.77:4000', channel: 1 }]);
});

test('A2: log and taps speak of a request by one number; what nobody looks at has none', async () => {
  const { bmc, send, fields } = await bench();
  expect(await send(6, 1)).toBe(0);
  // Told of in the log, though no tap is on.
  expect(await send(0, 2, 5)).toBe(0);
  expect(fields.at(-1)).toMatchObject({ event: 'power', request: 1 });
  const ids: number[] = [];
  const off = bmc.taps.add({ message: ({ id }) => void ids.push(id), answer: ({ id }) => void ids.push(id) });
  expect(await send(6, 1)).toBe(0);
  expect(await send(0, 2, 5)).toBe(0);
  expect(fields.at(-1)).toMatchObject({ event: 'power', request: 3 });
  off();
  expect(ids).toEqual([2, 2, 3, 3]);
});
