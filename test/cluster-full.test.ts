// A server of NATS that has no room any more: what is acknowledged is stored, what is not is refused with the right
// code, and all goes on by itself when there is room again.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { afterAll, expect } from 'vitest';
import { bin, firstLine, stopped } from './support/cli.ts';
import { PASSWORD } from './support/daemon.ts';
import { hasNats, natsServers } from './support/nats.ts';
import { runTool, shortPort, toolTest } from './support/tools.ts';

const folder = mkdtempSync(join(tmpdir(), 'cluster-full-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

// Left out where no server of NATS can be had (scripts/setup.mjs says so).
if (hasNats)
  toolTest(
    '23.6: a NATS without room: a change is refused with C4h and undone, hosts say why, and all is served and stored again when there is room',
    ['ipmitool'],
    async () => {
      const nats = await natsServers(1, '', 'max_file_store: 2MB');
      await nats.servers[0].begin();
      const [url] = nats.urls;
      const port = await shortPort();
      const cli = (...args: string[]) =>
        runTool(process.execPath, [bin, ...args], { env: { IPMI_BMC_CLUSTER: url, NO_COLOR: '1' } });
      const ipmitool = (args: string) =>
        runTool(
          'ipmitool',
          `-I lanplus -H 127.0.0.1 -p ${port} -U admin -P ${PASSWORD} -N 2 -R 1 ${args}`.split(' '),
        );
      /** An entry of the SEL whose timestamp begins so. */
      const add = (number: number) =>
        ipmitool(`raw 0x0a 0x44 0 0 2 ${number} 0 0 0 0x20 0 4 1 0x30 1 0xff 0xff 0xff`);
      const child = spawn(
        process.execPath,
        [bin, 'run', '--cluster', url, '--host', 'a', '--no-control', '--json'],
        { stdio: ['ignore', 'pipe', 'pipe'] },
      );
      let said = '';
      child.stderr.on('data', (data: Buffer) => (said += data.toString('latin1')));
      const connection = await connect({ servers: [url] });
      try {
        await firstLine(child);
        const fleet = {
          bmcs: [
            {
              name: 'one',
              interfaces: [{ type: 'lan', listen: `127.0.0.1:${port}` }],
              users: [{ id: 2, name: 'admin', password: PASSWORD }],
              sel: { bootEvents: false },
            },
          ],
        };
        writeFileSync(join(folder, 'fleet.yaml'), JSON.stringify(fleet));
        expect(await cli('cluster', 'apply', join(folder, 'fleet.yaml'))).toMatchObject({ code: 0 });
        const patience = { timeout: 30_000, interval: 200 };
        await expect.poll(async () => (await add(1)).code, patience).toBe(0);

        // Somebody else fills it.
        const manager = await jetstreamManager(connection);
        await manager.streams.add({ name: 'others', subjects: ['others'] });
        const client = jetstream(connection);
        const filled = async (): Promise<string> => {
          for (;;)
            try {
              await client.publish('others', new Uint8Array(20_000));
            } catch (error) {
              return (error as Error).message;
            }
        };
        expect(await filled()).toMatch(/insufficient resources/);
        const full = await add(2);
        expect(full.out).toMatch(/rsp=0xc4/);
        expect(said).toMatch(/one: NATS has no room for one: .*changes are refused until this ends/);
        // Leases are stored there, too.
        await expect.poll(() => said, patience).toMatch(/a has lost its place/);
        await expect.poll(() => said, patience).toMatch(/cluster: NATS has no room for a: .*trying again/);
        expect((await add(2)).code).toBe(1);
        // It is tried four times a second, and said once.
        await new Promise((resolve) => setTimeout(resolve, 2000));
        expect(said.split('NATS has no room for a:')).toHaveLength(2);

        await manager.streams.delete('others');
        await expect.poll(async () => (await add(3)).code, patience).toBe(0);
        const entries = (await ipmitool('sel list')).out;
        // The refused one is not there.
        expect(entries.trim().split('\n')).toHaveLength(2);
      } finally {
        await connection.close();
        await stopped(child);
        await nats.stop();
      }
    },
    120_000,
  );
