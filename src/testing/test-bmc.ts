/// <reference lib="esnext.disposable" preserve="true" />
import type { Bmc } from '../bmc.ts';
import { connectLan, type LanClient, type LanOptions } from '../client/index.ts';
import type { Command } from '../commands/command.ts';
import type { ScenarioOptions } from '../config/options.ts';
import type { ScenarioRun } from '../faults/index.ts';
import { endpointName, type Endpoint, type Ran, type World } from '../world/world.ts';
import { isAside } from './asides.ts';
import { endpointOf, ipmiEnvironment, ipmitoolArgs } from './environment.ts';
import { ExpectationError, ToolError, Waiting, withinText, type TestTime } from './expectation.ts';
import { Wanted, type Fields, type RequestFilter } from './matching.ts';
import type { Credentials } from './options.ts';
import { Recorder, type TestRequest } from './requests.ts';
import { TestSel } from './sel.ts';

export interface ExpectOptions extends RequestFilter {
  /** How long it may take, in real time. Default `5s`. */
  readonly within?: TestTime;
}

export interface OtherOptions {
  /** Commands that may have come: declarations, names, groups. */
  readonly except?: readonly (Command | string)[];
}

export interface ToolOptions {
  /** Written to its standard input. */
  readonly input?: string;
  /** Added to this process's own and to the BMC's. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Milliseconds. Default 30 s. */
  readonly timeout?: number;
}

const TOOL_TIME = 30_000;
/** Milliseconds that a client has to log out. */
const A_CLIENT = 100;

/** What a test's BMC consists of. */
export interface TestBmcParts {
  readonly bmc: Bmc;
  readonly world: World;
  readonly account: Credentials;
  /** Default: nothing follows from one. */
  readonly seed?: number;
}

/**
 * A BMC of a test: where it listens, what it was asked, what is expected of who asks. `bmc.bmc` is the whole
 * library's.
 */
export class TestBmc implements AsyncDisposable {
  /** The BMC itself, with everything that the library lets do with one. */
  readonly bmc: Bmc;
  readonly user: string;
  readonly password: string;
  /** `startBmc({ seed })` has the same credentials, and the same chances of faults. */
  readonly seed: number | undefined;
  readonly sel: TestSel;
  readonly #world: World;
  readonly #waiting: Waiting;
  readonly #recorder: Recorder;
  readonly #clients = new Set<LanClient>();
  /** Requests that an expectation was about. */
  readonly #expected = new Set<TestRequest>();
  #where: Endpoint | undefined;
  #stopped: Promise<void> | undefined;

  /** Of one that is about to be opened. */
  constructor({ bmc, world, account, seed }: TestBmcParts) {
    this.bmc = bmc;
    this.user = account.user;
    this.password = account.password;
    this.seed = seed;
    this.#world = world;
    const began = world.clock.monotonic();
    this.#waiting = new Waiting(world.clock);
    const now = (): number => world.clock.monotonic() - began;
    this.#recorder = new Recorder(bmc.router, now, () => this.#waiting.tell());
    bmc.taps.add(this.#recorder);
    this.sel = new TestSel(bmc, this.#waiting, (message) => this.#failed(message));
  }

  /** Where clients reach it. Throws RangeError: it has no LAN interface. */
  get host(): string {
    return this.#endpoint.host;
  }

  /** UDP port. Throws RangeError: it has no LAN interface. */
  get port(): number {
    return this.#endpoint.port;
  }

  /** What `ipmitool` is told to reach it: `-I lanplus -H ... -p ... -U ... -P ...`. */
  get args(): readonly string[] {
    return ipmitoolArgs(this);
  }

  /** For programs that a test starts: IPMI_HOST, IPMI_PORT, IPMI_USER, IPMI_PASSWORD, IPMI_ARGS. */
  get env(): Readonly<Record<string, string>> {
    return ipmiEnvironment(this);
  }

  get name(): string {
    return this.bmc.name;
  }

  /** What the machine is. */
  get power(): 'on' | 'off' {
    return this.bmc.chassis.isOn ? 'on' : 'off';
  }

  get chassis(): Bmc['chassis'] {
    return this.bmc.chassis;
  }

  /** `bmc.sensors.get('CPU1 Temp').set(99)`. */
  get sensors(): Bmc['sensors'] {
    return this.bmc.sensors;
  }

  get users(): Bmc['users'] {
    return this.bmc.users;
  }

  get sessions(): Bmc['sessions'] {
    return this.bmc.sessions;
  }

  /** The machine's serial console. */
  get console(): Bmc['console'] {
    return this.bmc.console;
  }

  /** What goes wrong on purpose: `bmc.faults.add({ then: { loss: '5%' } })`. */
  get faults(): Bmc['faults'] {
    return this.bmc.faults;
  }

  /** With `clock: 'virtual'`: `await bmc.clock.advance('10m')`. */
  get clock(): Bmc['clock'] {
    return this.bmc.clock;
  }

  /** Begins a scenario, of the settings by its name or a given one. Throws SettingsError. */
  scenario(scenario: string | ScenarioOptions): ScenarioRun {
    return this.faults.run(scenario);
  }

  /** What came, oldest first: the last ten thousand. */
  get requests(): readonly TestRequest[] {
    return this.#recorder.requests;
  }

  /** Forgets what came: an expectation is about what comes from now on. */
  clearRequests(): void {
    this.#recorder.clear();
    this.#expected.clear();
  }

  /**
   * The oldest request of this kind that no earlier call was about, as soon as it is answered. Rejects with
   * ExpectationError where none comes in time, with RangeError for a field that the command does not have.
   */
  async expectRequest<C extends Command>(
    command: C | string,
    fields: Fields<C> = {},
    { within, ...filter }: ExpectOptions = {},
  ): Promise<TestRequest> {
    const wanted = new Wanted(command, fields, filter);
    const found = await this.#waiting.until(() => this.#find(wanted), within);
    if (found === undefined) throw this.#missing(wanted, `within ${withinText(within)}`);
    this.#expected.add(found);
    return found;
  }

  /** Whether such a request has come and was answered, also one that an expectation was about. */
  hasReceived<C extends Command>(
    command: C | string,
    fields: Fields<C> = {},
    filter: RequestFilter = {},
  ): boolean {
    const wanted = new Wanted(command, fields, filter);
    return this.requests.some((request) => request.isAnswered && wanted.problem(request) === undefined);
  }

  /**
   * Nothing came but what expectations were about, and what clients send to log in, log out and know whom
   * they talk to. Throws ExpectationError.
   */
  expectNoOther({ except = [] }: OtherOptions = {}): void {
    const allowed = except.map((exception) => new Wanted(exception));
    const others = this.requests.filter(
      (request) =>
        !this.#expected.has(request) &&
        !isAside(request.message) &&
        !allowed.some((wanted) => wanted.isNear(request)),
    );
    if (others.length === 0) return;
    const lines = others.map(({ line }) => `  ${line}`).join('\n');
    throw new ExpectationError(
      this.#failed(`expected nothing else, and there came ${others.length}:\n${lines}`),
    );
  }

  /**
   * Runs ipmitool against this BMC: what it writes to standard output. Rejects with ToolError where it ends
   * with another exit code than 0, or is not installed.
   */
  ipmitool(...args: readonly string[]): Promise<string> {
    return this.run('ipmitool', [...this.args, ...args]);
  }

  /** Any program, with `env`. Rejects as `ipmitool` does. */
  async run(command: string, args: readonly string[] = [], options: ToolOptions = {}): Promise<string> {
    const { timeout = TOOL_TIME, env, ...rest } = options;
    const surroundings = { ...rest, timeout, env: { ...this.env, ...env } };
    let ran: Ran;
    try {
      ran = await this.#world.programs.run(command, args, surroundings);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      throw new ToolError(missingTool(command), {}, { cause: error });
    }
    if (ran.code === 0) return ran.stdout;
    const ended = ran.code === null ? 'was ended' : `ended with ${ran.code}`;
    const output = `${ran.stderr}${ran.stdout}`.trim();
    const shown = [command, ...args.map((arg) => (arg === this.password ? '...' : arg))].join(' ');
    throw new ToolError(this.#failed(`${shown} ${ended}${output === '' ? '' : `: ${output}`}`), ran);
  }

  /** A client of the library's own, logged in as the test's account; closed with the BMC. */
  async client(options: Partial<LanOptions> = {}): Promise<LanClient> {
    const { host, port, user, password } = this;
    const client = await connectLan(this.#world, { host, port, user, password, ...options });
    this.#clients.add(client);
    return client;
  }

  /** What passed, what is in the log, and how to have this BMC again: for whom a test has failed. */
  get report(): string {
    const came = this.#recorder.report;
    return [
      came === '' ? 'nothing came' : `what came:\n${came}`,
      `BMC ${this.name} at ${this.#address}, user ${this.user}${this.#again}`,
    ].join('\n');
  }

  /** Ends clients and BMC; doing so twice is nothing. */
  stop(): Promise<void> {
    return (this.#stopped ??= this.#stop());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /** A line of its own in the report. */
  note(text: string): void {
    this.#recorder.note(text);
  }

  async #stop(): Promise<void> {
    const clients = [...this.#clients].map((client) => client.close());
    // A BMC that is dark, or loses everything, is not waited for.
    const soon = new Promise<void>((resolve) => void this.#world.clock.after(A_CLIENT, resolve));
    if (clients.length > 0) await Promise.race([Promise.allSettled(clients), soon]);
    await this.bmc.close();
  }

  #find(wanted: Wanted): TestRequest | undefined {
    return this.requests.find(
      (request) =>
        request.isAnswered && !this.#expected.has(request) && wanted.problem(request) === undefined,
    );
  }

  #missing(wanted: Wanted, when: string): ExpectationError {
    const near = this.requests.findLast((request) => wanted.isNear(request));
    const why =
      near === undefined
        ? ''
        : `\nnearest: ${near.line}: ${wanted.problem(near) ?? 'an earlier expectation was about it'}`;
    return new ExpectationError(this.#failed(`expected ${wanted.text} ${when}, and it did not come${why}`));
  }

  #failed(message: string): string {
    return `${message}\n${this.report}`;
  }

  get #endpoint(): Endpoint {
    this.#where ??= endpointOf(this.bmc);
    if (this.#where === undefined) throw new RangeError(`${this.name} has no LAN interface that is open`);
    return this.#where;
  }

  /** A password that follows from no seed is somebody's own, and not for a log. */
  get #again(): string {
    const { seed, password } = this;
    return seed === undefined ? '' : `, password ${password}; startBmc({ seed: ${seed} }) has the same`;
  }

  get #address(): string {
    const where = endpointOf(this.bmc) ?? this.#where;
    return where === undefined ? 'no address' : endpointName(where);
  }
}

const missingTool = (command: string): string =>
  command === 'ipmitool'
    ? 'ipmitool is not installed: apt-get install ipmitool (Debian, Ubuntu), dnf install ipmitool (Fedora), brew install ipmitool (macOS); or use `await bmc.client()`, which needs no program'
    : `${command} is not installed`;
