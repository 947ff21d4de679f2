import { spawn, type ChildProcess } from 'node:child_process';
import { afterAll, expect, test } from 'vitest';
import { bin, firstLine, stopped } from './support/cli.ts';
import { hasNats, natsServers } from './support/nats.ts';
import { runTool } from './support/tools.ts';

const children: ChildProcess[] = [];
afterAll(async () => {
  await Promise.all(children.map((child) => stopped(child, 'SIGKILL')));
});

interface Host {
  readonly child: ChildProcess;
  readonly ready: Promise<string>;
  readonly said: () => string;
}

function host(name: string, urls: readonly string[]): Host {
  const args = [bin, 'run', '--cluster', urls.join(','), '--host', name, '--json', '--no-control'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  let said = '';
  child.stderr.on('data', (data: Buffer) => (said += data.toString('latin1')));
  const ready = firstLine(child);
  // One that ends is told of by who waits for it.
  ready.catch(() => undefined);
  return { child, ready, said: () => said };
}

// Left out where no server of NATS can be had (scripts/setup.mjs says so).
if (hasNats)
  test('23: hosts that begin before their servers, or before these have a leader, wait for them, and say so', async () => {
    const nats = await natsServers(3);
    const command = (name: string) =>
      runTool(process.execPath, [bin, 'cluster', name, '--cluster', nats.urls.join(',')]);
    try {
      const first = host('first', nats.urls);
      const ended = host('ended', nats.urls);
      const patience = { timeout: 40_000, interval: 100 };
      const isWaiting = /waiting for NATS: nats:.*connection refused/;
      await expect.poll(ended.said, patience).toMatch(isWaiting);
      await stopped(ended.child);
      expect(ended.child.exitCode).toBe(0);
      await expect.poll(first.said, patience).toMatch(isWaiting);
      await nats.servers[0].begin();
      const second = host('second', nats.urls);
      const choosing = /: JetStream (does not answer|has no leader); its servers choose a leader first/;
      await expect.poll(second.said, patience).toMatch(choosing);
      expect(second.said()).toContain(`waiting for NATS: ${nats.urls.join(', ')}: `);
      const leaderless = await command('hosts');
      expect([leaderless.code, leaderless.out]).toEqual([2, expect.stringMatching(choosing)]);
      expect([first.child.exitCode, second.child.exitCode]).toEqual([null, null]);
      await Promise.all([nats.servers[1].begin(), nats.servers[2].begin()]);
      expect(JSON.parse(await first.ready)).toMatchObject({ ready: true, cluster: { host: 'first' } });
      expect(JSON.parse(await second.ready)).toMatchObject({ ready: true, cluster: { host: 'second' } });
      expect([first, second].map(({ said }) => said().includes('certificate'))).toEqual([false, false]);
      await expect.poll(async () => (await command('hosts')).out, patience).toMatch(/first.*[^]*second/);
    } finally {
      await Promise.all(children.map((child) => stopped(child)));
      await nats.stop();
    }
  }, 150_000);
