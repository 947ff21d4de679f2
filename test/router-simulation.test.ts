// Random lives of a router in a simulated world: handlers come, go, override, stall, die, answer late or
// twice, while requests run. The seed of a failure is in its message; the same seed gives the same run.
import { expect, test } from 'vitest';
import { Worker } from '../src/client/index.ts';
import { IpmiError } from '../src/codec/index.ts';
import { HandlerSocket } from '../src/interfaces/index.ts';
import {
  Context,
  handleRaw,
  RegistrationError,
  Router,
  type Attachment,
  type Dispatch,
  type Handler,
  type Registration,
} from '../src/router/index.ts';
import { simWorld } from '../src/world/index.ts';
import type { Stream } from '../src/world/world.ts';

const SEEDS = Number(process.env.ROUTER_SEEDS ?? 200);
/** Lives that once went wrong. */
const REMEMBERED = [1434];
const STEPS = 120;
const DEADLINE = 1000;
const COMMANDS = 6;
/** What a request may end in: served, busy, unknown, timed out, refused by a handler, a handler's bug. */
const OUTCOMES = new Set([0x00, 0xc0, 0xc1, 0xc3, 0x80, 0xff]);

/** Sends requests and checks that each has one answer, its own. */
class Requester {
  open = 0;
  limit = 0;
  readonly wrong: string[] = [];
  dispatch: Dispatch | undefined;
  attachment: Attachment | undefined;
  #serial = 0;
  readonly #id: number;

  constructor(id: number) {
    this.#id = id;
  }

  send(cmd: number, channel: number): void {
    if (!this.dispatch) return;
    const serial = ++this.#serial;
    const data = Uint8Array.of(this.#id, serial & 0xff, serial >> 8);
    this.open++;
    if (this.open > this.limit + 1) this.wrong.push(`${this.open} requests open, ${this.limit} allowed`);
    let answers = 0;
    const finish = (answer: Uint8Array): void => {
      this.open--;
      if (++answers > 1) this.wrong.push(`request ${serial} answered twice`);
      if (!OUTCOMES.has(answer[0])) this.wrong.push(`request ${serial}: ${answer[0].toString(16)}h`);
      if (answer[0] === 0 && answer.subarray(1, 4).join() !== data.join())
        this.wrong.push(`request ${serial} of ${this.#id} got ${answer.join()}`);
    };
    const answer = this.dispatch(
      { netFn: 0x30, cmd, lun: 0, data },
      new Context(
        undefined,
        { number: channel, medium: 'lan', maxAnswer: 248 },
        4,
        0,
        undefined,
        `r${this.#id}`,
      ),
    );
    if (answer instanceof Promise) void answer.then(finish);
    else finish(answer);
  }
}

/** Echoes the request in its own way: at once, later, too late, never, badly. */
function behaviour(world: ReturnType<typeof simWorld>, kind: number): Handler['raw'] {
  const echo = (data: Uint8Array): Uint8Array => Uint8Array.of(0, ...data);
  return ({ data }, _context, next) => {
    const mine = data.slice();
    const later = (ms: number): Promise<Uint8Array> =>
      new Promise((resolve) => world.clock.after(ms, () => resolve(echo(mine))));
    switch (kind % 7) {
      case 0:
        return later(300);
      case 1:
        return later(DEADLINE * 2);
      case 2:
        return new Promise(() => undefined);
      case 3:
        throw new IpmiError(0x80);
      case 4:
        return Promise.reject(new TypeError('a bug'));
      case 5: {
        const below = next({ netFn: 0x30, cmd: 0, lun: 0, data: mine }, _context);
        return below instanceof Promise
          ? below.then((answer) => (answer[0] === 0 ? echo(mine) : answer))
          : echo(mine);
      }
      default:
        return echo(mine);
    }
  };
}

/** What is done twice, or to what is not there, is a typed error. */
const refused = (done: Promise<unknown>): Promise<void> =>
  done.then(
    () => expect.unreachable(),
    (error: unknown) => expect(error).toBeInstanceOf(RegistrationError),
  );

async function life(seed: number): Promise<{ requests: number; clashes: number; deaths: number }> {
  const world = simWorld(seed);
  const pick = (below: number): number => world.random.u32() % below;
  const router = new Router({ clock: world.clock, log: { error: () => undefined } });
  const socket = new HandlerSocket({
    router,
    stream: world.stream,
    clock: world.clock,
    listen: { path: '/h' },
    bmc: 'b',
    health: 2000,
    maxOpen: 8,
    log: () => undefined,
  });
  await socket.open();
  const requesters = [1, 2, 3].map((id) => new Requester(id));
  const local = new Map<string, Registration>();
  const workers: { stream: Stream; owner: string }[] = [];
  const background: Promise<unknown>[] = [];
  let fallback: Registration | undefined;
  let owners = 0;
  let requests = 0;
  let clashes = 0;
  let deaths = 0;

  const set = (owner: string): { owner: string; handlers: Handler[] } => {
    const cmds = new Set(Array.from({ length: 1 + pick(3) }, () => pick(COMMANDS)));
    const [over] = local.keys();
    return {
      owner,
      handlers: [...cmds].map((cmd) =>
        handleRaw(
          { netFn: 0x30, cmd: pick(12) === 0 ? '*' : cmd, channel: pick(5) === 0 ? 1 : undefined },
          behaviour(world, pick(9))!,
          {
            override: pick(4) === 0 ? over : undefined,
          },
        ),
      ),
    };
  };
  const attach = async (one: Requester, channel: number): Promise<void> => {
    const inFlightLimit = 4 + pick(8);
    // An earlier attachment of the same requester may still be draining.
    one.limit = inFlightLimit + one.open;
    one.attachment = await router.attach({
      channel: { number: channel, medium: 'lan', maxAnswer: 248 },
      inFlightLimit,
      deadline: DEADLINE,
      open: async (dispatch) => void (one.dispatch = dispatch),
      close: async () => void (one.dispatch = undefined),
    });
  };
  const steps: (() => unknown)[] = [
    () => {
      try {
        const owner = `local${owners++}`;
        local.set(owner, router.register(set(owner)));
      } catch (error) {
        if (!(error instanceof RegistrationError)) throw error;
        clashes++;
      }
    },
    () => {
      const [owner] = [...local.keys()].slice(pick(local.size || 1));
      if (owner === undefined) return;
      const registration = local.get(owner)!;
      local.delete(owner);
      background.push(registration.unregister(), refused(registration.unregister()));
    },
    () => {
      if (fallback) {
        background.push(fallback.unregister(), refused(fallback.unregister()));
        fallback = undefined;
        return;
      }
      fallback = router.setDefaultHandler('rest', behaviour(world, pick(5))! as Dispatch);
      expect(() => router.setDefaultHandler('other', () => Uint8Array.of(0))).toThrow(RegistrationError);
    },
    async () => {
      if (workers.length > 3) return;
      const stream = await world.stream.connect({ path: '/h' });
      const owner = `worker${owners++}`;
      workers.push({ stream, owner });
      const worker = new Worker(stream, world.clock);
      await worker.register(set(owner)).catch(() => void clashes++);
    },
    () => {
      const [dead] = workers.splice(pick(workers.length || 1), 1);
      if (!dead) return;
      deaths++;
      if (pick(2) === 0) dead.stream.destroy();
      else dead.stream.pause(); // hung: it neither reads nor writes any more
    },
    () => {
      const one = requesters[pick(3)];
      const { attachment } = one;
      if (!attachment) return attach(one, 1 + pick(2));
      one.attachment = undefined;
      background.push(
        refused(router.attach(attachment.interface)),
        attachment.detach(),
        refused(attachment.detach()),
      );
      return undefined;
    },
  ];
  for (const [i, one] of requesters.entries()) await attach(one, 1 + (i % 2));
  for (let step = 0; step < STEPS; step++) {
    if (pick(3) > 0) {
      for (let burst = pick(6); burst >= 0; burst--) {
        requests++;
        requesters[pick(3)].send(pick(COMMANDS), 1 + pick(2));
      }
    } else {
      const done = steps[pick(steps.length)]();
      if (done instanceof Promise) background.push(done);
    }
    await world.run(pick(150));
    // No claim without a living owner.
    const living = new Set([...local.keys(), ...socket.workers.flatMap((worker) => worker.owners)]);
    for (const { owner } of router.claims())
      if (!living.has(owner)) throw new Error(`seed ${seed}, step ${step}: ${owner} has a claim and is gone`);
  }
  await world.run(20_000);
  await Promise.all(background);
  // Every request has had its one answer, and nothing of it is kept.
  expect(
    requesters.flatMap(({ wrong }) => wrong),
    `seed ${seed}`,
  ).toEqual([]);
  expect(
    requesters.map(({ open }) => open),
    `seed ${seed}`,
  ).toEqual([0, 0, 0]);
  for (const registration of local.values()) await registration.unregister();
  await fallback?.unregister();
  await socket.close();
  expect([...router.claims()], `seed ${seed}`).toEqual([]);
  return { requests, clashes, deaths };
}

test(
  `R16, R38, R39, R49: ${SEEDS} random lives of a router: one answer a request, its own; no claim without a living owner`,
  { timeout: 60_000 + SEEDS * 100 },
  async () => {
    const total = { requests: 0, clashes: 0, deaths: 0 };
    for (const seed of [...Array.from({ length: SEEDS }, (_, i) => i + 1), ...REMEMBERED]) {
      const { requests, clashes, deaths } = await life(seed);
      total.requests += requests;
      total.clashes += clashes;
      total.deaths += deaths;
    }
    // The runs are worth something only if they meet what they are for.
    expect(total.requests).toBeGreaterThan(SEEDS * 100);
    expect(total.clashes).toBeGreaterThan(SEEDS);
    expect(total.deaths).toBeGreaterThan(SEEDS);
  },
);

test('the same seed is the same life', async () => {
  expect(await life(7)).toEqual(await life(7));
});
