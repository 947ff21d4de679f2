// Recordings of others, asked of our BMC: what OpenStack Ironic's driver does with a node that it enrols, kept as a tape
// (test/ironic); sessions of real clients with another BMC, where IPMI_CAPTURES names their folder.
import { createReadStream, existsSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Bmc, BmcOptions } from '../src/bmc.ts';
import type { BmcState } from '../src/bmc-state.ts';
import { connectLan } from '../src/client/index.ts';
import { IpmiError } from '../src/codec/index.ts';
import {
  GetSensorReading,
  GetSystemBootOptions,
  SetSystemBootOptions,
  type Response,
} from '../src/commands/index.ts';
import { twoSocketServer } from '../src/config/two-socket-server.ts';
import { handle } from '../src/router/index.ts';
import {
  differenceText,
  importCapture,
  isRequest,
  maskOf,
  readTape,
  replay,
  type Difference,
  type Tape,
} from '../src/tape/index.ts';
import { nodeWorld } from '../src/world/node.ts';
import { startBmc, judged, root } from './support/cli.ts';
import { hasIronic, ironicPython } from './support/ironic.ts';
import { withJudged, withOpen } from './support/judged.ts';
import { runTool, toolTest } from './support/tools.ts';

const USER = { user: 'admin', password: 'AdminPass123' };
type SensorReading = Response<typeof GetSensorReading>;
const fixture = join(root, 'test/ironic/enrolment.tape');
const tapeIn = (file: string): Tape => readTape(readFileSync(file, 'utf8'), file);

async function replayed(tape: Tape, port: string, ignore: readonly string[] = []) {
  const client = await connectLan(nodeWorld(), { host: '127.0.0.1', port: Number(port), ...USER });
  try {
    return await replay(tape, client, { mask: maskOf(ignore), now: Date.now });
  } finally {
    await client.close();
  }
}

const said = async (tape: Tape, port: string, ignore?: readonly string[]): Promise<string[]> =>
  (await replayed(tape, port, ignore)).requests.flatMap(({ entry, differences }) =>
    differences.map((one) => differenceText(entry, one)),
  );

test(
  "TAPE7: Ironic's enrolment, replayed against today's build, is the same; nothing is left out but its sessions",
  { timeout: 180_000 },
  async () => {
    await withJudged(async (_, port) => {
      const { requests, sent, different } = await replayed(tapeIn(fixture), port);
      expect(
        requests.flatMap(({ entry, differences }) => differences.map((one) => differenceText(entry, one))),
      ).toEqual([]);
      expect([sent, different]).toEqual([128, 0]);
      expect(new Set(requests.map(({ skipped }) => skipped))).toEqual(
        new Set([undefined, 'it belongs to the recorded session']),
      );
    });
  },
);

test(
  'TAPE7: against a build in which boot flags come back without their device, the replay names that',
  { timeout: 180_000 },
  async () => {
    await withJudged(async (bmc, port) => {
      // The device is bits 5:2 of the second byte of parameter 5 (§28.13): behind the parameter's number of the answer.
      const forgets = handle<typeof GetSystemBootOptions, BmcState>(
        GetSystemBootOptions,
        async (request, _context, next) => {
          const answer = await next(request);
          const data = answer.data.slice();
          if (request.parameter === 5) data[1] &= ~0x3c;
          return { ...answer, data };
        },
        { override: 'standard' },
      );
      bmc.router.register({ owner: 'planted', handlers: [forgets] });
      expect(await said(tapeIn(fixture), port)).toEqual([
        expect.stringMatching(/^Get System Boot Options: device was 1, is 0$/),
      ]);
    });
  },
);

/** A build that answers one command otherwise. */
const planted = async (change: (bmc: Bmc) => void): Promise<string[]> => {
  let differences: string[] = [];
  await withJudged(async (bmc, port) => {
    change(bmc);
    differences = await said(tapeIn(fixture), port);
  });
  return differences;
};

test(
  'TAPE8: against a build in which a command is refused, the replay names its completion code',
  { timeout: 180_000 },
  async () => {
    const refuses = handle<typeof SetSystemBootOptions, BmcState>(
      SetSystemBootOptions,
      () => {
        throw new IpmiError(0xcc);
      },
      { override: 'standard' },
    );
    const differences = await planted(({ router }) =>
      router.register({ owner: 'planted', handlers: [refuses] }),
    );
    expect(differences[0]).toMatch(/^Set System Boot Options: .*00h.*CCh/);
    // What it would have set is missing as well, and nothing else.
    expect(differences.filter((line) => !/^[SG]et System Boot Options: /.test(line))).toEqual([]);
  },
);

test(
  'TAPE8: readings that move are no difference; a sensor that is not scanned any more is',
  { timeout: 180_000 },
  async () => {
    const changed = (values: Partial<SensorReading>) =>
      planted(({ router }) => {
        const answers = handle<typeof GetSensorReading, BmcState>(
          GetSensorReading,
          async (request, _context, next) => ({ ...(await next(request)), ...values }),
          { override: 'standard' },
        );
        router.register({ owner: 'planted', handlers: [answers] });
      });
    expect(await changed({ reading: 77 })).toEqual([]);
    const differences = await changed({ unavailable: true });
    expect(differences).toHaveLength(7);
    for (const line of differences)
      expect(line).toMatch(/^Get Sensor Reading: unavailable was false, is true$/);
    const states = await changed({ states: 0x3f });
    expect(states.length).toBeGreaterThan(0);
    for (const line of states) expect(line).toMatch(/^Get Sensor Reading: states was /);
  },
);

if (hasIronic)
  toolTest(
    "TAPE7: Ironic's driver of today asks what the tape has",
    ['ipmitool'],
    async () => {
      const file = join(mkdtempSync(join(tmpdir(), 'ironic-')), 'new.tape');
      const bmc = await startBmc(judged, '--record', file);
      try {
        const enrol = join(root, 'test/ironic/enrol.py');
        const args = ['-W', 'ignore', enrol, bmc.port, USER.user, USER.password];
        const { code, out } = await runTool(ironicPython, args, { timeout: 120_000 });
        expect(code, out).toBe(0);
        expect(out).toContain(
          '{"step": "boot device", "result": {"boot_device": "pxe", "persistent": false}}',
        );
      } finally {
        await bmc.stop();
      }
      const names = (tape: Tape): (string | undefined)[] =>
        tape.entries.filter(isRequest).map(({ name }) => name);
      expect(names(tapeIn(file))).toEqual(names(tapeIn(fixture)));
      await withJudged(async (_, port) => expect(await said(tapeIn(file), port)).toEqual([]));
    },
    180_000,
  );

/** Why our BMC does not say what the recorded one (OpenIPMI's ipmi_sim) said, on the same platform. */
const OTHERS = {
  'it is another product': [
    'get-device-id.deviceId',
    'get-device-id.providesDeviceSdrs',
    'get-device-id.auxFirmware',
    'get-system-guid.guid',
    'get-channel-authentication-capabilities.none',
    'activate-payload.inboundSize',
    'activate-payload.outboundSize',
    'activate-payload.port',
  ],
  'its repository has other records in another order': ['get-sdr', 'get-sdr-repository-info'],
  'it has commands that the other one lacks': [
    'get-device-guid.cc',
    'get-system-info-parameters.cc',
    'get-hpm-x-capabilities.cc',
    'get-picmg-properties.cc',
    '2ch-03h-00h.data',
  ],
  'bits that read 1 (§35.14) are 0 there, bytes that may be left out are there or not': [
    'get-sensor-reading.states',
    'get-sensor-reading.statesHigh',
    'get-chassis-status.data',
  ],
  'a channel that there is not has another code': ['get-channel-info.cc'],
};
/** Besides, of the server that runs without a file: another machine altogether. */
const ANOTHER_MACHINE = [
  'get-device-id',
  'get-channel-authentication-capabilities',
  'get-sensor-reading',
  'send-message.cc',
];

const folder = process.env.IPMI_CAPTURES ?? '';
const captures = existsSync(folder) ? readdirSync(folder).filter((file) => file.endsWith('.pcapng')) : [];
if (captures.length > 0)
  describe('TAPE6: recorded sessions of real clients with another BMC', () => {
    const imported = (file: string): Promise<Tape> =>
      importCapture(createReadStream(join(folder, file)), { passwords: [USER.password] });
    const masks = Object.values(OTHERS).flat();

    test.each(captures)(
      '%s: differences are those that the masks name',
      { timeout: 60_000 },
      async (file) => {
        const tape = await imported(file);
        expect(tape.entries.length).toBeGreaterThan(0);
        await withJudged(async (_, port) => expect(await said(tape, port, masks)).toEqual([]));
        const users = twoSocketServer.users?.map((one) => ({
          ...one,
          ...(one.name === USER.user ? { password: USER.password } : {}),
        }));
        const settings: BmcOptions = { ...twoSocketServer, users };
        const use = async (_: Bmc, port: string): Promise<void> =>
          expect(await said(tape, port, [...masks, ...ANOTHER_MACHINE])).toEqual([]);
        await withOpen(settings, use);
      },
    );

    test('no mask is idle', { timeout: 180_000 }, async () => {
      const found = new Set<string>();
      const see = ({ command, field }: Difference): void =>
        void found.add(command).add(`${command}.${field}`);
      await withJudged(async (_, port) => {
        for (const file of captures)
          for (const { differences } of (await replayed(await imported(file), port)).requests)
            differences.forEach(see);
      });
      expect(masks.filter((mask) => !found.has(mask))).toEqual([]);
    });
  });
