import { afterEach, describe, expect, test } from 'vitest';
import { ptyPair } from '../../../test/support/pty-pair.ts';
import { Bmc } from '../../bmc.ts';
import type { ConsoleOptions } from '../../config/options.ts';
import { nodeWorld, simWorld, type SimWorld, type Stream, type World } from '../../world/index.ts';
import { Console, type ConsolePort, type ConsoleSource } from './console.ts';
import { TtyControl } from './tty.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A BMC with that console, and what it says. */
async function listener(
  world: World,
  console: ConsoleOptions,
  until: <T>(promise: Promise<T>) => Promise<T>,
) {
  const warnings: string[] = [];
  const log = {
    debug: () => undefined,
    info: () => undefined,
    warn: (line: string) => void warnings.push(line),
    error: () => undefined,
  };
  const bmc = new Bmc(
    { sol: { console }, sel: { bootEvents: false }, chassis: { power: 'on' } },
    { world, log },
  );
  await until(bmc.open());
  const heard = { text: '', available: [] as boolean[] };
  const unlisten = bmc.console.listen({
    onData: (characters) => void (heard.text += new TextDecoder().decode(characters)),
    onAvailable: (yes) => void heard.available.push(yes),
  });
  return { bmc, heard, warnings, unlisten };
}

const simulated = async (
  console: ConsoleOptions,
  prepare: (world: SimWorld) => Promise<unknown> = async () => undefined,
) => {
  const world = simWorld(1);
  await world.until(prepare(world));
  return { world, ...(await listener(world, console, (promise) => world.until(promise))) };
};

describe('simulated', () => {
  test('echoes, edits a line, asks again', async () => {
    const { bmc, heard } = await simulated({ type: 'simulated', host: 'web1' });
    expect(bmc.console.available).toBe(true);
    bmc.console.write(bytes('roop\bt\r'));
    expect(heard.text).toBe('roop\b \bt\r\nLogin incorrect\r\n\r\nweb1 login: ');
    heard.text = '';
    bmc.console.write(bytes('half\u0003'));
    bmc.console.sendBreak();
    bmc.console.write(bytes('\r'));
    expect(heard.text).toBe('half^C\r\nweb1 login: \r\nweb1 login: \r\nweb1 login: ');
  });

  test('is away while the machine is off, and boots with it', async () => {
    const { bmc, heard, world } = await simulated({ type: 'simulated' });
    await world.until(Promise.resolve(bmc.chassis.control('off')));
    expect([bmc.console.available, bmc.console.write(bytes('x'))]).toEqual([false, 0]);
    await world.until(Promise.resolve(bmc.chassis.control('on')));
    await world.run(1000);
    expect(heard.text).toMatch(/^Initializing memory.*\r\nBooting from disk 0\r\n$/);
    await world.run(5000);
    expect(heard.text).toMatch(/Linux version[\s\S]*server login: $/);
    expect(heard.available).toEqual([false, true]);
  });
});

describe('on a socket', () => {
  const echo = (streams: Stream[]) => (stream: Stream) => {
    streams.push(stream);
    stream.onData = (data) => void stream.write(data.map((byte) => byte - 32));
  };

  test('connects, and again when it was lost: with longer and longer pauses, told once', async () => {
    const { world, bmc, heard, warnings } = await simulated({ type: 'socket', connect: '/vm/console' });
    await world.run(60_000);
    expect(bmc.console.available).toBe(false);
    expect(world.trace.filter((line) => line.includes('refused'))).toHaveLength(11);
    const streams: Stream[] = [];
    const server = await world.until(world.stream.listen({ path: '/vm/console' }, echo(streams)));
    await world.run(10_000);
    bmc.console.write(bytes('abc'));
    await world.run(100);
    await world.until(server.close());
    streams[0].destroy();
    await world.run(100);
    expect(bmc.console.available).toBe(false);
    await world.until(world.stream.listen({ path: '/vm/console' }, echo(streams)));
    await world.run(300);
    bmc.console.write(bytes('def'));
    await world.run(100);
    expect([heard.text, heard.available]).toEqual(['ABCDEF', [true, false, true]]);
    expect(warnings.map((line) => line.replace(/: ENOENT.*;/, ';'))).toEqual([
      'bmc: console; trying again',
      'bmc: console is back',
      'bmc: console lost',
      'bmc: console is back',
    ]);
    const before = world.trace.length;
    await world.until(bmc.close());
    await world.run(60_000);
    expect(world.trace.slice(before).filter((line) => line.includes('connected'))).toEqual([]);
  });

  test('listens; a new connection takes the place of the old one', async () => {
    const { world, bmc, heard } = await simulated({ type: 'socket', listen: '10.0.0.1:7000' });
    const connect = async () => {
      const stream = await world.until(world.stream.connect({ host: '10.0.0.1', port: 7000 }));
      let closed = false;
      stream.onClose = () => void (closed = true);
      stream.onData = () => undefined;
      return { stream, closed: () => closed };
    };
    const first = await connect();
    first.stream.write(bytes('one '));
    await world.run(10);
    const second = await connect();
    second.stream.write(bytes('two'));
    await world.run(10);
    expect([heard.text, first.closed(), second.closed(), bmc.console.available]).toEqual([
      'one two',
      true,
      false,
      true,
    ]);
    second.stream.end();
    await world.run(10);
    expect(bmc.console.available).toBe(false);
    await world.until(bmc.close());
  });

  test('a machine that is held back waits, and nothing is lost', async () => {
    const streams: Stream[] = [];
    const { world, bmc, heard } = await simulated({ type: 'socket', connect: '/vm/console' }, (world) =>
      world.stream.listen({ path: '/vm/console' }, echo(streams)),
    );
    await world.run(10);
    bmc.console.pause('me');
    streams[0].write(bytes('held'));
    await world.run(1000);
    expect(heard.text).toBe('');
    bmc.console.resume('me');
    await world.run(10);
    expect(heard.text).toBe('held');
  });
});

test('a log is played to who listens, at its speed, from its beginning', async () => {
  const log = 'x'.repeat(480) + 'done';
  const { world, bmc, heard, unlisten } = await simulated(
    { type: 'replay', file: '/boot.log', bitRate: 4800 },
    async (world) => world.files.write('/boot.log', bytes(log)),
  );
  await world.run(500);
  expect(heard.text.length).toBeGreaterThan(200);
  expect(heard.text.length).toBeLessThan(280);
  await world.run(2000);
  expect(heard.text).toBe(log);
  unlisten();
  bmc.console.listen({ onData: (characters) => void (heard.text += new TextDecoder().decode(characters)) });
  await world.run(3000);
  expect(heard.text).toBe(log + log);
  await world.until(bmc.close());
});

test('a serial connector that is shared with the system leads to the same console', async () => {
  const world = simWorld(1);
  const bmc = new Bmc(
    { interfaces: [{ type: 'serial', listen: '10.0.0.1:2000', shared: 'system' }] },
    { world },
  );
  await world.until(bmc.open());
  const line = await world.until(world.stream.connect({ host: '10.0.0.1', port: 2000 }));
  let seen = '';
  line.onData = (data) => void (seen += new TextDecoder().decode(data));
  line.write(bytes('root\r'));
  await world.run(1000);
  expect(seen).toBe('root\r\nLogin incorrect\r\n\r\nserver login: ');
  await world.until(bmc.close());
});

describe('the console itself', () => {
  class Source implements ConsoleSource {
    readonly got: string[] = [];
    readonly port: ConsolePort;
    takes = true;
    constructor(port: ConsolePort) {
      this.port = port;
    }
    write(characters: Uint8Array): boolean {
      this.got.push(new TextDecoder().decode(characters));
      return this.takes;
    }
    async close(): Promise<void> {
      this.got.push('closed');
    }
  }
  const plugged = () => {
    const console = new Console();
    const sources: Source[] = [];
    const plug = (): Source => {
      console.plug((port) => (sources[sources.length] = new Source(port)));
      return sources.at(-1)!;
    };
    return { console, plug };
  };

  test('a busy source gets the rest later, at most 4096 characters', () => {
    const { console, plug } = plugged();
    const source = plug();
    expect(console.write(bytes('early'))).toBe(0);
    source.port.available(true);
    source.takes = false;
    expect(console.write(bytes('first'))).toBe(5);
    expect(console.write(new Uint8Array(5000).fill(65))).toBe(4096);
    expect(console.write(bytes('x'))).toBe(0);
    source.takes = true;
    source.port.drained();
    expect(source.got.map((text) => text.length)).toEqual([5, 4096]);
    expect(console.write(bytes('more'))).toBe(4);
  });

  test('another source takes the place of the one before, which is heard no more', () => {
    const { console, plug } = plugged();
    const heard: string[] = [];
    console.listen({
      onData: (characters) => void heard.push(new TextDecoder().decode(characters)),
      onAvailable: (yes) => void heard.push(String(yes)),
    });
    const first = plug();
    first.port.available(true);
    const second = plug();
    first.port.received(bytes('old'));
    first.port.available(true);
    second.port.available(true);
    second.port.received(bytes('new'));
    expect(heard).toEqual(['true', 'false', 'true', 'new']);
    expect(first.got).toEqual(['closed']);
  });
});

describe('on a terminal device', () => {
  const closing: (() => unknown)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0)) await close();
  });

  test('its speed follows SOL, and a break is a NUL at a speed that is too slow', async () => {
    const done: string[] = [];
    const { world, bmc } = await simulated({ type: 'tty', path: '/dev/ttyS1' }, async (world) => {
      world.programs.define('stty', (args) => (done.push(args.join(' ')), {}));
      await world.stream.listen(
        { path: '/dev/ttyS1' },
        (stream) => (stream.onData = (data) => void done.push(`wrote ${data.join()}`)),
      );
    });
    await world.run(10);
    bmc.console.setBitRate(38_400);
    bmc.console.sendBreak();
    bmc.console.setBitRate(57_600);
    await world.run(100);
    const tty = '-F /dev/ttyS1';
    expect(done).toEqual([`${tty} 38400`, `${tty} 1200`, 'wrote 0', `${tty} 57600`, `${tty} 57600`]);
  });

  test('a speed that it does not have is said', async () => {
    const log: string[] = [];
    const world = simWorld(1);
    world.programs.define('stty', () => ({ code: 1, stderr: "stty: invalid argument '300001'\n" }));
    new TtyControl(world.programs, '/dev/ttyS1', 9600, (error) => log.push(String(error))).setBitRate(
      300_001,
    );
    await world.run(10);
    expect(log).toEqual(["Error: stty ended with 1: stty: invalid argument '300001'"]);
  });

  test('carries both ways', async () => {
    const pair = await ptyPair();
    closing.push(() => pair.close());
    const world = nodeWorld();
    const far = await world.stream.connect({ tty: pair.far });
    closing.unshift(() => far.destroy());
    const { bmc, heard } = await listener(world, { type: 'tty', path: pair.near }, (promise) => promise);
    closing.unshift(() => bmc.close());
    const arrived = new Promise<string>(
      (resolve) => (far.onData = (data) => resolve(new TextDecoder().decode(data))),
    );
    while (!bmc.console.available) await new Promise((resolve) => setTimeout(resolve, 10));
    bmc.console.write(bytes('typed\r'));
    expect(await arrived).toBe('typed\r');
    far.write(bytes('said\r\n'));
    while (heard.text.length < 6) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(heard.text).toBe('said\r\n');
  });
});

test('kinds: a source that is available, or gone again, before it is plugged in', () => {
  for (const [said, holds] of [
    [[true], true],
    [[true, false], false],
  ] as const) {
    const console = new Console();
    const told: boolean[] = [];
    console.listen({ onAvailable: (yes) => void told.push(yes) });
    console.plug((port) => {
      for (const yes of said) port.available(yes);
      return { write: () => true, close: async () => undefined };
    });
    expect([console.available, told]).toEqual([holds, holds ? [true] : []]);
    expect(console.write(Uint8Array.of(1))).toBe(holds ? 1 : 0);
  }
});
