// What a host of a cluster says on the bus: itself and its BMCs in lists of services (what `nats micro ls` asks), events
// and those of SELs in a stream, who changed what, and numbers; on a real nats-server.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { jetstreamManager } from '@nats-io/jetstream';
import { expect } from 'vitest';
import { bin, firstLine, stopped } from './support/cli.ts';
import { PASSWORD } from './support/daemon.ts';
import { hasNats, startNats } from './support/nats.ts';
import { runTool, shortPort, toolTest } from './support/tools.ts';

/** What comes within a moment. */
async function asked(bus: NatsConnection, subject: string): Promise<Record<string, unknown>[]> {
  const found: Record<string, unknown>[] = [];
  for await (const answer of await bus.requestMany(subject, '', { strategy: 'timer', maxWait: 500 }))
    found.push(answer.json());
  return found.toSorted((a, b) => String(a.id).localeCompare(String(b.id)));
}

if (hasNats)
  toolTest(
    '23.5: lists of services show hosts and BMCs; events, changes and numbers are told, and SEL events are kept',
    ['ipmitool'],
    async () => {
      const folder = mkdtempSync(join(tmpdir(), 'cluster-told-'));
      const nats = await startNats();
      const [url] = nats.urls;
      const port = await shortPort();
      const file = join(folder, 'host.yaml');
      const section = `servers: ['${url}'], host: rack.1, audit: true, metricsEvery: 1, selDays: 2`;
      writeFileSync(file, `cluster: { ${section} }\naudit: { file: audit.log }\n`);
      const child = spawn(process.execPath, [bin, 'run', file, '--json', '--no-control'], {
        env: { ...process.env, IPMI_BMC_RUNTIME_DIRECTORY: folder },
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      const bus = await connect({ servers: url });
      try {
        await firstLine(child);
        const told = new Map<string, string[]>();
        bus.subscribe('ipmi.>', {
          callback: (_, { subject, data }) =>
            void told.set(subject, [...(told.get(subject) ?? []), new TextDecoder().decode(data)]),
        });
        const fleet = `bmcs:
  - name: node-{n}
    count: 2
    labels: { site: berlin }
    interfaces: [{ type: lan, listen: '127.0.0.1:{${port}+n}' }]
    users: [{ id: 2, name: admin, password: ${PASSWORD} }]
    sel: { bootEvents: false }
`;
        const env = { IPMI_BMC_CLUSTER: url };
        expect(
          (await runTool(process.execPath, [bin, 'cluster', 'apply', '-'], { env, input: fleet })).code,
        ).toBe(0);
        const ipmitool = (args: string) =>
          runTool(
            'ipmitool',
            `-I lanplus -H 127.0.0.1 -p ${port} -U admin -P ${PASSWORD} ${args}`.split(' '),
          );
        await expect.poll(async () => (await ipmitool('mc info')).code).toBe(0);
        const type = (verb: string) => `io.nats.micro.v1.${verb}_response`;
        const version = expect.stringMatching(/^\d+\.\d+\.\d+/);
        const host = {
          name: 'ipmi-bmc-host',
          id: 'rack=2E1',
          version,
          metadata: { host: 'rack.1', bmcs: '2' },
        };
        const bmc = (i: number) => ({
          name: 'ipmi-bmc',
          id: `node-${i}`,
          version,
          metadata: {
            bmc: `node-${i}`,
            host: 'rack.1',
            listen: `127.0.0.1:${port + i}`,
            'label.site': 'berlin',
          },
        });
        expect(await asked(bus, '$SRV.PING')).toEqual(
          [bmc(0), bmc(1), host].map((each) => ({ type: type('ping'), ...each })),
        );
        expect(await asked(bus, '$SRV.INFO.ipmi-bmc.node-1')).toEqual([
          { type: type('info'), ...bmc(1), description: 'A BMC', endpoints: [] },
        ]);
        expect(await asked(bus, '$SRV.STATS.ipmi-bmc-host')).toMatchObject([
          { type: type('stats'), ...host, started: expect.stringMatching(/^\d{4}-/), endpoints: [] },
        ]);
        expect(await asked(bus, '$SRV.PING.ipmi-bmc.other').catch(() => [])).toEqual([]);
        await ipmitool('event 1');
        await ipmitool('user set name 5 operator');
        await expect.poll(() => told.get('ipmi.event.node-0.sel')?.length).toBe(1);
        await expect.poll(() => told.get('ipmi.audit.node-0')?.length).toBeGreaterThan(0);
        const change = told.get('ipmi.audit.node-0')!.find((line) => line.includes('"user"'));
        expect(JSON.parse(change ?? '{}')).toMatchObject({ bmc: 'node-0' });
        // The file of the process has the same lines.
        expect(readFileSync(join(folder, 'audit.log'), 'utf8')).toContain(change);
        await expect.poll(() => told.get('ipmi.metrics.rack=2E1')?.at(-1)).toMatch(/^# HELP/);
        const { streams } = await jetstreamManager(bus);
        const kept = await streams.getMessage('ipmi_sel', { last_by_subj: 'ipmi.event.node-0.sel' });
        expect(kept?.string()).toBe(told.get('ipmi.event.node-0.sel')![0]);
        expect((await streams.info('ipmi_sel')).config.max_age).toBe(2 * 86_400e9);
      } finally {
        await bus.close();
        await stopped(child);
        await nats.stop();
        rmSync(folder, { recursive: true, force: true });
      }
    },
    40_000,
  );
