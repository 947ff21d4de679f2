// A stock Linux kernel with its own drivers is the host, over BT, KCS and SSIF: one boot each, in which
// everything is tried.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'vitest';
import { writeHpmImage } from '../src/client/index.ts';
import { parseVersion } from '../src/images/firmware-version.ts';
import { nodeWorld } from '../src/world/index.ts';
import { Guest, type GuestInterface } from './guest/guest.ts';
import { judged, startBmc, type RunningBmc } from './support/cli.ts';
import { toolTest } from './support/tools.ts';

const TOOLS = ['qemu-system-x86_64', 'ipmitool', 'xz', 'apt-get'];
const LIMIT = 280_000;
/**
 * QEMU's SSIF does not make its host wait: a BMC that needs more than 4 ms, as on a busy machine, is read too
 * early.
 */
const SSIF_TRIES = 6;

interface Place {
  readonly bmc: RunningBmc;
  readonly guest: Guest;
  /** ipmitool in the guest has to end with `code` and say something like `expected`. */
  readonly inBand: (args: string, expected?: RegExp, code?: number) => Promise<void>;
  readonly file: string;
}

/** The judged platform with a machine behind it. */
async function withGuest(one: GuestInterface, body: (place: Place) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'vm-'));
  const file = join(folder, 'bmc.yaml');
  const socket = join(folder, 'vm.sock');
  writeFileSync(
    file,
    readFileSync(judged, 'utf8').replace(
      'interfaces:\n',
      `interfaces:\n  - { type: vm, interface: ${one}, listen: ${socket} }\n`,
    ),
  );
  const bmc = await startBmc(file);
  let guest: Guest | undefined;
  try {
    guest = await Guest.boot(one, socket);
    const inBand = async (args: string, expected = /(?:)/, code = 0): Promise<void> => {
      for (let tries = one === 'ssif' ? SSIF_TRIES : 1; ; tries--) {
        const ran = await guest!.run(`ipmitool ${args}`);
        if (tries > 1 && (ran.code !== code || !expected.test(ran.out))) continue;
        return expect([args, ran.code, ran.out]).toEqual([args, code, expect.stringMatching(expected)]);
      }
    };
    await body({ bmc, guest, inBand, file });
  } finally {
    await guest?.stop();
    await bmc.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What an administrator of the system does in it. */
async function inBandWork({ bmc, guest, inBand }: Place, protocol: RegExp): Promise<void> {
  await inBand('mc info', /Product ID +: 3842[^]*Chassis Device/);
  await inBand('channel info 15', protocol);
  // The satellite's sensor is read through the Receive Message Queue.
  await inBand('sdr elist', /FAN1[^]*SAT Temp +\| 01h \| ok +\| 11\.1 \| 33 degrees C/);
  await inBand('-t 0x30 mc info', /Device ID +: 2\n/);
  await inBand('-t 0x30 sdr elist', /SAT Temp/);
  await inBand('fru print 0', /Product Name/);
  await inBand('lan print 1', /MAC Address +: 02:00:00:00:00:01/);
  await inBand('raw 0x06 0x7f', /rsp=0xc1/, 1);
  await inBand('raw 0x0a 0x43 0 0 1', /rsp=0xc7/, 1);
  await inBand('raw 0x06 0x39 2 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0', /rsp=0xc1/, 1);
  // One state: what is written by one way is read by the other.
  await inBand('user set name 10 inband');
  await inBand('user set password 10 InBandPass1');
  await inBand('channel setaccess 1 10 ipmi=on link=on privilege=4');
  await inBand('user enable 10');
  expect((await bmc.ipmitool('sel clear', '-U inband -P InBandPass1')).code).toBe(0);
  expect((await bmc.ipmitool('event 1')).code).toBe(0);
  await inBand('sel list', /Temperature.*Upper Critical/);
  await inBand('event 2');
  // Event message revision, sensor type (fan), number, direction and type, data.
  await guest.run('echo 0x04 0x04 0x30 0x01 0x52 0x00 0x00 >/tmp/event');
  await inBand('sel add /tmp/event');
  expect((await bmc.ipmitool('sel list')).out).toMatch(/Voltage.*Lower Critical[^]*Fan.*Lower Critical/);
}

/** The host updates firmware from inside, and sees what it has. */
async function upgrades({ guest, inBand }: Place): Promise<void> {
  const image = join(mkdtempSync(join(tmpdir(), 'hpm-')), 'image.hpm');
  const file = `${image}.bin`;
  writeFileSync(
    file,
    Uint8Array.from({ length: 3000 }, (_, i) => i & 0xff),
  );
  const versions = ['2.30', '3.40'].map((text) => parseVersion(text)!);
  const parts = versions.map((version, i) => ({ component: i + 1, version, description: `part ${i}`, file }));
  const device = {
    deviceId: 0x20,
    manufacturerId: 0x1291,
    productId: 0xf02,
    time: 0,
    version: versions[0],
    earliest: { major: 0, minor: 0 },
  };
  await writeHpmImage(nodeWorld().files, image, { ...device, parts, describe: true });
  await guest.run(`echo ${readFileSync(image).toString('base64')} | base64 -d >/tmp/image.hpm`);
  rmSync(dirname(image), { recursive: true });
  await inBand('hpm check /tmp/image.hpm', /preparation stage...OK/);
  await inBand('hpm upgrade /tmp/image.hpm activate', /procedure successful/);
  await inBand('hpm check', /1\|BIOS +\| +2\.30 [^|]+\| +2\.10 [^|]+\|[^]*2\|CPLD +\| +3\.40 /);
  await inBand('hpm rollback', /component mask: 0x02/);
}

/** One of the system interface driver's statistics. */
async function counter(guest: Guest, name: string): Promise<number> {
  return Number(
    (await guest.run(`cat $(dirname $(find /sys/devices -name hosed_count | head -n 1))/${name}`)).out,
  );
}

/** An event makes the interface ask for attention, and the driver fetches it by itself. */
async function fetchesEvents({ bmc, guest }: Place): Promise<void> {
  const before = await counter(guest, 'events');
  await bmc.ipmitool('event 1');
  await expect.poll(() => counter(guest, 'events'), { timeout: 10_000 }).toBeGreaterThan(before);
}

/** What the BMC does to the machine. Each reset needs no boot: only that it happens. */
async function power({ bmc, guest }: Place): Promise<void> {
  const happens = async (event: string, cause: () => unknown): Promise<void> => {
    // QEMU tells of one reset many times.
    await new Promise((resolve) => setTimeout(resolve, 500));
    const before = guest.events.length;
    await cause();
    await guest.seen(event, before, 30_000);
  };
  expect((await bmc.ipmitool('chassis power diag')).code).toBe(0);
  await expect.poll(() => guest.console, { timeout: 10_000 }).toMatch(/NMI received/);
  await happens('POWERDOWN', () => bmc.ipmitool('chassis power soft'));
  await guest.run('insmod /modules/ipmi_watchdog.ko timeout=1 nowayout=1');
  await happens('RESET', () => guest.send('exec 4>/dev/watchdog; echo x >&4; sleep 20'));
  expect((await bmc.ipmitool('chassis restart_cause')).out).toMatch(/watchdog/i);
  await happens('RESET', () => bmc.ipmitool('chassis power reset'));
  await happens('RESET', () => bmc.ipmitool('chassis power cycle'));
  expect((await bmc.ipmitool('chassis power status')).out).toContain('Power is on');
  await happens('SHUTDOWN', () => bmc.ipmitool('chassis power off'));
  await guest.seen('GONE', 0);
  expect((await bmc.ipmitool('chassis power status')).out).toContain('Power is off');
}

toolTest(
  'BT: in band and out of band on one state, 10,000 requests beside LAN clients, a BMC that is killed, power',
  TOOLS,
  () =>
    withGuest('bt', async (place) => {
      const { bmc, guest, inBand, file } = place;
      await inBandWork(place, /IPMI v1.5 \(BT|BT/i);
      await fetchesEvents(place);
      let over = false;
      const lan = (async () => {
        while (!over) expect((await bmc.ipmitool('sdr elist')).code).toBe(0);
      })();
      await guest.run("yes 'raw 0x06 0x01' | head -n 10000 >/tmp/script");
      const { out } = await guest.run('ipmitool exec /tmp/script 2>/dev/null | sort | uniq -c', 120_000);
      over = true;
      await lan;
      // Every answer is there, all are the same, and the driver has never lost its place.
      expect(out.trim()).toMatch(/^10000 +20 [\da-f ]+$/);
      expect(await counter(guest, 'hosed_count')).toBe(0);
      await bmc.stop('SIGKILL');
      const again = await startBmc(file);
      try {
        // QEMU tries once a second; until it is connected its answer is D2h.
        await expect
          .poll(async () => (await guest.run('ipmitool raw 0x06 0x01')).code, { timeout: 15_000 })
          .toBe(0);
        await inBand('mc info', /Product ID +: 3842/);
        await power({ ...place, bmc: again });
      } finally {
        await again.stop();
      }
    }),
  LIMIT,
);

toolTest(
  'KCS: in band and out of band on one state, power',
  TOOLS,
  () =>
    withGuest('kcs', async (place) => {
      await inBandWork(place, /KCS/);
      await upgrades(place);
      await fetchesEvents(place);
      await power(place);
    }),
  LIMIT,
);

toolTest(
  'SSIF: in band and out of band on one state, power',
  TOOLS,
  () =>
    withGuest('ssif', async (place) => {
      await inBandWork(place, /IPMI-SMBus/);
      await power(place);
    }),
  LIMIT,
);
