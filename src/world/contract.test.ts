import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { nodeWorld } from './node.ts';
import { simWorld, SimWorld } from './sim.ts';
import type { Stream, StreamAddress, World } from './world.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (data: Uint8Array): string => new TextDecoder().decode(data);

/** Node 20 has no Promise.withResolvers. */
function later<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((settle) => (resolve = settle));
  return { promise, resolve };
}

describe.each<[string, () => World]>([
  ['real', () => nodeWorld({ engine: 'dgram' })],
  ['real, datagrams in batches', () => nodeWorld({ engine: 'batch' })],
  ['simulated', () => simWorld(1)],
  ['slow simulated', () => simWorld(2, { delay: [1, 30], diskFaults: { latency: [0.1, 5] } })],
])('%s world', (name, make) => {
  let top: string;
  let directory: string;
  const world = make();
  const done = <T>(promise: Promise<T>): Promise<T> =>
    world instanceof SimWorld ? world.until(promise) : promise;
  beforeAll(async () => {
    top = name.startsWith('real') ? await mkdtemp(join(tmpdir(), 'world-')) : '/sim';
    directory = join(top, 'a/b');
    await done(world.files.mkdir(directory));
    await done(world.files.mkdir(directory));
  });
  afterAll(() => (name.startsWith('real') ? rm(top, { recursive: true }) : undefined));

  test('a program runs to its end with input, environment and exit code', async () => {
    if (world instanceof SimWorld)
      world.programs.define('sh', (args, { input, env }) => ({
        code: 3,
        stdout: `${input} ${env?.WORD} ${args.length}\n`,
        stderr: 'oh\n',
      }));
    const ran = await done(
      world.programs.run('sh', ['-c', 'read line; echo $line $WORD 2; echo oh >&2; exit 3'], {
        input: 'in',
        env: { WORD: 'out' },
      }),
    );
    expect(ran).toEqual({ code: 3, stdout: 'in out 2\n', stderr: 'oh\n' });
    await expect(done(world.programs.run('/no/such/program', []))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('a program that runs too long is killed', async () => {
    if (world instanceof SimWorld) world.programs.define('sleep', () => new Promise(() => {}));
    expect(await done(world.programs.run('sleep', ['60'], { timeout: 50 }))).toMatchObject({ code: null });
  });

  test('a started program tells what it says and when it ends', async () => {
    if (world instanceof SimWorld)
      world.programs.define('sh', (_args, _options, started) => {
        started?.output('hello\n');
        return new Promise(() => {});
      });
    const program = await done(world.programs.start('sh', ['-c', 'echo hello; exec sleep 60']));
    const said = later<string>();
    const ended = later<number | null>();
    program.onOutput = said.resolve;
    program.onExit = ended.resolve;
    expect(await done(said.promise)).toBe('hello\n');
    program.kill();
    expect(await done(ended.promise)).toBe(null);
  });

  test('A4: a program that outlives us writes into its file, for its user alone, and tells when it ends', async () => {
    if (world instanceof SimWorld)
      world.programs.define('sh', (_args, _options, started) => {
        started?.output('hello\n');
        return { code: 3 };
      });
    const output = join(top, 'output');
    await done(world.files.write(output, new Uint8Array(99)));
    const program = await done(
      world.programs.start('sh', ['-c', 'echo hello; sleep 0.1; exit 3'], { outlives: output }),
    );
    const ended = later<number | null>();
    program.onExit = ended.resolve;
    let told = '';
    program.onOutput = (text) => (told += text);
    expect([await done(ended.promise), told]).toEqual([3, '']);
    expect(new TextDecoder().decode(await done(world.files.read(output)))).toBe('hello\n');
    await expect(
      done(world.programs.start('/no/such/program', [], { outlives: output })),
    ).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('HTTP: a server answers, an absent one refuses', async () => {
    const server = await done(
      world.http.listen({ host: '127.0.0.1', port: 0 }, ({ method, path, body }) =>
        path === '/fail'
          ? Promise.reject(new Error('no'))
          : { status: 201, body: `${method} ${path} ${body}` },
      ),
    );
    const { port } = server.address as { port: number };
    const url = `http://127.0.0.1:${port}`;
    expect(await done(world.http.request(`${url}/a?b=1`, { method: 'POST', body: 'text' }))).toEqual({
      status: 201,
      body: 'POST /a?b=1 text',
    });
    expect((await done(world.http.request(`${url}/fail`))).status).toBe(500);
    if (name.startsWith('real'))
      expect((await world.http.request(url, { method: 'PUT', body: 'x'.repeat(2_000_000) })).status).toBe(
        413,
      );
    await done(server.close());
    await expect(done(world.http.request(url))).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  const conversation = async (at: StreamAddress): Promise<void> => {
    const big = new Uint8Array(300_000).map((_, i) => i * 7);
    const serverClosed = later<Error | undefined>();
    const server = await done(
      world.stream.listen(at, (stream) => {
        stream.onData = (data) => void stream.write(data);
        stream.onClose = serverClosed.resolve;
      }),
    );
    await expect(done(world.stream.listen(server.address, () => {}))).rejects.toMatchObject({
      code: 'EADDRINUSE',
    });
    const client = await done(world.stream.connect(server.address));
    const clientClosed = later<Error | undefined>();
    const all = later<void>();
    const echoed: number[] = [];
    client.onClose = clientClosed.resolve;
    client.onData = (data) => {
      for (const byte of data) echoed.push(byte);
      if (echoed.length === big.length) all.resolve();
    };
    const reused = big.slice();
    client.write(reused);
    reused.fill(0); // the stream has its own copy
    await done(all.promise);
    expect(Buffer.compare(Uint8Array.from(echoed), big)).toBe(0);
    client.end();
    expect(await done(Promise.all([clientClosed.promise, serverClosed.promise]))).toEqual([
      undefined,
      undefined,
    ]);
    expect(client.write(bytes('late'))).toBe(true);
    await server.close();
    await expect(done(world.stream.connect(server.address))).rejects.toMatchObject({
      code: 'path' in at ? 'ENOENT' : 'ECONNREFUSED',
    });
  };

  test("datagrams: there and back, each whole, the bytes the sender's again at once; a closed socket is silent", async () => {
    const one = await done(world.udp.bind({ host: '127.0.0.1', port: 0, receiveBuffer: 1 << 20 }));
    const two = await done(world.udp.bind({ host: '127.0.0.1', port: 0 }));
    one.onDatagram = (data, from) => one.send(data, from);
    const sizes = [0, 1, 65, 1500, 40_000, ...Array.from({ length: 95 }, (_, i) => i)];
    const heard: string[] = [];
    const all = later<void>();
    two.onDatagram = (data, from) => {
      heard.push(
        `${from.host}:${from.port} ${data.length} ${data.every((byte) => byte === data.length % 251)}`,
      );
      if (heard.length === sizes.length) all.resolve();
    };
    const bytes = new Uint8Array(40_000);
    for (const size of sizes) {
      two.send(bytes.subarray(0, size).fill(size % 251), one.address);
      bytes.fill(255);
    }
    await done(all.promise);
    const { host, port } = one.address;
    expect(heard.sort()).toEqual(sizes.map((size) => `${host}:${port} ${size} true`).sort());
    two.send(bytes, { host, port: 0 });
    await done(one.close());
    await done(one.close());
    one.send(bytes, two.address);
    two.send(bytes.subarray(0, 9), one.address);
    await done(new Promise<void>((resolve) => void world.clock.after(50, resolve)));
    expect(heard).toHaveLength(sizes.length);
    const again = await done(world.udp.bind(one.address));
    await expect(done(world.udp.bind(one.address))).rejects.toMatchObject({
      code: 'EADDRINUSE',
      address: host,
      port,
    });
    await done(Promise.all([again.close(), two.close()]));
  });

  test('TCP: echo, order, half-closing, refusal', () => conversation({ host: '127.0.0.1', port: 0 }));
  test('Unix socket: the same', () => conversation({ path: join(directory, 's'), mode: 0o600 }));

  test('what comes before somebody receives waits, and while it is paused', async () => {
    const server = await done(
      world.stream.listen({ host: '127.0.0.1', port: 0 }, (stream) => void stream.write(bytes('early'))),
    );
    const client = await done(world.stream.connect(server.address));
    const pass = (): Promise<void> => done(new Promise((resolve) => void world.clock.after(100, resolve)));
    client.pause();
    await pass();
    let heard = '';
    const whole = later<void>();
    client.onData = (data) => {
      heard += text(data);
      if (heard === 'early') whole.resolve();
    };
    await pass();
    expect(heard).toBe('');
    client.resume();
    await done(whole.promise);
    client.destroy();
    await server.close();
  });

  test('a full stream says so, and when to go on', async () => {
    const far = later<Stream>();
    const server = await done(world.stream.listen({ host: '127.0.0.1', port: 0 }, far.resolve));
    const near = await done(world.stream.connect(server.address));
    const drained = later<void>();
    near.onDrain = drained.resolve;
    let sent = 0;
    while (near.write(new Uint8Array(65536))) expect((sent += 65536)).toBeLessThan(1e8);
    const reader = await done(far.promise);
    reader.onData = () => {};
    await done(drained.promise);
    const closed = later<void>();
    reader.onClose = () => closed.resolve();
    near.destroy();
    await done(closed.promise);
    await server.close();
  });

  test('files: write, read, open, append, cut, rename, remove', async () => {
    const { files } = world;
    const path = join(directory, 'f');
    expect(await done(files.stat(path))).toBeUndefined();
    await expect(done(files.read(path))).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(done(files.open(path, 'read'))).rejects.toMatchObject({ code: 'ENOENT' });
    await done(files.remove(path));
    await done(files.write(path, bytes('hello'), { mode: 0o600 }));
    expect(await done(files.stat(path))).toEqual({ size: 5, mode: 0o600 });
    const file = await done(files.open(path, 'append'));
    await done(Promise.all([file.append(bytes(' a')), file.append(bytes('bc')), file.append(bytes('def'))]));
    await done(file.datasync());
    expect(text(await done(file.readAt(4, 100)))).toBe('o abcdef');
    expect(await done(file.readAt(100, 4))).toHaveLength(0);
    await expect(done(file.writeAt(0, bytes('x')))).rejects.toMatchObject({ code: 'EBADF' });
    await done(file.close());
    const random = await done(files.open(path, 'write'));
    await done(random.writeAt(14, bytes('!')));
    await done(random.truncate(16));
    expect(await done(random.size())).toBe(16);
    expect([...(await done(random.readAt(11, 5)))]).toEqual([102, 0, 0, 33, 0]);
    await done(random.truncate(5));
    await done(random.close());
    const reader = await done(files.open(path, 'read'));
    await expect(done(reader.append(bytes('x')))).rejects.toMatchObject({ code: 'EBADF' });
    await done(reader.close());
    await done(files.write(join(directory, 'g'), bytes('old and long')));
    await done(files.rename(path, join(directory, 'g')));
    await done(files.syncDir(directory));
    expect(await done(files.list(directory))).toEqual(['g']);
    expect(text(await done(files.read(join(directory, 'g'))))).toBe('hello');
    await done(files.remove(join(directory, 'g')));
    expect(await done(files.list(directory))).toEqual([]);
  });

  test('a lock has one holder', async () => {
    const { files } = world;
    const path = join(directory, 'lock');
    const lock = await done(files.lock(path));
    await expect(done(files.lock(path))).rejects.toMatchObject({ code: 'ELOCKED' });
    await lock.release();
    await lock.release();
    await (await done(files.lock(path))).release();
    await expect(done(files.lock(join(directory, 'none/lock')))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('real world', () => {
  // Neither waits for what sleeps: that is longer than a test may take.
  test('a program is over in its time, whatever it has started and left behind', async () => {
    const { programs } = nodeWorld();
    expect(await programs.run('sh', ['-c', 'sleep 600; true'], { timeout: 50 })).toMatchObject({
      code: null,
    });
    const left = await programs.run('sh', ['-c', 'sleep 600 & echo $!'], { timeout: 2000 });
    process.kill(Number(left.stdout));
    expect(left).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+\n$/) as string });
  });

  test('an error of HTTP shows no more of a URL than its host', async () => {
    const { http } = nodeWorld();
    const server = await http.listen({ host: '127.0.0.1', port: 0 }, ({ path }) =>
      path.startsWith('/long') ? { status: 200, body: 'x'.repeat((1 << 20) + 1) } : new Promise(() => {}),
    );
    const { port } = server.address as { port: number };
    const request = (path: string): Promise<unknown> =>
      http.request(`http://me:secret@127.0.0.1:${port}/${path}?token=secret`, { timeout: 200 });
    await expect(request('never')).rejects.toThrow(`ETIMEDOUT: timed out, request '127.0.0.1:${port}'`);
    await expect(request('long')).rejects.toThrow(`EMSGSIZE: message too long, request '127.0.0.1:${port}'`);
    await server.close();
  });

  test('IPv6 datagrams', async () => {
    const { udp } = nodeWorld();
    const any = await udp.bind({ host: '::', port: 0, receiveBuffer: 1 << 20 });
    const v4 = await udp.bind({ host: '127.0.0.1', port: 0 });
    const from = new Promise<string>((resolve) => (any.onDatagram = (_data, { host }) => resolve(host)));
    v4.send(bytes('x'), { host: '127.0.0.1', port: any.address.port });
    expect(await from).toBe('127.0.0.1');
    const back = new Promise<string>((resolve) => (v4.onDatagram = (data) => resolve(text(data))));
    any.send(bytes('y'), v4.address);
    any.send(bytes('forged'), { host: '127.0.0.1', port: 0 });
    expect(await back).toBe('y');
    await Promise.all([any.close(), v4.close()]);
    any.send(bytes('late'), v4.address);
  });

  test('a killed process holds no lock', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'lock-'));
    const path = join(directory, 'lock');
    const code = `const s = require('net').createServer(); s.listen(${JSON.stringify(path)}, () => console.log('held'));`;
    const holder = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
    const { files } = nodeWorld();
    try {
      await new Promise((resolve) => holder.stdout.once('data', resolve));
      await expect(files.lock(path)).rejects.toMatchObject({ code: 'ELOCKED' });
      const gone = new Promise((resolve) => holder.once('exit', resolve));
      holder.kill('SIGKILL');
      await gone;
      const lock = await files.lock(path);
      await expect(files.lock(path)).rejects.toMatchObject({ code: 'ELOCKED' });
      await lock.release();
      expect(await files.list(directory)).toEqual([]);
    } finally {
      holder.kill('SIGKILL');
      await rm(directory, { recursive: true });
    }
  });
});
