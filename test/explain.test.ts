// Log-ins that fail, made with real clients and captured by `run --pcap` without keys: `ipmi-bmc explain` names the
// cause from the file alone.
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import {
  createReadStream,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { connectLan } from '../src/client/index.ts';
import { Explainer, readDatagrams } from '../src/explain/index.ts';
import { nodeWorld } from '../src/world/node.ts';
import { rig } from './support/bmc.ts';
import { bin, startBmc, stopped, type RunningBmc } from './support/cli.ts';
import { CAPTURE, runTool, shortPort, toolTest } from './support/tools.ts';

interface LogIn {
  readonly name: string;
  readonly verdict: {
    readonly outcome: string;
    readonly step: string;
    readonly cause?: string;
    readonly says: string;
  };
}

/** What `explain --json` says of a file. */
async function explained(file: string, ...options: string[]): Promise<LogIn[]> {
  const { code, out } = await runTool(process.execPath, [bin, 'explain', file, '--json', ...options]);
  expect(code, out).toBe(0);
  return out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as LogIn & { kind: string })
    .filter(({ kind }) => kind === 'log-in');
}

/** The same without a process for it: there are many of them. */
async function explainedHere(file: string, flags: readonly string[]): Promise<LogIn[]> {
  const valuesOf = (flag: string): string[] =>
    flags.flatMap((word, i) => (flags[i - 1] === flag ? [word] : []));
  const candidates = { passwords: valuesOf('--password'), kg: valuesOf('--kg') };
  const ask = async (): Promise<Uint8Array> => Uint8Array.of(0);
  const explainer = new Explainer({ names: rig().bmc.router, ask, candidates });
  for await (const datagram of readDatagrams(createReadStream(file))) await explainer.datagram(datagram);
  return (await explainer.end()).flatMap(({ name, verdict }) =>
    verdict === undefined ? [] : [{ name, verdict }],
  );
}

const CONFIG = `
interfaces: [{ type: lan, listen: 127.0.0.1:0, cipherSuites: [3, 17], authTypes: [md5, password]KG }]
users:
  - { id: 2, name: admin, password: AdminPass123 }
  - { id: 3, name: user, password: UserPass123, privilege: user }
  - { id: 4, name: long, password: TwentyBytesLongPass! }
  - { id: 5, name: short, password: SixteenBytesLong }
  - { id: 6, name: gone, password: GonePass123, enabled: false }
sessions: { limit: 1 }
`;
const KG = '0123456789abcdef';

interface Failure {
  readonly name: string;
  readonly kg?: true;
  /** Runs the client; `at` is `127.0.0.1`, its port. */
  readonly run: (bmc: RunningBmc) => Promise<unknown>;
  /** Candidates for explain. */
  readonly given: readonly string[];
  readonly expected: RegExp;
}

const ipmitool =
  (args: string, how = '-I lanplus') =>
  ({ port }: RunningBmc) =>
    runTool('ipmitool', `${how} -H 127.0.0.1 -p ${port} ${args} mc info`.replace(/ +/g, ' ').split(' '));
const bmcInfo =
  (args: string) =>
  ({ port }: RunningBmc) =>
    runTool('bmc-info', `-h 127.0.0.1:${port} ${args}`.split(' '));

const admin = ['--password', 'AdminPass123'];
const FAILURES: readonly Failure[] = [
  {
    name: 'a wrong password, suite 17',
    run: ipmitool('-U admin -P wrong'),
    given: admin,
    expected: /^given up at RAKP 2: password: .*the BMC has the password given, the console has another one$/,
  },
  {
    name: 'a wrong password, FreeIPMI, suite 3',
    run: bmcInfo('-D LAN_2_0 -l ADMIN -u admin -p wrong'),
    given: ['--password', 'wrong'],
    expected:
      /^(given up at RAKP 2|refused at RAKP 3): password: .*the BMC (does not have the password given|has another one)$/,
  },
  {
    name: 'an unknown user',
    run: ipmitool('-U nobody -P AdminPass123'),
    given: admin,
    expected: /^refused at RAKP 1: name: no user 'nobody' that may log in here/,
  },
  {
    name: 'a disabled user',
    run: bmcInfo('-D LAN_2_0 -l ADMIN -u gone -p GonePass123'),
    given: ['--password', 'GonePass123'],
    expected: /^refused at RAKP 1: name: no user 'gone' that may log in here: unknown, disabled/,
  },
  {
    name: 'a level that the user may not have',
    run: ipmitool('-U user -P UserPass123'),
    given: ['--password', 'UserPass123'],
    expected: /^refused at RAKP 1: privilege: Administrator is more than the user or the channel allows/,
  },
  {
    name: 'a user without IPMI messaging',
    run: async (bmc) => {
      // User 3 on channel 1: neither call back nor messaging.
      expect((await bmc.ipmitool('raw 6 0x43 0xa1 3 2 0')).code).toBe(0);
      await ipmitool('-U user -P UserPass123 -L USER')(bmc);
    },
    given: ['--password', 'UserPass123'],
    expected:
      /^refused at RAKP 1: name: no user 'user' that may log in here: .*without access to this channel/,
  },
  {
    name: 'a level that the channel does not allow',
    run: async (bmc) => {
      // Channel 1 until the next start: at most Operator.
      expect((await bmc.ipmitool('raw 6 0x40 1 0 0x83')).code).toBe(0);
      await ipmitool('-U admin -P AdminPass123')(bmc);
    },
    given: admin,
    expected: /^refused at RAKP 1: privilege: Administrator is more than the user or the channel allows/,
  },
  {
    name: 'a K_g of which the console knows nothing, nor who explains',
    kg: true,
    run: ipmitool('-U admin -P AdminPass123'),
    given: admin,
    expected: /^given up at RAKP 4: K_g: .*the BMC has one that the console has not$/,
  },
  {
    name: 'a password of 20 bytes of which the console has 16',
    run: ipmitool('-U long -P TwentyBytesLongP'),
    given: ['--password', 'TwentyBytesLongPass!'],
    expected:
      /^given up at RAKP 2: .*password: .*the BMC has the password given, the console has another one$/,
  },
  {
    name: 'a suite that is not offered',
    run: ipmitool('-C 8 -U admin -P AdminPass123'),
    given: admin,
    expected: /^refused at Open Session: suite: the BMC does not offer suite 8/,
  },
  {
    name: 'another K_g',
    kg: true,
    run: ipmitool('-U admin -P AdminPass123 -k another'),
    given: [...admin, '--kg', KG],
    expected: /^given up at RAKP 4: K_g: .*the BMC has the K_g given, so the console has another or none$/,
  },
  {
    name: 'a K_g where the BMC has none',
    run: ipmitool(`-U admin -P AdminPass123 -k ${KG}`),
    given: admin,
    expected: /^given up at RAKP 4: K_g: .*the BMC has no K_g, so the console has one/,
  },
  {
    name: 'no K_g where the BMC has one: FreeIPMI stops before it begins',
    kg: true,
    run: bmcInfo('-D LAN_2_0 -l ADMIN -u admin -p AdminPass123'),
    given: admin,
    expected: /^given up at Get Channel Authentication Capabilities: K_g: .*says that it has a K_g/,
  },
  {
    name: 'a password that the BMC has cut to 16 bytes',
    run: ipmitool('-U short -P SixteenBytesLong!!!!'),
    given: ['--password', 'SixteenBytesLong!!!!'],
    expected:
      /^given up at RAKP 2: truncated password: .*the BMC made its code with the password cut to 16 bytes$/,
  },
  {
    name: 'a privilege byte without the bit of the look-up',
    run: ipmitool('-U admin -P AdminPass123 -L OPERATOR -o intelplus'),
    given: admin,
    expected: /^refused at RAKP 3: privilege byte: .*the privilege byte as 03h, not 13h as RAKP 1 has it$/,
  },
  {
    name: 'no place for another session',
    run: async (bmc) => {
      const user = 'admin';
      const at = { host: '127.0.0.1', port: Number(bmc.port), user, password: 'AdminPass123' };
      const client = await connectLan(nodeWorld(), at);
      await ipmitool('-U user -P UserPass123 -L USER')(bmc);
      await client.close();
    },
    given: ['--password', 'UserPass123'],
    expected: /^refused at RAKP 3: resources: every session/,
  },
  {
    name: 'IPMI 1.5: a wrong password',
    run: ipmitool('-U admin -P wrong', '-I lan'),
    given: admin,
    expected: /^unanswered at Activate Session: password: .*the challenge is masked/,
  },
  {
    name: 'IPMI 1.5: a password of 20 bytes',
    run: bmcInfo('-D LAN -l ADMIN -u long -p TwentyBytesLong'),
    given: ['--password', 'TwentyBytesLongPass!'],
    expected: /^refused at Get Session Challenge: name: .*stored as one of 20 bytes/,
  },
  {
    name: 'IPMI 1.5: an authentication type that is not offered',
    run: ipmitool('-U admin -P AdminPass123 -A MD2', '-I lan'),
    given: admin,
    expected:
      /^given up at Get Channel Authentication Capabilities: authentication type: .*types MD5, password of IPMI 1.5$/,
  },
];

const judged = ({ verdict: { outcome, step, cause, says } }: LogIn): string =>
  `${outcome} at ${step}: ${cause}: ${says}`;

describe('EXP2: log-ins of real clients that fail, explained from the capture alone', () => {
  for (const { name, kg, run, given, expected } of FAILURES) {
    toolTest(
      name,
      ['ipmitool', 'bmc-info'],
      async () => {
        const folder = mkdtempSync(join(tmpdir(), 'explain-'));
        try {
          const [config, file] = [join(folder, 'bmc.yaml'), join(folder, 'bmc.pcapng')];
          writeFileSync(config, CONFIG.replace('KG', kg ? `, kg: "${KG}"` : ''));
          const bmc = await startBmc(config, '--pcap', file);
          try {
            await run(bmc);
          } finally {
            await bmc.stop();
          }
          expect(judged((await explainedHere(file, given)).at(-1)!)).toMatch(expected);
        } finally {
          rmSync(folder, { recursive: true });
        }
      },
      { concurrent: true },
    );
  }
});

/** A file with the datagrams of loopback that pass a port while something is done. */
async function captureOf(port: number, file: string, done: () => Promise<unknown>): Promise<void> {
  const capture = spawn('tshark', ['-i', 'lo', '-f', `udp port ${port}`, '-w', file, '-q'], {
    stdio: 'ignore',
  });
  const marks = createSocket('udp4');
  // Until a mark is in the file it may see nothing yet, or not have written what it saw.
  const hasIts = async (mark: string): Promise<void> => {
    while (!existsSync(file) || !readFileSync(file).includes(mark)) {
      expect(capture.exitCode).toBeNull();
      marks.send(mark, port, '127.0.0.1');
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };
  try {
    await hasIts('mark: it begins');
    await done();
    await hasIts('mark: it ends');
  } finally {
    await stopped(capture, 'SIGINT');
    marks.close();
  }
}

describe('EXP2: captures of somebody else', () => {
  toolTest(
    'tshark -w: IPMI 1.5 with a wrong password, whose code can be checked',
    ['tshark', 'ipmitool', CAPTURE],
    async () => {
      const folder = mkdtempSync(join(tmpdir(), 'explain-'));
      try {
        const [config, file] = [join(folder, 'bmc.yaml'), join(folder, 'any.pcapng')];
        writeFileSync(config, CONFIG.replace('KG', ''));
        const bmc = await startBmc(config);
        try {
          await captureOf(Number(bmc.port), file, async () => {
            await ipmitool('-U admin -P wrong', '-I lan')(bmc);
            expect((await ipmitool('-U admin -P AdminPass123 -C 3')(bmc)).code).toBe(0);
          });
        } finally {
          await bmc.stop();
        }
        const [failed, open] = await explained(file, ...admin);
        expect(judged(failed)).toMatch(
          /^unanswered at Activate Session: password: .*not signed with the password given$/,
        );
        expect(open).toMatchObject({ name: "'admin', suite 3, Administrator", verdict: { outcome: 'open' } });
        const [other] = await explained(file, '--password', 'wrong');
        expect(judged(other)).toMatch(/signed with the password given, so the BMC has another one$/);
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
    { concurrent: true },
  );

  toolTest(
    "OpenIPMI's ipmi_sim answers with a highest privilege of 0, at which FreeIPMI stops",
    ['ipmi_sim', 'bmc-info', 'tshark', CAPTURE],
    async () => {
      const folder = mkdtempSync(join(tmpdir(), 'explain-'));
      try {
        const port = await shortPort();
        const file = join(folder, 'sim.pcapng');
        const config = [
          'name "sim"',
          'set_working_mc 0x20',
          'startlan 1',
          `addr 127.0.0.1 ${port}`,
          'priv_limit admin',
          'allowed_auths_admin none md2 md5 straight',
          'guid a123456789abcdefa123456789abcdef',
          'endlan',
          'user 2 true "admin" "AdminPass123" admin 10 none md2 md5 straight',
        ];
        writeFileSync(join(folder, 'lan.conf'), `${config.join('\n')}\n`);
        writeFileSync(
          join(folder, 'sim.emu'),
          'mc_setbmc 0x20\nmc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 persist_sdr\nmc_enable 0x20\n',
        );
        const sim = spawn('ipmi_sim', ['-n', '-c', 'lan.conf', '-f', 'sim.emu', '-s', folder], {
          cwd: folder,
          stdio: 'ignore',
        });
        try {
          await captureOf(port, file, () =>
            runTool('bmc-info', `-h 127.0.0.1:${port} -D LAN_2_0 -u admin -p AdminPass123`.split(' ')),
          );
        } finally {
          await stopped(sim, 'SIGKILL');
        }
        expect(judged((await explained(file, ...admin)).at(-1)!)).toMatch(
          /^given up at Open Session: highest privilege of 0: /,
        );
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
    { concurrent: true },
  );
});

const folder = process.env.IPMI_CAPTURES ?? '';
const recorded = existsSync(folder) ? readdirSync(folder).filter((file) => file.endsWith('.pcapng')) : [];
for (const file of recorded) {
  toolTest(`EXP3: a recorded session of a real client with another BMC: ${file}`, [], async () => {
    const logIns = await explained(join(folder, file), ...admin);
    const last = logIns.at(-1)!;
    const expected = file.includes('bad_password')
      ? /^given up at RAKP 2: password: .*the BMC has the password given/
      : file.includes('no_workaround')
        ? /^given up at Open Session: highest privilege of 0: /
        : /^open at session: undefined: open; \d+ request\(s\) and \d+ answer\(s\)$/;
    expect(judged(last)).toMatch(expected);
  });
}

describe('EXP2: a log of ipmitool', () => {
  for (const [name, args, expected] of [
    [
      '-I lanplus -vvv',
      '-I lanplus -C 3 -vvv -U admin -P wrong',
      /^given up at RAKP 2: password: .*the BMC has the password given/,
    ],
    [
      '-I lanplus -vvvvv',
      '-I lanplus -C 3 -vvvvv -U admin -P wrong',
      /^given up at RAKP 2: password: .*the BMC has the password given/,
    ],
    [
      '-I lan -vvv',
      '-I lan -vvv -U admin -P wrong',
      /^unanswered at Activate Session: password: .*not signed with the password given$/,
    ],
    ['-I lanplus -vvv, refused', '-I lanplus -C 8 -vvv -U admin -P x', /^refused at Open Session: suite: /],
    ['-I lanplus -vvv, a session', '-I lanplus -C 17 -vvv -U admin -P AdminPass123', /^open at session: /],
  ] as const)
    toolTest(
      name,
      ['ipmitool'],
      async () => {
        const folder = mkdtempSync(join(tmpdir(), 'explain-'));
        try {
          const [config, file] = [join(folder, 'bmc.yaml'), join(folder, 'log')];
          writeFileSync(config, CONFIG.replace('KG', ''));
          const bmc = await startBmc(config);
          try {
            writeFileSync(file, (await ipmitool('', args)(bmc)).out.replaceAll('\r', ''));
          } finally {
            await bmc.stop();
          }
          const logIns = await explained(file, ...admin);
          expect(judged(logIns.at(-1)!)).toMatch(expected);
        } finally {
          rmSync(folder, { recursive: true });
        }
      },
      { concurrent: true },
    );
});
