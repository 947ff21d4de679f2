import { expect } from 'vitest';
import { Bmc, type BmcOptions } from '../src/bmc.ts';
import type { Stream } from '../src/world/index.ts';
import { nodeWorld } from '../src/world/node.ts';
import { ptyPair } from './support/pty-pair.ts';
import { runTool, toolTest } from './support/tools.ts';

const OPTIONS: BmcOptions = {
  users: [{ id: 2, name: 'admin', password: 'secret-enough' }],
  sensors: [
    {
      name: 'CPU Temp',
      number: 1,
      entity: '3.1',
      type: 'temperature',
      unit: 'degrees C',
      range: [0, 127],
      value: 40,
      thresholds: { uc: 80 },
    },
  ],
  fru: [{ id: 0, name: 'Board', board: { product: 'Serial Board' } }],
  satellites: [{ address: 0x30, name: 'SAT', identity: { deviceId: 0x42 } }],
};

/** A BMC at one end of a line, and the name of the other end. */
async function atTheLine(
  line: { withoutLogIn?: 'administrator' },
  body: (far: string, bmc: Bmc) => Promise<void>,
): Promise<void> {
  const pair = await ptyPair();
  const bmc = new Bmc({ ...OPTIONS, interfaces: [{ type: 'serial', tty: pair.near, baud: 9600, ...line }] });
  await bmc.open();
  try {
    await body(pair.far, bmc);
  } finally {
    await bmc.close();
    pair.close();
  }
}

for (const kind of ['serial-basic', 'serial-terminal']) {
  toolTest(`ipmitool -I ${kind} works over a terminal device`, ['ipmitool', 'python3'], () =>
    atTheLine({ withoutLogIn: 'administrator' }, async (far, bmc) => {
      const ipmitool = async (...args: string[]) => {
        const { code, out } = await runTool('ipmitool', ['-I', kind, '-D', `${far}:9600`, ...args]);
        expect(code, `${args.join(' ')}: ${out}`).toBe(0);
        return out;
      };
      expect(await ipmitool('mc', 'info')).toMatch(/IPMI Version\s+: 2\.0/);
      expect(await ipmitool('chassis', 'power', 'status')).toBe('Chassis Power is on\n');
      expect(await ipmitool('sdr', 'elist')).toMatch(/CPU Temp\s+\| 01h \| ok\s+\| +3\.1 \| 40 degrees C/);
      await ipmitool('event', '1');
      expect(await ipmitool('sel', 'list')).toMatch(/Temperature.*Upper Critical going high/);
      expect(await ipmitool('fru', 'print', '0')).toMatch(/Board Product\s+: Serial Board/);
      expect(await ipmitool('-t', '0x30', 'mc', 'info')).toMatch(/Device ID\s+: 66/);
      expect(await ipmitool('user', 'set', 'name', '5', 'wire')).toBe('');
      expect(bmc.users.name(5)).toBe('wire');
      const { code, out } = await runTool('ipmitool', ['-I', kind, '-D', `${far}:9600`, 'raw', '6', '0x99']);
      expect([code, out]).toEqual([1, expect.stringMatching(/rsp=0xc1/)]);
    }),
  );
}

toolTest(
  'a log-in in terminal mode opens the line for ipmitool; a log-out closes it',
  ['ipmitool', 'python3'],
  () =>
    atTheLine({}, async (far) => {
      const type = async (line: string): Promise<string> => {
        const terminal = await nodeWorld().stream.connect({ tty: far, baud: 9600 });
        terminal.write(new TextEncoder().encode(`${line}\r`));
        const said = await answerOf(terminal);
        terminal.destroy();
        return said;
      };
      const status = () =>
        runTool('ipmitool', ['-I', 'serial-terminal', '-D', `${far}:9600`, 'chassis', 'power', 'status']);
      expect((await status()).out).toMatch(/Insufficient privilege/);
      expect(await type('[SYS PWD -U admin secret-enough]')).toBe('[OK]');
      expect((await status()).out).toBe('Chassis Power is on\n');
      expect(await type('[SYS PWD -X]')).toBe('[OK]');
      expect((await status()).out).toMatch(/Insufficient privilege/);
    }),
);

/** The BMC's own line, among echoes and what came before. */
function answerOf(terminal: Stream): Promise<string> {
  let seen = '';
  return new Promise((resolve) => {
    terminal.onData = (data) => {
      seen += new TextDecoder().decode(data);
      const answer = /\[(OK|ERR)[^\]]*\]/.exec(seen);
      if (answer) resolve(answer[0]);
    };
  });
}
