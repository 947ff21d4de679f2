import { describe, expect, test } from 'vitest';
import type { Bmc, ConsolePort, ConsoleSource, OwnStore, OwnStores, PowerBackend } from '../../bmc.ts';
import type { z } from 'zod';
import { simWorld, type SimWorld, type Stream, type StreamAddress } from '../../world/index.ts';
import {
  backendContract,
  consoleContract,
  interfaceContract,
  sourceContract,
  storeContract,
  type ContractCase,
  type Measured,
  type StoreContract,
} from './index.ts';

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const world = (): SimWorld => simWorld(3);
function cases(of: string, all: readonly ContractCase[]): void {
  describe(`D19: ${of}`, () => {
    for (const { name, run } of all) test(name, run);
  });
}

/** The names of the cases that something does not fulfil, and why. */
async function failed(all: readonly ContractCase[]): Promise<string[]> {
  const names: string[] = [];
  for (const { name, run } of all)
    await run().catch((error: unknown) => names.push(`${name}: ${(error as Error).message}`));
  return names;
}

const RECORDS = {
  1: Uint8Array.of(1, 0, 2, 0, 0, 0, 0, 0x20, 0, 4, 1, 1, 0x6f, 1, 0xff, 0xff),
  2: Uint8Array.of(2, 0, 2, 1, 0, 0, 0, 0x20, 0, 4, 1, 2, 0x6f, 0, 0xff, 0xff),
};
const access = {
  callback: false,
  linkAuthentication: true,
  messaging: true,
  privilegeLimit: 3,
  sessionLimit: 0,
};

/** A store of a name over what a Map does with it. */
function kept<S extends keyof OwnStores>(
  name: S,
  samples: StoreContract<S>['samples'],
  make: () => OwnStores[S],
): StoreContract<S> {
  let last = make();
  const there = (): NonNullable<OwnStores[S]> => last!;
  return { name, samples, world, open: () => ((last = make()), there()), reopen: there } as StoreContract<S>;
}

cases('a Map is an event log', storeContract(kept('sel', RECORDS, () => new Map())));
cases(
  'a Map is a table of users',
  storeContract(
    kept(
      'users',
      {
        4: { name: 'eve', enabled: true, access: { 1: access } },
        5: { name: 'bob', enabled: false, access: {} },
      },
      () => new Map(),
    ),
  ),
);

cases(
  'a file is a source',
  sourceContract({
    world,
    value: { file: '/temp', interval: 1 },
    measures: ({ files }) => ({
      gives: (value) => files.write('/temp', new TextEncoder().encode(`${value}\n`)),
      fails: () => files.remove('/temp'),
    }),
  }),
);
cases(
  'a command is a source',
  sourceContract({
    world,
    value: { command: 'reading', interval: 1 },
    measures({ programs }) {
      let measured: number | undefined;
      programs.define('reading', () => (measured === undefined ? { code: 1 } : { stdout: `${measured}\n` }));
      return { gives: (value) => void (measured = value), fails: () => (measured = undefined) };
    },
  }),
);
cases('a swing is a source', sourceContract({ world, value: { base: 40, swing: 5, noise: 2 } }));
cases('a formula is a source', sourceContract({ world, value: { formula: '40 + 3 * sin(t / 60)' } }));
cases('a number is a source', sourceContract({ world, value: 40 }));

cases(
  'what is pushed is a source',
  sourceContract({
    world,
    value: { push: true, maxAge: 45 },
    looks: false,
    measures: (_world, bmc) => ({
      gives: (value) => void bmc.sensors.get('Tried').push(value),
      // What nobody says again is too old in the end.
      fails: () => undefined,
    }),
  }),
);

/** A machine whose serial port is a socket, or a line between two devices. */
const on =
  (at: StreamAddress) =>
  async ({ stream }: SimWorld) => {
    const heard: number[] = [];
    let line: Stream | undefined;
    const listen = () =>
      stream.listen(at, (opened) => {
        line = opened;
        opened.onData = (bytes) => void heard.push(...bytes);
      });
    let server = await listen();
    return {
      says: (characters: Uint8Array) => void line?.write(characters),
      heard: () => Uint8Array.from(heard),
      async goes() {
        const closing = server.close();
        line?.destroy();
        await closing;
      },
      async comes() {
        server = await listen();
      },
    };
  };
cases(
  'a socket is a console',
  consoleContract({
    world,
    console: { type: 'socket', connect: 'machine:4555' },
    machine: on({ host: 'machine', port: 4555 }),
  }),
);
cases(
  'a serial device is a console',
  consoleContract({
    world() {
      const outside = world();
      outside.programs.define('stty', () => ({}));
      return outside;
    },
    console: { type: 'tty', path: '/dev/ttyS1' },
    machine: on({ path: '/dev/ttyS1' }),
  }),
);
cases(
  'a simulated machine is a console',
  consoleContract({ world, console: { type: 'simulated' }, echoes: bytesOf('root ~ {}[]') }),
);

const LOG = bytesOf('[    0.000000] Linux version 6.1.0\r\n'.repeat(100));
cases(
  'a log that is played is a console',
  consoleContract({
    world() {
      const outside = world();
      void outside.files.write('/boot.log', LOG);
      return outside;
    },
    console: { type: 'replay', file: '/boot.log' },
    plays: LOG,
  }),
);

/** A strip of outlets of a program's own; what is wrong with it is said. */
function strip(outlet: { told: string[]; on: boolean; broken: boolean }, deaf = false): PowerBackend {
  return {
    power(action) {
      if (outlet.broken) throw new Error('the strip does not answer');
      outlet.told.push(action);
      if (!deaf && action === 'on') outlet.on = true;
      if (!deaf && action === 'off') outlet.on = false;
    },
  };
}
const outlets = (isDeaf: boolean) => {
  let outlet = { told: [] as string[], on: false, broken: false, dies: () => undefined };
  return backendContract({
    world,
    backend: { type: 'strip' } as never,
    kinds: {
      backends: [
        {
          type: 'strip',
          schema: (zod) => zod.strictObject({ type: zod.literal('strip') }),
          make: () => ({ backend: strip(outlet, isDeaf) }),
        },
      ],
    },
    machine: () => (outlet = { told: [], on: false, broken: false, dies: () => undefined }),
    words: { on: /^on$/, off: /^off$/, reset: /^reset$/, soft: /^soft$/, diag: /^diag$/ },
    notices: false,
  });
};
cases('a kind of a program is a back end', outlets(false));

test('D19: a back end that tells its machine nothing fails by name, with what was found', async () => {
  expect(await failed(outlets(true))).toEqual(
    expect.arrayContaining([
      expect.stringMatching(
        /^switches its machine on and off.*: .*expected \[true,true\], found \[false,true\]/,
      ),
      expect.stringMatching(/^a cycle leaves it on: /),
    ]),
  );
});

test('D19: a store that forgets, one that keeps other bytes, and one that is not there later fail', async () => {
  const forgetting = kept('sel', RECORDS, () => {
    const map = new Map<string, Uint8Array>();
    const store: OwnStore<Uint8Array> = {
      keys: () => map.keys(),
      get: (key) => map.get(key),
      set: (key, value) => void map.set(key, value),
      delete: () => undefined,
    };
    return store;
  });
  expect((await failed(storeContract(forgetting))).join('\n')).toMatch(
    /no longer what was deleted: its keys: expected \["2"\], found \["1","2"\]/,
  );
  const altering = kept('sel', RECORDS, () => {
    const map = new Map<string, Uint8Array>();
    return Object.assign(map, {
      set: (key: string, value: Uint8Array) =>
        Map.prototype.set.call(map, key, value.subarray(0, 15)) as unknown,
    });
  });
  const found = (await failed(storeContract(altering))).join('\n');
  expect(found).toContain('has what was set, as it was set, each key once: the value of 1');
  expect(found).toContain('a BMC takes what is in it for what it has stored');
  const fleeting = { ...kept('sel', RECORDS, () => new Map()), reopen: () => new Map<string, Uint8Array>() };
  expect((await failed(storeContract(fleeting))).map((line) => line.split(':')[0])).toEqual([
    'is the same for who comes later',
    'keeps 200 changes that are made at once, the last of each key',
    'a BMC logs into it, and the next one finds its records',
  ]);
  expect(() => storeContract(kept('sel', { 1: RECORDS[1] }, () => new Map()))).toThrow(RangeError);
});

test('D19: a source that stands still, and one that shares its reading, fail', async () => {
  const shared = { value: 0 };
  const measures = (): Measured => ({ gives: (value) => void (shared.value = value) });
  const sources = (value: () => number) => ({
    sources: [
      {
        key: 'mine',
        schema: (zod: typeof z) => zod.strictObject({ mine: zod.number() }),
        make: () => ({ moves: true, value }),
      },
    ],
  });
  const contract = { world, value: { mine: 1 } as never, measures, fails: false };
  expect(
    (await failed(sourceContract({ ...contract, kinds: sources(() => 40) }))).map(
      (line) => line.split(':')[0],
    ),
  ).toContain('the sensor has what is measured, and follows it');
  expect(
    (await failed(sourceContract({ ...contract, kinds: sources(() => shared.value) }))).map(
      (line) => line.split(':')[0],
    ),
  ).toContain('two BMCs each have their own');
  let at = 0;
  const wandering = { world, value: { mine: 1 } as never, kinds: sources(() => at++ % 100) };
  expect(await failed(sourceContract(wandering))).toEqual([
    expect.stringMatching(/^is a function of time: .*the readings of a day: expected/),
  ]);
});

test('D19: a console that loses a character, and one that is there without being opened, fail', async () => {
  const kinds = (make: (port: ConsolePort) => ConsoleSource) => ({
    consoles: [
      {
        type: 'mine',
        schema: (zod: typeof z) => zod.strictObject({ type: zod.literal('mine') }),
        plug: async (_options: unknown, { bmc }: { bmc: Pick<Bmc, 'console'> }) => bmc.console.plug(make),
      },
    ],
  });
  const contract = { world, console: { type: 'mine' } as never, echoes: bytesOf('abc') };
  const forgets = kinds((port) => {
    port.available(true);
    return {
      write: (characters) => (port.received(characters.subarray(1)), true),
      close: async () => undefined,
    };
  });
  expect(await failed(consoleContract({ ...contract, kinds: forgets }))).toEqual([
    expect.stringMatching(
      /^what is typed is read back whole and in order: what was read: expected "616263", found/,
    ),
  ]);
  const absent = kinds(() => ({ write: () => true, close: async () => undefined }));
  expect(
    (await failed(consoleContract({ ...contract, kinds: absent }))).map((line) => line.split(':')[0]),
  ).toContain('is there once the BMC is open, and gone with it');
  expect(() => consoleContract({ ...contract, echoes: undefined })).toThrow(RangeError);
});

test('D19: an interface that answers with the answer before fails', async () => {
  const contract = interfaceContract({
    maxData: 30,
    maxAnswer: 30,
    make: async (_world, far) => {
      let before = Uint8Array.of(0);
      return {
        async ask(netFn, cmd, data, lun = 0) {
          const answer = await far({ netFn, cmd, data, lun });
          const late = before;
          before = Uint8Array.from(answer);
          return late;
        },
        noise: () => undefined,
        reconnect: () => undefined,
        detach: async () => undefined,
      };
    },
  });
  expect(contract.map(({ name }) => name)).toHaveLength(9);
  expect((await failed(contract)).map((line) => line.split(':')[0])).toEqual(
    expect.arrayContaining([
      'an answer of any size comes back as it was given',
      'noise of every kind, then a request',
    ]),
  );
});
