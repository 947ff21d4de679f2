// Machines that outlive their BMC, by real QEMU: restarts, kills and changes of the others leave a guest's
// uptime and its console alone.
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect } from 'vitest';
import { bin, firstLine, stopped } from './support/cli.ts';
import { processesWith, smallGuest, writeSmallGuest } from './support/small-guest.ts';
import { lanplus, type Ran, runTool, toolTest } from './support/tools.ts';

const PASSWORD = 'secret-enough';
const folders: string[] = [];
const children: ChildProcess[] = [];
afterEach(async () => {
  for (const child of children.splice(0)) await stopped(child, 'SIGKILL');
  for (const folder of folders.splice(0)) {
    for (const pid of processesWith(folder)) process.kill(pid, 'SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
});

/** One BMC with a small guest of its own that it keeps. */
const one = (folder: string, name: string): string => `
  - name: ${name}
    interfaces:
      - { type: lan, listen: "127.0.0.1:0" }
      - { type: vm, interface: kcs, listen: ./${name}.bmc }
    users: [{ id: 2, name: admin, password: ${PASSWORD} }]
    chassis:
      power: on
      backend:
        type: qemu
        keep: true
        qmp: ${folder}/${name}.qmp
        command: ${smallGuest(name)}
    sol:
      console: { type: socket, connect: ./${name}.tty }
`;

interface Daemon {
  readonly child: ChildProcess;
  readonly log: () => string;
  readonly ipmitool: (name: string, args: string) => Promise<Ran>;
  /** An open `sol activate`: what it has shown, and its end. */
  readonly sol: (name: string) => { readonly seen: () => string; readonly child: ChildProcess };
  readonly reload: (wanted: string) => Promise<void>;
}

class Machines {
  readonly folder = mkdtempSync(join(tmpdir(), 'ipmi-bmc-machines-'));

  constructor() {
    folders.push(this.folder);
    writeSmallGuest(join(this.folder, 'guest.img'));
  }

  write(...names: string[]): void {
    writeFileSync(
      join(this.folder, 'bmc.yaml'),
      `bmcs:${names.map((name) => one(this.folder, name)).join('')}`,
    );
  }

  pid(name: string): number | undefined {
    const [pid, ...more] = processesWith(`${this.folder}/${name}.qmp`);
    expect(more).toEqual([]);
    return pid;
  }

  async start(): Promise<Daemon> {
    const ready = join(this.folder, 'ready');
    const args = [bin, 'run', 'bmc.yaml', '--json', '--state', 'state', '--ready-file', ready];
    const child = spawn(process.execPath, args, { cwd: this.folder, stdio: ['ignore', 'pipe', 'pipe'] });
    children.push(child);
    let log = '';
    child.stderr.on('data', (data: Buffer) => (log += String(data)));
    await firstLine(child);
    const login = (name: string): readonly string[] => {
      const text = readFileSync(ready, 'utf8');
      const { interfaces } = JSON.parse(text) as {
        interfaces: { bmc: string; type: string; address: string }[];
      };
      const lan = interfaces.find(({ bmc, type }) => bmc === name && type === 'lan');
      const port = lan?.address.split(':')[1] ?? '';
      return lanplus(port, PASSWORD);
    };
    return {
      child,
      log: () => log,
      ipmitool: (name, args) => runTool('ipmitool', [...login(name), ...args.split(' ')]),
      sol: (name) => {
        const command = ['ipmitool', ...login(name), 'sol', 'activate'].join(' ');
        const terminal = spawn('script', ['-qfc', command, '/dev/null'], {
          stdio: ['pipe', 'pipe', 'ignore'],
        });
        children.push(terminal);
        let seen = '';
        terminal.stdout.on('data', (data: Buffer) => (seen += data.toString('latin1')));
        return { seen: () => seen, child: terminal };
      },
      reload: async (wanted) => {
        child.kill('SIGHUP');
        await expect.poll(() => log).toContain(wanted);
      },
    };
  }
}

/** The status of `POST /v1/bmcs` with these settings. */
const addBmc = (socketPath: string, settings: string): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/yaml' };
    request({ socketPath, path: '/v1/bmcs', method: 'POST', headers }, (answer) => {
      answer.resume();
      answer.on('end', () => resolve(answer.statusCode));
    })
      .on('error', reject)
      .end(settings);
  });

/** The guest's ticks since it booted, as its console shows them. */
const ticksIn = (text: string): number[] =>
  [...text.matchAll(/^([0-9A-F]{4})\r?$/gm)].map(([, digits]) => parseInt(digits, 16));

/** As many more as make sure that it goes on. */
async function ticking(seen: () => string): Promise<number> {
  const before = ticksIn(seen()).length;
  await expect.poll(() => ticksIn(seen()).length).toBeGreaterThan(before + 10);
  return ticksIn(seen()).at(-1) ?? 0;
}

const isGrowing = (ticks: readonly number[]): boolean =>
  ticks.every((tick, i) => i === 0 || tick > ticks[i - 1]);

toolTest(
  'A4: a kept QEMU goes on when its BMC is stopped or killed, is taken over with its power, console and host interface, and ends when told',
  ['qemu-system-x86_64', 'ipmitool', 'script'],
  async () => {
    const machines = new Machines();
    machines.write('vm-1');
    const first = await machines.start();
    expect((await first.ipmitool('vm-1', 'chassis power status')).out).toContain('is on');
    const pid = machines.pid('vm-1');
    expect(pid).toBeDefined();
    const booted = await ticking(first.sol('vm-1').seen);

    await stopped(first.child, 'SIGKILL');
    expect(machines.pid('vm-1')).toBe(pid);
    const second = await machines.start();
    expect((await second.ipmitool('vm-1', 'chassis power status')).out).toContain('is on');
    await expect.poll(second.log).toContain('took over a QEMU');
    const later = second.sol('vm-1');
    expect(await ticking(later.seen)).toBeGreaterThan(booted);
    expect(ticksIn(later.seen())[0]).toBeGreaterThan(booted);
    // The machine's end of the host interface comes back as well.
    const counters = (): string => {
      second.child.kill('SIGUSR1');
      return second.log();
    };
    await expect.poll(counters, { interval: 500 }).toMatch(/"group":"channel 15[^\n]*"connections":1/);

    await stopped(second.child);
    expect(second.child.exitCode).toBe(0);
    await expect.poll(second.log).toContain('goes on without it');
    expect(machines.pid('vm-1')).toBe(pid);
    const third = await machines.start();
    const { seen } = third.sol('vm-1');
    const before = await ticking(seen);
    const { length } = seen();
    expect((await third.ipmitool('vm-1', 'chassis power reset')).code).toBe(0);
    await expect.poll(() => ticksIn(seen().slice(length)).some((tick) => tick < before)).toBe(true);
    expect((await third.ipmitool('vm-1', 'chassis power off')).code).toBe(0);
    await expect.poll(() => machines.pid('vm-1')).toBeUndefined();
    expect((await third.ipmitool('vm-1', 'chassis power status')).out).toContain('is off');
    expect((await third.ipmitool('vm-1', 'chassis power on')).code).toBe(0);
    await expect.poll(() => machines.pid('vm-1')).not.toBeUndefined();
    expect(machines.pid('vm-1')).not.toBe(pid);

    // Told to end with its machines.
    await stopped(third.child, 'SIGQUIT');
    expect(third.child.exitCode).toBe(0);
    await expect.poll(() => machines.pid('vm-1')).toBeUndefined();
  },
  180_000,
);

toolTest(
  'A6: three machines, a fourth added, one removed, the daemon restarted: no guest and no open console of the others notices',
  ['qemu-system-x86_64', 'ipmitool', 'script'],
  async () => {
    const machines = new Machines();
    machines.write('vm-1', 'vm-2', 'vm-3');
    const daemon = await machines.start();
    const names = ['vm-1', 'vm-2', 'vm-3'];
    const pids = names.map((name) => machines.pid(name));
    const consoles = names.map((name) => daemon.sol(name));
    for (const { seen } of consoles) await ticking(seen);

    // The fourth by the control API, which keeps it beside the file.
    const settings = one(machines.folder, 'vm-4')
      .replace(/^\n  - /, '    ')
      .replaceAll(/^ {4}/gm, '');
    const status = await addBmc(join(machines.folder, 'state', 'control.sock'), settings);
    expect(status).toBe(201);
    expect((await daemon.ipmitool('vm-4', 'chassis power status')).out).toContain('is on');
    await ticking(daemon.sol('vm-4').seen);
    expect(names.map((name) => machines.pid(name))).toEqual(pids);

    machines.write('vm-1', 'vm-3');
    await daemon.reload('1 removed (vm-2)');
    // A machine that is kept is no longer the BMC's, and runs.
    expect(machines.pid('vm-2')).toBe(pids[1]);
    for (const i of [0, 2]) {
      await ticking(consoles[i].seen);
      expect(consoles[i].child.exitCode).toBeNull();
      expect(consoles[i].seen().match(/SOL Session operational/g)).toHaveLength(1);
      expect(isGrowing(ticksIn(consoles[i].seen()))).toBe(true);
    }

    const uptimes = await Promise.all([consoles[0], consoles[2]].map(({ seen }) => ticking(seen)));
    await stopped(daemon.child);
    const again = await machines.start();
    expect((await again.ipmitool('vm-4', 'chassis power status')).out).toContain('is on');
    for (const [i, name] of (['vm-1', 'vm-3'] as const).entries()) {
      expect((await again.ipmitool(name, 'chassis power status')).out).toContain('is on');
      expect(machines.pid(name)).toBe(pids[names.indexOf(name)]);
      const { seen } = again.sol(name);
      await ticking(seen);
      expect(ticksIn(seen())[0]).toBeGreaterThan(uptimes[i]);
    }
    await stopped(again.child, 'SIGQUIT');
    for (const name of ['vm-1', 'vm-3', 'vm-4'])
      expect([name, machines.pid(name)]).toEqual([name, undefined]);
    expect(machines.pid('vm-2')).toBe(pids[1]);
    expect(existsSync(join(machines.folder, 'vm-1.qmp.log'))).toBe(true);
  },
  180_000,
);
