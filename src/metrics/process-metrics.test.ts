import { expect, test } from 'vitest';
import { connectLan } from '../client/index.ts';
import { GetDeviceId } from '../commands/app/device.ts';
import { Fleet } from '../fleet/index.ts';
import { handleRaw } from '../router/index.ts';
import { simWorld } from '../world/index.ts';
import { ProcessMetrics } from './process-metrics.ts';

const bmc = (name: string, port: number) => ({
  name,
  interfaces: [{ type: 'lan' as const, listen: `192.0.2.1:${port}` }],
  users: [{ id: 2, name: 'admin', password: 'secret' }],
});

async function rig(perBmc: boolean) {
  const world = simWorld(1);
  const fleet = new Fleet({ world });
  const metrics = new ProcessMetrics({ fleet, clock: world.clock, version: '1.2.3', perBmc });
  await world.until(fleet.apply([bmc('a', 6241), bmc('b', 6242)]));
  const samples = (name: string): string[] =>
    metrics.families
      .filter((family) => family.name === name)
      .flatMap((family) =>
        family.samples.map(({ labels, value }) => `${Object.values(labels ?? {}).join(' ')} ${value}`),
      );
  const ask = async (port: number): Promise<void> => {
    const client = await world.until(
      connectLan(world, { host: '192.0.2.1', port, user: 'admin', password: 'secret' }),
    );
    await world.until(client.send(GetDeviceId));
  };
  return { world, fleet, metrics, samples, ask };
}

test('21.2: BMCs that come are counted too, and those that go take nothing away', async () => {
  const { world, fleet, samples, ask } = await rig(false);
  await ask(6241);
  await ask(6242);
  expect(samples('ipmi_bmc_sessions')).toEqual([' 2']);
  expect(samples('ipmi_bmc_requests')).toContain('app get-device-id 00h 2');
  await world.until(fleet.remove('a'));
  await world.until(fleet.add(bmc('c', 6243)));
  await ask(6243);
  expect(samples('ipmi_bmc_sessions')).toEqual([' 2']);
  expect(samples('ipmi_bmc_bmcs')).toEqual([' 2']);
  expect(samples('ipmi_bmc_requests')).toContain('app get-device-id 00h 3');
  expect(samples('ipmi_bmc_logins')).toContain('admitted 3');
  expect(samples('ipmi_bmc_datagrams').find((line) => line.startsWith('out'))).toMatch(/ \d\d+$/);
});

test('21.2: with perBmc each number says whose it is', async () => {
  const { samples, ask } = await rig(true);
  await ask(6242);
  expect(samples('ipmi_bmc_sessions')).toEqual(['a 0', 'b 1']);
  expect(samples('ipmi_bmc_requests').filter((line) => line.includes('get-device-id'))).toEqual([
    'b app get-device-id 00h 1',
  ]);
  expect(samples('ipmi_bmc_logins')).toContain('b admitted 1');
});

test('21.2: a late answer counts when it comes; handlers of many names do not fill the memory', async () => {
  const { world, fleet, samples, ask } = await rig(false);
  const { router } = fleet.bmcs.get('a')!;
  let release: (answer: Uint8Array) => void = () => undefined;
  const slow = () => new Promise<Uint8Array>((resolve) => (release = resolve));
  const slowly = router.register({
    owner: 'slow',
    handlers: [handleRaw({ netFn: 0x30, cmd: 1 }, slow)],
  });
  const client = await world.until(
    connectLan(world, { host: '192.0.2.1', port: 6241, user: 'admin', password: 'secret' }),
  );
  const asked = client.raw(0x30, 1);
  await world.run(10);
  const of30 = (): string[] => samples('ipmi_bmc_requests').filter((line) => line.startsWith('30h'));
  expect(of30()).toEqual([]);
  release(Uint8Array.of(0xc0));
  await world.until(asked);
  expect(of30()).toEqual([expect.stringMatching(/^30h \S+ C0h 1$/)]);
  await slowly.unregister();
  for (let cmd = 0; cmd < 50; cmd++) await world.until(client.raw(0x32, cmd));
  expect(samples('ipmi_bmc_requests').filter((line) => line.startsWith('32h'))).toEqual([
    '32h unknown C1h 50',
  ]);
  await ask(6242);
});

test('21.2: whoever is counted sleeps all the same, whether counting began before it woke or after', async () => {
  for (const isLate of [false, true]) {
    const world = simWorld(1);
    const fleet = new Fleet({ world, sleepAfter: 5000 });
    const begin = () => new ProcessMetrics({ fleet, clock: world.clock, version: '1' });
    const early = isLate ? undefined : begin();
    await world.until(fleet.apply([bmc('a', 6241)]));
    const ask = async (): Promise<void> => {
      const at = { host: '192.0.2.1', port: 6241, user: 'admin', password: 'secret' };
      const client = await world.until(connectLan(world, at));
      await world.until(client.send(GetDeviceId));
      await world.until(client.close());
    };
    await ask();
    const metrics = early ?? begin();
    await ask();
    await world.run(200_000);
    expect(fleet.whyAwake('a'), `late: ${isLate}`).toBeUndefined();
    expect([...fleet.awake], `late: ${isLate}`).toEqual([]);
    const { samples } = metrics.families.find(({ name }) => name === 'ipmi_bmc_requests')!;
    const asked = samples.find(({ labels }) => labels?.command === 'get-device-id')?.value;
    expect(asked).toBe(isLate ? 1 : 2);
  }
});
