// What somebody has who runs `npm install ipmi-bmc`: every door of the package, its types, and what lies in
// it.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const { exports: doors } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  exports: Record<string, unknown>;
};
const scratch = mkdtempSync(join(tmpdir(), 'ipmi-bmc-package-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const program = `
import { Bmc, type BlobHandler, type PowerBackend } from 'ipmi-bmc';
import { loopback, Worker } from 'ipmi-bmc/client';
import { CC, IpmiError, u8 } from 'ipmi-bmc/codec';
import { command, NetFn, Privilege } from 'ipmi-bmc/commands';
import { after, handle, type Store } from 'ipmi-bmc/handlers';
import { Context, handle as handleAnywhere, type HandlerSet } from 'ipmi-bmc/router';
import { nodeWorld } from 'ipmi-bmc/world';
import type { BmcState } from 'ipmi-bmc';

const SetFanDuty = command({
  name: 'Acme Set Fan Duty', spec: 'acme-oem 3', netFn: NetFn.OemGroup, body: 0x00abcd, cmd: 0x10,
  privilege: Privilege.Operator, request: { zone: u8, duty: u8 }, response: { applied: u8 },
});
const power: PowerBackend = { power: (action) => console.log(action) };
const bmc = new Bmc({ name: 'scratch' }, { power });
const duties: Store<number> = bmc.setup.store('acme-duties');
export const note: BlobHandler = { owner: 'acme', claims: ['/note'], list: () => [], open: () => ({ stat: () => ({ state: 0, size: 0 }), close: () => undefined, expire: () => undefined }) };
const set: HandlerSet<BmcState> = {
  owner: 'acme',
  handlers: [
    handle(SetFanDuty, ({ zone, duty }, { bmc: { chassis } }) => {
      if (duty > 100) throw new IpmiError(CC.ParameterOutOfRange, 'duty');
      return after(duties.set(String(zone), duty), { applied: chassis.isOn ? duty : 0 });
    }),
  ],
};
bmc.router.register(set);
export async function outside(worker: Worker): Promise<void> {
  await worker.register(set);
  await worker.register({ owner: 'other', handlers: [handle(SetFanDuty, ({ duty }) => ({ applied: duty })), handleAnywhere(SetFanDuty, ({ duty }) => ({ applied: duty }))] });
}
export const connected = async (path: string): Promise<Worker> => new Worker(await nodeWorld().stream.connect({ path }), nodeWorld().clock);
const host = loopback(bmc.router.dispatch, new Context(bmc, { number: 15, medium: 'system-interface', maxAnswer: 248 }, Privilege.Administrator));
const { applied }: { applied: number } = await host.send(SetFanDuty, { zone: 1, duty: 60 });
console.log(applied);
// @ts-expect-error a field that the command does not have
await host.send(SetFanDuty, { zone: 1, speed: 60 }).catch(() => undefined);
`;

test(
  'V18: a strict TypeScript project finds types behind every door, and an OEM command runs; a Worker takes the same set',
  { timeout: 60_000 },
  () => {
    mkdirSync(join(scratch, 'node_modules'));
    symlinkSync(root, join(scratch, 'node_modules', 'ipmi-bmc'));
    writeFileSync(join(scratch, 'package.json'), '{ "type": "module" }');
    const imports = Object.keys(doors).map(
      (door, i) =>
        `import * as door${i} from '${door.replace(/^\./, 'ipmi-bmc')}';\nexport const keys${i}: string[] = Object.keys(door${i});`,
    );
    writeFileSync(join(scratch, 'doors.ts'), imports.join('\n'));
    writeFileSync(join(scratch, 'main.ts'), program);
    const compilerOptions = { strict: true, module: 'NodeNext', target: 'ES2023', types: [], rootDir: '.' };
    writeFileSync(
      join(scratch, 'tsconfig.json'),
      JSON.stringify({ compilerOptions, files: ['doors.ts', 'main.ts'] }),
    );
    const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    expect(spawnSync(process.execPath, [tsc, '-p', scratch], { encoding: 'utf8' }).stdout).toBe('');
    expect(execFileSync(process.execPath, [join(scratch, 'main.js')], { encoding: 'utf8' })).toBe('60\n');
  },
);

test('the package has what it needs and no tests', { timeout: 60_000 }, () => {
  const out = execFileSync('npm', ['pack', '--dry-run', '--json'], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [{ files }] = JSON.parse(out) as { files: { path: string }[] }[];
  const paths = files.map(({ path }) => path);
  expect(paths).toEqual(
    expect.arrayContaining([
      'README.md',
      'LICENSE',
      'bin/ipmi-bmc',
      'bin/device-node.mjs',
      'systemd/ipmi-bmc.service',
      'systemd/ipmi-bmc@.service',
      'dist/bmc.js',
      'dist/bmc.d.ts',
      'docs/vm.md',
    ]),
  );
  expect(paths.filter((path) => /\.test\.|^(src|test|bench)\/|buildinfo/.test(path))).toEqual([]);
});

test(
  "V19: every link of README and of the package's pages leads to something that is in the package",
  { timeout: 60_000 },
  () => {
    const out = execFileSync('npm', ['pack', '--dry-run', '--json'], {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const [{ files }] = JSON.parse(out) as { files: { path: string }[] }[];
    const paths = files.map(({ path }) => path);
    const has = (path: string): boolean =>
      paths.some((one) => one === path || one.startsWith(`${path.replace(/\/$/, '')}/`));
    const dead = paths
      .filter((path) => path.endsWith('.md'))
      .flatMap((page) => {
        const text = readFileSync(join(root, page), 'utf8');
        const targets = [...text.matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)].map(([, target]) =>
          join(dirname(page), target),
        );
        return targets.filter((target) => !has(target)).map((target) => `${page}: ${target}`);
      });
    expect(dead).toEqual([]);
  },
);

test('V19: the licence is there, whole', () => {
  const text = readFileSync(join(root, 'LICENSE'), 'utf8');
  for (const part of [
    'TERMS AND CONDITIONS FOR USE, REPRODUCTION, AND DISTRIBUTION',
    '1. Definitions.',
    '9. Accepting Warranty',
    'END OF TERMS AND CONDITIONS',
  ])
    expect(text).toContain(part);
  expect(text.split('\n').length).toBeGreaterThan(190);
});
