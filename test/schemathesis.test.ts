// Schemathesis asks a process that runs whatever its OpenAPI lets it think of. For longer: SCHEMATHESIS_EXAMPLES=200.
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { ControlClient, type BmcList } from '../src/control/client.ts';
import { bin, firstLine, root, stopped } from './support/cli.ts';

/** The one that `SCHEMATHESIS` names, or that `npm test` has made (scripts/setup.mjs). */
const schemathesis =
  process.env.SCHEMATHESIS ??
  join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'ipmi-bmc/schemathesis/bin/schemathesis');
const examples = process.env.SCHEMATHESIS_EXAMPLES ?? '2';
const TOKEN = 'a'.repeat(24);

const config = join(root, 'test/schemathesis/schemathesis.toml');

const children: ChildProcess[] = [];
const folders: string[] = [];
afterEach(async () => {
  for (const child of children.splice(0)) await stopped(child, 'SIGKILL');
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

const settings = `
control: { listen: '127.0.0.1:0', tokens: tokens, socket: control.sock }
bmcs:
  - name: node-1
    interfaces: [{ type: lan, listen: '127.0.0.1:0' }]
    users: [{ id: 2, name: admin, password: secret-enough }]
    fru: [{ id: 0, name: Board, size: 2048, board: { product: Example } }]
    firmware: { components: [{ id: 0, name: BMC, bmc: true }, { id: 1, name: BIOS, version: '1.00' }] }
    sensors:
      - { name: CPU1 Temp, number: 1, entity: '3.1', type: temperature, unit: degrees C, range: [0, 127], value: { base: 40 } }
`;

test('17: what Schemathesis leaves out are routes that there are', () => {
  const { paths } = JSON.parse(readFileSync(join(root, 'openapi.json'), 'utf8')) as {
    paths: Record<string, Record<string, unknown>>;
  };
  const routes = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  const left = readFileSync(config, 'utf8');
  for (const [, name] of left.matchAll(/^include-name = "(.*)"$/gm)) expect(routes).toContain(name);
  const [, ends] = /^include-path-regex = '\/\((.*)\)\$'$/m.exec(left) ?? [];
  for (const end of ends.split('|'))
    expect(
      routes.some((route) => route.endsWith(`/${end}`)),
      end,
    ).toBe(true);
});

// It comes from PyPI: where that cannot be had, `npm test` says so and does without.
if (existsSync(schemathesis))
  test(
    '17: schemathesis finds no 5xx and no answer that OpenAPI does not declare',
    { timeout: 600_000 },
    async () => {
      const folder = mkdtempSync(join(tmpdir(), 'schemathesis-'));
      folders.push(folder);
      writeFileSync(join(folder, 'bmc.yaml'), settings);
      writeFileSync(join(folder, 'tokens'), `fuzz admin ${TOKEN}\n`, { mode: 0o600 });
      const args = ['run', join(folder, 'bmc.yaml'), '--json'];
      const daemon = spawn(process.execPath, [bin, ...args], { stdio: ['ignore', 'pipe', 'ignore'] });
      children.push(daemon);
      const { control } = JSON.parse(await firstLine(daemon)) as { control: string[] };
      const [socket, address] = control;
      const fuzz = spawn(
        schemathesis,
        [
          '--config-file',
          config,
          '--no-color',
          'run',
          `http://${address}/openapi.json`,
          '--header',
          `Authorization: Bearer ${TOKEN}`,
          '--phases',
          'coverage,fuzzing',
          '--max-examples',
          examples,
          '--seed',
          '17',
        ],
        { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] },
      );
      children.push(fuzz);
      let said = '';
      for (const stream of [fuzz.stdout, fuzz.stderr])
        stream.on('data', (data: Buffer) => (said += String(data)));
      const code = await new Promise((resolve) => fuzz.once('exit', resolve));
      expect(code, said).toBe(0);
      // All of them were asked, and the BMC that it was about is there still.
      expect(Number(/(\d+) generated/.exec(said)?.[1])).toBeGreaterThan(1000);
      const { bmcs } = await new ControlClient({ socket }).get<BmcList>('/v1/bmcs');
      expect(bmcs.map(({ name, state }) => [name, state])).toContainEqual(['node-1', 'running']);
    },
  );
