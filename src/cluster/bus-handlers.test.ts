import { expect, test } from 'vitest';
import { SimServer, type SimLine } from '../../test/support/sim-bus.ts';
import { toHex } from '../../test/support/vectors.ts';
import { Worker } from '../client/index.ts';
import { command, NetFn, Privilege } from '../commands/command.ts';
import { u8 } from '../codec/index.ts';
import {
  Context,
  handle,
  handleRaw,
  Router,
  standardTable,
  type Channel,
  type Dispatch,
  type HandlerSet,
} from '../router/index.ts';
import { simWorld, type SimWorld } from '../world/index.ts';
import { BusHandlers, type HandledBmc } from './bus-handlers.ts';
import { bytesOf, fieldsIn, HANDLER_TIMES, handlerSubjects } from './handler-entry.ts';
import { HandlerStream, type HandlerPlace } from './handler-stream.ts';

const LAN: Channel = { number: 1, medium: 'lan', maxAnswer: 248 };
const Echo = command({
  name: 'Echo',
  spec: 'test',
  netFn: NetFn.App,
  cmd: 0x70,
  privilege: Privilege.User,
  request: { a: u8 },
  response: { sum: u8 },
});
const standard = standardTable([{ owner: 'standard', handlers: [handle(Echo, ({ a }) => ({ sum: a }))] }]);

interface Bmc extends HandledBmc<unknown> {
  readonly ask: (netFn: number, cmd: number, data?: number[]) => Promise<string>;
}

class Bench {
  readonly world: SimWorld = simWorld(11);
  readonly server = new SimServer(this.world.clock, () => 0.5);
  readonly lines: string[] = [];

  async host(host: string, more: { maxOpen?: number; bmcs?: HandledBmc<unknown>[] } = {}) {
    const bus = this.server.connect();
    const { bmcs, ...options } = more;
    return this.world.until(
      BusHandlers.open<unknown>({
        bus,
        host,
        clock: bus.clock,
        warn: (line) => this.lines.push(`${host}: ${line}`),
        standard,
        ...(bmcs && { bmcs: () => bmcs }),
        ...options,
      }),
    );
  }

  async bmc(name: string, labels?: Record<string, string>): Promise<Bmc> {
    const router = new Router({ clock: this.world.clock, standard });
    let entrance: Dispatch | undefined;
    await router.attach({
      channel: LAN,
      inFlightLimit: 1000,
      deadline: 3000,
      open: async (dispatch) => void (entrance = dispatch),
      close: async () => undefined,
    });
    const ask: Bmc['ask'] = async (netFn, cmd, data = []) =>
      toHex(
        await entrance!({ netFn, cmd, lun: 0, data: Uint8Array.from(data) }, new Context(undefined, LAN, 4)),
      );
    return { name, labels, router, ask };
  }

  worker(place: Partial<HandlerPlace> = {}) {
    const line = this.server.connect();
    const stream = new HandlerStream(
      line,
      { clock: line.clock, random: this.world.random },
      { from: 'a test', ...place },
    );
    const worker = new Worker(stream, line.clock);
    const problems: string[] = [];
    worker.onProblem = (problem) => problems.push(problem);
    return { line, worker, problems };
  }

  /** What has come of it when the world has gone on for a while. */
  async after<T>(promise: Promise<T>, ms = 500): Promise<T> {
    promise.catch(() => undefined);
    await this.world.run(ms);
    return promise;
  }
}

const set = (owner: string, cmd: number | '*', mark: number, override?: string): HandlerSet<undefined> => ({
  owner,
  handlers: [handleRaw({ netFn: 0x30, cmd }, () => Uint8Array.of(0, mark), { override, manufacturer: 7 })],
});
/** As a process is that was killed: the server knows it no more, and it hears nothing. */
function kill(bench: Bench, line: SimLine): void {
  line.isCut = true;
  line.pause();
  const { served } = bench.server;
  served.splice(0, served.length, ...served.filter((each) => each.line !== line));
}

test('23.4: BMCs of all hosts ask a handler on the bus, those too that came later', async () => {
  const bench = new Bench();
  const [a, b] = [await bench.host('a'), await bench.host('b')];
  const [one, two, late] = await Promise.all(['one', 'two', 'late'].map((name) => bench.bmc(name)));
  a.put(one);
  b.put(two);
  const { worker } = bench.worker();
  await bench.after(worker.register(set('fans', 2, 0x42)));
  expect(await bench.after(one.ask(0x30, 2))).toBe('00 42');
  expect(await bench.after(two.ask(0x30, 2))).toBe('00 42');
  const c = await bench.host('c');
  c.put(late);
  expect(await bench.after(late.ask(0x30, 2))).toBe('00 42');
  expect(await bench.after(late.ask(0x30, 3))).toBe('c1');
  expect(c.state).toMatchObject([
    { owner: 'fans', bmcs: 1, problems: [], counters: { requests: 1, answers: 1 } },
  ]);
  await bench.world.run(3 * HANDLER_TIMES.ttl);
  expect(await bench.after(one.ask(0x30, 2))).toBe('00 42');
  expect(bench.lines).toEqual([]);
});

test('23.4: processes that share a claim have its requests in turn; when one is gone the others have all', async () => {
  const bench = new Bench();
  const a = await bench.host('a');
  const bmc = await bench.bmc('one');
  a.put(bmc);
  const [first, second] = [bench.worker({ shared: true }), bench.worker({ shared: true })];
  await bench.after(first.worker.register(set('fans', 2, 1)));
  await bench.after(second.worker.register(set('fans', 2, 2)));
  const answers = async () => {
    const all = Array.from({ length: 6 }, () => bmc.ask(0x30, 2));
    return (await bench.after(Promise.all(all))).toSorted();
  };
  expect(await answers()).toEqual(['00 01', '00 01', '00 01', '00 02', '00 02', '00 02']);
  kill(bench, first.line);
  expect(await answers()).toEqual(Array.from({ length: 6 }, () => '00 02'));
  await bench.world.run(3 * HANDLER_TIMES.ttl);
  expect(await answers()).toEqual(Array.from({ length: 6 }, () => '00 02'));
  const other = bench.after(bench.worker({ shared: true }).worker.register(set('fans', 3, 3)), 2000);
  await expect(other).rejects.toThrow('fans is registered already, by a test, with other claims');
  const alone = bench.after(bench.worker().worker.register(set('fans', 2, 3)), 2000);
  await expect(alone).rejects.toThrow('say shared to share its requests');
});

test('23.4: where no process is left: C1h at once, or the handler below; and its claims end with their time', async () => {
  const bench = new Bench();
  const a = await bench.host('a');
  const bmc = await bench.bmc('one');
  a.put(bmc);
  const { worker, line } = bench.worker();
  const doubled = handle(Echo, async (request, _, next) => ({ sum: 2 * (await next(request)).sum }), {
    override: 'standard',
  });
  await bench.after(worker.register({ owner: 'x', handlers: [...set('x', 2, 9).handlers, doubled] }));
  expect(await bench.after(bmc.ask(6, 0x70, [4]))).toBe('00 08');
  kill(bench, line);
  expect(await bench.after(bmc.ask(0x30, 2), 100)).toBe('c1');
  expect(await bench.after(bmc.ask(6, 0x70, [4]), 100)).toBe('00 04');
  expect(a.counters.nobody).toBe(2);
  await bench.world.run(HANDLER_TIMES.ttl + 1000);
  expect(a.state).toEqual([]);
  expect([...bmc.router.claims()].map(({ owner }) => owner)).toEqual(['standard']);
});

test('23.4: a handler that dies in the midst costs C3h at the deadline; late, double and strange answers are dropped and counted', async () => {
  const bench = new Bench();
  const a = await bench.host('a');
  const bmc = await bench.bmc('one');
  a.put(bmc);
  const bus = bench.server.connect();
  const seen: (string | undefined)[] = [];
  const asked = { type: 'register', id: 1, owner: 'raw', instance: 'i', handlers: [{ netFn: 48, cmd: '*' }] };
  bus.serve(handlerSubjects.calls('raw'), ({ subject, bytes, headers }) => {
    seen.push(subject, headers['Ipmi-Deadline'], headers['Ipmi-Bmc']);
    const { cmd } = fieldsIn(bytes) as { cmd: number };
    if (cmd === 1) return undefined;
    if (cmd === 2)
      return new Promise(
        (resolve) => void bus.clock.after(4000, () => resolve(bytesOf({ type: 'answer', cc: 0 }))),
      );
    return cmd === 3 ? bytesOf({ type: 'answer', cc: 0, data: '7' }) : bytesOf({ cc: 0, type: 'answer' });
  });
  const register = bus.request(handlerSubjects.register('raw'), bytesOf(asked), { timeout: 5000 });
  expect(fieldsIn(await bench.after(register))).toEqual({
    type: 'registered',
    id: 1,
    calls: 'ipmi.handler.raw.call.*.*',
    ping: 'ipmi.handler.raw.ping.i',
    renewal: 5000,
  });
  expect(await bench.after(bmc.ask(0x30, 1), 3200)).toBe('c3');
  expect(seen).toEqual(['handler.raw.call.30.01', '3000', 'one']);
  expect(await bench.after(bmc.ask(0x30, 2), 5000)).toBe('c3');
  expect(await bench.after(bmc.ask(0x30, 3))).toBe('ce');
  expect(await bench.after(bmc.ask(0x30, 4))).toBe('00');
  expect(a.counters).toEqual({ requests: 4, answers: 1, busy: 0, expired: 2, nobody: 0, bad: 1, stray: 1 });
  expect(bench.lines).toEqual([expect.stringContaining('handler raw: expected {"type":"answer"')]);
});

test('23.4: an owner has so many requests open; one more is C0h at once', async () => {
  const bench = new Bench();
  const a = await bench.host('a', { maxOpen: 2 });
  const bmc = await bench.bmc('one');
  a.put(bmc);
  const { worker } = bench.worker();
  const never = handleRaw<undefined>({ netFn: 0x30, cmd: 1 }, () => new Promise(() => undefined));
  await bench.after(worker.register({ owner: 'slow', handlers: [never] }));
  await bench.after(bench.worker().worker.register(set('fast', 2, 1)));
  const open = [bmc.ask(0x30, 1), bmc.ask(0x30, 1), bmc.ask(0x30, 1)];
  expect(await bench.after(open[2])).toBe('c0');
  expect(await bench.after(bmc.ask(0x30, 2))).toBe('00 01');
  expect(await bench.after(Promise.all(open), 3000)).toEqual(['c3', 'c3', 'c0']);
  expect(a.state.find(({ owner }) => owner === 'slow')).toMatchObject({ counters: { busy: 1, expired: 2 } });
});

test('23.4: two that claim the same on two hosts at one moment: all hosts have the same one, and say once whom they refuse', async () => {
  const bench = new Bench();
  const hosts = [await bench.host('a'), await bench.host('b'), await bench.host('c')];
  const bmcs = await Promise.all(['one', 'two', 'three'].map((name) => bench.bmc(name)));
  for (const [i, bmc] of bmcs.entries()) hosts[i].put(bmc);
  const [first, second] = [bench.worker({ from: 'rack-1' }), bench.worker({ from: 'rack-2' })];
  const both = [first.worker.register(set('fans', 2, 1)), second.worker.register(set('more-fans', 2, 2))];
  for (const each of both) each.catch(() => undefined);
  await bench.world.run(1000);
  const answers = async () => bench.after(Promise.all(bmcs.map((bmc) => bmc.ask(0x30, 2))));
  expect(new Set(await answers()).size).toBe(1);
  await bench.world.run(4 * HANDLER_TIMES.ttl);
  expect(new Set(await answers()).size).toBe(1);
  const [winner, loser] = (await answers())[0] === '00 01' ? ['fans', 'more-fans'] : ['more-fans', 'fans'];
  const said = hosts
    .flatMap(({ state }) => state)
    .filter(({ owner, problems }) => owner === loser && problems.length);
  expect(said.length).toBeGreaterThan(0);
  expect(said[0].problems[0]).toContain(
    `${loser} cannot claim 30h 02h: claimed by ${winner}, registered at rack-`,
  );
  const lines = bench.lines.filter((line) => line.startsWith('a:'));
  expect(new Set(lines).size).toBe(lines.length);
  expect(bench.lines.length).toBeLessThanOrEqual(6);
  // Who came second tries again, and has them when who was first is gone.
  const [lost, won] = loser === 'fans' ? [first, second] : [second, first];
  kill(bench, won.line);
  await bench.world.run(1000);
  if (!lost.problems.some((problem) => problem.includes('is not served now')))
    await bench
      .after(lost.worker.register(set(loser, 2, loser === 'fans' ? 1 : 2)), 2000)
      .catch(() => undefined);
  await bench.world.run(2 * HANDLER_TIMES.ttl);
  expect(await answers()).toEqual(Array.from(bmcs, () => (loser === 'fans' ? '00 01' : '00 02')));
});

test('23.4: whose claim it is says a refusal, also for what BMCs answer themselves; an override is meant', async () => {
  const bench = new Bench();
  const a = await bench.host('a');
  const { worker } = bench.worker();
  const plain = handle<typeof Echo, undefined>(Echo, () => ({ sum: 0 }));
  await expect(bench.after(worker.register({ owner: 'x', handlers: [plain] }))).rejects.toThrow(
    /^x cannot claim Echo \(06h 70h\): claimed by standard/,
  );
  a.put(await bench.bmc('one'));
  await expect(bench.after(worker.register({ owner: 'x', handlers: [plain] }))).rejects.toThrow(
    /^x cannot claim Echo \(06h 70h\): claimed by standard/,
  );
  await expect(bench.after(worker.register(set('x', 2, 1, 'maker')))).rejects.toThrow(
    'x cannot override 30h 02h of maker: nobody claims it',
  );
  expect(a.state).toMatchObject([{ owner: 'x', problems: [expect.stringContaining('nobody claims')] }]);
});

test('23.4: a process that begins anew has its claims at once; while the one before lives it is refused by name', async () => {
  const bench = new Bench();
  const a = await bench.host('a');
  const bmc = await bench.bmc('one');
  a.put(bmc);
  const old = bench.worker({ from: 'fans.py on rack-1' });
  await bench.after(old.worker.register(set('fans', 2, 1)));
  await expect(bench.after(bench.worker().worker.register(set('fans', 2, 2)))).rejects.toThrow(
    'fans is registered already, by fans.py on rack-1; say shared to share its requests',
  );
  expect(a.state).toMatchObject([{ owner: 'fans', bmcs: 1, problems: [expect.stringContaining('rack-1')] }]);
  kill(bench, old.line);
  // Other claims than before: they take the place of those.
  await bench.after(bench.worker().worker.register(set('fans', 3, 3)));
  expect(await bench.after(bmc.ask(0x30, 3))).toBe('00 03');
  expect(await bench.after(bmc.ask(0x30, 2))).toBe('c1');
});

test('23.4: handlers for some BMCs by name or label: those that have none in common do not clash', async () => {
  const bench = new Bench();
  const bmcs = [
    await bench.bmc('rack-1-a', { model: 'x' }),
    await bench.bmc('rack-2-a', { model: 'y' }),
    await bench.bmc('rack-2-b', { model: 'x' }),
  ];
  const a = await bench.host('a', { bmcs });
  for (const bmc of bmcs) a.put(bmc);
  await bench.after(bench.worker({ bmcs: ['rack-1-*'] }).worker.register(set('ones', 2, 1)));
  await bench.after(
    bench.worker({ bmcs: ['*-2-*'], labels: { model: 'y' } }).worker.register(set('twos', 2, 2)),
  );
  const clash = bench.worker({ labels: { model: 'x' } }).worker.register(set('xs', 2, 3));
  await expect(bench.after(clash)).rejects.toThrow('xs cannot claim 30h 02h: claimed by ones');
  expect(await bench.after(Promise.all(bmcs.map(({ ask }) => ask(0x30, 2))))).toEqual([
    '00 01',
    '00 02',
    'c1',
  ]);
});

test('23.4: one takes what nobody claims; a second one is refused', async () => {
  const bench = new Bench();
  const a = await bench.host('a');
  const bmc = await bench.bmc('one');
  a.put(bmc);
  const bus = bench.server.connect();
  bus.serve(handlerSubjects.calls('rest'), ({ bytes }) =>
    bytesOf({ type: 'answer', cc: 0, data: (fieldsIn(bytes) as { data: string }).data }),
  );
  const register = async (owner: string) =>
    fieldsIn(
      await bench.after(
        bus.request(
          handlerSubjects.register(owner),
          bytesOf({ type: 'register', id: 1, owner, instance: owner, default: true }),
          { timeout: 5000 },
        ),
      ),
    );
  expect(await register('rest')).toMatchObject({ type: 'registered' });
  expect(await register('more')).toMatchObject({
    type: 'refused',
    problems: ['more cannot be the default handler: rest is, set at a process'],
  });
  expect(await bench.after(bmc.ask(0x2e, 1, [1, 2, 3, 9]))).toBe('00 01 02 03 09');
  expect(await bench.after(bmc.ask(6, 0x70, [4]))).toBe('00 04');
});

test('23.4: a worker waits for a host; what it says wrong it is told, and nothing is registered', async () => {
  const bench = new Bench();
  const { worker, problems } = bench.worker();
  const registered = worker.register(set('fans', 2, 1));
  await bench.world.run(5000);
  expect(problems).toEqual(['fans: no host of the cluster is there; trying again']);
  const a = await bench.host('a');
  await bench.after(registered, 3000);
  const bus = bench.server.connect();
  const say = async (asked: object, owner = 'x') =>
    fieldsIn(
      await bench.after(bus.request(handlerSubjects.register(owner), bytesOf(asked), { timeout: 5000 })),
    )?.problems;
  const good = { type: 'register', id: 1, owner: 'x', instance: 'i', handlers: [{ netFn: 48, cmd: 7 }] };
  expect(await say({ ...good, owner: 'y' })).toEqual(['owner: expected x, as the subject has it']);
  expect(await say({ ...good, instance: undefined })).toEqual([expect.stringMatching(/^instance: expected/)]);
  expect(await say({ ...good, shared: 1 })).toEqual(['shared: expected true or false']);
  expect(await say({ ...good, bmcs: 'all' })).toEqual([expect.stringMatching(/^bmcs: expected a list/)]);
  expect(await say({ ...good, labels: [1] })).toEqual([expect.stringMatching(/^labels: expected/)]);
  expect(await say({ ...good, handlers: [{ netFn: 49, cmd: 7 }] })).toEqual([
    expect.stringContaining('NetFn'),
  ]);
  expect(await say({ ...good, handlers: [{ cmd: 7 }] })).toEqual([expect.stringContaining('handlers.0')]);
  expect(await say({ ...good, type: 'answer' })).toEqual([expect.stringContaining('expected')]);
  expect(a.state.map(({ owner }) => owner)).toEqual(['fans']);
});
