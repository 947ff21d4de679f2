import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { nodeWorld, type NodeWorld } from './node.ts';
import type { Stream } from './world.ts';

const LOCAL = { host: '127.0.0.1', port: 0 };
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const fail = (): never => {
  throw new Error('a bug');
};

function walled(): { world: NodeWorld; told: string[] } {
  const told: string[] = [];
  const world = nodeWorld({
    trouble: (where, error) => void told.push(`${where}: ${(error as Error).stack}`),
  });
  return { world, told };
}

/** Until it is true, or the test's time is over. */
async function until(done: () => boolean): Promise<void> {
  while (!done()) await new Promise((resolve) => setTimeout(resolve, 5));
}

async function connected(world: NodeWorld, accept: (stream: Stream) => void): Promise<Stream> {
  const server = await world.stream.listen(LOCAL, accept);
  onTestFinished(() => server.close());
  const stream = await world.stream.connect(server.address);
  onTestFinished(() => stream.destroy());
  return stream;
}

// Without the wall each of these ends the process: vitest then reports an unhandled error.
const kinds: Record<string, (world: NodeWorld) => Promise<void>> = {
  datagram: async ({ udp }) => {
    const [one, other] = [await udp.bind(LOCAL), await udp.bind(LOCAL)];
    onTestFinished(() => Promise.all([one.close(), other.close()]).then(() => undefined));
    one.onDatagram = fail;
    other.send(bytes('x'), one.address);
  },
  timer: async ({ clock }) => void clock.after(1, fail),
  connection: async (world) => void (await connected(world, fail)),
  'stream data': async (world) => {
    const stream = await connected(world, (far) => (far.onData = fail));
    stream.write(bytes('x'));
  },
  'stream data, of a receiver that returns a promise': async (world) => {
    const stream = await connected(world, (far) => (far.onData = () => Promise.reject(new Error('a bug'))));
    stream.write(bytes('x'));
  },
  'stream end': async (world) => {
    const stream = await connected(world, (far) => {
      far.onClose = fail;
      far.onData = () => undefined;
    });
    stream.destroy();
  },
  'stream drained': async (world) => {
    const stream = await connected(world, (far) => (far.onData = () => undefined));
    stream.onDrain = fail;
    while (stream.write(new Uint8Array(65_536)));
  },
  'program output': async ({ programs }) =>
    void ((await programs.start('sh', ['-c', 'echo x'])).onOutput = fail),
  'program end': async ({ programs }) => void ((await programs.start('true', [])).onExit = fail),
  'HTTP request': async ({ http }) => {
    const server = await http.listen(LOCAL, fail);
    onTestFinished(() => server.close());
    const { port } = server.address as { port: number };
    expect((await http.request(`http://127.0.0.1:${port}/`)).status).toBe(500);
  },
  'HTTP answer': async ({ http }) => {
    const server = await http.listen(LOCAL, () => ({ status: 200, type: 'bad\nheader' }));
    onTestFinished(() => server.close());
    const { port } = server.address as { port: number };
    await expect(http.request(`http://127.0.0.1:${port}/`)).rejects.toMatchObject({ code: 'ECONNRESET' });
  },
};

test.each(Object.keys(kinds))(
  'H1: a callback that throws is told with its stack, and counted: %s',
  async (kind) => {
    const { world, told } = walled();
    await kinds[kind](world);
    await until(() => world.wall.caught > 0);
    expect(told[0]).toContain(kind.split(',')[0]);
    if (kind !== 'HTTP answer') expect(told[0]).toMatch(/a bug\n\s+at .*wall\.test\.ts/);
  },
);

test('H1: what throws costs its own stream, and no other', async () => {
  const { world, told } = walled();
  let heard = '';
  const server = await world.stream.listen(LOCAL, (stream) => {
    stream.onData = (data) => {
      heard = new TextDecoder().decode(data);
      if (heard === 'bad') fail();
      stream.write(bytes('fine'));
    };
  });
  onTestFinished(() => server.close());
  const [bad, good] = [
    await world.stream.connect(server.address),
    await world.stream.connect(server.address),
  ];
  let closed = false;
  let answer = '';
  bad.onClose = () => (closed = true);
  bad.onData = () => undefined;
  good.onData = (data) => (answer += new TextDecoder().decode(data));
  bad.write(bytes('bad'));
  await until(() => closed);
  good.write(bytes('good'));
  await until(() => answer === 'fine');
  expect([told.length, world.wall.caught]).toEqual([1, 1]);
  good.destroy();
});

test('H1: a socket of datagrams serves on after one that it could not bear; a flood of them is a line a second', async () => {
  const { world, told } = walled();
  const [one, other] = [await world.udp.bind(LOCAL), await world.udp.bind(LOCAL)];
  let seen = 0;
  one.onDatagram = () => {
    seen++;
    fail();
  };
  const began = performance.now();
  for (let i = 0; i < 50; i++) other.send(bytes('x'), one.address);
  await until(() => seen === 50);
  const seconds = Math.floor((performance.now() - began) / 1000);
  expect([told.length >= 1, told.length <= 1 + seconds, world.wall.caught]).toEqual([true, true, 50]);
  await Promise.all([one.close(), other.close()]);
});

test('H1: a log that throws does not make it worse', async () => {
  const world = nodeWorld({ trouble: fail });
  world.clock.after(1, fail);
  await until(() => world.wall.caught === 1);
});

/** True while a process of that id lives (a zombie does not). */
const lives = async (pid: number): Promise<boolean> =>
  readFile(`/proc/${pid}/stat`, 'utf8').then(
    (stat) => stat[stat.lastIndexOf(')') + 2] !== 'Z',
    () => false,
  );

/** Until it lives no more, or the test's time is over. */
async function gone(pid: number): Promise<void> {
  while (await lives(pid)) await new Promise((resolve) => setTimeout(resolve, 10));
}

test('L: a program whose time is over is ended with all that it has started', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'group-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  const script = `sleep 600 & echo $! > ${directory}/pid; wait`;
  // On a busy machine it takes a while until it has started anything.
  let pid = NaN;
  for (let timeout = 300; !(pid > 1); timeout *= 4) {
    expect(await nodeWorld().programs.run('sh', ['-c', script], { timeout })).toMatchObject({ code: null });
    pid = Number(await readFile(join(directory, 'pid'), 'utf8').catch(() => NaN));
  }
  await gone(pid);
});

test('L: a program that has done its work in time may leave a machine running', async () => {
  // It has ended long before, and what it has left holds its output open until then.
  const ran = await nodeWorld().programs.run('sh', ['-c', 'sleep 600 & echo $!'], { timeout: 2000 });
  const pid = Number(ran.stdout);
  onTestFinished(() => void process.kill(pid));
  expect([ran.code, await lives(pid)]).toEqual([0, true]);
});

test('L: a started program is ended with what it has started', async () => {
  const program = await nodeWorld().programs.start('sh', ['-c', 'sleep 60 & echo $!; wait']);
  const pid = await new Promise<number>((resolve) => (program.onOutput = (text) => resolve(Number(text))));
  const ended = new Promise((resolve) => (program.onExit = resolve));
  program.kill();
  await ended;
  await gone(pid);
});

test('L: programs inherit the environment, but not the key that seals our secrets', async () => {
  process.env.IPMI_BMC_SEAL_KEY = 'a-key-of-sixteen-or-more';
  process.env.IPMI_BMC_TEST_OTHER = 'kept';
  onTestFinished(() => {
    delete process.env.IPMI_BMC_SEAL_KEY;
    delete process.env.IPMI_BMC_TEST_OTHER;
  });
  const { stdout } = await nodeWorld().programs.run('env', []);
  expect([stdout.includes('a-key-of-sixteen'), stdout.includes('IPMI_BMC_TEST_OTHER=kept')]).toEqual([
    false,
    true,
  ]);
});
