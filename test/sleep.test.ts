// A fleet whose BMCs sleep, with a real client: one that nobody has asked before shows what one shows that was made at the
// start, while others are asked.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect } from 'vitest';
import { twoSocketServer } from '../src/config/index.ts';
import { before, firstLine, program, stopped } from './support/cli.ts';
import { lanplus, runTool, toolTest } from './support/tools.ts';

const children: ChildProcess[] = [];
afterEach(async () => {
  for (const child of children.splice(0)) await stopped(child);
});

const COUNT = 200;
const LATE = 177;

toolTest(
  'Z15: number 177 of a fleet, made when ipmitool asks it, shows what number 0 shows, while others are asked',
  ['ipmitool'],
  async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'sleep-')), 'fleet.yaml');
    const entry = {
      count: COUNT,
      ...twoSocketServer,
      name: 'node-{n}',
      identity: { ...twoSocketServer.identity, systemGuid: '00000000-0000-4000-8000-000000000001' },
      interfaces: [{ type: 'lan', listen: '127.0.0.1:0' }],
      users: [{ id: 2, name: 'admin', password: 'AdminPass123' }],
    };
    writeFileSync(file, JSON.stringify({ bmcs: [entry] }));
    const child = spawn(program, [...before, 'run', file, '--json'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    children.push(child);
    const { interfaces } = JSON.parse(await firstLine(child)) as { interfaces: { address: string }[] };
    const ask = async (n: number, args: string): Promise<string> => {
      const port = interfaces[n].address.split(':')[1];
      const login = lanplus(port);
      const { code, out } = await runTool('ipmitool', [...login, ...args.split(' ')]);
      expect(code, `${n}: ${args}: ${out}`).toBe(0);
      return out;
    };
    const seen = async (n: number): Promise<string[]> => {
      const all: string[] = [];
      for (const args of [
        'mc info',
        'mc guid',
        'sel elist',
        'sdr elist',
        'fru print',
        'user list 1',
        'chassis status',
      ])
        all.push(await ask(n, args));
      // Readings move with time, and the first BMC of a fleet may begin a second before the last.
      return all.map((text) =>
        text.replace(/\|[^|\n]*(degrees C|Volts|RPM|Watts)/g, '|').replace(/[\d/]+ \| [\d:]+ UTC/g, ''),
      );
    };
    const [late] = await Promise.all([seen(LATE), ...[40, 80, 120].map((n) => ask(n, 'sdr elist'))]);
    expect(late).toEqual(await seen(0));
  },
);
