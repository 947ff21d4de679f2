import type { ControlClient } from '../../control/client.ts';
import type { BmcRow, ControlEvent, EventKind, FleetStatus, SessionState } from '../../control/answers.ts';
import { ControlError } from '../../control/problem.ts';
import { CliError } from '../errors.ts';
import { EXIT } from '../exit-codes.ts';
import { pathOf } from './daemon.ts';
import { allBmcs } from './fleet.ts';

/** What `top` shows at one time. Rates are of the last `seconds`. */
export interface TopFigures {
  readonly time: string;
  readonly seconds: number;
  /** Of BMCs: those that run and those that do not. */
  readonly running: number;
  readonly stopped: number;
  readonly sessions: number;
  readonly requestsPerSecond: number;
  /** With a completion code that is not 00h, or dropped. */
  readonly refusedPerSecond: number;
  /** Requests came faster than they were read: there were more. */
  readonly isIncomplete: boolean;
  /** BMCs, the busiest first. */
  readonly bmcs: readonly TopBmc[];
  /** Since `top` began, slowest first. */
  readonly commands: readonly TopCommand[];
  readonly open: readonly (SessionState & { readonly bmc: string })[];
  /** The last ones, the newest first. */
  readonly sel: readonly ControlEvent[];
  readonly refused: readonly ControlEvent[];
}

export interface TopBmc {
  readonly name: string;
  readonly power: string;
  readonly health: string;
  readonly sessions: number;
  readonly requestsPerSecond: number;
  readonly refusedPerSecond: number;
}

/** How long a command takes, in microseconds. */
export interface TopCommand {
  readonly command: string;
  readonly count: number;
  readonly mean: number;
  readonly most: number;
}

interface Counted {
  requests: number;
  refused: number;
}

interface Took {
  count: number;
  sum: number;
  most: number;
}

/** Lines that are kept of each kind of events. */
const KEPT = 50;
/** Commands that are told apart; their names come from whoever registers handlers. */
const MOST_COMMANDS = 1000;
/** BMCs whose sessions are asked for at a time. */
const ASKED = 8;
const DROPPED = 503;

/** What a daemon tells about the load of its BMCs. Its streams end with the signal. */
export class TopSource {
  readonly #control: ControlClient;
  readonly #names: readonly string[];
  readonly #signal: AbortSignal;
  readonly #monotonic: () => number;
  readonly #sel: ControlEvent[] = [];
  readonly #refused: ControlEvent[] = [];
  readonly #took = new Map<string, Took>();
  #counted = new Map<string, Counted>();
  #began: number;
  #isIncomplete = false;

  /** Rejects when the daemon ends or refuses; resolves when the signal is aborted. */
  readonly ended: Promise<void>;

  /** `names`: of these BMCs; empty: of all. `monotonic`: milliseconds. */
  constructor(
    control: ControlClient,
    names: readonly string[],
    signal: AbortSignal,
    monotonic = (): number => performance.now(),
  ) {
    this.#control = control;
    this.#names = names;
    this.#signal = signal;
    this.#monotonic = monotonic;
    this.#began = monotonic();
    this.ended = Promise.race([
      this.#listen('request', (event) => this.#count(event)),
      this.#listen('sel', (event) => keep(this.#sel, event)),
      this.#listen('login-refused', (event) => keep(this.#refused, event)),
    ]);
  }

  /** What there is to show, of the time since it was asked for before. */
  async figures(): Promise<TopFigures> {
    const seconds = Math.max(0.001, (this.#monotonic() - this.#began) / 1000);
    const counted = this.#counted;
    const isIncomplete = this.#isIncomplete;
    this.#counted = new Map();
    this.#began = this.#monotonic();
    this.#isIncomplete = false;
    const [fleet, rows] = await Promise.all([this.#control.get<FleetStatus>('/v1/fleet'), this.#rows()]);
    const rate = (count: number): number => Math.round((count / seconds) * 10) / 10;
    const sum = (of: (counted: Counted) => number): number =>
      [...counted.values()].reduce((all, each) => all + of(each), 0);
    const bmcs = rows.map(({ name, power, health, sessions }) => {
      const { requests = 0, refused = 0 } = counted.get(name) ?? {};
      return {
        name,
        power,
        health,
        sessions,
        requestsPerSecond: rate(requests),
        refusedPerSecond: rate(refused),
      };
    });
    const running = rows.filter(({ state }) => state === 'running');
    return {
      time: new Date().toISOString(),
      seconds: Math.round(seconds * 10) / 10,
      running: running.length,
      stopped: rows.length - running.length,
      sessions:
        this.#names.length === 0 ? fleet.sessions : bmcs.reduce((all, { sessions }) => all + sessions, 0),
      requestsPerSecond: rate(sum(({ requests }) => requests)),
      refusedPerSecond: rate(sum(({ refused }) => refused)),
      isIncomplete,
      bmcs: bmcs.sort((a, b) => b.requestsPerSecond - a.requestsPerSecond || b.sessions - a.sessions),
      commands: [...this.#took]
        .map(([command, { count, sum: all, most }]) => ({
          command,
          count,
          mean: Math.round(all / count),
          most,
        }))
        .sort((a, b) => b.mean - a.mean),
      open: await this.#open(running),
      sel: this.#sel.toReversed(),
      refused: this.#refused.toReversed(),
    };
  }

  async #listen(kind: EventKind, hear: (event: ControlEvent) => void): Promise<void> {
    const last = kind === 'request' ? undefined : KEPT;
    const bmcs = this.#names.length === 0 ? undefined : this.#names;
    let lastId: string | undefined;
    while (!this.#signal.aborted)
      try {
        const all = this.#control.events({ kinds: [kind], bmcs, last, lastId, signal: this.#signal });
        for await (const { id, event } of all) {
          if (kind !== 'request') lastId = id;
          hear(event);
        }
        if (!this.#signal.aborted) throw new CliError('the daemon has ended', { exit: EXIT.failed });
      } catch (error) {
        if (!(error instanceof ControlError) || error.problem.status !== DROPPED) throw error;
        this.#isIncomplete = true;
        // A daemon that has no room for another reader is asked again later.
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
  }

  #count({ bmc, command, code, microseconds, carried }: ControlEvent): void {
    if (bmc === null || carried === true) return;
    let of = this.#counted.get(bmc);
    if (of === undefined) this.#counted.set(bmc, (of = { requests: 0, refused: 0 }));
    of.requests++;
    if (code !== 0) of.refused++;
    if (typeof command !== 'string' || typeof microseconds !== 'number') return;
    let took = this.#took.get(command);
    if (took === undefined) {
      if (this.#took.size >= MOST_COMMANDS) return;
      this.#took.set(command, (took = { count: 0, sum: 0, most: 0 }));
    }
    took.count++;
    took.sum += microseconds;
    took.most = Math.max(took.most, microseconds);
  }

  async #rows(): Promise<BmcRow[]> {
    const rows = await allBmcs(this.#control);
    return this.#names.length === 0 ? rows : rows.filter(({ name }) => this.#names.includes(name));
  }

  async #open(rows: readonly BmcRow[]): Promise<TopFigures['open']> {
    const some = rows.filter(({ sessions }) => sessions > 0).slice(0, ASKED);
    return (await Promise.all(some.map(({ name }) => this.#sessionsOf(name)))).flat();
  }

  async #sessionsOf(bmc: string): Promise<TopFigures['open']> {
    try {
      const { sessions } = await this.#control.get<{ sessions: SessionState[] }>(pathOf(bmc, '/sessions'));
      return sessions.map((session) => ({ ...session, bmc }));
    } catch (error) {
      // It ended since it was listed.
      if (error instanceof ControlError && [404, 409].includes(error.problem.status)) return [];
      throw error;
    }
  }
}

function keep(all: ControlEvent[], event: ControlEvent): void {
  all.push(event);
  if (all.length > KEPT) all.shift();
}
