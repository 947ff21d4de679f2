import { expect, test } from 'vitest';
import { simWorld } from '../world/index.ts';
import { AddressHooks } from './address-hooks.ts';

const quiet = (): void => undefined;

function rig() {
  const world = simWorld(1);
  const runs: { args: readonly string[]; input: string; env: unknown }[] = [];
  const warnings: string[] = [];
  let running = 0;
  let most = 0;
  let outcome: () => { code?: number | null; stderr?: string } | Promise<never> = () => ({});
  world.programs.define('/usr/bin/lead', async (args, { input = '', env }) => {
    most = Math.max(most, ++running);
    runs.push({ args, input, env });
    await new Promise<void>((resolve) => void world.clock.after(10, resolve));
    running--;
    return outcome();
  });
  const log = { debug: quiet, info: quiet, warn: (text: string) => void warnings.push(text), error: quiet };
  const hooks = { own: ['/usr/bin/lead', '--to', 'me'], timeout: 2 };
  const made = new AddressHooks(hooks, { programs: world.programs, log, host: 'rack-1' });
  return {
    world,
    runs,
    warnings,
    hooks: made,
    most: () => most,
    becomes: (next: typeof outcome) => void (outcome = next),
  };
}

const bmc = (i: number) => ({
  name: `node ${i}`,
  endpoints: [{ host: `192.0.2.${i % 250}`, port: 600 + i }],
});

test('23.6: a command gets the addresses that are to lead here, so many at a time, one run after the other', async () => {
  const { world, runs, warnings, hooks, most } = rig();
  const both = [Array.from({ length: 300 }, (_, i) => bmc(i)), [bmc(7)]].map((bmcs) =>
    hooks.run('own', bmcs),
  );
  expect(await world.until(Promise.all(both))).toEqual([true, true]);
  expect(runs.map(({ input }) => input.split('\n').length - 1)).toEqual([256, 44, 1]);
  expect(runs[2]).toEqual({
    args: ['--to', 'me'],
    input: '192.0.2.7 607 node 7\n',
    env: { IPMI_CLUSTER_ACTION: 'own', IPMI_CLUSTER_HOST: 'rack-1' },
  });
  expect([most(), warnings]).toEqual([1, []]);
  // Nothing to say, or nobody to say it to.
  expect(await world.until(Promise.all([hooks.run('own', []), hooks.run('lost', [bmc(1)])]))).toEqual([
    true,
    true,
  ]);
  expect(runs).toHaveLength(3);
});

test('23.6: a command that fails, hangs or is not there is a line of the log, and false', async () => {
  const { world, warnings, hooks, becomes } = rig();
  becomes(() => ({ code: 3, stderr: 'no such route\nmore' }));
  expect(await world.until(hooks.run('own', [bmc(1), bmc(2)]))).toBe(false);
  becomes(() => new Promise<never>(quiet));
  expect(await world.until(hooks.run('own', [bmc(1)]))).toBe(false);
  const none = new AddressHooks(
    { own: ['/nowhere'] },
    {
      programs: world.programs,
      log: { debug: quiet, info: quiet, warn: (text: string) => void warnings.push(text), error: quiet },
      host: 'x',
    },
  );
  expect(await world.until(none.run('own', [bmc(1)]))).toBe(false);
  expect(warnings).toEqual([
    'cluster: /usr/bin/lead, own of 192.0.2.1 601 node 1 and 1 more: ended with 3: no such route',
    'cluster: /usr/bin/lead, own of 192.0.2.1 601 node 1: was killed, after 2 s at the latest',
    expect.stringMatching(/^cluster: \/nowhere, own of 192\.0\.2\.1 601 node 1: .*ENOENT/),
  ]);
});
