// Firmware updates as people do them: ipmitool's hpm commands and our own over LAN.
import { generateKeyPairSync, sign } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { hash } from '../src/crypto/hash.ts';
import { hexText } from '../src/codec/index.ts';
import { parseVersion } from '../src/images/firmware-version.ts';
import { writeHpmImage } from '../src/client/index.ts';
import { nodeWorld } from '../src/world/index.ts';
import { bin, judged, startBmc, type RunningBmc } from './support/cli.ts';
import { runTool, toolTest } from './support/tools.ts';

const folder = mkdtempSync(join(tmpdir(), 'ipmi-bmc-firmware-'));
const at = (name: string): string => join(folder, name);
let bmc: RunningBmc;
let key: string;

const cli = (...args: string[]) => runTool(process.execPath, [bin, ...args]);
const flash = (...args: string[]) =>
  cli(...args, '--to', `127.0.0.1:${bmc.port}`, '-U', 'admin', '-P', 'AdminPass123');

interface Part {
  readonly component: number;
  readonly file: string;
  readonly version: string;
}

/** What `ipmi-bmc hpm pack` does, without the start of another process. */
async function pack(
  name: string,
  parts: readonly Part[],
  { productId = 0xf02, earliest = '0.00', signed = false } = {},
): Promise<void> {
  const all = parts.map(({ component, file, version }) => ({
    component,
    file: at(file),
    version: parseVersion(version)!,
    description: file,
  }));
  const about = {
    deviceId: 0x20,
    manufacturerId: 0x1291,
    productId,
    time: 0,
    version: all[0].version,
    earliest: parseVersion(earliest)!,
  };
  const signer = signed ? (message: Uint8Array) => new Uint8Array(sign(null, message, key)) : undefined;
  await writeHpmImage(nodeWorld().files, at(name), { ...about, parts: all, describe: true, sign: signer });
}

beforeAll(async () => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519', {
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  key = privateKey;
  writeFileSync(at('key.pem'), privateKey);
  for (const [name, size] of [
    ['bmc.bin', 300_000],
    ['bios.bin', 200_000],
    ['fpga.bin', 4000],
  ] as const) {
    writeFileSync(
      at(name),
      Uint8Array.from({ length: size }, (_, i) => (i * 31 + size) & 0xff),
    );
  }
  // The judged platform, and one component whose images must be signed and never older.
  const settings = readFileSync(judged, 'utf8');
  const fpga = `    - { id: 5, name: FPGA, version: '3.00', downgrade: false, publicKey: ${JSON.stringify(publicKey)} }\n`;
  writeFileSync(at('bmc.yaml'), settings.replace(/( +- \{ id: 2, name: CPLD.*\n)/, `$1${fpga}`));
  bmc = await startBmc(at('bmc.yaml'), '--state', at('state'));
});

afterAll(async () => {
  await bmc.stop();
  rmSync(folder, { recursive: true, force: true });
});

toolTest(
  'R17: hpm check, upgrade of several components, activate, rollback, abort: ipmitool sees each version',
  ['ipmitool'],
  async () => {
    const packed = await cli(
      'hpm',
      'pack',
      at('two.hpm'),
      `0=${at('bmc.bin')},2.05,BMC`,
      `1=${at('bios.bin')},2.20.000000ab,BIOS`,
      '--manufacturer',
      '0x1291',
      '--product',
      '0xf02',
    );
    expect(packed.out).toContain('2 components');
    // Less patience than its own, so that it soon asks the BMC that is back.
    const say = async (args: string): Promise<string> =>
      (await bmc.ipmitool(args, '-U admin -P AdminPass123 -N 1 -R 2')).out;
    expect(await say('hpm check')).toMatch(/\| {3}0\|BMC +\| +1\.05 .*\n.*\* {2}1\|BIOS +\| +2\.10 /);
    expect(await say('hpm targetcap')).toMatch(/Component 5 presence\.+\[y\][\s\S]*Manual rollback\.+\[y\]/);
    expect(await say('hpm compprop 1 0')).toMatch(
      /Payload cold reset req\.+\[y\][\s\S]*Rollback supported\.+\[y\]/,
    );
    expect(await say(`hpm check ${at('two.hpm')}`)).toMatch(
      /image integrity\.\.\.OK[\s\S]*\^ 0\|BMC +\|.*2\.05 /,
    );
    expect(await say(`hpm upgrade ${at('two.hpm')}`)).toContain('Firmware upgrade procedure successful');
    expect(await say('hpm compprop 1 4')).toMatch(
      /Deferred FW Version: *\n +Major: 2\n +Minor: 20\n +Aux +: 000 000 000 171/,
    );
    expect(await say('hpm activate')).toContain('Waiting firmware activation...OK');
    expect(await say('mc info')).toMatch(/Firmware Revision +: 2\.05/);
    expect(await say('hpm check')).toMatch(/1\|BIOS +\| +2\.20 000000AB \| +2\.10 /);
    expect(await say('hpm selftestresult')).toContain('Result1 = 55');
    expect(await say('hpm rollbackstatus')).toContain('No Firmware rollback occurred');
    expect(await say(`hpm compare ${at('two.hpm')} component 1`)).toContain('Comparison passed');
    expect(await say('hpm rollback')).toContain('Rollback occurred on component mask: 0x03');
    // It restarts with the firmware that is back, and is dark for a moment.
    await expect.poll(() => say('mc info')).toContain('Firmware Revision');
    expect(await say(`hpm upgrade ${at('two.hpm')} component 1`)).toContain('procedure successful');
    expect((await bmc.ipmitool('hpm abort')).code).toBe(0);
    expect(await say('hpm compprop 1 4')).toContain('Major: 255');
    const digest = hexText(hash('sha256', readFileSync(at('bios.bin'))));
    await expect
      .poll(bmc.log)
      .toMatch(
        new RegExp(
          `admin on channel 1 from 127\\.0\\.0\\.1:\\d+ activates BIOS 2\\.20\\.000000ab, SHA-256 ${digest}`,
        ),
      );
  },
);

toolTest(
  'images that are damaged, cut, for another device, too new for what is there: ipmitool says which',
  ['ipmitool'],
  async () => {
    const part = { component: 1, file: 'bios.bin', version: '2.30' };
    await pack('good.hpm', [part]);
    const good = readFileSync(at('good.hpm'));
    writeFileSync(at('damaged.hpm'), good.with(1000, good[1000] ^ 1));
    writeFileSync(at('cut.hpm'), good.subarray(0, 1000));
    await pack('device.hpm', [part], { productId: 1 });
    await pack('version.hpm', [part], { earliest: '7.00' });
    await pack('component.hpm', [{ ...part, component: 6 }]);
    for (const [name, problem] of [
      ['damaged', 'Invalid MD5 signature'],
      ['cut', 'Invalid MD5 signature'],
      ['device', 'Invalid image file for product'],
      ['version', 'Not compatible with'],
      ['component', 'not supported by the IPMC'],
    ]) {
      const { code, out } = await bmc.ipmitool(`hpm upgrade ${at(`${name}.hpm`)}`);
      expect([code, out]).toEqual([1, expect.stringContaining(problem)]);
    }
  },
);

test(
  'flash, update list and kill, hpm show; refusals in the words of the BMC',
  { timeout: 180_000 },
  async () => {
    const fpga = { component: 5, file: 'fpga.bin', version: '3.10' };
    await pack('all.hpm', [{ component: 0, file: 'bmc.bin', version: '3.00' }, fpga], { signed: true });
    expect((await cli('hpm', 'show', at('all.hpm'))).out).toMatch(
      /upload 5 fpga\.bin: 3\.10, 4160 bytes, SHA-256 [\da-f]{64}, signed/,
    );
    const done = await flash('flash', at('all.hpm'), '--json');
    expect([done.code, JSON.parse(done.out)]).toMatchObject([
      0,
      { activated: true, components: [{ after: '3.00' }, { after: '3.10' }] },
    ]);
    expect(await bmc.ipmitool('mc info')).toMatchObject({
      out: expect.stringMatching(/Firmware Revision +: 3\.00/),
    });

    await pack('unsigned.hpm', [{ ...fpga, version: '3.20' }]);
    expect(await flash('flash', at('unsigned.hpm'))).toMatchObject({
      code: 1,
      out: expect.stringContaining('verifying FPGA: images of FPGA must be signed'),
    });
    await pack('older.hpm', [{ ...fpga, version: '2.90' }], { signed: true });
    expect(await flash('flash', at('older.hpm'))).toMatchObject({
      code: 1,
      out: expect.stringContaining('2.90 is older than 3.10'),
    });
    writeFileSync(at('text.hpm'), 'not an image at all, but long enough for one to be looked for in it');
    expect(await flash('flash', at('text.hpm'))).toMatchObject({
      code: 2,
      out: expect.stringContaining('text.hpm: it does not begin with PICMGFWU'),
    });
    expect((await cli('hpm', 'show', at('text.hpm'))).code).toBe(1);
    for (const [user, password, problem] of [
      ['admin', 'guess', 'wrong password for user admin'],
      ['nobody', 'guess', 'there is no user nobody'],
    ]) {
      const refused = await cli(
        'update',
        'list',
        '--to',
        `127.0.0.1:${bmc.port}`,
        '-U',
        user,
        '-P',
        password,
      );
      expect(refused).toMatchObject({ code: 2, out: expect.stringContaining(problem) });
    }
    expect(await flash('flash', at('all.hpm'), '--via', 'pigeon')).toMatchObject({
      code: 2,
      out: expect.stringContaining('--via pigeon: expected'),
    });

    await flash('flash', at('all.hpm'), '--component', '5', '--no-activate');
    expect((await flash('update', 'list')).out).toMatch(/5 FPGA +3\.10, 3\.10 waits for activation/);
    expect((await flash('update', 'kill')).out).toContain(
      'FPGA: the image that waited for activation is given up',
    );
    expect((await flash('update', 'kill')).out).toContain('nothing was under way');
  },
);

test('after a restart the same images boot, and the log says which', { timeout: 180_000 }, async () => {
  await bmc.stop('SIGKILL');
  bmc = await startBmc(at('bmc.yaml'), '--state', at('state'));
  await expect.poll(bmc.log).toMatch(/BMC boots 3\.00 from slot [ab], SHA-256/);
  expect((await flash('update', 'list')).out).toMatch(/0 BMC +3\.00, before it /);
});
