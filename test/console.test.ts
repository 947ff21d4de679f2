// The web console in a browser: one process with a QEMU guest and ten thousand other BMCs, one Chromium.
// With CONSOLE_SCREENSHOTS=1 the pictures of docs/console.md are made by the way.
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { violations } from './support/axe.ts';
import { root } from './support/cli.ts';
import { PASSWORD, startDaemon, type RunningDaemon } from './support/daemon.ts';
import { echoGuest, writeEchoGuest } from './support/echo-guest.ts';
import { shortPort, toolTest } from './support/tools.ts';

const TOOLS = ['chromium', 'qemu-system-x86_64', 'ipmitool'];
const TOKEN = 't'.repeat(32);
const MANY = 10_000;
const BUDGET = 200 * 1024;

/** Longer than a busy machine takes; `page` and what it waits for have less. */
const LIMIT = 240_000;

const settings = (folder: string, port: number): string => `
console: { listen: "127.0.0.1:0", tokens: tokens }
bmcs:
  - name: guest
    labels: { rack: "1", role: web }
    interfaces:
      - { type: lan, listen: "127.0.0.1:0" }
      - { type: vm, interface: kcs, listen: ./guest.bmc }
    users:
      - { id: 2, name: admin, password: ${PASSWORD} }
      - { id: 3, name: looker, password: ${PASSWORD}, privilege: user }
    sensors:
      - { name: CPU Temp, entity: "3.1", type: temperature, unit: degrees C, range: [0, 127], value: 41, thresholds: { unc: 80, uc: 90, unr: 100 } }
      - { name: Fan 1, entity: "29.1", type: fan, unit: RPM, range: [0, 12000], value: 5400, thresholds: { lc: 800 } }
      - { name: 12V, entity: "10.1", type: voltage, unit: Volts, range: [0, 16], value: 12.1, thresholds: { lc: 11, uc: 13 } }
    fru: [{ id: 0, name: Board, product: { manufacturer: Acme, name: Node, serial: A-1 } }]
    firmware: { components: [{ id: 0, name: BMC }, { id: 1, name: BIOS, version: '2.10' }] }
    faults: { presets: [] }
    chassis:
      power: off
      backend:
        type: qemu
        qmp: ${folder}/guest.qmp
        command: ${echoGuest('guest')}
    sol: { console: { type: socket, connect: ./guest.tty } }
  - name: timed
    clock: virtual
    labels: { rack: "1" }
    interfaces: [{ type: lan, listen: "127.0.0.1:0" }]
    users: [{ id: 2, name: admin, password: ${PASSWORD} }]
  - count: ${MANY}
    name: node-{n:05}
    labels: { rack: "{n}" }
    interfaces: [{ type: lan, listen: "127.77.0.0/16:${port}" }]
    users: [{ id: 2, name: admin, password: ${PASSWORD} }]
`;

let daemon: RunningDaemon;
let browser: Browser | undefined;
let url: string;
/** What the browser would not have: violations of the policy, exceptions, requests elsewhere. */
const wrong: string[] = [];

const isThere = ['/usr/bin/chromium'].every((path) => statSync(path, { throwIfNoEntry: false }));
beforeAll(async () => {
  if (!isThere) return;
  const port = await shortPort();
  daemon = await startDaemon((folder) => {
    writeEchoGuest(join(folder, 'echo.img'));
    writeFileSync(join(folder, 'tokens'), `ci admin ${TOKEN}\n`, { mode: 0o600 });
    return settings(folder, port);
  });
  url = daemon.console ?? '';
  browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-dev-shm-usage'],
    timeout: 120_000,
  });
}, 180_000);
afterAll(async () => {
  await browser?.close();
  await daemon?.stop();
});

async function opened({ width = 1280, height = 800, scheme = 'light' as const } = {}): Promise<Page> {
  wrong.splice(0);
  const context = await browser!.newContext({
    viewport: { width, height },
    colorScheme: scheme,
    reducedMotion: 'reduce',
  });
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  page.on('pageerror', (error) => wrong.push(error.message));
  page.on('console', (said) => {
    if (said.type() === 'error' && !/status of 4\d\d|ERR_(INCOMPLETE_CHUNKED|FAILED)/.test(said.text()))
      wrong.push(said.text());
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(url) && !/^(blob|data|ws):/.test(request.url())) wrong.push(request.url());
  });
  return page;
}

async function logIn(page: Page, by: { readonly token: string } | { readonly user: string }): Promise<void> {
  await page.goto(`${url}login`);
  if ('token' in by) {
    await page.getByLabel('the holder of a token').check();
    await page.getByLabel('Token', { exact: true }).fill(by.token);
  } else {
    await page.getByLabel('User', { exact: true }).fill(by.user);
    await page.getByLabel('Password').fill(PASSWORD);
    await page.getByRole('textbox', { name: 'BMC' }).fill('guest');
  }
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.waitForURL((at) => at.pathname === '/');
}

/** Scrolls the rows from end to end: how many of them are there in each frame. */
const SCROLL = `(async () => {
  const box = document.querySelector('.rows');
  const seen = [];
  for (let i = 0; i <= 60; i++) {
    box.scrollTop = (box.scrollHeight * i) / 60;
    await new Promise(requestAnimationFrame);
    seen.push(box.querySelectorAll('tbody tr').length);
  }
  return seen;
})()`;

async function picture(page: Page, name: string): Promise<void> {
  if (process.env.CONSOLE_SCREENSHOTS === undefined) return;
  const bytes = await page.screenshot({ type: 'png', scale: 'css' });
  writeFileSync(join(root, 'docs', 'console', `${name}.png`), bytes);
}

const tab = async (page: Page, name: string): Promise<void> => {
  await page.getByRole('navigation').getByRole('link', { name, exact: true }).click();
  await page.getByRole('link', { name, exact: true, includeHidden: false }).first().waitFor();
};

test('21.1: the bundle fits into its budget without the terminal', () => {
  const folder = join(root, 'dist', 'console', 'assets');
  const sizes = readdirSync(folder)
    .filter((name) => /\.(js|css)$/.test(name) && !name.startsWith('console-'))
    .map((name) => gzipSync(readFileSync(join(folder, name))).length);
  expect(sizes.length).toBeGreaterThan(4);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(BUDGET);
});

toolTest(
  '21.1: a BMC in a browser: log-in, power, events, sensors, the event log, faults, firmware',
  TOOLS,
  async () => {
    const page = await opened();
    await logIn(page, { user: 'admin' });
    await page.getByRole('heading', { name: 'guest', level: 1 }).waitFor();
    // Power, and the event of it, by the stream.
    const latest = page.locator('.latest');
    await page.getByRole('button', { name: 'on', exact: true }).click();
    await expect.poll(() => latest.textContent()).toMatch(/boots|power on/);
    expect((await daemon.ipmitool('guest', 'power status')).out).toContain('is on');
    await page.locator('.bar .state.ok', { hasText: 'on' }).first().waitFor();
    expect(await violations(page)).toEqual([]);
    await picture(page, 'overview');

    // A sensor over its threshold: bar, plot, health, event log.
    await tab(page, 'Sensors');
    await page.getByRole('button', { name: 'CPU Temp' }).click();
    await page.getByLabel('Value of CPU Temp').fill('93');
    await page.getByLabel('Value of CPU Temp').press('Enter');
    await page.locator('tr.chosen .state.critical').waitFor();
    await page.locator('.bar .state.critical', { hasText: 'critical' }).first().waitFor();
    await expect.poll(() => page.locator('figure.plot').textContent()).toMatch(/to 93/);
    expect(await page.locator('figure.plot canvas').count()).toBe(1);
    expect((await daemon.ipmitool('guest', 'sdr get CPU\\ Temp')).code).toBeDefined();
    expect(await violations(page)).toEqual([]);
    await page.waitForTimeout(process.env.CONSOLE_SCREENSHOTS === undefined ? 0 : 6000);
    await picture(page, 'sensors');
    // The slider is for the keyboard too.
    const slider = page.getByRole('slider');
    await slider.focus();
    await slider.press('ArrowLeft');
    await expect
      .poll(async () => (await daemon.ipmi(['sensors', 'guest', '--socket', daemon.socket])).code)
      .toBeDefined();

    await tab(page, 'Event log');
    await page
      .getByRole('cell', { name: /CPU Temp.*(critical|Critical).*going high/i })
      .first()
      .waitFor();
    await page.getByLabel('At least').selectOption('critical');
    await page.locator('.sel .state.critical').first().waitFor();
    expect(await violations(page)).toEqual([]);
    await picture(page, 'event-log');

    // A story is armed, and a client of the BMC sees it.
    await tab(page, 'Faults');
    await page.getByLabel('Story').selectOption('out-of-sessions');
    await page.getByRole('button', { name: 'Arm', exact: true }).first().click();
    await page
      .getByRole('rowheader', { name: /out-of-sessions/ })
      .first()
      .waitFor();
    expect((await daemon.ipmitool('guest', '-N 1 -R 1 mc info')).code).not.toBe(0);
    expect(await violations(page)).toEqual([]);
    await picture(page, 'faults');
    await page.getByRole('button', { name: 'Take all off' }).click();
    await page.getByText('None: the BMC is well.').waitFor();
    // What a rule has done is counted.
    await page.getByLabel('Story').selectOption('overloaded');
    await page.getByRole('button', { name: 'Arm', exact: true }).first().click();
    await page.getByRole('rowheader').first().waitFor();
    await daemon.ipmitool('guest', 'mc info');
    const hits = async (): Promise<number> => {
      const counts = await page.locator('article table td.number').allTextContents();
      return counts.reduce((sum, one) => sum + Number(one), 0);
    };
    await expect.poll(hits).toBeGreaterThan(0);
    await page.getByRole('button', { name: 'Take all off' }).click();
    await page.getByText('None: the BMC is well.').waitFor();
    expect((await daemon.ipmitool('guest', 'mc info')).code).toBe(0);

    // Firmware, with its progress.
    await tab(page, 'Firmware');
    await page.getByLabel('Component').selectOption({ label: '1 BIOS' });
    const buffer = Buffer.from(Uint8Array.from({ length: 600_000 }, (_, i) => i & 0xff));
    await page
      .getByLabel('Image')
      .setInputFiles({ name: 'bios.bin', mimeType: 'application/octet-stream', buffer });
    await page.getByRole('button', { name: 'Upload' }).click();
    await page.getByText('600,000 of 600,000 bytes').waitFor();
    await expect.poll(() => page.getByRole('button', { name: 'Activate' }).isEnabled()).toBe(true);
    await page.getByRole('button', { name: 'Activate' }).click();
    await expect.poll(() => page.getByRole('row', { name: /1 BIOS/ }).textContent()).toMatch(/600000 bytes/);
    expect(await violations(page)).toEqual([]);
    await picture(page, 'firmware');
    for (const [name, words] of [
      ['FRU', 'Acme'],
      ['Users', 'looker'],
      ['LAN', 'IP Address Source'],
      ['PEF', 'PEF Action Global Control'],
      ['Watchdog', 'stopped'],
    ]) {
      await tab(page, name);
      await page.getByRole('region', { name }).getByText(words).first().waitFor();
      expect([name, await violations(page)]).toEqual([name, []]);
    }
    await page.context().close();
    expect(wrong).toEqual([]);
  },
  LIMIT,
);

toolTest(
  '21.1: a serial console of a QEMU guest is typed into, and its answer read; its plain text too',
  TOOLS,
  async () => {
    const page = await opened();
    await logIn(page, { user: 'admin' });
    await daemon.ipmitool('guest', 'power on');
    await tab(page, 'Console');
    await page.locator('.connection.live').nth(1).waitFor();
    await page.locator('.terminal textarea').focus();
    // The guest answers each letter with that of the other case.
    const say = async (): Promise<string | null> => {
      await page.keyboard.type('Hello');
      return page.locator('.terminal.xterm').textContent();
    };
    await expect.poll(say, { timeout: 60_000, interval: 500 }).toContain('hELLO');
    await picture(page, 'console');
    expect(await violations(page)).toEqual([]);
    await page.getByLabel('Plain text').check();
    await expect.poll(() => page.getByRole('log').textContent()).toContain('hELLO');
    await page.getByLabel('Type a line').fill('Words');
    await page.getByRole('button', { name: 'Send', exact: true }).click();
    await expect.poll(() => page.getByRole('log').textContent()).toContain('wORDS');
    expect(await violations(page)).toEqual([]);
    await page.context().close();
    expect(wrong).toEqual([]);
  },
  LIMIT,
);

toolTest(
  '21.1: traffic: requests opened into fields, refused log-ins with their reason, pause, a tape',
  TOOLS,
  async () => {
    const page = await opened();
    await logIn(page, { user: 'admin' });
    await tab(page, 'Traffic');
    await page.locator('.connection.live').waitFor();
    await daemon.ipmitool('guest', 'mc info');
    const line = page.getByRole('button', { name: /^Get Device ID/ }).first();
    await line.click();
    const open = page.getByRole('article', { name: 'The chosen message' });
    expect(await open.textContent()).toMatch(/IPMI 2\.0 §20\.1/);
    expect(await open.textContent()).toMatch(/manufacturerId|manufacturer/i);
    expect(await violations(page)).toEqual([]);
    await picture(page, 'traffic');
    await daemon.bash(
      `ipmitool -I lanplus -H 127.0.0.1 -p ${daemon.port('guest')} -U admin -P wrong mc info || true`,
    );
    await page.getByLabel('Filter').fill('refused');
    await page
      .getByRole('button', { name: /wrong password/ })
      .first()
      .waitFor();
    await page.getByLabel('Filter').fill('');
    await page.getByRole('button', { name: 'Pause' }).click();
    const before = await page.locator('.traffic tbody tr').count();
    await daemon.ipmitool('guest', 'mc info');
    await page.waitForTimeout(500);
    expect(await page.locator('.traffic tbody tr').count()).toBe(before);
    await page.getByRole('button', { name: 'Go on', exact: true }).click();
    await expect.poll(() => page.locator('.traffic tbody tr').count()).toBeGreaterThan(before);
    const saved = async (press: () => Promise<void>): Promise<string> => {
      const [file] = await Promise.all([page.waitForEvent('download'), press()]);
      return (await file.path()) ?? '';
    };
    const tape = await saved(() => page.getByRole('button', { name: 'Save as tape' }).click());
    const shown = await daemon.bash(`ipmi-bmc tape show '${tape}'`);
    expect([shown.code, shown.out]).toEqual([0, expect.stringContaining('Get Device ID')]);
    await page.getByRole('button', { name: 'Capture as pcapng' }).click();
    await daemon.ipmitool('guest', 'mc info');
    await page.getByRole('button', { name: /Stop and save \([1-9]/ }).waitFor();
    const pcap = await saved(() => page.getByRole('button', { name: /Stop and save/ }).click());
    expect(readFileSync(pcap).readUInt32BE(0)).toBe(0x0a0d0d0a);
    await page.context().close();
    expect(wrong).toEqual([]);
  },
  LIMIT,
);

toolTest(
  '21.1: ten thousand BMCs: first view, scrolled, filtered, sorted, many switched at once',
  TOOLS,
  async () => {
    const page = await opened();
    await logIn(page, { token: TOKEN });
    await page.getByText(/of 10,002 BMCs/).waitFor();
    // The first view waits for one page of the list, whatever becomes of the others.
    let letOthers = (): void => undefined;
    const others = new Promise<void>((resolve) => (letOthers = resolve));
    await page.route('**/v1/bmcs?*cursor=*', async (route) => {
      await others;
      await route.continue();
    });
    await page.goto(url);
    await page.getByRole('rowheader', { name: 'guest' }).waitFor();
    await page.getByText('100 of 10,002 BMCs').waitFor();
    letOthers();
    await page.getByText('10,002 of 10,002 BMCs').waitFor();
    await page.unroute('**/v1/bmcs?*cursor=*');
    // While it scrolls from end to end, a frame has few rows to draw.
    const rows = await page.evaluate<readonly number[]>(SCROLL);
    expect(rows.length).toBeGreaterThan(60);
    expect(Math.max(...rows)).toBeLessThan(80);
    await page.getByRole('rowheader', { name: 'timed' }).waitFor();
    await page.evaluate("document.querySelector('.rows').scrollTop = 0");
    await picture(page, 'fleet');
    expect(await violations(page)).toEqual([]);
    await page.getByLabel('Filter').fill('node-0000');
    await page.getByText('10 of 10,002 BMCs').waitFor();
    await page.getByLabel('Choose all that are shown').check();
    await page.getByLabel('Action').selectOption('off');
    await page.getByRole('button', { name: 'Do it' }).click();
    await page.getByText('off: 10 of 10').waitFor();
    await expect.poll(() => page.locator('.rows .power .state.off').count()).toBe(10);
    await page.locator('.last-event', { hasText: 'power off' }).first().waitFor();
    await page.getByRole('button', { name: 'Power', exact: true }).press('Enter');
    expect(await page.locator('th.power').getAttribute('aria-sort')).toBe('ascending');
    // The clock of a BMC that has a virtual one.
    await page.goto(`${url}#/bmc/timed/faults`);
    const clock = page.locator('article', { has: page.getByRole('heading', { name: 'Clock' }) });
    const now = async () => (await clock.locator('p').nth(1).textContent()) ?? '';
    await expect.poll(now).toMatch(/virtual/);
    const was = await now();
    await clock.getByRole('button', { name: '+ 24h' }).click();
    await expect.poll(now).not.toBe(was);
    await page.context().close();
    expect(wrong).toEqual([]);
  },
  LIMIT,
);

toolTest(
  '21.1: at 400 pixels, in the dark, by keyboard, as somebody who may only look; a stream that comes again',
  TOOLS,
  async () => {
    const page = await opened({ width: 400, height: 800, scheme: 'dark' as 'light' });
    await logIn(page, { user: 'looker' });
    await page.getByRole('heading', { name: 'guest', level: 1 }).waitFor();
    expect(await page.getByRole('button', { name: 'on', exact: true }).isDisabled()).toBe(true);
    for (const name of ['Overview', 'Sensors', 'Event log', 'Faults', 'Users']) {
      await tab(page, name);
      await page.waitForTimeout(200);
      const [inside, outside] = await page.evaluate<[number, number]>(
        '[document.documentElement.scrollWidth, innerWidth]',
      );
      expect([name, inside <= outside]).toEqual([name, true]);
      expect([name, await violations(page)]).toEqual([name, []]);
    }
    await tab(page, 'Sensors');
    expect(await page.getByRole('slider').count()).toBe(0);
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.tagName')).not.toBe('BODY');
    await page.locator('.connection.live').waitFor();
    // The stream of another tab does not come, and the page says so until it does.
    await page.route('**/v1/watch*', (route) => route.abort());
    await tab(page, 'Traffic');
    await page.locator('.connection.away', { hasText: 'connection lost, trying again' }).waitFor();
    await page.unroute('**/v1/watch*');
    await page.locator('.connection.live').waitFor();
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.getByRole('button', { name: 'Log in' }).waitFor();
    await page.context().close();
    expect(wrong).toEqual([]);
  },
  LIMIT,
);
