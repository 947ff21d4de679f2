import { linkSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { controlRig } from '../../test/support/control-rig.ts';
import { ControlClient, ControlError, type BmcList } from './client.ts';
import { ControlServer, servingOf } from './server.ts';
import { Tokens } from './tokens.ts';

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const one of undo.splice(0).reverse()) await one();
});

async function served() {
  const folder = mkdtempSync(join(tmpdir(), 'ipmi-bmc-control-'));
  undo.push(() => rmSync(folder, { recursive: true, force: true }));
  const { daemon } = await controlRig();
  const server = new ControlServer(servingOf(daemon));
  undo.push(() => server.close());
  const socket = join(folder, 'control.sock');
  await server.listenUnix(socket);
  return { daemon, server, socket, client: new ControlClient({ socket }) };
}

const tokens = `# who may\nmonitor read ${'r'.repeat(20)}\nci admin ${'a'.repeat(20)}\n`;
const overTcp = async (token?: string) => {
  const { server } = await served();
  await server.listenTcp({
    at: { host: '127.0.0.1', port: 0 },
    tokens: new Tokens(tokens, 'tokens'),
    hosts: ['bmcs.example.org'],
  });
  const url = `http://${server.addresses[1]}`;
  return { url, client: new ControlClient({ url, token }) };
};
const status = async (work: Promise<unknown>): Promise<number> => {
  const error: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(ControlError);
  return (error as ControlError).problem.status;
};

test('17.1: a Unix socket that its user alone may open, and a client of it', async () => {
  const { socket, client } = await served();
  expect(statSync(socket).mode & 0o777).toBe(0o600);
  expect((await client.get<BmcList>('/v1/bmcs')).bmcs.map(({ name }) => name)).toEqual(['node-1', 'node-2']);
  expect(await client.post('/v1/bmcs/node-2/power', { action: 'on' })).toMatchObject({ power: 'on' });
  const refused = client.get('/v1/bmcs/node-7');
  await expect(refused).rejects.toThrow("there is no BMC 'node-7'");
  await expect(refused).rejects.toMatchObject({ code: 'IPMI_BMC_CONTROL', problem: { status: 404 } });
  await expect(new ControlClient({ socket: `${socket}.not` }).get('/')).rejects.toThrow('ENOENT');
});

test('17.1: bodies come in pieces too, have an end, and need not be there', async () => {
  const { socket, client } = await served();
  const inPieces = (body: string) =>
    new Promise<number | undefined>((resolve, reject) => {
      const headers = { 'content-type': 'application/json', 'transfer-encoding': 'chunked' };
      const asked = request({ socketPath: socket, path: '/v1/bmcs/node-2/power', method: 'POST', headers });
      asked.on('response', (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      asked.on('error', reject);
      asked.write(body.slice(0, 10));
      asked.end(body.slice(10));
    });
  expect(await inPieces('{"action":"on"}')).toBe(200);
  const bodyOf = (size: number): string => '{"action":"on"}'.padEnd(size);
  expect(await inPieces(bodyOf(1 << 20))).toBe(200);
  expect(await inPieces(bodyOf((1 << 20) + 1))).toBe(413);
  expect(await client.delete('/v1/bmcs/node-2')).toEqual({ removed: 'node-2', origin: 'file' });
});

test('17.1: TCP needs a token that is known, which has a role', async () => {
  expect(await status((await overTcp()).client.get('/v1/bmcs'))).toBe(401);
  expect(await status((await overTcp('x'.repeat(20))).client.get('/v1/bmcs'))).toBe(401);
  const { client: reader } = await overTcp('r'.repeat(20));
  expect(await reader.get('/v1/bmcs')).toMatchObject({ total: 2 });
  expect(await status(reader.post('/v1/bmcs/node-1/power', { action: 'off' }))).toBe(403);
  const { client: admin } = await overTcp('a'.repeat(20));
  expect(await admin.post('/v1/bmcs/node-1/power', { action: 'off' })).toMatchObject({ power: 'off' });
});

test('17.1: a Host header that is none of ours is refused before the token is looked at', async () => {
  const { client } = await overTcp('a'.repeat(20));
  const asked = (host: string): Promise<unknown> => client.request('/v1/bmcs', { headers: { host } });
  expect(await status(asked('evil.example'))).toBe(421);
  expect(await status(asked('evil.example:8623'))).toBe(421);
  expect(await asked('localhost:1')).toMatchObject({ total: 2 });
  expect(await asked('BMCS.example.org')).toMatchObject({ total: 2 });
});

test('17.1: neither a route nor a path that is none is shown to who comes by another name', async () => {
  const { client, url } = await overTcp('a'.repeat(20));
  const asked = (path: string, method: 'GET' | 'DELETE'): Promise<unknown> =>
    client.request(path, { method, headers: { host: 'evil.example' } });
  for (const [path, method] of [
    ['/nope', 'GET'],
    ['/v1/bmcs', 'DELETE'],
    ['/openapi.json', 'GET'],
    ['/healthz', 'GET'],
  ] as const)
    expect(await status(asked(path, method)), path).toBe(421);
  expect(await status(new ControlClient({ url, token: 'x'.repeat(20) }).get('/nope'))).toBe(401);
  expect(await status(new ControlClient({ url }).get('/nope'))).toBe(404);
  // HTTP/1.0 needs no Host: it is told, in a document as all are.
  const { port } = new URL(url);
  const said = await new Promise<string>((resolve) => {
    const socket = connect(Number(port), '127.0.0.1', () => socket.write('GET /v1/bmcs HTTP/1.0\r\n\r\n'));
    let text = '';
    socket.on('data', (some) => (text += some.toString()));
    socket.on('close', () => resolve(text));
  });
  expect(said).toMatch(/^HTTP\/1\.1 421 [\s\S]*application\/problem\+json[\s\S]*no Host is said/);
});

test('17.1: a socket whose process lives is not taken, one that is left over is', async () => {
  const { daemon, socket } = await served();
  const second = new ControlServer(servingOf(daemon));
  await expect(second.listenUnix(socket)).rejects.toMatchObject({ code: 'EADDRINUSE' });
  // By another name it is there when its process is gone, as after SIGKILL.
  const left = `${socket}.left`;
  const dead = createServer();
  await new Promise<void>((resolve) => dead.listen(`${socket}.dead`, resolve));
  linkSync(`${socket}.dead`, left);
  await new Promise((resolve) => dead.close(resolve));
  undo.push(() => second.close());
  await second.listenUnix(left);
  expect(statSync(left).mode & 0o777).toBe(0o600);
  expect(await new ControlClient({ socket: left }).get('/v1/bmcs')).toMatchObject({ total: 2 });
});

test('17.1: the 65th connection is told that there are enough', async () => {
  const { socket, client } = await served();
  const open: Socket[] = [];
  undo.push(() => open.forEach((one) => one.destroy()));
  for (let i = 0; i < 64; i++) {
    const one = connect({ path: socket });
    open.push(one);
    await new Promise((resolve) => one.once('connect', resolve));
  }
  const refused = await client.get('/v1/bmcs').catch((error: unknown) => error);
  expect((refused as ControlError).problem).toMatchObject({
    type: 'urn:ipmi-bmc:unavailable',
    status: 503,
    detail: '64 connections are open: as many as there may be',
  });
  const gone = open.pop();
  gone?.destroy();
  await expect
    .poll(() =>
      client.get('/v1/bmcs').then(
        () => true,
        () => false,
      ),
    )
    .toBe(true);
});

test('17.1: a file of tokens says which line is wrong', () => {
  for (const [text, problem] of [
    ['', 'nobody has a token'],
    ['ci admin', 'tokens:1: expected NAME ROLE TOKEN'],
    [`a read ${'t'.repeat(16)}\nci root ${'a'.repeat(16)}`, 'tokens:2: expected a role'],
    ['ci admin short', 'at least 16'],
    [`ci read ${'a'.repeat(16)}\nci read ${'b'.repeat(16)}`, "'ci' has a token already"],
  ])
    expect(() => new Tokens(text, 'tokens'), text).toThrow(problem);
});

test('F9: a DELETE, a body in chunks and one without an end, over a socket', async () => {
  const { socket, client, daemon } = await served();
  daemon.bmc('node-1').faults.add({ id: 'x', then: { throws: true } });
  await client.delete('/v1/bmcs/node-1/faults/x');
  expect(daemon.bmc('node-1').faults.list).toEqual([]);
  const chunked = (pieces: readonly string[]): Promise<string> =>
    new Promise((resolve, reject) => {
      const sent = request({
        socketPath: socket,
        method: 'POST',
        path: '/v1/bmcs/node-1/faults',
        headers: { 'content-type': 'application/json', 'transfer-encoding': 'chunked' },
      });
      sent.on('error', reject);
      sent.on('response', (response) => {
        response.resume();
        resolve(String(response.statusCode));
      });
      for (const piece of pieces) sent.write(piece);
      sent.end();
    });
  expect(await chunked(['{"id":"ü",', '"then":{"throws":true}}'])).toBe('201');
  expect(daemon.bmc('node-1').faults.list.map(({ id }) => id)).toEqual(['ü']);
  expect(await chunked(Array<string>(300).fill(' '.repeat(4096)))).toBe('413');
});

test('17.1: a connection becomes the serial console both ways, with what was said before if that is asked for', async () => {
  const { daemon, client } = await served();
  const { console: port } = daemon.bmc('node-1');
  const typed: string[] = [];
  let say: (text: string) => void = () => undefined;
  port.plug((to) => {
    say = (text) => to.received(new TextEncoder().encode(text));
    to.available(true);
    return {
      write: (some) => typed.push(new TextDecoder().decode(some)) > 0,
      close: () => Promise.resolve(),
    };
  });
  const first = await client.attach('node-1');
  say('login: ');
  const heard: string[] = [];
  const listening = (async () => {
    for await (const some of first) heard.push(new TextDecoder().decode(some));
  })();
  first.write('root\n');
  await expect.poll(() => typed.join('')).toBe('root\n');
  await expect.poll(() => heard.join('')).toBe('login: ');
  const second = await client.attach('node-1', { history: true });
  const before = await second[Symbol.asyncIterator]().next();
  expect(new TextDecoder().decode(before.value as Uint8Array)).toBe('login: ');
  second.close();
  first.close();
  // Who closes a connection has cut off what it was reading.
  await expect(listening).rejects.toThrow(/close/);
  expect(await status(client.attach('node-7'))).toBe(404);
  const { client: reader } = await overTcp('r'.repeat(20));
  expect(await status(reader.attach('node-1'))).toBe(403);
});
