// What somebody has who runs `npm install ipmi-bmc`: every door of the package, its types, and what lies in it.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const { exports: doors } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { exports: Record<string, unknown> };
const scratch = mkdtempSync(join(tmpdir(), 'ipmi-bmc-package-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const program = `
import { Bmc, type BlobHandler, type PowerBackend } from 'ipmi-bmc';
import { loopback } from 'ipmi-bmc/client';
import { CC, IpmiError, u8 } from 'ipmi-bmc/codec';
import { command, NetFn, Privilege } from 'ipmi-bmc/commands';
import { after, handle, type Store } from 'ipmi-bmc/handlers';
import { Context } from 'ipmi-bmc/router';

const SetFanDuty = command({
  name: 'Acme Set Fan Duty', spec: 'acme-oem 3', netFn: NetFn.OemGroup, body: 0x00abcd, cmd: 0x10,
  privilege: Privilege.Operator, request: { zone: u8, duty: u8 }, response: { applied: u8 },
});
const power: PowerBackend = { power: (action) => console.log(action) };
const bmc = new Bmc({ name: 'scratch' }, { power });
const duties: Store<number> = bmc.setup.store('acme-duties');
export const note: BlobHandler = { owner: 'acme', claims: ['/note'], list: () => [], open: () => ({ stat: () => ({ state: 0, size: 0 }), close: () => undefined, expire: () => undefined }) };
bmc.router.register({
  owner: 'acme',
  handlers: [
    handle(SetFanDuty, ({ zone, duty }, { bmc: { chassis } }) => {
      if (duty > 100) throw new IpmiError(CC.ParameterOutOfRange, 'duty');
      return after(duties.set(String(zone), duty), { applied: chassis.isOn ? duty : 0 });
    }),
  ],
});
const host = loopback(bmc.router.dispatch, new Context(bmc, { number: 15, medium: 'system-interface', maxAnswer: 248 }, Privilege.Administrator));
const { applied }: { applied: number } = await host.send(SetFanDuty, { zone: 1, duty: 60 });
console.log(applied);
// @ts-expect-error a field that the command does not have
await host.send(SetFanDuty, { zone: 1, speed: 60 }).catch(() => undefined);
`;

test('a strict TypeScript project finds types behind every door, and an OEM command runs', { timeout: 60_000 }, () => {
  mkdirSync(join(scratch, 'node_modules'));
  symlinkSync(root, join(scratch, 'node_modules', 'ipmi-bmc'));
  writeFileSync(join(scratch, 'package.json'), '{ "type": "module" }');
  const imports = Object.keys(doors).map(
    (door, i) => `import * as door${i} from '${door.replace(/^\./, 'ipmi-bmc')}';\nexport const keys${i}: string[] = Object.keys(door${i});`,
  );
  writeFileSync(join(scratch, 'doors.ts'), imports.join('\n'));
  writeFileSync(join(scratch, 'main.ts'), program);
  const compilerOptions = { strict: true, module: 'NodeNext', target: 'ES2023', types: [], rootDir: '.' };
  writeFileSync(join(scratch, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['doors.ts', 'main.ts'] }));
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  expect(spawnSync(process.execPath, [tsc, '-p', scratch], { encoding: 'utf8' }).stdout).toBe('');
  expect(execFileSync(process.execPath, [join(scratch, 'main.js')], { encoding: 'utf8' })).toBe('60\n');
});

test('the package has what it needs and no tests', { timeout: 60_000 }, () => {
  const out = execFileSync('npm', ['pack', '--dry-run', '--json'], { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  const [{ files }] = JSON.parse(out) as { files: { path: string }[] }[];
  const paths = files.map(({ path }) => path);
  expect(paths).toEqual(
    expect.arrayContaining(['README.md', 'LICENSE', 'bin/ipmi-bmc', 'bin/device-node.mjs', 'dist/bmc.js', 'dist/bmc.d.ts', 'docs/vm.md']),
  );
  expect(paths.filter((path) => /\.test\.|^(src|test|bench)\/|buildinfo/.test(path))).toEqual([]);
});
