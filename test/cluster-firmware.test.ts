import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect } from 'vitest';
import { bin, firstLine, stopped } from './support/cli.ts';
import { hasNats, startNats, type NatsCluster } from './support/nats.ts';
import { runTool, shortPort, toolTest } from './support/tools.ts';

const PASSWORD = 'image-secret';
const folder = mkdtempSync(join(tmpdir(), 'cluster-firmware-'));
const hosts = new Map<string, ChildProcess>();
let nats: NatsCluster | undefined;
afterAll(async () => {
  await Promise.all(Array.from(hosts.values(), (child) => stopped(child)));
  await nats?.stop();
  rmSync(folder, { recursive: true, force: true });
});

// Left out where no server of NATS can be had (scripts/setup.mjs says so).
if (hasNats)
  toolTest(
    "23.3: images that clients send move with their BMC: half of one is nobody's, an active one is there, and so is what was before",
    ['ipmitool'],
    async () => {
      nats = await startNats(1);
      const port = await shortPort();
      const [url] = nats.urls;
      const run = (...args: string[]) =>
        runTool(process.execPath, [bin, ...args], {
          env: { IPMI_BMC_CLUSTER: url, IPMI_PASSWORD: PASSWORD },
        });
      const done = async (...args: string[]): Promise<string> => {
        const { code, out } = await run(...args);
        if (code !== 0) throw new Error(`${args.join(' ')}: ${out}`);
        return out;
      };
      const start = async (name: string): Promise<void> => {
        const args = [bin, 'run', '--cluster', url, '--host', name, '--no-control', '--json'];
        const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] });
        hosts.set(name, child);
        await firstLine(child);
      };
      const to = ['--to', `127.0.0.1:${port}`, '-U', 'admin'];
      const versions = async (): Promise<string> => (await run('update', 'list', ...to)).out;
      const owner = async (): Promise<string | undefined> =>
        (JSON.parse(await done('cluster', 'list', '--json')) as { host: string }[])[0]?.host;
      const patience = { timeout: 40_000, interval: 200 };
      const other = async (before: string): Promise<string> => {
        await expect.poll(owner, patience).toBe(before === 'a' ? 'b' : 'a');
        await expect.poll(versions, patience).toContain('BIOS');
        return (await owner())!;
      };

      await Promise.all(['a', 'b'].map(start));
      const fleet = {
        bmcs: [
          {
            name: 'one',
            identity: { manufacturerId: 4753, productId: 3842 },
            interfaces: [{ type: 'lan', listen: `127.0.0.1:${port}` }],
            users: [{ id: 2, name: 'admin', password: PASSWORD }],
            firmware: {
              components: [
                { id: 0, name: 'BMC', bmc: true },
                { id: 1, name: 'BIOS', version: '2.10', speed: { writeRate: 20_000 } },
              ],
            },
          },
        ],
      };
      writeFileSync(join(folder, 'fleet.yaml'), JSON.stringify(fleet));
      await done('cluster', 'apply', join(folder, 'fleet.yaml'));
      await expect.poll(versions, patience).toMatch(/BIOS.*2\.10/);
      const made = ['--manufacturer', '4753', '--product', '3842'];
      const image = async (name: string, component: string, size: number): Promise<string> => {
        const content = join(folder, `${name}.bin`);
        writeFileSync(
          content,
          Uint8Array.from({ length: size }, (_, i) => (i * 7 + (i >> 8)) & 0xff),
        );
        const file = join(folder, `${name}.hpm`);
        await done('hpm', 'pack', file, component.replace('FILE', content), ...made);
        return file;
      };

      // Half of an image, which takes a minute.
      const slow = spawn(
        process.execPath,
        [bin, 'flash', await image('bios', '1=FILE,2.20,BIOS', 1_200_000), ...to],
        {
          env: { ...process.env, IPMI_PASSWORD: PASSWORD },
          stdio: 'ignore',
        },
      );
      await expect.poll(versions, patience).toMatch(/upload/i);
      const first = (await owner())!;
      await stopped(hosts.get(first)!, 'SIGKILL');
      await stopped(slow, 'SIGKILL');
      const second = await other(first);
      expect(await versions()).toMatch(/BIOS.*2\.10/);
      expect(await versions()).not.toMatch(/2\.20|upload/i);

      await done('flash', await image('bmc', '0=FILE,2.05,BMC', 200_000), ...to);
      await start(first);
      await stopped(hosts.get(second)!);
      await other(second);
      const tool = (args: string) =>
        runTool('ipmitool', `-I lanplus -H 127.0.0.1 -p ${port} -U admin -P ${PASSWORD} ${args}`.split(' '));
      expect((await tool('mc info')).out).toMatch(/Firmware Revision +: 2\.05/);
      expect(await versions()).toMatch(/BMC.*2\.05.*1\.00/);
      expect((await tool('hpm rollback')).code).toBe(0);
      await expect
        .poll(async () => (await tool('mc info')).out, patience)
        .toMatch(/Firmware Revision +: 1\.00/);
    },
    120_000,
  );
