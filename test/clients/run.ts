// `npm run clients -- [--of N] [--number N] [--visitors N] [cmx options]`: the client matrix against the BMC of
// bmc.yaml, on a free port; `--of`: as one of so many, while all others are asked.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { firstLine, judged, stopped } from '../support/cli.ts';
import { shortPort } from '../support/tools.ts';
import { FIRST_PORT, fleetAround } from './fleet.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const matrix = process.env.CLIENTMATRIX ?? `${root}../shared/clientmatrix`;
if (!existsSync(`${matrix}/cmx.py`)) {
  console.error(`there is no client matrix at ${matrix}; say where it is with CLIENTMATRIX=FOLDER`);
  process.exit(2);
}
const OWN = ['of', 'number', 'visitors'] as const;
const { tokens } = parseArgs({ args: process.argv.slice(2), strict: false, tokens: true });
const own = new Map(
  tokens.flatMap((token) => {
    const name = token.kind === 'option' ? OWN.find((option) => option === token.name) : undefined;
    return name === undefined ? [] : [[name, token.index] as const];
  }),
);
/** An option of ours is `--name VALUE`; everything else is the matrix's. */
const given = (name: (typeof OWN)[number], otherwise: number): number => {
  const at = own.get(name);
  return at === undefined ? otherwise : Number(process.argv[at + 3]);
};
const taken = new Set([...own.values()].flatMap((at) => [at, at + 1]));
const passed = process.argv.slice(2).filter((_argument, i) => !taken.has(i));
const [count, number, visitors] = [given('of', 1), given('number', 7777), given('visitors', 4)];

const port = await shortPort();
const folder = mkdtempSync(join(tmpdir(), 'ipmi-bmc-clients-'));
let file = judged;
if (count > 1) {
  file = join(folder, 'fleet.yaml');
  writeFileSync(file, fleetAround({ count, number, port }));
}
const flags = count > 1 ? ['--log-level', 'warn'] : ['--lan', `127.0.0.1:${port}`];
const bmc = spawn(process.execPath, [`${root}bin/ipmi-bmc`, 'run', file, '--json', ...flags], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
await firstLine(bmc);
bmc.stdout.resume();
const load =
  count > 1
    ? spawn(
        process.execPath,
        [
          '--import',
          'tsx',
          `${root}test/clients/load.ts`,
          ...[FIRST_PORT, count, number, visitors].map(String),
        ],
        { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] },
      )
    : undefined;
const cmx = spawn(`${matrix}/cmx.py`, ['--port', String(port), ...passed], { stdio: 'inherit' });
const code = await new Promise<number | null>((resolve) => cmx.once('exit', resolve));
if (load) await stopped(load);
await stopped(bmc);
rmSync(folder, { recursive: true });
process.exit(code ?? 1);
