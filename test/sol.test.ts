// Real SOL clients: each types, reads what comes back, and leaves.
import { spawn } from 'node:child_process';
import { createServer, type Socket } from 'node:net';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { judged, startBmc, stopped, type RunningBmc } from './support/cli.ts';
import { converse } from './support/terminal.ts';
import { runTool, shortPort, toolTest } from './support/tools.ts';

let bmc: RunningBmc;
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sol-'));
  bmc = await startBmc(judged, '--lan', `127.0.0.1:${await shortPort()}`);
});
afterAll(async () => {
  await bmc.stop();
  await rm(directory, { recursive: true });
});

const account = '-U admin -P AdminPass123';
const prompt = /server login: /;

toolTest(
  'ipmitool: types, sends a break, is refused while another one is in, leaves',
  ['ipmitool', 'script'],
  async () => {
    const lan = `ipmitool -I lanplus -H 127.0.0.1 -p ${bmc.port} ${account}`;
    const { out } = await converse(`${lan} sol activate`, [
      [/operational/, 'one\r'],
      [prompt, '\r~Btwo\r'],
      [/two[\s\S]*login: /, '~.'],
    ]);
    expect(out).toMatch(/one\s+Login incorrect/);
    expect(out).toMatch(/two\s+Login incorrect/);
    await converse(`${lan} sol activate`, [
      [
        /operational/,
        async () => {
          expect((await bmc.ipmitool('raw 6 0x4a 1')).out.trim()).toBe('01 01 00');
          expect((await bmc.ipmitool('sol activate')).out).toContain(
            'SOL payload already active on another session',
          );
          return '\r~.';
        },
      ],
    ]);
    expect((await bmc.ipmitool('raw 6 0x4a 1')).out.trim()).toBe('01 00 00');
    expect((await bmc.ipmitool('sol deactivate')).out).toContain('SOL payload already de-activated');
  },
);

toolTest('ipmitool: payload access, looptest, parameters', ['ipmitool'], async () => {
  expect((await bmc.ipmitool('sol payload status 1 3')).out).toContain('User 3 on channel 1 is enabled');
  expect((await bmc.ipmitool('sol payload disable 1 3')).code).toBe(0);
  expect((await bmc.ipmitool('sol payload status 1 3')).out).toContain('User 3 on channel 1 is disabled');
  expect((await bmc.ipmitool('sol activate', '-L OPERATOR -U oper -P OperPass123')).out).toContain(
    'Insufficient privilege level',
  );
  expect((await bmc.ipmitool('sol payload enable 1 3')).code).toBe(0);
  expect((await bmc.ipmitool('sol looptest 3 10')).code).toBe(0);
  for (const [name, value, shown] of [
    ['enabled', 'false', /^Enabled +: false/m],
    ['enabled', 'true', /^Enabled +: true/m],
    ['force-authentication', 'true', /^Force Authentication +: true/m],
    ['force-authentication', 'false', /^Force Authentication +: false/m],
    ['character-accumulate-level', '10', /^Character Accumulate Level \(ms\) +: 50/m],
    ['retry-count', '5', /^Retry Count +: 5/m],
    ['non-volatile-bit-rate', '38.4', /^Non-Volatile Bit Rate \(kbps\) +: 38.4/m],
    ['set-in-progress', 'set-in-progress', /^Set in progress +: set-in-progress/m],
    ['retry-count', '7', /^Retry Count +: 7/m],
  ] as const) {
    expect([name, (await bmc.ipmitool(`sol set ${name} ${value} 1`)).code]).toEqual([name, 0]);
    expect((await bmc.ipmitool('sol info 1')).out).toMatch(shown);
  }
});

toolTest('ipmiconsole types and reads', ['ipmiconsole', 'script'], async () => {
  const { out } = await converse(`ipmiconsole -h 127.0.0.1:${bmc.port} -u admin -p AdminPass123`, [
    [/SOL established/, 'hello\r'],
    [prompt, '&.'],
  ]);
  expect(out).toMatch(/hello\s+Login incorrect/);
  expect(out).toContain('closing the connection');
});

toolTest('solterm of OpenIPMI types and reads', ['solterm', 'script'], async () => {
  const { out } = await converse(`solterm lan ${account} -p ${bmc.port} 127.0.0.1`, [
    [/Connected/, 'hello\r'],
    [prompt, '\r~.'],
  ]);
  expect(out).toMatch(/hello\s+Login incorrect/);
});

const pyghmi = `
import sys
from pyghmi.ipmi import console
got = ''
def out(data):
    global got
    got += data if isinstance(data, str) else data.decode('latin-1') if isinstance(data, bytes) else str(data)
c = console.Console(bmc='127.0.0.1', userid='admin', password='AdminPass123', port=int(sys.argv[1]), iohandler=out, force=True)
while not c.connected: console.session.Session.wait_for_rsp(0.1)
c.send_data('hello\\r')
for _ in range(100):
    if 'login: ' in got: break
    console.session.Session.wait_for_rsp(0.1)
print(got)
c.close()
`;
toolTest('pyghmi types and reads', ['pyghmicons'], async () => {
  const script = join(directory, 'talk.py');
  await writeFile(script, pyghmi);
  const { out } = await runTool('/usr/bin/python3', [script, bmc.port]);
  expect(out).toMatch(/hello\s+Login incorrect/);
});

toolTest('bmc-config reads and writes SOL sections and payload access', ['bmc-config'], async () => {
  const config = (...args: string[]) =>
    runTool('bmc-config', [
      '-h',
      `127.0.0.1:${bmc.port}`,
      '-u',
      'admin',
      '-p',
      'AdminPass123',
      '-l',
      'ADMIN',
      ...args,
    ]);
  const keys = [
    'User3:SOL_Payload_Access=No',
    'SOL_Conf:SOL_Privilege_Level=Operator',
    'SOL_Conf:Force_SOL_Payload_Authentication=Yes',
    'SOL_Conf:Force_SOL_Payload_Encryption=No',
    'SOL_Conf:Character_Accumulate_Interval=9',
    'SOL_Conf:Character_Send_Threshold=77',
    'SOL_Conf:SOL_Retry_Count=6',
    'SOL_Conf:SOL_Retry_Interval=12',
    'SOL_Conf:Non_Volatile_Bit_Rate=57600',
    'SOL_Conf:Volatile_Bit_Rate=19200',
    'SOL_Conf:Enable_SOL=Yes',
  ];
  const committed = await config('--commit', ...keys.map((key) => `--key-pair=${key}`));
  expect([committed.code, committed.out]).toEqual([0, '']);
  const { out } = await config('--checkout', '--section=SOL_Conf', '--section=User3');
  for (const key of keys) {
    const [, name, value] = /:(\w+)=(\w+)/.exec(key)!;
    expect(out).toMatch(new RegExp(`^\\s*${name}\\s+${value}`, 'm'));
  }
});

toolTest(
  'a console on a socket that closes and comes back keeps the SOL session',
  ['ipmitool', 'script'],
  async () => {
    const path = join(directory, 'console.sock');
    /** A machine that answers each line with its name; the result ends it. */
    const machine = (name: string): Promise<() => void> =>
      new Promise((resolve) => {
        const sockets: Socket[] = [];
        const server = createServer((socket) => {
          sockets.push(socket);
          socket.on('error', () => undefined);
          socket.on('data', (data) => socket.write(`${name} heard ${String(data).trim()}\r\n`));
        });
        server.listen(path, () =>
          resolve(() => {
            server.close();
            for (const socket of sockets) socket.destroy();
          }),
        );
      });
    const file = join(directory, 'socket.yaml');
    const settings = `sol: { console: { type: socket, connect: ${path} } }`;
    await writeFile(
      file,
      `users: [{ id: 2, name: admin, password: AdminPass123 }]\ninterfaces: [{ type: lan }]\n${settings}\n`,
    );
    const endFirst = await machine('first');
    const other = await startBmc(file);
    try {
      const { out } = await converse(
        `ipmitool -I lanplus -H 127.0.0.1 -p ${other.port} ${account} sol activate`,
        [
          [/operational/, 'a\r'],
          [
            /first heard a/,
            async () => {
              endFirst();
              const endSecond = await machine('second');
              while (!other.log().includes('console is back'))
                await new Promise((resolve) => setTimeout(resolve, 20));
              setTimeout(endSecond, 5000).unref();
              return 'b\r';
            },
          ],
          [/second heard b/, '~.'],
        ],
      );
      expect(out).toContain('second heard b');
    } finally {
      await other.stop();
    }
  },
);

toolTest(
  "a VM's console: QEMU's serial port, from the firmware's first line",
  ['ipmitool', 'script', 'qemu-system-x86_64'],
  async () => {
    const path = join(directory, 'qemu.sock');
    const file = join(directory, 'qemu.yaml');
    const settings = `sol: { console: { type: socket, connect: ${path} } }`;
    await writeFile(
      file,
      `users: [{ id: 2, name: admin, password: AdminPass123 }]\ninterfaces: [{ type: lan }]\n${settings}\n`,
    );
    const other = await startBmc(file);
    const machine = ['-M', 'pc,graphics=off,accel=tcg', '-m', '32', '-display', 'none', '-nodefaults'];
    const qemu: ReturnType<typeof spawn>[] = [];
    try {
      const { out } = await converse(
        `ipmitool -I lanplus -H 127.0.0.1 -p ${other.port} ${account} sol activate`,
        [
          [
            /operational/,
            async () => {
              // It starts when the BMC has connected.
              qemu.push(
                spawn('qemu-system-x86_64', [...machine, '-serial', `unix:${path},server=on,wait=on`], {
                  stdio: 'ignore',
                }),
              );
              return '';
            },
          ],
          [/No bootable device/, '\r~.'],
        ],
      );
      expect(out).toContain('SeaBIOS (version');
    } finally {
      for (const child of qemu) await stopped(child);
      await other.stop();
    }
  },
);
