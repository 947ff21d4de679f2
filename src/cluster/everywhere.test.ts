import { expect, test } from 'vitest';
import { ClusterRig, type RigHost } from '../../test/support/cluster-rig.ts';
import { sampleFleet } from '../../test/support/control-rig.ts';
import { ALL_ROUTES } from '../control/all-routes.ts';
import type { BmcList, BmcRow, FleetApplied } from '../control/answers.ts';
import type { ProblemDocument } from '../control/problem.ts';
import { requestBefore, type Route } from '../control/route.ts';
import type { HostPlace } from './placement.ts';

/** Times: an answer of another host comes a few milliseconds later. */
const TIMES = /\d{4}-\d\d-\d\dT[\d:.]+Z|\b17\d{11}(\.\d+)?\b|"time":\d+|\d+\.\d{3} s\b/g;
/** Of the process that is asked, whichever it is. */
const OF_PROCESS = ['/healthz', '/readyz', '/v1/fleet', '/v1/shards'];
/** What neither host has. */
const NEEDS = ['an open session', '`run --workers N`', 'a process of `ipmi-bmc with`'];
/** What ends BMCs comes last. */
const orderOf = ({ method, path, tag }: Route): number =>
  (method === 'get' ? 0 : 1) +
  (tag === 'Fleet' ? 2 : 0) +
  (method === 'delete' && tag === 'Fleet' ? 4 : 0) +
  (path.endsWith('/apply') ? 8 : 0);

async function cluster(names: readonly string[] = ['a', 'b']): Promise<ClusterRig> {
  const rig = new ClusterRig();
  for (const name of names) await rig.join(name);
  await rig.apply(sampleFleet);
  return rig;
}

/** The example of a route, asked of the host that has the BMC, or of the one that has it not. */
async function exampleAt(rig: ClusterRig, side: 'owner' | 'other', { method, example, takes }: Route) {
  const [, bmc = 'node-1'] = /(node-[12])/.exec(example.path) ?? [];
  const host = rig.sides(bmc)[side === 'owner' ? 0 : 1];
  for (const before of example.after ?? []) {
    const { method: verb, path, body } = requestBefore(before);
    await host.ask(verb, path, { body });
  }
  const type = example.body === undefined ? undefined : (takes ?? ['application/json'])[0];
  const { status, body, headers } = await host.ask(method.toUpperCase(), example.path, {
    body: example.body,
    ...(type && { headers: { 'content-type': type } }),
  });
  const text = (typeof body === 'string' ? body : JSON.stringify(body)).replace(TIMES, 'T');
  return { status, text, type: headers.get('content-type') };
}

test('23.5: every operation does its example at a host that has not the BMC as at the one that has it', async () => {
  const [atOwner, atOther] = [await cluster(), await cluster()];
  const routes = ALL_ROUTES.toSorted((a, b) => orderOf(a) - orderOf(b) || b.path.length - a.path.length);
  const differing: string[] = [];
  for (const route of routes) {
    for (const rig of [atOwner, atOther]) await rig.settle(20_000);
    const owner = await exampleAt(atOwner, 'owner', route);
    const other = await exampleAt(atOther, 'other', route);
    const name = `${route.method} ${route.path}`;
    // Of what has no end more has come by the one way than by the other.
    const [shorter, longer] = [owner, other].toSorted((a, b) => a.text.length - b.text.length);
    const isBegun = route.example.isEndless && shorter.text !== '' && longer.text.startsWith(shorter.text);
    const known = isBegun ? { ...other, text: owner.text } : other;
    const isSame = JSON.stringify(owner) === JSON.stringify(known) || OF_PROCESS.includes(route.path);
    const isDone = other.status < 300 || NEEDS.includes(route.example.needs ?? '');
    if (!isSame || !isDone) differing.push(`${name}\n${JSON.stringify(owner)}\n${JSON.stringify(other)}`);
  }
  expect(differing).toEqual([]);
}, 120_000);

/** Rows of a list, by name. */
async function listed({ ask }: RigHost, query = ''): Promise<Map<string, BmcRow>> {
  const { body } = await ask('GET', `/v1/bmcs${query}`);
  return new Map((body as BmcList).bmcs.map((row) => [row.name, row]));
}

test('23.5: stop, start and reload at any host: one that is stopped is served by nobody, whatever comes', async () => {
  const rig = await cluster();
  const [owner, other] = rig.sides('node-1');
  await owner.ask('PUT', '/v1/bmcs/node-1/users/5', { body: { name: 'kept' } });
  expect(await other.ask('POST', '/v1/bmcs/node-1/stop')).toMatchObject({
    status: 200,
    body: { name: 'node-1', state: 'stopped', labels: { rack: '7', role: 'web' } },
  });
  expect(rig.running).toEqual(['node-2']);
  for (const { ask } of rig.hosts.values()) {
    expect(await ask('POST', '/v1/bmcs/node-1/power', { body: { action: 'off' } })).toMatchObject({
      status: 409,
      body: { detail: "BMC 'node-1' does not run", next: 'POST /v1/bmcs/node-1/start' },
    });
    expect((await ask('GET', '/v1/bmcs/other')).status).toBe(404);
    expect(await ask('POST', '/v1/bmcs/node-11/stop')).toMatchObject({
      status: 404,
      body: { nearest: 'node-1' },
    });
  }
  expect([...(await listed(owner, '?state=stopped')).keys()]).toEqual(['node-1']);
  expect([...(await listed(owner, '?state=running')).keys()]).toEqual(['node-2']);
  // A file that is applied, a host that comes, and one that goes, start nothing that was stopped.
  await rig.apply([...sampleFleet, { ...sampleFleet[1], name: 'node-3', interfaces: [] }]);
  await rig.join('c');
  await rig.world.run(20_000);
  expect(rig.running).toEqual(['node-2', 'node-3']);
  expect(await other.ask('POST', '/v1/bmcs/node-1/start')).toMatchObject({
    status: 200,
    body: { state: 'running' },
  });
  expect(await other.ask('POST', '/v1/bmcs/node-1/start')).toMatchObject({
    status: 409,
    body: { detail: "BMC 'node-1' runs already" },
  });
  const { body } = await other.ask('GET', '/v1/bmcs/node-1/users');
  expect(JSON.stringify(body)).toContain('kept');
  expect(await other.ask('POST', '/v1/fleet/reload')).toMatchObject({
    status: 200,
    body: { applied: true, plan: { added: [], removed: [], changed: [], unchanged: 3 }, problems: [] },
  });
  const text = JSON.stringify({ bmcs: sampleFleet });
  const headers = { 'content-type': 'application/json' };
  expect(await other.ask('POST', '/v1/fleet/apply?plan=true', { body: text, headers })).toMatchObject({
    body: { applied: false, plan: { removed: ['node-3'], changed: [], unchanged: 2 } },
  });
  // What was said of one that is removed does not hold for another one of its name.
  await owner.ask('POST', '/v1/bmcs/node-2/stop');
  expect((await other.ask('DELETE', '/v1/bmcs/node-2')).status).toBe(200);
  await rig.apply(sampleFleet);
  expect(rig.running).toEqual(['node-1', 'node-2']);
});

test('23.5: a request that is too long for the bus is refused with its length, and one that is not arrives', async () => {
  const rig = await cluster();
  const [, other] = rig.sides('node-1');
  const text = (length: number) =>
    other.ask('POST', '/v1/bmcs/node-1/console/write', { body: { text: 'x'.repeat(length) } });
  expect(await text(1_045_000)).toMatchObject({
    status: 413,
    body: {
      detail: expect.stringMatching(/^a request of 104\d{4} bytes does not go to host [ab]/) as string,
    },
  });
  expect((await text(60_000)).status).not.toBe(413);
});

test('23.5: two hosts that stop BMCs at once, and one that starts one: all of it holds', async () => {
  const rig = await cluster();
  await rig.apply(
    Array.from({ length: 8 }, (_, i) => ({ ...sampleFleet[1], name: `n-${i}`, interfaces: [] })),
  );
  const [a, b] = [...rig.hosts.values()];
  const path = (i: number, verb: string): string => `/v1/bmcs/n-${i}/${verb}`;
  await a.ask('POST', path(7, 'stop'));
  const asked = [a, b, a, b].map((host, i) => host.ask('POST', path(i, 'stop')));
  const all = await Promise.all([...asked, b.ask('POST', path(7, 'start'))]);
  expect(all.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
  expect(rig.running).toEqual(['n-4', 'n-5', 'n-6', 'n-7']);
});

const NOBODY: readonly (readonly [why: string, places: readonly HostPlace[], detail: RegExp])[] = [
  [
    'networks',
    [{ networks: ['10.9.7.0/24'] }, { networks: ['10.9.8.0/24', '2001:db8::/64'] }],
    /^no host can serve it: a takes addresses in 10\.9\.7\.0\/24, and 192\.0\.2\.1 is in none; b takes addresses in 10\.9\.8\.0\/24, 2001:db8::\/64, and 192/,
  ],
  [
    'labels',
    [{ labels: { site: 'berlin' } }, { labels: { rack: '9' } }],
    /^no host can serve it: a takes BMCs with the label site=berlin; b takes BMCs with the label rack=9$/,
  ],
  [
    'capacity',
    [{ capacity: 0 }, { isDraining: true }],
    /^no host can serve it: a is full \(capacity 0\); b is being drained$/,
  ],
];
for (const [by, places, detail] of NOBODY)
  test(`23.1: a BMC that no host can serve says why, by ${by}: in list, show, events and the log`, async () => {
    const rig = new ClusterRig();
    const [a, b] = [await rig.join('a', { place: places[0] }), await rig.join('b', { place: places[1] })];
    await rig.apply([sampleFleet[0]]);
    await rig.world.run(15_000);
    for (const host of [a, b]) {
      expect((await listed(host)).get('node-1')).toMatchObject({
        state: 'failed',
        problem: expect.stringMatching(detail) as string,
      });
      const { status, body } = await host.ask('GET', '/v1/bmcs/node-1');
      expect([status, (body as ProblemDocument).detail.replace("BMC 'node-1' does not run: ", '')]).toEqual([
        409,
        expect.stringMatching(detail),
      ]);
    }
    // One of them has said so, once.
    const lines = [...a.lines, ...b.lines].filter((line) => line.includes('no host can serve it'));
    expect(lines).toHaveLength(1);
    const events = [a, b].flatMap(({ daemon }) =>
      daemon.events.last(10, { kinds: new Set(['fleet'] as const) }),
    );
    expect(events.map(({ event }) => event)).toEqual([
      expect.objectContaining({
        bmc: 'node-1',
        what: 'failed',
        problem: expect.stringMatching(detail) as string,
      }),
    ]);
    const reload = await b.ask('POST', '/v1/fleet/reload');
    expect((reload.body as FleetApplied).problems).toEqual([expect.stringMatching(/^node-1: no host can/)]);
  });

test('23.1: an address that is in use is said at every host, and start tries it again', async () => {
  const rig = new ClusterRig();
  for (const name of ['a', 'b']) await rig.join(name);
  const taken = await rig.world.until(rig.world.udp.bind({ host: '192.0.2.1', port: 6231 }));
  await rig.apply(sampleFleet);
  for (const host of rig.hosts.values()) {
    const row = (await listed(host)).get('node-1');
    expect(row).toMatchObject({ state: 'failed', problem: expect.stringMatching(/EADDRINUSE/) as string });
  }
  const [, other] = rig.sides('node-1');
  expect(await other.ask('POST', '/v1/bmcs/node-1/start')).toMatchObject({
    status: 409,
    body: { detail: expect.stringMatching(/^node-1: [ab]: .*EADDRINUSE/) as string },
  });
  await taken.close();
  expect((await other.ask('POST', '/v1/bmcs/node-1/start')).status).toBe(200);
  expect(rig.running).toEqual(['node-1', 'node-2']);
});
