// `npm run bench -- control`: a thousand BMCs in a process of their own, steered by its control API. How long a list and
// an apply of one changed BMC take, and how late requests in a session of another one are answered meanwhile.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connectLan } from '../src/client/index.ts';
import { ControlClient, type BmcList } from '../src/control/client.ts';
import { nodeWorld } from '../src/world/node.ts';

const BMCS = 1000;
const FIRST = 21_000;
const bin = fileURLToPath(new URL('../bin/ipmi-bmc', import.meta.url));
const user = 'users: [{ id: 2, name: admin, password: secret-enough }]';
/** One of them alone, so that a change is of one. */
const other = (deviceId: number): string =>
  `  - { name: other, identity: { deviceId: ${deviceId} }, interfaces: [{ type: lan, listen: '127.0.0.1:${FIRST + BMCS}' }], ${user} }`;
const settings = (deviceId: number): string =>
  [
    'bmcs:',
    `  - { name: 'node-{n}', count: ${BMCS - 1}, interfaces: [{ type: lan, listen: '127.0.0.1:{${FIRST}+n}' }], ${user} }`,
    other(deviceId),
  ].join('\n');
/** The same with an entry for each, as programs write it. */
const written = (deviceId: number): string =>
  [
    'bmcs:',
    ...Array.from(
      { length: BMCS - 1 },
      (_, n) =>
        `  - name: node-${n}\n    interfaces:\n      - type: lan\n        listen: 127.0.0.1:${FIRST + n}\n    users:\n      - { id: 2, name: admin, password: secret-enough }`,
    ),
    other(deviceId),
  ].join('\n');

export async function run(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-control-'));
  const socket = join(folder, 'control.sock');
  const file = join(folder, 'bmc.yaml');
  writeFileSync(file, settings(1));
  const child = spawn(
    process.execPath,
    [bin, 'run', file, '--json', '--control', socket, '--log-level', 'error'],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  try {
    await new Promise((resolve) => child.stdout.once('data', resolve));
    const control = new ControlClient({ socket });
    const world = nodeWorld();
    const client = await connectLan(world, {
      host: '127.0.0.1',
      port: FIRST,
      user: 'admin',
      password: 'secret-enough',
    });
    let isOver = false;
    let worst = 0;
    const asking = (async () => {
      while (!isOver) {
        const began = performance.now();
        await client.raw(6, 1, new Uint8Array());
        worst = Math.max(worst, performance.now() - began);
      }
    })();
    const timed = async (what: string, work: (round: number) => Promise<unknown>): Promise<void> => {
      // The first loads what answers.
      await work(0);
      worst = 0;
      const times: number[] = [];
      for (let round = 1; round <= 10; round++) {
        const began = performance.now();
        await work(round);
        times.push(performance.now() - began);
      }
      times.sort((a, b) => a - b);
      const middle = times[times.length >> 1].toFixed(0);
      console.log(
        `${what}: ${middle} ms (worst ${times[9].toFixed(0)}); slowest request meanwhile ${worst.toFixed(1)} ms`,
      );
    };
    await timed('nothing, for 100 ms', () => new Promise((resolve) => setTimeout(resolve, 100)));
    await timed(`list of ${BMCS}`, async () => {
      for (let cursor: string | undefined = ''; cursor !== undefined;) {
        const from: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
        cursor = (await control.get<BmcList>(`/v1/bmcs?limit=500${from}`)).next;
      }
    });
    const apply = (body: string) =>
      control.request('/v1/fleet/apply', { method: 'POST', body, type: 'application/yaml' });
    await timed('apply of one changed', (round) => apply(settings(2 + round)));
    await timed('apply of one changed, an entry each', (round) => apply(written(20 + round)));
    await timed('reload of one changed, an entry each', (round) => {
      writeFileSync(file, written(40 + round));
      return control.post('/v1/fleet/reload');
    });
    isOver = true;
    await asking;
    await client.close();
  } finally {
    child.kill();
    rmSync(folder, { recursive: true, force: true });
  }
}
