import { expect, test } from 'vitest';
import { logInNet } from '../../test/support/log-in-net.ts';
import type { BmcState } from '../bmc-state.ts';
import { handleRaw } from '../router/index.ts';
import { onTrouble, triggersOf } from './pcap-triggers.ts';

for (const [words, count] of [
  ['late', 1],
  ['c3h', 1],
  ['late,0xc3', 1],
  ['refused,dropped,fault,ffh', 0],
] as const)
  test(`EXP9: --pcap-on ${words}: a request that nobody answers is told ${count} time(s), at its deadline`, async () => {
    const net = await logInNet();
    const silent = handleRaw<BmcState>({ netFn: 0x30, cmd: 1 }, () => new Promise(() => undefined), {
      name: 'Get Nothing',
    });
    net.bmc.router.register({ owner: 'silent', handlers: [silent] });
    const times: number[] = [];
    onTrouble(net.bmc, triggersOf(words), () => times.push(net.world.clock.monotonic()));
    const raw = await net.by({ suite: 3 });
    for (const step of ['open', 'rakp1', 'rakp3'] as const) expect(await raw[step]()).toBe(0);
    expect(await raw.send20(6, 0x3b, [4])).toBe(0);
    const asked = net.world.clock.monotonic();
    await raw.send20(0x30, 1);
    await net.world.run(10_000);
    expect(times).toHaveLength(count);
    for (const time of times) expect(time - asked).toBeLessThan(6000);
  });

test('EXP9: --pcap-on late: one that is answered in time is nothing, one that is answered too late is told', async () => {
  const net = await logInNet();
  for (const [cmd, ms] of [
    [1, 1000],
    [2, 7000],
  ] as const) {
    const slow = handleRaw<BmcState>(
      { netFn: 0x30, cmd },
      async () => {
        await new Promise<void>((resolve) => void net.world.clock.after(ms, resolve));
        return Uint8Array.of(0);
      },
      { name: `Get Slow ${cmd}` },
    );
    net.bmc.router.register({ owner: `slow ${cmd}`, handlers: [slow] });
  }
  let told = 0;
  onTrouble(net.bmc, triggersOf('late'), () => told++);
  const raw = await net.by({ suite: 3 });
  for (const step of ['open', 'rakp1', 'rakp3'] as const) expect(await raw[step]()).toBe(0);
  expect(await raw.send20(6, 0x3b, [4])).toBe(0);
  await raw.send20(0x30, 1);
  await net.world.run(10_000);
  expect(told).toBe(0);
  await raw.send20(0x30, 2);
  await net.world.run(10_000);
  // At the deadline, and when the handler is done: its answer is in the file as well.
  expect(told).toBe(2);
});
