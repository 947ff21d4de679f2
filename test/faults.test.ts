// What real clients make of a BMC that misbehaves: the table of docs/faults.md, line by line; a story of ten
// minutes in no time; one file, twice.
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { expect, test, vi } from 'vitest';
import { parse } from 'yaml';
import { Bmc, type BmcOptions } from '../src/bmc.ts';
import { connectLan, writeHpmImage } from '../src/client/index.ts';
import { presets, type FaultEffect, type FaultRule } from '../src/faults/index.ts';
import { parseVersion } from '../src/images/firmware-version.ts';
import { nodeWorld } from '../src/world/index.ts';
import { runTool, toolTest, type Ran } from './support/tools.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const page = readFileSync(`${root}docs/faults.md`, 'utf8');
const USER = { name: 'admin', password: 'secret-enough' };
/** A client's patience is in proportion to what it waits for; these are the shortest that all of them take. */
const PATIENCE = ['--session-timeout=3000', '--retransmission-timeout=500'];

/** How long a console is listened to that says nothing, in ms. */
const SILENCE = 1500;

const settings: BmcOptions = {
  // Chance is the same each time: what is spoilt one time in eight would be whole in one run of seven.
  faults: { seed: 6 },
  interfaces: [{ type: 'lan', listen: '127.0.0.1:0' }],
  users: [{ id: 2, ...USER }],
  sel: { bootEvents: false },
  chassis: { softOff: 0 },
  sensors: [
    {
      name: 'Inlet',
      number: 1,
      entity: '7.1',
      type: 'temperature',
      unit: 'degrees C',
      value: 25,
      thresholds: { uc: 80 },
    },
  ],
  fru: [{ id: 0, name: 'Board', board: { manufacturer: 'ACME', product: 'X1', serial: 'S1' } }],
};

/** `ipmitool` or a tool of FreeIPMI, with its log-in. */
function asked(bmc: Bmc, command: string): Promise<Ran> {
  const [, port] = bmc.interfaces[0].address.split(':');
  const [tool, ...args] = command.split(' ');
  const { name, password } = USER;
  const login = ['-h', `127.0.0.1:${port}`, '-u', name, '-p', password, '-D', 'LAN_2_0', '-l', 'ADMIN'];
  const cache = ['ipmi-sensors', 'ipmi-fru'].includes(tool) ? [`--sdr-cache-directory=${cacheOf(port)}`] : [];
  if (tool !== 'ipmitool') return runTool(tool, [...login, ...PATIENCE, ...cache, ...args]);
  const lan = args[0] === '-I' ? args.splice(0, 2)[1] : 'lanplus';
  const at = ['-H', '127.0.0.1', '-p', port, '-U', name, '-P', password, '-N', '1', '-R', '2'];
  return runTool(tool, ['-I', lan, ...at, ...args]);
}

/** A BMC's own: FreeIPMI names what it keeps by the host, and all of them are on one. */
function cacheOf(port: string): string {
  const folder = `${tmpdir()}/sdr-${process.pid}-${port}`;
  mkdirSync(folder, { recursive: true });
  return folder;
}

async function withBmc<T>(options: BmcOptions, use: (bmc: Bmc) => Promise<T>): Promise<T> {
  const bmc = new Bmc({ ...settings, ...options });
  await bmc.open();
  try {
    return await use(bmc);
  } finally {
    await bmc.close();
  }
}

const rows = [...page.matchAll(/^\| `(\{.*\})` \| `(.*?)` \| (.+) \|$/gm)].map(([, rule, command, says]) => ({
  rule,
  command,
  says,
}));

// The longest begins first.
toolTest(
  'F6: firmware that fails to verify, and firmware that fails to boot',
  ['ipmitool'],
  () =>
    withBmc(
      { firmware: { components: [{ id: 0, name: 'BMC', version: '1.00', bmc: true }] }, reset: { dark: 1 } },
      async (bmc) => {
        const folder = mkdtempSync(`${tmpdir()}/faults-`);
        const part = {
          component: 0,
          file: `${folder}/bmc.bin`,
          version: parseVersion('2.00')!,
          description: 'BMC',
        };
        writeFileSync(part.file, new Uint8Array(4000).fill(7));
        const { deviceId, manufacturerId, productId } = bmc.identity;
        await writeHpmImage(nodeWorld().files, `${folder}/new.hpm`, {
          deviceId,
          manufacturerId,
          productId,
          time: 0,
          parts: [part],
          describe: true,
          version: part.version,
          earliest: parseVersion('0.00')!,
          sign: undefined,
        });
        const hpm = async (words: string): Promise<string> => (await asked(bmc, `ipmitool hpm ${words}`)).out;
        const version = async (): Promise<string> =>
          /0\|BMC *\| +(\d\.\d+)/.exec(await hpm('check'))?.[1] ?? '';
        const upgrade = `upgrade ${folder}/new.hpm force`;
        const bad = bmc.faults.add({ then: { firmware: 'fails-verification' } });
        expect(await hpm(upgrade)).toContain('Firmware upgrade procedure failed');
        expect(await version()).toBe('1.00');
        bad.remove();
        const dead = bmc.faults.add({ then: { firmware: 'fails-to-boot' } });
        expect(await hpm(upgrade)).toContain('Firmware upgrade procedure successful');
        await hpm('activate');
        await vi.waitFor(() => expect(bmc.update?.switching).toBeUndefined(), 60_000);
        expect(await hpm('selftestresult')).toContain('Result1 = 60');
        expect(await version()).toBe('1.00');
        dead.remove();
        await hpm(upgrade);
        await hpm('activate');
        await vi.waitFor(async () => expect(await version()).toBe('2.00'), 60_000);
        rmSync(folder, { recursive: true });
      },
    ),
  { timeout: 180_000, concurrent: true },
);

for (const { rule, command, says } of rows)
  toolTest(
    `F6: ${rule}: ${command} says ${says}`,
    [command.split(' ')[0]],
    () =>
      withBmc({}, async (bmc) => {
        const { then, when } = parse(rule) as FaultRule;
        const hits: string[] = [];
        bmc.faults.onHit(({ what }) => void hits.push(what));
        bmc.faults.add({ then, when });
        // What makes a BMC dark lets the answer of whoever asked for it go out first.
        if (then.dark !== undefined) await new Promise((resolve) => setTimeout(resolve, 100));
        let out = '';
        for (const line of command.split('; ')) ({ out } = await asked(bmc, line));
        expect(out).toContain(says);
        expect(hits.length).toBeGreaterThan(0);
      }),
    { concurrent: true },
  );

toolTest(
  'F6: a session that ends before its client is answered',
  ['bmc-info'],
  () =>
    withBmc({}, async (bmc) => {
      bmc.faults.add({ when: { command: 'get-device-id' }, then: { delay: '400ms' } });
      expect((await asked(bmc, 'bmc-info')).out).toContain('Device ID');
      const ends = bmc.faults.add({ then: { endSession: { age: '100ms' } } });
      expect((await asked(bmc, 'bmc-info')).out).toContain('session timeout');
      expect(ends.hits).toBeGreaterThan(0);
    }),
  { concurrent: true },
);

toolTest(
  'F6: clocks that stand, and that run sixty times as fast',
  ['ipmitool'],
  () =>
    withBmc({}, async (bmc) => {
      /** Seconds that pass of the BMC's time, and of ours. */
      const passed = async (): Promise<{ bmc: number; real: number }> => {
        const read = async (): Promise<number> => Date.parse((await asked(bmc, 'ipmitool sel time get')).out);
        const began = performance.now();
        const first = await read();
        await new Promise((resolve) => setTimeout(resolve, 1500));
        const last = await read();
        return { bmc: (last - first) / 1000, real: (performance.now() - began) / 1000 };
      };
      for (const [clock, times] of [
        ['stopped', 0],
        ['x60', 60],
      ] as const) {
        const fault = bmc.faults.add({ then: { clock } });
        const seen = await passed();
        // It shows whole seconds, of which the first read and the last may each have cut off a part.
        expect(seen.bmc, clock).toBeGreaterThanOrEqual(times);
        expect(seen.bmc, clock).toBeLessThanOrEqual(times * (seen.real + 1));
        fault.remove();
      }
      const after = await passed();
      expect(after.bmc).toBeLessThanOrEqual(after.real + 1);
    }),
  { concurrent: true },
);

toolTest(
  'F6: sensors that stick and that jump',
  ['ipmitool'],
  () =>
    withBmc({}, async (bmc) => {
      const read = async (): Promise<string> =>
        /\| (\S+)/.exec((await asked(bmc, 'ipmitool sensor reading Inlet')).out)?.[1] ?? '';
      const stuck = bmc.faults.add({ then: { sensor: { name: 'Inlet', is: 'stuck' } } });
      bmc.sensors.get('Inlet').set(60);
      expect(await read()).toBe('25');
      stuck.remove();
      expect(await read()).toBe('60');
      bmc.faults.add({ then: { sensor: { name: 'Inlet', is: 'jumping' } } });
      const seen = new Set<string>();
      while (seen.size < 3) seen.add(await read());
    }),
  { concurrent: true },
);

test('F6: a ping that is lost has no pong, and a log-in succeeds', () =>
  withBmc({}, async (bmc) => {
    const [host, port] = bmc.interfaces[0].address.split(':');
    const socket = createSocket('udp4');
    let pongs = 0;
    socket.on('message', () => pongs++);
    const ping = Uint8Array.of(6, 0, 0xff, 6, 0, 0, 0x11, 0xbe, 0x80, 7, 0, 0);
    const pinged = (): void => socket.send(ping, Number(port), host);
    const ponged = (): Promise<void> => new Promise((resolve) => socket.once('message', () => resolve()));
    pinged();
    await ponged();
    const lost = bmc.faults.add({ when: { payload: 'ping' }, then: { loss: 1 } });
    pinged();
    await vi.waitFor(() => expect(lost.hits).toBe(1), 60_000);
    const world = nodeWorld();
    const client = await connectLan(world, {
      host,
      port: Number(port),
      user: USER.name,
      password: USER.password,
    });
    await client.close();
    lost.remove();
    pinged();
    await ponged();
    expect(pongs).toBe(2);
    socket.close();
  }));

test('F6: every effect that a rule can have has a line, or is a console’s or an update’s', () => {
  const effects = readFileSync(`${root}src/faults/layers.ts`, 'utf8').split('WHENS')[0];
  const all = [...effects.matchAll(/^ {2}(\w+): \['(?:datagram|session|command|condition)'/gm)].map(
    ([, key]) => key,
  );
  const shown = new Set(rows.flatMap(({ rule }) => Object.keys((parse(rule) as FaultRule).then)));
  expect(all.filter((key) => !shown.has(key) && !['console', 'firmware'].includes(key))).toEqual([]);
  expect(all.length).toBeGreaterThan(30);
});

test('F6: the page tells of every story', () => {
  for (const [name, { effect, finding }] of Object.entries(presets))
    expect(page).toContain(`| \`${name}\` | ${effect} | ${finding} |`);
});

toolTest('F6: a story is over for a real client when it is removed', ['ipmitool'], () =>
  withBmc({}, async (bmc) => {
    const story = bmc.faults.preset('out-of-sessions');
    expect((await asked(bmc, 'ipmitool -v -C 17 mc info')).code).toBe(1);
    story.remove();
    expect((await asked(bmc, 'ipmitool mc info')).out).toContain('Device ID');
  }),
);

toolTest('F6: same file, same seed, same client: the same hits, twice', ['ipmitool'], async () => {
  const faults: BmcOptions['faults'] = {
    seed: 11,
    rules: [
      { id: 'busy', when: { command: ['storage', 'sensor'] }, then: { complete: 0xc0 }, chance: '30%' },
      { id: 'nth', when: { command: 'get-device-id', nth: 'every 2' }, then: { complete: 0xff } },
    ],
  };
  const trace = (): Promise<string[]> =>
    withBmc({ faults }, async (bmc) => {
      const hits: string[] = [];
      bmc.faults.onHit(({ rule, count, what }) => void hits.push(`${rule} ${count} ${what}`));
      for (const command of [
        'sel info',
        'raw 0x0a 0x20',
        'mc info',
        'raw 4 0x2d 1',
        'raw 6 1',
        'sel time get',
      ])
        await asked(bmc, `ipmitool ${command}`);
      return hits;
    });
  const [one, again] = [await trace(), await trace()];
  expect(one.length).toBeGreaterThan(2);
  expect(again).toEqual(one);
});

/** What SOL shows after a carriage return: so many `characters`, or, of a silent console, what came in a while. */
async function onTheConsole(bmc: Bmc, characters: number | 'silent'): Promise<string> {
  const [, port] = bmc.interfaces[0].address.split(':');
  const command = `ipmitool -I lanplus -H 127.0.0.1 -p ${port} -U ${USER.name} -P ${USER.password} sol activate`;
  const child = spawn('script', ['-qefc', command, '/dev/null']);
  const ended = new Promise((resolve) => child.on('close', resolve));
  let out = '';
  child.stdout.on('data', (data: Buffer) => (out += data.toString('latin1')));
  const shown = (): string | undefined => /SOL Session operational.*\s+([^]*)/.exec(out)?.[1];
  try {
    await vi.waitFor(() => expect(shown()).toBeDefined(), 60_000);
    child.stdin.write('\r');
    if (characters === 'silent') await new Promise((resolve) => setTimeout(resolve, SILENCE));
    else await vi.waitFor(() => expect(shown()!.length).toBeGreaterThanOrEqual(characters), 60_000);
    return shown()!;
  } finally {
    child.stdin.write('\r~.');
    const late = setTimeout(() => child.kill(), 10_000);
    await ended;
    clearTimeout(late);
  }
}

toolTest(
  'F6: consoles: well, stuck, noisy, slow, and a session whose SOL is lost on the way',
  ['ipmitool', 'script'],
  () =>
    withBmc({}, async (bmc) => {
      const prompt = 'server login: ';
      expect(await onTheConsole(bmc, prompt.length)).toBe(prompt);
      const during = async (
        console: FaultEffect['console'],
        characters: number | 'silent',
      ): Promise<string> => {
        const fault = bmc.faults.add({ then: { console } });
        const seen = await onTheConsole(bmc, characters);
        fault.remove();
        return seen;
      };
      expect(await during('stuck', 'silent')).toBe('');
      expect(await during('noisy', prompt.length)).not.toContain(prompt);
      const began = performance.now();
      expect(await during({ charactersPerSecond: 10 }, prompt.length)).toBe(prompt);
      expect(performance.now() - began).toBeGreaterThan(prompt.length * 90);
      const story = bmc.faults.preset('half-open-sol');
      expect(await onTheConsole(bmc, 'silent')).toBe('');
      expect(story.hits).toBeGreaterThan(0);
    }),
);

toolTest('F7: ten minutes of a watchdog pass in no time, over a real session', ['ipmitool'], () =>
  withBmc({ clock: 'virtual' }, async (bmc) => {
    // Ten minutes are longer than a test may take. SMS/OS, hard reset, 600 s.
    expect((await asked(bmc, 'ipmitool raw 6 0x24 4 1 0 0 0x70 0x17')).code).toBe(0);
    expect((await asked(bmc, 'ipmitool mc watchdog reset')).out).toContain('countdown restarted');
    const left = async (): Promise<string> =>
      /Present Countdown: *(\d+)/.exec((await asked(bmc, 'ipmitool mc watchdog get')).out)?.[1] ?? '';
    expect(await left()).toBe('600');
    await bmc.clock.advance('9m');
    expect(await left()).toBe('60');
    await bmc.clock.advance('61s');
    expect((await asked(bmc, 'ipmitool mc watchdog get')).out).toMatch(/Watchdog Timer Is:\s+Stopped/);
    expect((await asked(bmc, 'ipmitool chassis restart_cause')).out).toContain('watchdog');
  }),
);

toolTest('F1: `check` says where in the file a rule is wrong, in the entry of a fleet too', [], async () => {
  const file = `${tmpdir()}/faults-${process.pid}.yaml`;
  const said = async (rule: string): Promise<string> => {
    writeFileSync(
      file,
      `bmcs:\n  - count: 3\n    name: node-{n}\n    faults:\n      rules:\n        - ${rule}\n`,
    );
    return (await runTool(process.execPath, [`${root}bin/ipmi-bmc`, 'check', file])).out;
  };
  try {
    expect(await said('{ then: { loss: 50%, complete: C0h } }')).toContain(
      `${file}:6:42 bmcs.0.faults.rules.0.then.complete: does not go with then.loss`,
    );
    expect(await said('{ when: { command: get-sdrr }, then: { delay: 1s } }')).toContain(
      `${file}:6:30 bmcs.0.faults.rules.0.when.command: expected a command`,
    );
    expect(await said('{ then: { sensor: { name: None, is: stuck } } }')).toContain(
      `${file}:6:37 bmcs.0.faults.rules.0.then.sensor.name`,
    );
    expect(await said('{ id: fine, then: { delay: 1s } }')).toContain('no problem');
  } finally {
    rmSync(file);
  }
});
