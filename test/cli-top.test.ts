// `ipmi-bmc top` beside a daemon and ipmitool; on a terminal that `script` makes.
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { TopFigures } from '../src/cli/steering/top-figures.ts';
import { startDaemon, type RunningDaemon } from './support/daemon.ts';
import { onTerminal, type Terminal } from './support/terminal.ts';
import { toolTest, untilSeen } from './support/tools.ts';

const rack = `bmcs:
  - name: node-1
    users: [{ id: 2, name: admin, password: AdminPass123 }]
    interfaces: [{ type: lan, listen: "127.0.0.1:0" }]
  - name: node-2
    users: [{ id: 2, name: kim, password: AdminPass123 }]
    interfaces: [{ type: lan, listen: "127.0.0.1:0" }]
`;
let daemon: RunningDaemon;
beforeAll(async () => {
  daemon = await startDaemon(rack);
});
afterAll(() => daemon.stop());

toolTest(
  '17.2: top: what ipmitool does is counted, with the SEL and who was refused',
  ['ipmitool'],
  async () => {
    const looking = daemon.ipmi(['top', '--once', '--json', '--interval', '8']);
    const { code, out } = await untilSeen(looking, () =>
      Promise.all([
        daemon.ipmitool('node-1', 'event 1'),
        daemon.ipmitool('node-1', 'raw 0x30 0x77'),
        daemon.ipmitool('node-2', 'mc info'),
      ]),
    );
    expect(code).toBe(0);
    const figures = JSON.parse(out) as TopFigures;
    expect(figures).toMatchObject({ running: 2, stopped: 0, isIncomplete: false });
    expect(figures.bmcs[0].name).toBe('node-1');
    expect(figures.requestsPerSecond).toBeGreaterThan(figures.refusedPerSecond);
    expect(figures.refusedPerSecond).toBeGreaterThan(0);
    const events = figures.commands.find(({ command }) => command === 'Platform Event');
    expect(events).toMatchObject({ count: expect.any(Number), mean: expect.any(Number) });
    expect(events!.count).toBeGreaterThan(0);
    expect(figures.sel).toContainEqual(expect.objectContaining({ bmc: 'node-1', kind: 'sel' }));
    expect(figures.refused).toContainEqual(expect.objectContaining({ bmc: 'node-2', kind: 'login-refused' }));
    const [alone] = (await daemon.ipmi(['top', 'node-2', '--once', '--interval', '0.5'])).out.split('\n');
    expect(alone).toMatch(
      /^ipmi-bmc top {2}[\d:]{8} {2}1 BMCs run, 0 sessions, 0 requests\/s, 0 refused\/s$/,
    );
  },
);

test('17.2: top: in a pipe it looks once; mistakes are a line', async () => {
  const once = await daemon.ipmi(['top']);
  expect([once.code, once.out.match(/LOG-INS REFUSED/g)?.length]).toEqual([0, 1]);
  expect((await daemon.bash('ipmi-bmc top --interval 0.2 --json | head -3 | wc -l')).out.trim()).toMatch(
    /^3$/m,
  );
  const near = await daemon.ipmi(['top', 'nod-1']);
  expect([near.code, near.out]).toEqual([3, expect.stringContaining("did you mean 'node-1'?")]);
  expect((await daemon.ipmi(['top', '--interval', '0'])).code).toBe(2);
});

test('17.2: events, trace and top end when their reader does', async () => {
  const traced = daemon.bash('ipmi-bmc trace | head -1 | wc -l');
  const told = daemon.bash('ipmi-bmc events -f --kind power --last 0 | head -1 | wc -l');
  // The first line ends the reader, and the next one who writes.
  const ended = await untilSeen(Promise.all([traced, told]), async () => {
    for (const verb of ['off', 'on']) {
      expect((await daemon.ipmi(['power', 'node-1', verb])).code).toBe(0);
      expect((await daemon.ipmi(['raw', 'node-1', 'get-device-id'])).code).toBe(0);
    }
  });
  expect(ended.map(({ out }) => out.trim())).toEqual(['1', '1']);
});

toolTest(
  '17.2: top: the terminal is as before, by q, Ctrl-C, a signal, and a daemon that ends',
  ['script'],
  async () => {
    const other = await startDaemon(rack);
    onTestFinished(() => other.stop());
    const ipmiBmc = `PATH='${daemon.folder}/bin':$PATH ipmi-bmc`;
    /** What a terminal shows, and how it is left behind, when `end` is done after some pages of `top`. */
    const on = async (how: string, end: (terminal: Terminal) => void): Promise<string> => {
      const terminal = onTerminal(`stty rows 24 cols 80; ${how}; echo ended $?; stty -a`, {
        ...daemon.env,
        SHELL: '/bin/bash',
        TERM: 'xterm',
      });
      try {
        // oxlint-disable-next-line no-control-regex
        for (let drawn = 0; drawn < 3 && (await terminal.shows(/\x1b\[H/)); drawn++);
        end(terminal);
        await terminal.ended;
        return terminal.said();
      } finally {
        terminal.kill();
      }
    };
    const { pid } = JSON.parse((await other.ipmi(['status', '--json'])).out) as { pid: number };
    const tracing = other.bash('ipmi-bmc trace >trace.txt');
    const capturing = other.ipmi(['capture', 'node-1', '-w', `${other.folder}/cut.pcapng`]);
    const sizeOf = (name: string): number =>
      statSync(join(other.folder, name), { throwIfNoEntry: false })?.size ?? 0;
    while (sizeOf('trace.txt') === 0 || sizeOf('cut.pcapng') === 0)
      await other.ipmi(['raw', 'node-1', 'get-device-id']);
    const own = join(daemon.folder, 'pid');
    const pages = [
      await on(`${ipmiBmc} top --interval 0.3`, ({ type }) => type('q')),
      await on(`${ipmiBmc} top --interval 0.3`, ({ type }) => type('\x03')),
      await on(`(echo $BASHPID >${own}; exec env ${ipmiBmc} top --interval 0.3)`, () =>
        process.kill(Number(readFileSync(own, 'utf8')), 'SIGTERM'),
      ),
      await on(`${ipmiBmc} top --interval 0.3 --socket ${other.socket}`, () => process.kill(pid)),
    ];
    for (const cut of [tracing, capturing])
      expect(await cut).toMatchObject({ code: 1, out: 'ipmi-bmc: the daemon has ended\n' });
    for (const [i, page] of pages.entries()) {
      expect(page, page).toContain('\x1b[?1049h\x1b[?25l');
      expect(page.split('\x1b[H').length, page).toBeGreaterThan(2);
      const after = page.slice(page.lastIndexOf('\x1b[?25h\x1b[?1049l'));
      expect(after, page).toMatch(/ended \d+/);
      expect(after, page).toMatch(/^isig icanon iexten echo /m);
      if (i < 2) expect(after).toContain('ended 0');
    }
    expect(pages[3]).toMatch(/ipmi-bmc: (the daemon has ended|.*nobody listens there)\r?\nended [14]/);
  },
  180_000,
);
