import { expect, test } from 'vitest';
import { SimServer } from '../../test/support/sim-bus.ts';
import { FLEET_KEY } from '../cluster/desired.ts';
import { parseConfig } from '../config/load.ts';
import { nameOf } from '../fleet/index.ts';
import { simWorld } from '../world/index.ts';
import { ClusterFleet } from './cluster-fleet.ts';
import { withBmc, withoutBmc } from './fleet-edit.ts';

const entry = (name: string, port: number): string =>
  JSON.stringify({
    name,
    interfaces: [{ type: 'lan', listen: `192.0.2.1:${port}` }],
    users: [{ id: 2, name: 'admin', password: 'secret' }],
  });
const FILE = `# Ours.
bmcs:
  - name: node-{n} # each its port
    count: 4
    interfaces: [{ type: lan, listen: '192.0.2.1:{6000+n}' }]
    users: &users [{ id: 2, name: admin, password: secret }]
  - { name: other, interfaces: [{ type: lan, listen: '192.0.2.1:7000' }], users: *users }
`;
const namesIn = (text: string): string[] => parseConfig(text, 'file').map(nameOf);

test('23.5: a BMC more, or one less, leaves the rest of a fleet file as it stands', () => {
  const more = withBmc(FILE, entry('new', 8000));
  expect(namesIn(more)).toEqual(['node-0', 'node-1', 'node-2', 'node-3', 'other', 'new']);
  expect(more).toContain('# Ours.');
  expect(more).toContain('# each its port');
  const less = withoutBmc(more, 'node-1')!;
  expect(namesIn(less)).toEqual(['node-0', 'node-2', 'node-3', 'other', 'new']);
  const listens = parseConfig(less, 'file').map(
    ({ interfaces: [lan] = [] }) => 'listen' in lan && lan.listen,
  );
  expect(listens.slice(0, 3)).toEqual(['192.0.2.1:6000', '192.0.2.1:6002', '192.0.2.1:6003']);
  expect(namesIn(withoutBmc(less, 'node-0')!)).toEqual(['node-2', 'node-3', 'other', 'new']);
  expect(namesIn(withoutBmc(less, 'node-3')!)).toEqual(['node-0', 'node-2', 'other', 'new']);
  expect(withoutBmc(less, 'nobody')).toBe(less);
  // What another one names of an entry that goes stays with that one.
  const last = ['node-0', 'node-2', 'node-3'].reduce((text, name) => withoutBmc(text, name)!, less);
  expect(namesIn(last)).toEqual(['other', 'new']);
  // A file that is one BMC becomes a list; the last one leaves no file.
  const one = entry('one', 6000);
  expect(namesIn(withBmc(one, entry('two', 6001)))).toEqual(['one', 'two']);
  expect(namesIn(withBmc(undefined, one))).toEqual(['one']);
  expect(withoutBmc(one, 'one')).toBeUndefined();
});

const none = (): Promise<undefined> => Promise.resolve(undefined);

test('23.5: hosts that change the fleet file at once lose nothing of one another; who is too late is told', async () => {
  const world = simWorld(3);
  const server = new SimServer(world.clock, () => 0.5);
  const bucket = await server.connect().bucket('desired');
  await world.until(bucket.create(FLEET_KEY, new TextEncoder().encode(FILE)));
  const textNow = (): string =>
    new TextDecoder().decode(server.buckets.get('desired')!.get(FLEET_KEY)?.value ?? new Uint8Array(0));
  const desiredNow = () => new Map(parseConfig(textNow(), 'file').map((bmc) => [nameOf(bmc), bmc] as const));
  const unserved = { all: () => Promise.resolve(new Map()), why: none, retry: none };
  const fleets = [1, 2, 3].map(async () => {
    const host = {
      get desired() {
        return { all: desiredNow(), stopped: new Set<string>(), problem: undefined };
      },
      ownerOf: (name: string) => (desiredNow().has(name) ? 'a' : undefined),
    };
    return new ClusterFleet(await server.connect().bucket('desired'), { clock: world.clock, host, unserved });
  });
  const [a, b, c] = await Promise.all(fleets);
  await world.until(
    Promise.all([
      a.add(entry('x', 8001)),
      b.add(entry('y', 8002)),
      c.remove('node-2'),
      a.add(entry('z', 8003)),
    ]),
  );
  expect(new Set(desiredNow().keys())).toEqual(
    new Set(['node-0', 'node-1', 'node-3', 'other', 'x', 'y', 'z']),
  );
  const twice = await world.until(
    Promise.allSettled([a.add(entry('same', 8004)), b.add(entry('same', 8005))]),
  );
  expect(twice.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
  const refused = (promise: Promise<unknown>) =>
    world.until(
      promise.then(
        () => undefined,
        (error: { problem: { type: string; detail: string } }) => error.problem,
      ),
    );
  const late = await world.until(Promise.allSettled([a.apply(FILE), b.apply(FILE)]));
  expect(late.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
  expect(late.find(({ status }) => status === 'rejected')).toMatchObject({
    reason: { problem: { status: 409, detail: expect.stringContaining('somebody else') } },
  });
  expect(await refused(a.remove('nobody'))).toMatchObject({ status: 404 });
  expect(await refused(a.add('{ name: x, sensors: 7 }'))).toMatchObject({
    detail: expect.stringContaining('sensors'),
  });
  // The port is another's: what is wrong with all of them together is told, too.
  expect(await refused(a.add(entry('w', 6000)))).toMatchObject({ detail: expect.stringContaining('6000') });
  const text = textNow();
  expect((await world.until(a.plan(entry('only', 9000)))).removed.length).toBe(5);
  expect(textNow()).toBe(text);
  for (const name of desiredNow().keys()) await world.until(a.remove(name));
  expect(server.buckets.get('desired')!.get(FLEET_KEY)).toBeUndefined();
});
