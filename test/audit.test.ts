// The audit log of a process: what ipmitool, the control API, the file and the process itself changed.
import { mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bin, startBmc } from './support/cli.ts';
import { runTool, toolTest } from './support/tools.ts';

let folder: string;
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'ipmi-bmc-audit-'))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const settings = (more = ''): string => `
name: node-1
interfaces: [{ type: lan, listen: "127.0.0.1:0" }]
users:
  - { id: 2, name: admin, password: AdminPass123 }
  - { id: 3, name: joe, password: JoePass12345 }
${more}`;

interface Line {
  readonly bmc?: string;
  readonly request?: number;
  readonly actor: Readonly<Record<string, unknown>>;
  readonly what: string;
  readonly fields?: Readonly<Record<string, unknown>>;
  readonly result: string;
}
const linesOf = (path: string): Line[] =>
  readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);
const post = (socket: string, path: string, body: unknown): Promise<number> =>
  new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json' };
    request({ socketPath: socket, path, method: 'POST', headers }, (answer) => {
      answer.resume();
      answer.on('end', () => resolve(answer.statusCode ?? 0));
    })
      .on('error', reject)
      .end(JSON.stringify(body));
  });

toolTest(
  'A3: who changed what, by ipmitool, control API, reload, start and stop; SIGUSR2 begins another file; no secret in it',
  ['ipmitool'],
  async () => {
    const [file, log, socket] = [
      join(folder, 'bmc.yaml'),
      join(folder, 'audit.jsonl'),
      join(folder, 'c.sock'),
    ];
    writeFileSync(file, settings(`audit: { file: ./audit.jsonl }`));
    const flags = ['--state', join(folder, 'state'), '--control', socket];
    const bmc = await startBmc(file, ...flags);
    const until = async (what: string, path = log): Promise<Line> => {
      await expect.poll(() => linesOf(path).map((line) => line.what)).toContain(what);
      return linesOf(path).findLast((line) => line.what === what)!;
    };
    expect(statSync(log).mode & 0o777).toBe(0o600);
    expect(await until('settings')).toMatchObject({
      actor: { by: 'process', file },
      fields: { added: ['node-1'] },
    });
    expect((await bmc.ipmitool('user set password 3 Secret-of-joe')).code).toBe(0);
    expect(await until('Set User Password')).toMatchObject({
      bmc: 'node-1',
      actor: { by: 'session', user: 'admin', channel: 1 },
      fields: { userId: 3, password: '...' },
      result: 'ok',
    });
    expect((await bmc.ipmitool('mc info')).code).toBe(0);
    expect((await bmc.ipmitool('chassis power off')).code).toBe(0);
    const { request: id } = await until('Chassis Control');
    await expect.poll(bmc.log).toMatch(/"event":"power".*\n/);
    const act = bmc
      .log()
      .split('\n')
      .find((line) => line.includes('"event":"power"'))!;
    expect(JSON.parse(act)).toMatchObject({ request: id });
    expect(await post(socket, '/v1/bmcs/node-1/power', { action: 'on' })).toBe(200);
    expect(await until('POST /v1/bmcs/{bmc}/power')).toMatchObject({
      bmc: 'node-1',
      actor: { by: 'control' },
      fields: { body: { action: 'on' } },
    });

    // What a log rotation does.
    renameSync(log, `${log}.old`);
    bmc.child.kill('SIGUSR2');
    await expect.poll(() => statSync(log, { throwIfNoEntry: false })?.size).toBe(0);
    writeFileSync(file, settings(`sessions: { limit: 7 }\naudit: { file: ./another.jsonl }`));
    bmc.child.kill('SIGHUP');
    expect(await until('settings')).toMatchObject({ fields: { changed: { 'node-1': ['sessions'] } } });
    await expect
      .poll(bmc.log)
      .toMatch(/bmc\.yaml:\d+:\d+ audit: where changes are written down is the next start's/);
    await bmc.stop();
    await until('stop');

    writeFileSync(file, settings());
    const again = await startBmc(file, ...flags, '--audit', '-');
    await expect.poll(again.log).toMatch(/"bmc":"node-1".*"what":"state restored".*"values":[1-9]/);
    await again.stop();
    const whole = [log, `${log}.old`].map((path) => readFileSync(path, 'utf8')).join('');
    expect(whole).not.toMatch(/Secret-of-joe|JoePass|AdminPass/);
  },
);

test('A3: an audit log that cannot be written is one line before anything serves', async () => {
  const file = join(folder, 'nowhere.yaml');
  writeFileSync(file, settings('audit: { file: ./no/such/folder/audit.jsonl }'));
  const { code, out } = await runTool(process.execPath, [bin, 'run', file]);
  expect([code, out]).toEqual([2, expect.stringMatching(/^ipmi-bmc: audit: .*no\/such\/folder.*\n$/)]);
});
