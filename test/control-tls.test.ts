// The control API and the web console by TLS, with real certificates, asked by the command line and by hand.
import { writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, expect } from 'vitest';
import { bin } from './support/cli.ts';
import { startDaemon, type RunningDaemon } from './support/daemon.ts';
import { runTool, toolTest, type Ran } from './support/tools.ts';

const [ADMIN, READER] = ['a'.repeat(24), 'r'.repeat(24)];
const KEY = '-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes';

/** Makes the certificates of a folder: authorities, and servers with whom they are for. */
async function certificates(folder: string): Promise<void> {
  const leaf = (name: string, names: string, days: number) => `
    printf 'subjectAltName=${names}' > ${name}.ext
    openssl req ${KEY} -keyout ${name}.key -out ${name}.csr -subj /CN=${name}
    openssl x509 -req -in ${name}.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out ${name}.pem -extfile ${name}.ext -days ${days}`;
  const authority = (name: string) =>
    `openssl req -x509 ${KEY} -keyout ${name}.key -out ${name}.pem -days 9 -subj /CN=${name}`;
  const script = [
    `cd '${folder}'`,
    authority('ca'),
    authority('other'),
    leaf('good', 'IP:127.0.0.1,DNS:localhost', 9),
    leaf('elsewhere', 'DNS:elsewhere.example', 9),
    // It was over before it began.
    leaf('expired', 'IP:127.0.0.1', -1),
  ].join('\n');
  const { code, out } = await runTool('sh', ['-ec', script]);
  expect(code, out).toBe(0);
}

const BMCS = `bmcs:
  - name: node-1
    users: [{ id: 2, name: admin, password: AdminPass123 }]
    interfaces: [{ type: lan, listen: '127.0.0.1:0' }]
`;
const rack = (name: string, folder: string) => `
control: { listen: '127.0.0.1:0', tokens: ${folder}/tokens, tls: { certificate: ${folder}/${name}.pem, key: ${folder}/${name}.key } }
console: { listen: '127.0.0.1:0', tls: { certificate: ${folder}/${name}.pem, key: ${folder}/${name}.key } }
${BMCS}`;

let plain: RunningDaemon;
let good: RunningDaemon;
const others = new Map<string, RunningDaemon>();
const isThere = (await runTool('sh', ['-c', 'command -v openssl'])).code === 0;
beforeAll(async () => {
  if (!isThere) return;
  plain = await startDaemon((folder) => {
    writeFileSync(join(folder, 'tokens'), `kim admin ${ADMIN}\nlee read ${READER}\n`, { mode: 0o600 });
    return `control: { listen: '127.0.0.1:0', tokens: tokens }\n${BMCS}`;
  });
  const { folder } = plain;
  await certificates(folder);
  const files = {
    kim: ADMIN,
    lee: READER,
    nobody: 'n'.repeat(24),
    odd: 'ünicode-token-of-somebody',
    garbage: 'no PEM',
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), `${text}\n`);
  good = await startDaemon(rack('good', folder));
  for (const name of ['elsewhere', 'expired']) others.set(name, await startDaemon(rack(name, folder)));
});
afterAll(async () => {
  if (isThere) await Promise.all([plain, good, ...others.values()].map((daemon) => daemon?.stop()));
});

/** A command of a user who has a token, by TCP; files are those beside the certificates. */
const by = (
  url: string,
  words: readonly string[],
  { token, ca }: { token?: string; ca?: string } = {},
): Promise<Ran> => {
  const at = (name: string): string => join(plain.folder, name);
  const flags = [
    ...(token === undefined ? [] : ['--token-file', at(token)]),
    ...(ca === undefined ? [] : ['--ca', at(ca)]),
  ];
  return runTool(process.execPath, [bin, ...words, '--url', url, ...flags], { env: { NO_COLOR: '1' } });
};
const told = ({ code, out }: Ran) => [code, out] as const;

toolTest('17.1: TLS: who is who says what may be done', ['openssl'], async () => {
  const url = `https://${good.tcp}`;
  const ca = 'ca.pem';
  expect(told(await by(url, ['list'], { token: 'lee', ca }))).toEqual([0, expect.stringContaining('node-1')]);
  const localhost = url.replace('127.0.0.1', 'localhost');
  expect(told(await by(localhost, ['power', 'node-1', 'off'], { token: 'kim', ca }))).toEqual([
    0,
    'node-1: power is off\n',
  ]);
  const off = ['power', 'node-1', 'on'];
  expect(told(await by(url, off, { token: 'lee', ca }))).toEqual([
    1,
    "ipmi-bmc: 'lee' has the role read; this needs operate\n",
  ]);
  expect(told(await by(url, off, { token: 'nobody', ca }))).toEqual([
    1,
    'ipmi-bmc: nobody is known by this token; give --token-file\n',
  ]);
  expect(told(await by(url, off, { ca }))).toEqual([1, 'ipmi-bmc: this needs a token; give --token-file\n']);
  const console = await by(url, ['console', 'node-1'], { token: 'lee', ca });
  expect(told(console)).toEqual([1, 'ipmi-bmc: this needs the role operate\n']);
  const typed = runTool(
    process.execPath,
    [
      bin,
      'console',
      'node-1',
      '--url',
      url,
      '--token-file',
      join(plain.folder, 'kim'),
      '--ca',
      join(plain.folder, ca),
    ],
    { input: 'by TLS\r' },
  );
  expect((await typed).code).toBe(0);
});

toolTest(
  '17.1: TLS: a server that cannot be trusted is a line and exit code 4, whatever asks',
  ['openssl'],
  async () => {
    const url = `https://${good.tcp}`;
    const unsigned = 'nobody whom this machine knows has signed its certificate: give --ca FILE';
    expect(told(await by(url, ['list'], { token: 'kim' }))).toEqual([4, `ipmi-bmc: ${url}: ${unsigned}\n`]);
    expect(told(await by(url, ['list'], { token: 'kim', ca: 'other.pem' }))).toEqual([
      4,
      `ipmi-bmc: ${url}: ${unsigned}\n`,
    ]);
    const expired = `https://${others.get('expired')?.tcp}`;
    const elsewhere = `https://${others.get('elsewhere')?.tcp}`;
    const commands = [['list'], ['events', '-f'], ['console', 'node-1'], ['capture', 'node-1', '-w', '-']];
    for (const words of commands) {
      const of = { token: 'kim', ca: 'ca.pem' };
      expect(told(await by(expired, words, of)), words[0]).toEqual([
        4,
        `ipmi-bmc: ${expired}: its certificate has expired\n`,
      ]);
      expect(told(await by(elsewhere, words, of)), words[0]).toEqual([
        4,
        `ipmi-bmc: ${elsewhere}: its certificate is not its own: it is for DNS:elsewhere.example\n`,
      ]);
    }
    const json = await by(expired, ['list', '--json'], { token: 'kim', ca: 'ca.pem' });
    expect(JSON.parse(json.out)).toEqual({
      ok: false,
      problems: [`${expired}: its certificate has expired`],
    });
  },
);

toolTest('17.1: TLS: the wrong scheme, host and files are told in a line', ['openssl'], async () => {
  const [tls, clear] = [`http://${good.tcp}`, `https://${plain.tcp}`];
  const of = { token: 'kim' };
  const at = (name: string): string => join(plain.folder, name);
  const cases: readonly (readonly [Promise<Ran>, number, string])[] = [
    [by(tls, ['list'], of), 4, `${tls}: it has ended the connection: is it https://?`],
    [by(clear, ['list'], { ...of, ca: 'ca.pem' }), 4, `${clear}: it does not speak TLS: is it http://?`],
    [
      by('https://no-such-host.invalid:1', ['list'], of),
      4,
      'https://no-such-host.invalid:1: there is no host no-such-host.invalid',
    ],
    [
      by(`https://${good.tcp}`, ['list'], { ...of, ca: 'garbage' }),
      2,
      `${at('garbage')}: there is no certificate in it (PEM)`,
    ],
    [by(tls, ['list'], { ...of, ca: 'ca.pem' }), 2, `--ca is for https://, not for ${tls}`],
    [
      by(`https://kim:pw@${good.tcp}/v1`, ['list'], of),
      2,
      `--url https://kim:pw@${good.tcp}/v1: expected http://host:port or https://host:port`,
    ],
    [by(clear, ['list'], { token: 'odd' }), 2, `${at('odd')}: a token has letters, digits and signs alone`],
  ];
  for (const [ran, code, line] of cases) expect(told(await ran)).toEqual([code, `ipmi-bmc: ${line}\n`]);
});

toolTest('17.1: TLS: files that make no server are named by run', ['openssl'], async () => {
  const { folder } = plain;
  const at = (name: string): string => join(folder, name);
  for (const [certificate, key, named, line] of [
    [
      'good.pem',
      'other.key',
      'key',
      `${at('other.key')}: it is not the key of the certificate in ${at('good.pem')}`,
    ],
    ['garbage', 'good.key', 'certificate', `${at('garbage')}: there is no certificate in it (PEM)`],
    [
      'good.pem',
      'garbage',
      'key',
      `${at('garbage')}: there is no private key in it that can be read without a password (PEM)`,
    ],
    ['good.pem', 'nowhere', 'key', `${at('nowhere')}: no such file`],
  ]) {
    const file = at('bad.yaml');
    const tls = `{ certificate: ${certificate}, key: ${key} }`;
    const text = `control: { listen: '127.0.0.1:0', tokens: tokens, tls: ${tls} }\n${BMCS}`;
    writeFileSync(file, text);
    const ran = await runTool(process.execPath, [bin, 'run', file, '--control', at('bad.sock')]);
    const place = `${file}:1:${text.indexOf(`${named}: `) + named.length + 3} control.tls.${named}`;
    expect(told(ran)).toEqual([2, `ipmi-bmc: ${place}: ${line}\n`]);
  }
});

toolTest(
  '17.1: TLS: the web console tells browsers to stay with it, and its cookie goes by TLS alone',
  ['openssl'],
  async () => {
    const ca = (await runTool('cat', [join(plain.folder, 'ca.pem')])).out;
    const ask = (method: string, path: string, body = '') =>
      new Promise<{ status: number; headers: Record<string, unknown> }>((resolve, reject) => {
        const url = new URL(path, good.console);
        const headers = {
          'content-type': 'application/json',
          'content-length': String(Buffer.byteLength(body)),
          origin: url.origin,
          connection: 'close',
        };
        const asked = request(url, { method, ca, headers, agent: false }, (response) => {
          response.resume();
          resolve({ status: response.statusCode ?? 0, headers: response.headers });
        });
        asked.on('error', reject);
        asked.end(body);
      });
    expect(good.console).toMatch(/^https:\/\/127\.0\.0\.1:\d+\/$/);
    const page = await ask('GET', '/login');
    expect(page).toMatchObject({
      status: 200,
      headers: { 'strict-transport-security': expect.stringMatching(/^max-age=\d{8}/) },
    });
    const entered = await ask('POST', '/login', JSON.stringify({ token: ADMIN }));
    expect(entered.status).toBeLessThan(300);
    expect(String(entered.headers['set-cookie'])).toMatch(
      /^__Host-ipmi-bmc-\d+=[^;]{20,}; HttpOnly; SameSite=Strict; Path=\/; Secure$/,
    );
    // By plain HTTP nothing comes back at all.
    const { code } = await runTool('curl', ['-sS', String(good.console).replace('https', 'http')]);
    expect(code).not.toBe(0);
  },
);

toolTest(
  '17.7: the 65th connection by TLS is told in its own language that there are enough',
  ['openssl'],
  async () => {
    const [host, port] = (good.tcp ?? '').split(':');
    const open: TLSSocket[] = [];
    const opened = async (): Promise<TLSSocket> => {
      const socket = connect({ host, port: Number(port), rejectUnauthorized: false });
      open.push(socket);
      await new Promise((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject));
      return socket;
    };
    try {
      for (let i = 0; i < 64; i++) await opened();
      const one = await opened();
      let said = '';
      one.on('data', (some: Buffer) => (said += some.toString()));
      await new Promise((resolve) => one.once('end', resolve));
      expect(said).toMatch(/^HTTP\/1\.1 503 [\s\S]*Retry-After: 1\r\n[\s\S]*64 connections are open/);
    } finally {
      for (const socket of open) socket.destroy();
    }
  },
);
