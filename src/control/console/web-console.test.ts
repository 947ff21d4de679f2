// The web console's security suite: who gets in, what other pages can make a browser do, and what a client can keep
// busy.
import { request, type IncomingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import { once } from 'node:events';
import { afterEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { controlRig, sampleFleet } from '../../../test/support/control-rig.ts';
import type { BmcOptions } from '../../bmc.ts';
import { ControlServer, servingOf } from '../server.ts';
import { Tokens } from '../tokens.ts';
import type { Assets } from './assets.ts';

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const one of undo.splice(0).reverse()) await one();
});

const html = (text: string) => ({ bytes: new TextEncoder().encode(text) });
const files = new Map(
  Object.entries({
    'index.html': html('<p>app</p>'),
    'login.html': html('<p>log in</p>'),
    'assets/login-12345678.js': html('1'),
    'assets/index-12345678.js': html('2'),
  }),
);
const assets: Assets = { file: (path) => files.get(path) };
const TOKEN = 'a'.repeat(20);
const READER = 'r'.repeat(20);
const users: BmcOptions['users'] = [
  { id: 2, name: 'admin', password: 'secret-enough' },
  { id: 3, name: 'op', password: 'secret-enough', privilege: 'operator' },
  { id: 4, name: 'looker', password: 'secret-enough', privilege: 'user' },
  { id: 5, name: 'gone', password: 'secret-enough', enabled: false },
  { id: 6, name: 'caller', password: 'secret-enough', privilege: 'callback' },
];
const fleet = sampleFleet.map((one) => ({ ...one, users }));

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}
interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

async function consoleRig({
  hosts = [],
  idle = 60_000,
  settings = fleet,
  sleepAfter = Infinity,
}: {
  readonly hosts?: readonly string[];
  readonly idle?: number;
  readonly settings?: readonly BmcOptions[];
  readonly sleepAfter?: number;
} = {}) {
  const rig = await controlRig(settings, { sleepAfter });
  const server = new ControlServer(servingOf(rig.daemon));
  undo.push(() => server.close());
  await server.listenConsole({
    at: { host: '127.0.0.1', port: 0 },
    assets,
    hosts,
    idle,
    history: 3600_000,
    tokens: new Tokens(`ci admin ${TOKEN}\nlook read ${READER}\n`, 'tokens'),
  });
  const url = new URL(server.console ?? '');
  const origin = url.origin;
  /** By hand: fetch sends no Host or Origin of somebody's choice. */
  const ask = (path: string, { method = 'GET', headers = {}, body }: Asked = {}): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const text = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body);
      const sent = request(
        {
          host: url.hostname,
          port: url.port,
          path,
          method,
          headers: { ...(text !== undefined && { 'content-type': 'application/json' }), ...headers },
        },
        (response) => {
          let got = '';
          response.setEncoding('utf8');
          response.on('data', (chunk: string) => (got += chunk));
          response.on('end', () =>
            resolve({ status: response.statusCode ?? 0, headers: response.headers, text: got }),
          );
          response.on('error', reject);
        },
      );
      sent.on('error', reject);
      sent.end(text);
    });
  const logIn = async (body: unknown, headers: Readonly<Record<string, string>> = {}) => {
    const answer = await ask('/login', { method: 'POST', headers: { origin, ...headers }, body });
    const cookie = answer.headers['set-cookie']?.[0].split(';')[0] ?? '';
    const { csrf = '', ...shown } =
      answer.status === 200 ? (JSON.parse(answer.text) as { csrf: string }) : {};
    return { ...answer, cookie, csrf, shown, as: { cookie, origin, 'x-csrf-token': csrf } };
  };
  return { ...rig, server, url, origin, ask, logIn };
}
const user = (name: string, bmc = 'node-1', password = 'secret-enough') => ({ user: name, password, bmc });
const power = (action: string) => ({ method: 'POST', body: { action } });

test('21.1: no page and no API without a log-in, whatever the path; the page to log in is there', async () => {
  const { ask } = await consoleRig();
  for (const path of [
    '/index.html',
    '/assets/index-12345678.js',
    '/session',
    '/healthz',
    '/openapi.json',
    '/v1/bmcs',
    '/v1/events',
    '/v1/bmcs/node-1/users',
    '/nowhere',
  ])
    expect([path, (await ask(path)).status]).toEqual([path, 401]);
  const first = await ask('/');
  expect([first.status, first.headers.location]).toEqual([303, '/login']);
  expect((await ask('/login')).text).toBe('<p>log in</p>');
  expect((await ask('/assets/login-12345678.js')).text).toBe('1');
  // A token is exchanged for a session; by itself it opens nothing here.
  expect((await ask('/v1/bmcs', { headers: { authorization: `Bearer ${TOKEN}` } })).status).toBe(401);
});

test('21.1: a token or a BMC user gets in, with its role; everything else gets one answer', async () => {
  const { ask, logIn } = await consoleRig();
  const admin = await logIn({ token: TOKEN });
  expect(admin.shown).toMatchObject({ name: 'ci', role: 'admin' });
  expect((await ask('/', { headers: admin.as })).text).toBe('<p>app</p>');
  expect(JSON.parse((await ask('/v1/bmcs', { headers: admin.as })).text)).toMatchObject({ total: 2 });
  expect((await logIn(user('admin'))).shown).toMatchObject({ role: 'admin', bmc: 'node-1' });
  expect((await logIn(user('op'))).shown).toMatchObject({ role: 'operate' });
  expect((await logIn(user('looker'))).shown).toMatchObject({ name: 'looker@node-1', role: 'read' });
  const answers = await Promise.all(
    [
      user('admin', 'node-1', 'wrong'),
      user('admin', 'node-1', `secret-enough${'x'.repeat(30)}`),
      user('nobody'),
      user('gone'),
      user('caller'),
      user(''),
      user('admin', 'node-9'),
      user('admin', ''),
      { token: 'x'.repeat(20) },
      {},
    ].map((one) => logIn(one)),
  );
  expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
  expect(answers[0].status).toBe(401);
  expect((await logIn({ user: 'admin', password: 'secret-enough', and: 'more' })).status).toBe(400);
  expect((await logIn('no JSON: secret-enough')).text).not.toContain('secret-enough');
});

test("21.1: a BMC's user sees and works that BMC alone, as far as its privilege goes", async () => {
  const { ask, logIn, daemon } = await consoleRig();
  const { as } = await logIn(user('op'));
  const list = JSON.parse((await ask('/v1/bmcs', { headers: as })).text) as { bmcs: { name: string }[] };
  expect(list).toMatchObject({ total: 1, bmcs: [{ name: 'node-1' }] });
  const status = async (path: string, asked: Asked = {}): Promise<number> =>
    (await ask(path, { ...asked, headers: as })).status;
  expect(await status('/v1/bmcs/node-1/power', power('off'))).toBe(200);
  expect(await status('/v1/bmcs/node-2/power', power('on'))).toBe(403);
  expect(daemon.bmc('node-2').chassis.isOn).toBe(false);
  for (const path of [
    '/v1/bmcs/node-2',
    '/v1/bmcs/node-9',
    '/v1/bmcs/node%2D2/sensors',
    '/v1/fleet',
    '/v1/events?bmc=node-2&follow=false',
    '/v1/watch?bmc=node-2',
  ])
    expect([path, await status(path)]).toEqual([path, 403]);
  expect(await status('/v1/bmcs/node-1/users/5', { method: 'PUT', body: { enabled: true } })).toBe(403);
  // An administrator of a BMC is none of the fleet.
  const admin = await logIn(user('admin'));
  for (const [method, path] of [
    ['DELETE', '/v1/bmcs/node-1'],
    ['POST', '/v1/bmcs/node-1/stop'],
    ['POST', '/v1/fleet/reload'],
  ])
    expect([path, (await ask(path, { method, headers: admin.as })).status]).toEqual([path, 403]);
  daemon.events.tell('node-2', 'power', 'of another');
  const told = await ask('/v1/events?follow=false', { headers: as });
  expect(told.text).toContain('node-1');
  expect(told.text).not.toContain('node-2');
});

test('21.1: guessing has the limits of the BMC, in common with its LAN, and tokens have some too', async () => {
  const { logIn, daemon, world } = await consoleRig();
  const bmc = daemon.bmc('node-1');
  const refused: string[] = [];
  bmc.logIns.onRefused(({ problem, step }) => refused.push(`${step}: ${problem}`));
  for (let i = 0; i < 6; i++) await logIn(user('admin', 'node-1', 'wrong'));
  // Now the right one is not looked at either, from there, by any way.
  expect((await logIn(user('admin'))).status).toBe(401);
  expect(refused.at(-1)).toBe('web console: too many wrong passwords');
  expect(refused[0]).toBe('web console: wrong password');
  expect(bmc.logIns.obstacle('admin', 1, '127.0.0.1')).toBe('too many wrong passwords');
  expect((await logIn(user('op'))).status).toBe(200);
  await world.run(2000);
  expect((await logIn(user('admin'))).status).toBe(200);
  for (let i = 0; i < 6; i++) await logIn({ token: 'x'.repeat(20) });
  expect((await logIn({ token: TOKEN })).status).toBe(429);
  await world.run(2000);
  expect((await logIn({ token: TOKEN })).status).toBe(200);
});

test('21.1: who has not logged in keeps no BMC awake; the BMC of who has stays so', async () => {
  const plain = ['node-1', 'node-2'].map((name, i) => ({
    name,
    users,
    interfaces: [{ type: 'lan' as const, listen: `192.0.2.1:${6231 + i}` }],
  }));
  const { logIn, ask, world, daemon } = await consoleRig({
    settings: plain,
    sleepAfter: 1000,
    idle: 86_400_000,
  });
  const { fleet: sleeping } = daemon;
  const isHeld = (): boolean => sleeping.whyAwake('node-1') === 'a program has it';
  for (const one of [user('admin', 'node-1', 'wrong'), user('nobody'), user('admin', '')]) await logIn(one);
  expect(isHeld()).toBe(false);
  const { as } = await logIn(user('admin'));
  expect(isHeld()).toBe(true);
  await world.run(200_000);
  await sleeping.bmcs.get('node-1')?.users.setPassword(2, new TextEncoder().encode('another-one-2026'));
  expect((await ask('/session', { headers: as })).status).toBe(401);
});

test('21.1: LAN parameter 26 locks a user out here as well', async () => {
  const { logIn, daemon } = await consoleRig();
  const bmc = daemon.bmc('node-1');
  await bmc.lan.set(1, 26, Uint8Array.of(0, 2, 0, 0, 10, 0), {});
  for (let i = 0; i < 2; i++) await logIn(user('admin', 'node-1', 'wrong'));
  expect((await logIn(user('admin'))).status).toBe(401);
  expect(bmc.users.find('admin', 1, undefined)).toBe('user locked out');
});

test('21.1: CSRF: a change needs the origin of this server and the token of the session', async () => {
  const { ask, logIn, origin, daemon } = await consoleRig();
  const { as, cookie, csrf } = await logIn({ token: TOKEN });
  const status = async (headers: Readonly<Record<string, string>>): Promise<number> =>
    (await ask('/v1/bmcs/node-1/power', { ...power('off'), headers })).status;
  const wrongs: Readonly<Record<string, string>>[] = [
    { cookie, origin },
    { cookie, 'x-csrf-token': csrf },
    { cookie, origin, 'x-csrf-token': `${csrf.slice(1)}x` },
    { cookie, origin: 'http://evil.example', 'x-csrf-token': csrf },
    { cookie, origin: 'null', 'x-csrf-token': csrf },
    { cookie, origin: origin.replace('http:', 'https:'), 'x-csrf-token': csrf },
    { cookie, origin: origin.replace(/\d+$/, '1'), 'x-csrf-token': csrf },
  ];
  for (const wrong of wrongs) expect([wrong, await status(wrong)]).toEqual([wrong, 403]);
  expect(daemon.bmc('node-1').chassis.isOn).toBe(true);
  // The token of another session is as good as none.
  const other = await logIn({ token: TOKEN });
  expect(await status({ ...as, 'x-csrf-token': other.csrf })).toBe(403);
  expect(await status(as)).toBe(200);
  // A page of another origin can neither log in nor out.
  const evil = { origin: 'http://evil.example' };
  expect((await logIn({ token: TOKEN }, evil)).status).toBe(403);
  expect((await ask('/logout', { method: 'POST', headers: { ...as, ...evil } })).status).toBe(403);
  const form = { 'content-type': 'text/plain' };
  expect((await logIn({ token: TOKEN }, form)).status).toBe(415);
  const preflight = await ask('/v1/bmcs', { method: 'OPTIONS', headers: { ...evil, cookie } });
  expect(preflight.headers['access-control-allow-origin']).toBeUndefined();
});

test('21.1: DNS rebinding: a Host that is none of ours is refused before anything else is looked at', async () => {
  const { ask, logIn, url } = await consoleRig({ hosts: ['bmcs.example.org'] });
  const { cookie } = await logIn({ token: TOKEN });
  for (const host of ['evil.example', `evil.example:${url.port}`, '127.0.0.1.evil.example'])
    for (const path of ['/', '/login', '/v1/bmcs'])
      expect([host, path, (await ask(path, { headers: { host, cookie } })).status]).toEqual([
        host,
        path,
        421,
      ]);
  const evil = { host: 'evil.example', origin: 'http://evil.example' };
  expect((await logIn({ token: TOKEN }, evil)).status).toBe(421);
  for (const host of ['localhost', `BMCS.example.org:${url.port}`, `[::1]:${url.port}`])
    expect([host, (await ask('/v1/bmcs', { headers: { host, cookie } })).status]).toEqual([host, 200]);
});

test('21.1: clickjacking and the like: every answer has the strict headers, refusals too', async () => {
  const { ask, logIn } = await consoleRig();
  const { as } = await logIn({ token: TOKEN });
  for (const [path, headers] of [
    ['/login', {}],
    ['/nowhere', {}],
    ['/', as],
    ['/v1/bmcs', as],
    ['/v1/nowhere', as],
    ['/v1/events?follow=false', as],
  ] as const) {
    const answer = await ask(path, { headers });
    const policy = answer.headers['content-security-policy']?.toString() ?? '';
    for (const part of [
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "connect-src 'self'",
      "frame-ancestors 'none'",
      "form-action 'none'",
      "base-uri 'none'",
      "object-src 'none'",
    ])
      expect(policy.split('; '), path).toContain(part);
    expect(policy).not.toContain('unsafe');
    expect(answer.headers, path).toMatchObject({
      'x-frame-options': 'DENY',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
    });
    expect(answer.headers['permissions-policy']).toContain('camera=()');
    expect(answer.headers['strict-transport-security']).toBeUndefined();
  }
});

test('21.1: path traversal: no path leads out of the built files', async () => {
  const { ask, logIn } = await consoleRig();
  const { as } = await logIn({ token: TOKEN });
  for (const path of [
    '/../package.json',
    '/assets/../../package.json',
    '/assets/..%2f..%2fpackage.json',
    '/%2e%2e/%2e%2e/etc/passwd',
    '/assets/login-../../../../etc/passwd',
    '//etc/passwd',
    '/assets\\..\\..\\package.json',
    '/assets/index-12345678.js%00.html',
    '/assets/',
  ])
    expect([path, (await ask(path, { headers: as })).status]).toEqual([path, 404]);
});

test('21.1: oversized bodies are refused without being read whole, and so are heads', async () => {
  const { ask, logIn, url, as } = await consoleRig().then(async (rig) => ({
    ...rig,
    ...(await rig.logIn({ token: TOKEN })),
    logIn: rig.logIn,
  }));
  expect((await logIn({ token: 'x'.repeat(5000) })).status).toBe(413);
  const large = { method: 'POST', headers: as, body: JSON.stringify({ action: ' '.repeat((1 << 20) + 1) }) };
  expect((await ask('/v1/bmcs/node-1/power', large)).status).toBe(413);
  // What is left of a head that nobody reads may cut the answer off.
  const head = await ask('/login', { headers: { 'x-long': 'y'.repeat(20_000) } }).then(
    ({ status }) => String(status),
    (error: Error) => error.message,
  );
  expect(['431', 'socket hang up', 'read ECONNRESET', 'write EPIPE']).toContain(head);
  // One without an end: the server answers and closes, though more would come.
  const socket = connect(Number(url.port), url.hostname);
  undo.push(() => socket.destroy());
  const { host, origin } = url;
  socket.write(
    `POST /login HTTP/1.1\r\nHost: ${host}\r\nOrigin: ${origin}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`,
  );
  socket.write(`2000\r\n${'z'.repeat(0x2000)}\r\n`);
  const [answer] = (await once(socket, 'data')) as [Buffer];
  expect(answer.toString()).toContain('413');
});

test('21.1: slow clients lose their connection, and others do not wait for them', async () => {
  const { ask, url } = await consoleRig();
  const slow = Array.from({ length: 20 }, () => connect(Number(url.port), url.hostname));
  undo.push(() => slow.forEach((one) => one.destroy()));
  await Promise.all(slow.map((one) => once(one, 'connect')));
  for (const one of slow) one.write('GET /login HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow:');
  let closed = 0;
  const ended = slow.map((one) => once(one.resume(), 'close').then(() => closed++));
  // Answered while they are still waited for.
  expect((await ask('/login')).status).toBe(200);
  expect(closed).toBe(0);
  await Promise.all(ended);
});

test('21.1: connections are bounded, and those of the console are none of the API', async () => {
  const { ask, url, server } = await consoleRig();
  await server.listenTcp({
    at: { host: '127.0.0.1', port: 0 },
    tokens: new Tokens(`ci admin ${TOKEN}\n`, 'tokens'),
  });
  const open = Array.from({ length: 64 }, () => connect(Number(url.port), url.hostname));
  undo.push(() => open.forEach((one) => one.destroy()));
  await Promise.all(open.map((one) => once(one, 'connect')));
  expect((await ask('/login')).status).toBe(503);
  expect((await fetch(`http://${server.addresses[0]}/healthz`)).status).toBe(200);
});

test('21.1: the cookie is for this server alone and no script; what goes with it ends with the session', async () => {
  const { ask, logIn, url, daemon } = await consoleRig();
  const first = await logIn(user('admin'));
  const cookie = first.headers['set-cookie']?.[0] ?? '';
  expect(cookie).toMatch(new RegExp(`^ipmi-bmc-${url.port}=[\\w-]{43}; HttpOnly; SameSite=Strict; Path=/$`));
  expect(first.text).not.toContain(first.cookie.split('=')[1]);
  expect((await ask('/v1/bmcs', { headers: { cookie: `${first.cookie}; ${first.cookie}x` } })).status).toBe(
    401,
  );
  // Who logs in again has a new session, and the old one ends.
  const second = await logIn(user('admin'), { cookie: first.cookie });
  expect((await ask('/session', { headers: { cookie: first.cookie } })).status).toBe(401);
  const out = await ask('/logout', { method: 'POST', headers: second.as });
  expect([out.status, out.headers['set-cookie']?.[0]]).toEqual([204, expect.stringContaining('Max-Age=0')]);
  expect((await ask('/session', { headers: second.as })).status).toBe(401);
  // Another password ends what was opened with the old one.
  const third = await logIn(user('admin'));
  await daemon.bmc('node-1').users.setPassword(2, new TextEncoder().encode('another-one-2026'));
  expect((await ask('/session', { headers: third.as })).status).toBe(401);
  const fourth = await logIn(user('op'));
  await daemon.bmc('node-1').users.setEnabled(3, false);
  expect((await ask('/session', { headers: fourth.as })).status).toBe(401);
});

test('21.1: a log-in ends after silence, with its streams; what goes on by itself does not keep it', async () => {
  const { ask, logIn, world, origin } = await consoleRig({ idle: 20_000 });
  const { as, cookie } = await logIn({ token: TOKEN });
  const stream = await fetch(`${origin}/v1/watch`, { headers: { cookie } });
  const reader = stream.body!.getReader();
  await reader.read();
  await world.run(15_000);
  expect((await ask('/session', { headers: as })).status).toBe(200);
  await world.run(15_000);
  expect((await ask('/session', { headers: { ...as, 'x-background': '1' } })).status).toBe(200);
  const over = (async () => {
    for (;;) if ((await reader.read()).done) return;
  })();
  const ended = expect(over).rejects.toThrow();
  await world.run(25_000);
  await ended;
  expect((await ask('/session', { headers: as })).status).toBe(401);
});

test('21.1: sessions are bounded: the longest silent makes way', async () => {
  const { ask, logIn } = await consoleRig();
  const first = await logIn({ token: TOKEN });
  const second = await logIn({ token: TOKEN });
  expect((await ask('/session', { headers: first.as })).status).toBe(200);
  for (let i = 0; i < 255; i++) await logIn({ token: READER });
  expect((await ask('/session', { headers: second.as })).status).toBe(401);
  expect((await ask('/session', { headers: first.as })).status).toBe(200);
});

test('21.1: the serial console by WebSocket needs the session, the origin, the CSRF token and the role', async () => {
  const { logIn, url, origin, daemon, world } = await consoleRig();
  const { cookie, csrf } = await logIn(user('op'));
  const reader = await logIn(user('looker'));
  const open = (
    headers: Readonly<Record<string, string>>,
    token: string | undefined,
    path = '/v1/bmcs/node-1/console',
  ) =>
    new Promise<WebSocket | string>((resolve) => {
      const protocols = ['ipmi-bmc-console', ...(token === undefined ? [] : [`csrf.${token}`])];
      const socket = new WebSocket(`ws://${url.host}${path}`, protocols, { headers });
      undo.push(() => socket.terminate());
      socket.on('open', () => resolve(socket));
      socket.on('error', (error) => resolve(error.message));
    });
  expect(await open({ origin }, csrf)).toContain('401');
  expect(await open({ cookie }, csrf)).toContain('403');
  expect(await open({ cookie, origin: 'http://evil.example' }, csrf)).toContain('403');
  expect(await open({ cookie, origin }, undefined)).toContain('403');
  expect(await open({ cookie, origin, host: 'evil.example' }, csrf)).toContain('421');
  expect(await open({ cookie, origin }, csrf, '/v1/bmcs/node-2/console')).toContain('403');
  expect(await open({ cookie: reader.cookie, origin }, reader.csrf)).toContain('403');
  expect(await open({ cookie, origin }, csrf, '/v1/bmcs/node-1/power')).toContain('404');
  const socket = await open({ cookie, origin }, csrf);
  if (typeof socket === 'string') throw new Error(socket);
  expect(socket.protocol).toBe('ipmi-bmc-console');
  const closed = once(socket, 'close');
  // What is done to the log-in is done to its console.
  await daemon.bmc('node-1').users.setPassword(3, new TextEncoder().encode('another-one-2026'));
  await world.run(10);
  expect((await closed)[0]).toBe(4401);
});
