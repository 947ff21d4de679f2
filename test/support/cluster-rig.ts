import type { BmcOptions } from '../../src/bmc.ts';
import { ClusterFleet } from '../../src/cli/cluster-fleet.ts';
import { ClusterControl } from '../../src/cluster/control.ts';
import { FLEET_KEY } from '../../src/cluster/desired.ts';
import { ClusterHost } from '../../src/cluster/host.ts';
import type { HostPlace } from '../../src/cluster/placement.ts';
import { StreamStorage } from '../../src/cluster/stream-storage.ts';
import { Unserved } from '../../src/cluster/unserved.ts';
import { controlApp } from '../../src/control/app.ts';
import type { Caller } from '../../src/control/caller.ts';
import { askedConsole, joinConsole, ownConsole } from '../../src/control/console-attach.ts';
import { Daemon } from '../../src/control/daemon.ts';
import { refusal } from '../../src/control/problem.ts';
import { Fleet } from '../../src/fleet/index.ts';
import { expectationsOf } from '../../src/testing/outside.ts';
import { TestBmc } from '../../src/testing/test-bmc.ts';
import { silent } from '../../src/state/setup.ts';
import { simWorld, type SimWorld } from '../../src/world/index.ts';
import { ADMIN, type Asked } from './control-rig.ts';
import { SimServer, type SimLine } from './sim-bus.ts';

/** One host of a cluster in the simulated world, with all of its control API. */
export interface RigHost {
  readonly line: SimLine;
  readonly host: ClusterHost;
  readonly daemon: Daemon;
  readonly control: ClusterControl;
  readonly lines: string[];
  readonly ask: (
    method: string,
    path: string,
    asked?: Asked,
  ) => Promise<{ readonly status: number; readonly body: unknown; readonly headers: Headers }>;
}

const refused = (): never => {
  throw refusal('conflict', 'the cluster says which BMCs run');
};

/** Hosts that share a fleet file over a simulated bus. */
export class ClusterRig {
  readonly world: SimWorld = simWorld(17);
  readonly server = new SimServer(this.world.clock, () => 0.5);
  readonly hosts = new Map<string, RigHost>();
  readonly #owners = new Map<string, string>();

  async join(name: string, { place = {}, version = '1.2.3' }: { place?: HostPlace; version?: string } = {}) {
    const { world, server } = this;
    const line = server.connect();
    const lines: string[] = [];
    const say = (message: string): void => void lines.push(message);
    const log = { debug: () => undefined, info: say, warn: say, error: say };
    let joined: ClusterHost | undefined;
    const storage = new StreamStorage(await world.until(line.log('state')), {
      clock: line.clock,
      host: name,
      warn: say,
      onFenced: (bmc) => joined?.fenced(bmc),
    });
    const fleet = new Fleet({ world, log: silent, storage });
    const tests = new Map<string, TestBmc>();
    fleet.onMade((bmc) =>
      tests.set(bmc.name, new TestBmc({ bmc, world, account: { user: 'admin', password: '' } })),
    );
    const expectations = (bmc: string) => {
      const found = tests.get(bmc);
      return found && expectationsOf(found);
    };
    const settings = { read: refused, whole: refused, one: refused };
    const daemon = new Daemon({ world, log, fleet, version, pid: 4711, settings, expectations });
    const { clock } = line;
    const host = await world.until(
      ClusterHost.join({
        bus: line,
        name,
        place,
        version,
        clock,
        random: world.random,
        log,
        runs: { run: (bmcs) => daemon.hold(bmcs) },
        storage,
      }),
    );
    joined = host;
    const unserved = new Unserved({
      bus: line,
      host,
      clock,
      problemOf: (bmc) => daemon.failures.of(bmc),
      tell(bmcs, why) {
        say(`${bmcs.join(' ')}: ${why}`);
        for (const bmc of bmcs)
          daemon.events.tell(bmc, 'fleet', `failed: ${why}`, { what: 'failed', problem: why });
      },
    });
    const app = controlApp(daemon, { checksAnswers: true });
    const desired = await world.until(line.bucket('desired'));
    const control = new ClusterControl(
      line,
      host,
      {
        answer: async (request, caller) => app.fetch(request, { caller: () => caller, isForwarded: true }),
        console(path, caller) {
          const own = ownConsole(daemon, askedConsole(path, caller));
          return (stream) => joinConsole(own, stream);
        },
      },
      {
        clock,
        random: world.random,
        fleet: new ClusterFleet(desired, { clock, host, unserved }),
        unserved,
      },
    );
    daemon.elsewhere = control;
    daemon.isReady = true;
    const ask: RigHost['ask'] = async (method, path, { body, headers, as = ADMIN } = {}) => {
      const request = new Request(`http://localhost${path}`, {
        method,
        headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
        ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      });
      const answered = Promise.resolve(app.fetch(request, { caller: (): Caller => as }));
      await new Promise(setImmediate);
      const response = await world.until(answered);
      const isJson = response.headers.get('content-type')?.includes('json') ?? false;
      const isEndless = response.headers.get('x-accel-buffering') === 'no';
      const text = isEndless ? await this.#beginning(response) : await world.until(response.text());
      return {
        status: response.status,
        body: isJson && text !== '' ? (JSON.parse(text) as unknown) : text,
        headers: response.headers,
      };
    };
    const rigHost: RigHost = { line, host, daemon, control, lines, ask };
    this.hosts.set(name, rigHost);
    return rigHost;
  }

  /** What of a stream without an end comes first. */
  async #beginning(response: Response): Promise<string> {
    const reader = response.body!.getReader();
    const read = { value: undefined as Uint8Array | undefined };
    void reader.read().then(({ value }) => (read.value = value));
    for (let tries = 0; tries < 40 && read.value === undefined; tries++) {
      await this.world.run(100);
      // Streams of the platform take turns of their own.
      for (let turns = 0; turns < 4; turns++) await new Promise(setImmediate);
    }
    void reader.cancel();
    return Buffer.from(read.value ?? new Uint8Array(0)).toString('latin1');
  }

  /** Goes on to a moment that is the same in all rigs: just behind a whole number of so many milliseconds. */
  async settle(ms: number): Promise<void> {
    await this.world.run(ms - (this.world.clock.monotonic() % ms) + 200);
  }

  async apply(bmcs: readonly BmcOptions[]): Promise<void> {
    const bucket = await this.world.until(this.server.connect().bucket('desired'));
    const bytes = new TextEncoder().encode(JSON.stringify({ bmcs }));
    const there = await this.world.until(bucket.get(FLEET_KEY));
    await this.world.until(
      there ? bucket.update(FLEET_KEY, bytes, there.revision) : bucket.create(FLEET_KEY, bytes),
    );
    await this.world.run(3000);
  }

  /** Those that run, at whichever host. */
  get running(): string[] {
    return [...this.hosts.values()].flatMap(({ daemon }) => [...daemon.fleet.names]).toSorted();
  }

  /** The host that has a BMC, or had it last, and one that has it not. */
  sides(bmc: string): readonly [owner: RigHost, other: RigHost] {
    const [any] = this.hosts.values();
    const owner = any.host.ownerOf(bmc) ?? this.#owners.get(bmc) ?? '';
    this.#owners.set(bmc, owner);
    const other = [...this.hosts.keys()].find((name) => name !== owner) ?? '';
    return [this.hosts.get(owner)!, this.hosts.get(other)!];
  }
}
