import type { BmcOptions, Log } from '../../src/bmc.ts';
import { CommandLineSource } from '../../src/cli/settings-source.ts';
import { twoSocketServer } from '../../src/config/index.ts';
import { controlApp } from '../../src/control/app.ts';
import type { DaemonSurroundings } from '../../src/control/daemon-surroundings.ts';
import { Daemon } from '../../src/control/daemon.ts';
import type { ProblemDocument } from '../../src/control/problem.ts';
import type { Caller } from '../../src/control/caller.ts';
import { Fleet } from '../../src/fleet/index.ts';
import { expectationsOf } from '../../src/testing/outside.ts';
import { TestBmc } from '../../src/testing/test-bmc.ts';
import { silent } from '../../src/state/setup.ts';
import { simWorld, type SimWorld } from '../../src/world/index.ts';

/** The fleet that the examples of docs/control.md work on. */
export const sampleFleet: readonly BmcOptions[] = [
  {
    ...twoSocketServer,
    name: 'node-1',
    labels: { rack: '7', role: 'web' },
    interfaces: [{ type: 'lan', listen: '192.0.2.1:6231' }],
    faults: {
      scenarios: [
        { name: 'warm', steps: [{ state: 'warm', step: { sensor: 'Inlet Temp', to: 35 } }, { hold: '10m' }] },
      ],
    },
  },
  {
    ...twoSocketServer,
    name: 'node-2',
    labels: { rack: '8' },
    chassis: { power: 'off' },
    clock: 'virtual',
    interfaces: [{ type: 'lan', listen: '192.0.2.1:6232' }],
  },
];

export interface Asked {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly as?: Caller;
}

export interface ControlRig {
  readonly world: SimWorld;
  readonly daemon: Daemon;
  /** Status and parsed body of an answer; each that is no refusal is held against its declaration. */
  readonly ask: (
    method: string,
    path: string,
    asked?: Asked,
  ) => Promise<{ readonly status: number; readonly body: unknown; readonly headers: Headers }>;
  /** The problem of an answer that has to be one. */
  readonly problem: (method: string, path: string, asked?: Asked) => Promise<ProblemDocument>;
}

export const ADMIN: Caller = { name: 'socket', role: 'admin', peer: '' };

/** A control API over BMCs in a simulated world. */
export async function controlRig(
  settings: readonly BmcOptions[] = sampleFleet,
  more: Partial<DaemonSurroundings> & {
    readonly log?: Log;
    readonly expects?: boolean;
    readonly sleepAfter?: number;
  } = {},
): Promise<ControlRig> {
  const world = simWorld(17);
  const log = more.log ?? silent;
  const fleet =
    more.fleet ??
    new Fleet({ world, log, ...(more.sleepAfter !== undefined && { sleepAfter: more.sleepAfter }) });
  const source = new CommandLineSource({
    file: undefined,
    flags: {},
    state: undefined,
    ofProcess: {},
    kinds: {},
    log,
    world,
  });
  const tests = new Map<string, TestBmc>();
  if (more.expects)
    fleet.onMade((bmc) =>
      tests.set(bmc.name, new TestBmc({ bmc, world, account: { user: 'admin', password: '' } })),
    );
  const expectations = (name: string) => {
    const found = tests.get(name);
    return found && expectationsOf(found);
  };
  const daemon = new Daemon({
    ...(more.expects && { expectations }),
    world,
    log,
    version: '1.2.3',
    pid: 4711,
    settings: source,
    ...more,
    fleet,
  });
  const text = JSON.stringify({ bmcs: settings });
  const begun = await world.until(daemon.begin(await world.until(source.whole(text, 'sample'))));
  if (begun.lines.length > 0) throw new Error(begun.lines.join('\n'));
  daemon.isReady = true;
  const app = controlApp(daemon, { checksAnswers: true });
  const ask: ControlRig['ask'] = async (method, path, { body, headers, as = ADMIN } = {}) => {
    const request = new Request(`http://localhost${path}`, {
      method,
      headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const answered = Promise.resolve(app.fetch(request, { caller: () => as }));
    // A virtual clock that is advanced needs no time of the world, but all turns of promises that there are.
    await new Promise(setImmediate);
    const response = await world.until(answered);
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') ?? false;
    return {
      status: response.status,
      body: isJson && text !== '' ? (JSON.parse(text) as unknown) : text,
      headers: response.headers,
    };
  };
  return {
    world,
    daemon,
    ask,
    async problem(method, path, asked) {
      const { status, body, headers } = await ask(method, path, asked);
      if (headers.get('content-type') !== 'application/problem+json')
        throw new Error(`${method} ${path}: ${status} is no problem: ${JSON.stringify(body)}`);
      return body as ProblemDocument;
    },
  };
}
