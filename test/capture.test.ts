// What `run --pcap` writes, read by stock tshark and capinfos: real clients on LAN in three ways, bridged messages, a
// host at KCS registers.
import { createSocket } from 'node:dgram';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { Capture, CaptureFile, captureHeader } from '../src/capture/index.ts';
import { KcsInterface } from '../src/interfaces/host/index.ts';
import { KcsDriver, KcsRegisters } from '../src/wire/host/index.ts';
import { rig } from './support/bmc.ts';
import { judged, startBmc, type RunningBmc } from './support/cli.ts';
import { startDaemon } from './support/daemon.ts';
import { runTool, toolTest, type Ran } from './support/tools.ts';

const PASSWORD = 'AdminPass123';
const NEW_PASSWORD = 'NewOnePassword';
const DISSECT = ['-o', 'ipmi.dissect_bus_commands:TRUE'];

/** A BMC with a capture, asked by `work`; then what is in the file. */
async function captured(
  config: string,
  work: (bmc: RunningBmc) => Promise<void>,
  look: (file: string) => Promise<void>,
  ...flags: readonly string[]
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'capture-'));
  const file = join(folder, 'bmc.pcapng');
  try {
    const bmc = await startBmc(config, '--pcap', file, ...flags);
    try {
      await work(bmc);
    } finally {
      await bmc.stop();
    }
    expect((await tshark(file, '-Y', '_ws.malformed')).trim()).toBe('');
    const bytes = readFileSync(file).toString('latin1');
    for (const secret of [PASSWORD, NEW_PASSWORD]) expect(bytes).not.toContain(secret);
    await look(file);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function tshark(file: string, ...args: string[]): Promise<string> {
  const { code, out } = await runTool('tshark', [...DISSECT, '-r', file, ...args]);
  expect(code, out).toBe(0);
  return out.replace(/^Running as user.*\n/m, '');
}

const by =
  ({ port }: RunningBmc, ...way: string[]) =>
  (args: string): Promise<Ran> =>
    runTool('ipmitool', [...way, ...`-H 127.0.0.1 -p ${port} -U admin -P ${PASSWORD} ${args}`.split(' ')]);

/** A host's driver asks by KCS for the device id; the capture is made in a simulated world. */
async function captureKcs(path: string): Promise<void> {
  const { bmc, world } = rig();
  const registers = new KcsRegisters();
  const failed = (error: unknown): void => expect(error).toBeUndefined();
  const file = await world.until(
    CaptureFile.open(world.files, '/host.pcapng', { header: captureHeader('bmc'), failed }),
  );
  const { router } = bmc;
  bmc.taps.add(new Capture({ router, clock: world.clock }, (packet) => file.write(packet)));
  await bmc.attach(new KcsInterface({ bmc, port: registers, clock: world.clock }));
  const after = <T>(ms: number, result: T): Promise<T> =>
    new Promise((resolve) => void world.clock.after(ms, () => resolve(result)));
  const driver = new KcsDriver({
    read: (at) => after(0.001, registers.read(at)),
    write: (at, value) => after(0.001, registers.write(at, value)),
    pause: () => after(1, undefined),
  });
  const response = await world.until(driver.request(Uint8Array.of(0x18, 0x01)));
  expect([...response.subarray(0, 3)]).toEqual([0x1c, 0x01, 0x00]);
  await world.until(file.close());
  writeFileSync(path, await world.until(world.files.read('/host.pcapng')));
}

describe('captures that Wireshark opens', () => {
  for (const [name, way, isEncrypted] of [
    ['suite 3', ['-I', 'lanplus', '-C', '3'], true],
    ['suite 17', ['-I', 'lanplus', '-C', '17'], true],
    ['IPMI 1.5', ['-I', 'lan'], false],
  ] as const)
    toolTest(
      `${name}: names, boot flags by bit, responses with their requests, and no password`,
      ['ipmitool', 'tshark', 'capinfos'],
      () =>
        captured(
          judged,
          async (bmc) => {
            const ipmitool = by(bmc, ...way);
            expect((await ipmitool('chassis bootdev pxe options=efiboot')).code).toBe(0);
            expect((await ipmitool(`user set password 10 ${NEW_PASSWORD}`)).code).toBe(0);
          },
          async (file) => {
            const info = (await runTool('capinfos', [file])).out;
            expect(info).toMatch(/Number of interfaces in file: 4/);
            for (const one of ['wire', 'decrypted', 'host', 'cmx/30h host'])
              expect(info).toContain(`Name = ${one}\n`);
            const all = await tshark(file);
            expect(all).toMatch(/Req, Set System Boot Options\n/);
            expect(all).toMatch(/Rsp, Set User Password, Command Completed Normally/);
            if (isEncrypted) {
              const sealed = ['-Y', 'frame.interface_name == "wire"'];
              expect(await tshark(file, ...sealed)).not.toContain('Set User Password');
              const steps = await tshark(file, '-T', 'fields', '-e', 'frame.comment');
              expect(steps).toContain("RAKP Message 1: user 'admin' asks for Administrator");
            }
            const flags = await tshark(file, '-V');
            expect(flags).toMatch(/1\.\.\. \.\.\.\. = Boot flags valid: True/);
            expect(flags).toMatch(/= Boot type: Extensible Firmware Interface Boot/);
            expect(flags).toMatch(/= Boot Device Selector: Force PXE/);
            const fields = ['ipmi.response_to', '_ws.col.Info', 'frame.comment'].flatMap((one) => [
              '-e',
              one,
            ]);
            const rows = (await tshark(file, '-T', 'fields', ...fields)).split('\n');
            const responses = rows
              .map((row) => row.split('\t'))
              .filter(([, what]) => what?.startsWith('Rsp'));
            expect(responses.length).toBeGreaterThan(10);
            expect(responses.filter(([to]) => to === '')).toEqual([]);
            expect(rows.find((row) => row.includes('Req, Set User Password'))).toMatch(
              /Set User Password [^\t]*userId=10 operation=2 password=\.\.\.\\nanswered by standard; IPMI 2\.0 .*22\.30/,
            );
          },
        ),
    );

  toolTest('a refused log-in, and a wrong signature, say why', ['ipmitool', 'tshark'], () =>
    captured(
      judged,
      async (bmc) => {
        expect((await bmc.ipmitool('-C 3 mc info', '-U nobody -P x')).code).not.toBe(0);
      },
      async (file) => {
        expect(await tshark(file, '-T', 'fields', '-e', 'frame.comment')).toContain(
          'RAKP Message 2: refused: no user of this name may log in on this channel (0Dh)',
        );
      },
    ),
  );

  toolTest(
    'bridged messages: what Send Message carries, and the frames on the bus',
    ['ipmitool', 'tshark'],
    async () => {
      const folder = mkdtempSync(join(tmpdir(), 'bridge-'));
      const config = join(folder, 'bmc.yaml');
      const satellites = [{ address: 0x82, name: 'CARRIER', identity: { deviceId: 0x11 } }];
      writeFileSync(
        config,
        JSON.stringify({
          interfaces: [{ type: 'lan' }, { type: 'ipmb', channel: 0 }],
          users: [{ id: 2, name: 'admin', password: PASSWORD, privilege: 'administrator' }],
          satellites,
        }),
      );
      try {
        await captured(
          config,
          async (bmc) => expect((await bmc.ipmitool('-t 0x82 mc info')).out).toMatch(/Device ID +: 17\n/),
          async (file) => {
            const bus = await tshark(file, '-Y', 'frame.interface_name == "host"');
            expect(bus).toMatch(/Req, Get Device ID/);
            expect(bus).toMatch(/Rsp, Get Device ID, Command Completed Normally/);
            // The satellite sees it from its side, and is who answers.
            const there = ['-Y', 'frame.interface_name == "bmc/82h host"'];
            const seen = await tshark(file, ...there, '-T', 'fields', '-e', 'frame.comment');
            expect(seen).toMatch(/^Get Device ID/m);
            expect(seen).toMatch(/^response to Get Device ID/m);
            const columns = ['frame.time_epoch', 'ipmi.response_to', '_ws.col.Info', 'frame.comment'];
            const fields = columns.flatMap((one) => ['-e', one]);
            const rows = (await tshark(file, '-T', 'fields', ...fields)).trim().split('\n');
            const all = rows.map((row) => row.split('\t'));
            expect(all.filter(([, to, what]) => what.startsWith('Rsp') && to === '')).toEqual([]);
            const times = all.map(([time]) => Number(time));
            expect(times).toEqual(times.toSorted((a, b) => a - b));
            const said = all.map(([, , , comment]) => comment);
            expect(said).toContainEqual(expect.stringMatching(/^Get Device ID\\nasked of 82h$/));
            expect(said).toContainEqual(expect.stringMatching(/^Get Device ID\\nanswered by standard; IPMI/));
            expect(said).toContainEqual(
              expect.stringMatching(/^response to Get Device ID {2}-> {2}deviceId=17 /),
            );
            const inside = ['-Y', 'frame.interface_name == "decrypted"'];
            expect(await tshark(file, '-V', ...inside)).toMatch(/Get Device ID/);
          },
        );
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
  );

  toolTest('a host at KCS registers', ['tshark'], async () => {
    const folder = mkdtempSync(join(tmpdir(), 'capture-'));
    const path = join(folder, 'host.pcapng');
    try {
      await captureKcs(path);
      expect((await tshark(path, '-Y', '_ws.malformed')).trim()).toBe('');
      const all = await tshark(path);
      expect(all).toMatch(/Req, Get Device ID/);
      expect(all).toMatch(/Rsp, Get Device ID, Command Completed Normally/);
      expect(await tshark(path, '-T', 'fields', '-e', 'frame.comment')).toMatch(
        /Get Device ID {2}-> {2}deviceId=.*channel 15, system-interface/,
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('EXP4: the trace of a BMC that runs', () => {
  const traced = async (...flags: string[]): Promise<string[]> => {
    const bmc = await startBmc(judged, '--trace', ...flags);
    try {
      await bmc.ipmitool('mc info');
      await bmc.ipmitool('raw 0x3c 0x99');
    } finally {
      await bmc.stop();
    }
    return bmc
      .log()
      .split('\n')
      .filter((line) => /"trace"|#\d+ /.test(line));
  };
  toolTest(
    'JSON lines: when, who from where, what, how it ended, by whose handler',
    ['ipmitool'],
    async () => {
      const lines = (await traced()).map((line) => JSON.parse(line) as { time: string; trace: object });
      const device = lines.find(({ trace }) => 'name' in trace && trace.name === 'Get Device ID');
      expect(device).toMatchObject({
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
        trace: {
          user: 'admin',
          privilege: 4,
          peer: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
          cc: 0,
          owner: 'standard',
        },
      });
    },
  );
  toolTest('text with a filter: that alone, a line with the same', ['ipmitool'], async () => {
    const lines = await traced('--log-format', 'text', '--trace-filter', 'user=admin cc=C1h netfn=0x3c');
    expect(lines).toEqual([
      expect.stringMatching(
        /^\d\d:\d\d:\d\d\.\d{3} {2}\S+ {2}#\d+ {2}127\.0\.0\.1:\d+ {2}admin@channel 1 {2}3Ch 99h .*invalid command \(C1h\) {2}\d+ us$/,
      ),
    ]);
  });
});

describe('EXP5: a capture of what went wrong', () => {
  const after = async (
    on: string,
    work: (bmc: RunningBmc) => Promise<unknown>,
    look: (file: string, profile: string) => Promise<void>,
  ) => {
    const folder = mkdtempSync(join(tmpdir(), 'capture-'));
    const [file, profile] = [join(folder, 'bmc.pcapng'), join(folder, 'wireshark')];
    try {
      const bmc = await startBmc(judged, '--pcap', file, '--pcap-on', on, '--pcap-profile', profile);
      try {
        await work(bmc);
      } finally {
        await bmc.stop();
      }
      await look(file, profile);
    } finally {
      rmSync(folder, { recursive: true });
    }
  };
  const comments = (file: string): Promise<string> => tshark(file, '-T', 'fields', '-e', 'frame.comment');

  toolTest('nothing, where nothing does', ['ipmitool', 'tshark'], () =>
    after(
      'refused,ffh',
      async (bmc) => expect((await bmc.ipmitool('chassis power status')).code).toBe(0),
      async (file) => expect((await comments(file)).trim()).toBe(''),
    ),
  );
  toolTest(
    'a refused log-in, with what passed before it; the profile makes Wireshark read it',
    ['ipmitool', 'tshark'],
    () =>
      after(
        'refused,ffh',
        async (bmc) => {
          expect((await bmc.ipmitool('-C 3 chassis power status')).code).toBe(0);
          expect((await bmc.ipmitool('-C 3 mc info', '-U nobody -P x')).code).not.toBe(0);
        },
        async (file, profile) => {
          const said = await comments(file);
          expect(said).toContain('RAKP Message 2: refused: no user of this name');
          expect(said).toContain('Get Chassis Status');
          const env = { WIRESHARK_CONFIG_DIR: profile };
          const { out } = await runTool('tshark', ['-r', file], { env });
          expect(out).toMatch(/Req, Get Chassis Status/);
        },
      ),
  );
  toolTest(
    'EXP9: a datagram without an answer, and not what had one, nor a refusal that nobody asked for',
    ['ipmitool', 'tshark'],
    () =>
      after(
        'dropped',
        async (bmc) => {
          expect((await bmc.ipmitool('raw 0x3c 0x99')).out).toContain('rsp=0xc1');
          const socket = createSocket('udp4');
          const unknown = Buffer.from(
            '0600ff0706c0efbeadde01000000100000112233445566778899aabbccddeeff',
            'hex',
          );
          await new Promise((resolve) => socket.send(unknown, Number(bmc.port), '127.0.0.1', resolve));
          socket.close();
          await bmc.ipmitool('chassis power status');
        },
        async (file) => {
          const said = await comments(file);
          expect(said).toMatch(/dropped: /);
          expect(said).toContain('invalid command (C1h)');
        },
      ),
  );
  toolTest(
    'EXP9: with several BMCs and a filter: a fault rule of one, and of that one what fits alone',
    ['ipmitool', 'tshark'],
    async () => {
      const folder = mkdtempSync(join(tmpdir(), 'capture-'));
      const file = join(folder, 'both.pcapng');
      const lan = '{ type: lan, listen: 127.0.0.1:0 }';
      const users = `[{ id: 2, name: admin, password: ${PASSWORD} }]`;
      const rule = '{ id: sick, when: { command: get-chassis-status }, then: { complete: C0h } }';
      const text = ['a', 'b'].map(
        (name) =>
          `  - { name: ${name}, interfaces: [${lan}], users: ${users}${name === 'b' ? `, faults: { rules: [${rule}] }` : ''} }\n`,
      );
      const flags = ['--pcap', file, '--pcap-on', 'fault', '--pcap-filter', 'cmd=get-chassis-status'];
      try {
        const both = await startDaemon(`bmcs:\n${text.join('')}`, ...flags);
        try {
          expect((await both.ipmitool('a', 'chassis status')).code).toBe(0);
          expect((await both.ipmitool('a', 'mc info')).code).toBe(0);
          expect((await both.ipmitool('b', 'mc info')).code).toBe(0);
          expect(readFileSync(file).toString('latin1')).not.toContain('Get Chassis Status');
          await both.ipmitool('b', 'chassis status');
        } finally {
          await both.stop();
        }
        const fields = ['-e', 'frame.interface_name', '-e', 'frame.comment'];
        const rows = (await tshark(file, '-T', 'fields', ...fields)).trim().split('\n');
        expect(rows.filter((row) => !/Get Chassis Status/.test(row))).toEqual([]);
        expect(new Set(rows.map((row) => row.split(' ')[0]))).toEqual(new Set(['b']));
        expect(rows.join('\n')).toContain('fault sick');
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
  );
  toolTest('a completion code', ['ipmitool', 'tshark'], () =>
    after(
      'c1h',
      async (bmc) => expect((await bmc.ipmitool('raw 0x3c 0x99')).out).toContain('rsp=0xc1'),
      async (file) => expect(await comments(file)).toContain('invalid command (C1h)'),
    ),
  );
});

toolTest('CAP16: --pcap-filter: what fits, with its answers, and nothing else', ['ipmitool', 'tshark'], () =>
  captured(
    judged,
    async (bmc) => {
      expect((await bmc.ipmitool('-C 17 chassis power status')).code).toBe(0);
      expect((await bmc.ipmitool('-C 17 mc info')).code).toBe(0);
    },
    async (file) => {
      const list = await tshark(file, '-Y', 'frame.interface_name == "decrypted"');
      expect(list.trim().split('\n')).toEqual([
        expect.stringContaining('Req, Get Chassis Status'),
        expect.stringContaining('Rsp, Get Chassis Status'),
      ]);
    },
    '--pcap-filter',
    'cmd=get-chassis-status user=admin',
  ),
);
