import { expect, test } from 'vitest';
import { rig } from '../../test/support/bmc.ts';
import { logInNet, type LogInNet } from '../../test/support/log-in-net.ts';
import { pcapngOf, record, type Recorded } from '../../test/support/recorder.ts';
import { importCapture } from '../tape/index.ts';
import { Explainer, readCapture, readDatagrams, Tally, type Explained } from './index.ts';

const candidates = { passwords: ['AdminPass123'] };

async function explained(packets: readonly Recorded[], tally = new Tally()): Promise<Explained[]> {
  const { bmc } = rig();
  const explainer = new Explainer({
    names: bmc.router,
    ask: async () => Uint8Array.of(0),
    candidates,
  });
  const all: Explained[] = [];
  for await (const datagram of readDatagrams(pcapngOf([...packets]), tally)) {
    const one = await explainer.datagram(datagram);
    if (one !== undefined) all.push(one);
  }
  return [...all, ...(await explainer.end())];
}

async function recorded(net: LogInNet, use: (raw: Awaited<ReturnType<LogInNet['by']>>) => Promise<void>) {
  const packets = record(net.bmc, net.world);
  const raw = await net.by({ suite: 3 });
  for (const step of ['open', 'rakp1', 'rakp3'] as const) expect(await raw[step]()).toBe(0);
  await use(raw);
  return packets;
}

const asked = async (packets: readonly Recorded[], tally?: Tally): Promise<string[]> => {
  const names: string[] = [];
  for await (const { request, answer } of readCapture(pcapngOf([...packets]), candidates, undefined, tally))
    names.push(`${request.cmd} ${answer?.cc ?? 'none'}`);
  return names;
};

const session = async (): Promise<Recorded[]> =>
  recorded(await logInNet(), async (raw) => {
    for (const cmd of [1, 2, 1]) await raw.send20(6, cmd);
  });

test('EXP8: what a mirrored port gives twice counts once, whichever copy comes first, and it is said once', async () => {
  const packets = await session();
  const once = { asked: await asked(packets), says: await explained(packets) };
  expect(once.asked).toHaveLength(3);
  const later = ({ time, bytes }: Recorded, by: number): Recorded => ({ time: time + by, bytes });
  const eachTwice = packets.flatMap((packet) => [packet, later(packet, 40)]);
  // A second mirror is behind by a millisecond: its copies come among what follows.
  const behind = [...packets, ...packets.map((packet) => later(packet, 1000))];
  for (const twice of [eachTwice, behind.toSorted((a, b) => a.time - b.time)]) {
    const tally = new Tally();
    expect(await asked(twice, tally)).toEqual(once.asked);
    expect(tally.notes()).toEqual([
      `${packets.length} datagram(s) that are there twice, as a mirrored port or the interface any gives them`,
    ]);
    const said = await explained(twice);
    expect(said.map(({ name, says }) => [name, ...says])).toEqual(
      once.says.map(({ name, says }) => [name, ...says]),
    );
    const tape = await importCapture(pcapngOf(twice), candidates);
    expect(tape.entries).toHaveLength(3);
  }
});

test('EXP8: what is said again after a while, outside of a session, is no duplicate', async () => {
  const packets = await session();
  const [open] = packets;
  const again = { time: open.time + 1_000_000, bytes: open.bytes };
  const tally = new Tally();
  await asked([open, again], tally);
  expect(tally.duplicates).toBe(0);
  await asked([open, { ...again, time: open.time + 500 }], tally);
  expect(tally.duplicates).toBe(1);
});

test('EXP8: a request that the console asks again is a retry by name, and no duplicate', async () => {
  const net = await logInNet();
  const packets = await recorded(net, async (raw) => {
    await raw.send20(6, 1);
    await raw.send20(6, 1, [], { again: true });
  });
  // The answer to the first is lost, or comes on its way back behind the capture.
  const answer = packets.length - 3;
  for (const [seen, why] of [
    [packets, 'the answer to that did not reach it'],
    [packets.filter((_, i) => i !== answer), 'no answer to that has come yet'],
  ] as const) {
    const tally = new Tally();
    const all = await explained(seen, tally);
    expect(tally.duplicates).toBe(0);
    const requests = all.filter(({ kind, name }) => kind === 'request' && name === 'Get Device ID');
    expect(requests.map(({ says }) => says)).toEqual([
      [],
      [`a retry of packet ${requests[0].number}: ${why}`],
    ]);
  }
});

test('EXP8: the same sequence number 64 requests later is no retry', async () => {
  const packets = await recorded(await logInNet(), async (raw) => {
    for (let i = 0; i < 130; i++) await raw.send20(6, 1);
  });
  const all = await explained(packets);
  expect(all.filter(({ says }) => says.some((line) => line.includes('retry')))).toEqual([]);
  expect(all.filter(({ kind }) => kind === 'request').length).toBe(130);
});
