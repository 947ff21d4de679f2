import { spawn, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { firstLine } from '../../support/cli.ts';
import { toolTest } from '../../support/tools.ts';
import { Machines, missingForMachines } from './machines.ts';

const missing = missingForMachines();

/** Namespaces of the machines that a process has made. */
const spacesOf = (pid: number | undefined): string[] =>
  spawnSync('ip', ['netns', 'list'], { encoding: 'utf8' })
    .stdout.split('\n')
    .filter((line) => line.startsWith(`bmc-${pid}-`));

/** Makes two machines, runs a program on one of them, and says so. */
const PROGRAM = `
import { Machines } from ${JSON.stringify(fileURLToPath(new URL('machines.ts', import.meta.url)))};
const child = new Machines(2).run('a', 'sleep', ['600'], 'ignore');
console.log(String(child.pid));
`;

toolTest(
  '23: what a killed run leaves of its machines the next one removes, and what ran on them has ended',
  ['ip', 'setpriv', ...(missing === undefined ? [] : [missing])],
  async () => {
    const killed = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', PROGRAM], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = new Promise((resolve) => killed.once('close', resolve));
    const running = Number(await firstLine(killed));
    expect(spacesOf(killed.pid)).toHaveLength(4);
    killed.kill('SIGKILL');
    await ended;
    const lives = (): boolean => spawnSync('kill', ['-0', String(running)]).status === 0;
    await expect.poll(lives, { timeout: 20_000 }).toBe(false);
    const next = new Machines(1);
    expect(spacesOf(killed.pid)).toEqual([]);
    expect(spacesOf(process.pid)).toHaveLength(3);
    await next.close();
    expect(spacesOf(process.pid)).toEqual([]);
  },
  60_000,
);
