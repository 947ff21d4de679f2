// M16 and I3: what a slow, failing or dying disk means to who changes something, and to everybody else
// (decision 41).
import { expect, test } from 'vitest';
import { Bmc } from '../bmc.ts';
import { Privilege } from '../commands/command.ts';
import { Context, type Channel, type Dispatch, type Interface } from '../router/index.ts';
import type { BmcState } from '../bmc-state.ts';
import { simWorld, type SimProcess, type SimWorld } from '../world/index.ts';
import { Storage } from './storage.ts';

const CHANNEL: Channel = { number: 1, medium: 'lan', maxAnswer: 248 };

async function bench(world: SimWorld, process: SimProcess) {
  const warnings: string[] = [];
  const storage = await world.until(
    Storage.open(process.files, '/state', { warn: (line) => warnings.push(line) }),
  );
  const log = {
    debug: () => undefined,
    info: () => undefined,
    warn: (line: string) => void warnings.push(line),
    error: () => undefined,
  };
  const bmc = new Bmc(
    { sel: { bootEvents: false } },
    { world: process, log, journal: storage.journal('bmc') },
  );
  let entrance: Dispatch<BmcState> | undefined;
  const one: Interface<BmcState> = {
    channel: CHANNEL,
    deadline: 5000,
    open: async (dispatch) => void (entrance = dispatch),
    close: async () => undefined,
  };
  await world.until(bmc.attach(one));
  const send = async (netFn: number, cmd: number, ...data: number[]): Promise<number[]> => {
    const context = new Context<BmcState>(bmc, CHANNEL, Privilege.Administrator);
    return [...(await entrance!({ netFn, cmd, lun: 0, data: Uint8Array.from(data) }, context))];
  };
  await world.run(1000);
  return { bmc, storage, send, warnings };
}

const setPolicy = [0x00, 0x06, 0x02] as const;
const policyOf = (answer: readonly number[]): number => (answer[1] >> 5) & 3;

test('M16: others read a change before it is on disk; its author hears of it when it is', async () => {
  const world = simWorld(1);
  const { send } = await bench(world, world.process());
  const before = policyOf(await world.until(send(0x00, 0x01)));
  world.disk.faults.latency = [500, 500];
  let answer: number[] | undefined;
  void send(...setPolicy).then((heard) => (answer = heard));
  await world.run(1);
  expect([before, policyOf(await world.until(send(0x00, 0x01))), answer]).toEqual([1, 2, undefined]);
  await world.run(3000);
  expect(answer?.[0]).toBe(0);
});

test('M16: a loss of power takes back what nobody was told is stored, and nothing else', async () => {
  const world = simWorld(1);
  const process = world.process();
  const { send } = await bench(world, process);
  world.disk.faults.latency = [5000, 5000];
  let answer: number[] | undefined;
  void send(...setPolicy).then((heard) => (answer = heard));
  await world.run(1);
  process.crash();
  world.disk.faults.latency = undefined;
  const again = await bench(world, world.process());
  expect([1, 2]).toContain(policyOf(await world.until(again.send(0x00, 0x01))));
  expect(answer).toBeUndefined();
});

test('M16: C3h says that nobody knows yet: a change whose author was told so is stored when the disk has done it', async () => {
  const world = simWorld(1);
  const process = world.process();
  const { send, bmc, storage } = await bench(world, process);
  world.disk.faults.latency = [4000, 4000];
  const answer = await world.until(send(...setPolicy));
  expect([answer[0], policyOf(await world.until(send(0x00, 0x01)))]).toEqual([0xc3, 2]);
  await world.run(60_000);
  world.disk.faults.latency = undefined;
  await world.until(bmc.close());
  await world.until(storage.close());
  process.kill();
  const again = await bench(world, world.process());
  expect(policyOf(await world.until(again.send(0x00, 0x01)))).toBe(2);
});

test('M16: or undone, when it cannot; a line says so', async () => {
  const world = simWorld(1);
  const { send, warnings } = await bench(world, world.process());
  world.disk.faults.latency = [4000, 4000];
  world.disk.failNext('EIO', 'datasync');
  const answer = await world.until(send(...setPolicy));
  expect(answer[0]).toBe(0xc3);
  await world.run(60_000);
  expect(policyOf(await world.until(send(0x00, 0x01)))).toBe(1);
  expect(warnings.join('\n')).toContain('changes are refused until this ends');
});

test('I3: a disk that hangs costs those who change something; who reads is answered at once', async () => {
  const world = simWorld(1);
  const { send } = await bench(world, world.process());
  world.disk.faults.latency = [1e9, 1e9];
  const changes = Array.from({ length: 20 }, () => send(...setPolicy));
  await world.run(10);
  const began = world.clock.monotonic();
  for (let n = 0; n < 50; n++) expect((await world.until(send(0x06, 0x01)))[0]).toBe(0);
  expect(world.clock.monotonic() - began).toBeLessThan(1);
  expect((await world.until(Promise.all(changes))).every(([cc]) => cc === 0xc3)).toBe(true);
});

test('L: a state directory that others may write to is refused, and says what to do', async () => {
  for (const [mode, isTaken] of [
    [0o700, true],
    [0o755, true],
    [0o775, false],
    [0o777, false],
    [0o1777, false],
  ] as const) {
    const world = simWorld(1);
    await world.until(world.files.mkdir('/state', mode));
    const opening = world.until(Storage.open(world.files, '/state', { warn: () => undefined }));
    if (isTaken) await world.until((await opening).close());
    else
      await expect(opening, mode.toString(8)).rejects.toThrow(
        /^\/state: others may write to it .*chmod go-w$/,
      );
  }
  const world = simWorld(1);
  await world.until(world.files.mkdir('/state', 0o700));
  await world.until(world.files.write('/state/secrets.journal', new Uint8Array(0), { mode: 0o666 }));
  await expect(world.until(Storage.open(world.files, '/state', { warn: () => undefined }))).rejects.toThrow(
    'secrets.journal: others may write',
  );
});

test('L: where everybody may put another directory in its place, that is told', async () => {
  for (const [mode, isTold] of [
    [0o777, true],
    [0o1777, false],
    [0o775, false],
  ] as const) {
    const world = simWorld(1);
    await world.until(world.files.mkdir('/open', mode));
    const told: string[] = [];
    await world.until(
      (
        await world.until(Storage.open(world.files, '/open/state', { warn: (line) => told.push(line) }))
      ).close(),
    );
    expect(told, mode.toString(8)).toEqual(
      isTold
        ? [
            expect.stringMatching(
              /^\/open: everybody may put another directory in the place of \/open\/state/,
            ),
          ]
        : [],
    );
  }
});
