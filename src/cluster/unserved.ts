import type { Clock, Timer } from '../world/world.ts';
import type { Bus } from './bus.ts';
import type { ClusterHost } from './host.ts';
import { tokenOf } from './names.ts';
import { placeOf } from './places.ts';
import { placed, whyNowhere } from './placement.ts';

/** What a host says of the BMCs that nobody serves. */
export interface HostSays {
  /** In the fleet file as this host has it. */
  readonly bmcs: number;
  /** Names of those that somebody stopped. */
  readonly stopped: readonly string[];
  /** Why nobody serves them, by name: those that are to be this host's, and those that no host can have. */
  readonly unserved: Readonly<Record<string, string>>;
}

export interface UnservedSurroundings {
  readonly bus: Bus;
  readonly host: ClusterHost;
  readonly clock: Clock;
  /** Why one that is this host's does not run; undefined: it does. */
  readonly problemOf: (bmc: string) => string | undefined;
  /** Hears of BMCs that nobody has served for a while, once for each reason. */
  readonly tell: (bmcs: readonly string[], why: string) => void;
}

/** Milliseconds after which somebody is told that a BMC is served by nobody, and between two looks. */
const WHILE = 10_000;
const LOOK = 2500;
/** Milliseconds that a host may take to say what it knows. */
const PATIENCE = 3000;
/** BMCs of one answer, of each kind. */
const MOST = 1000;

export const saysSubject = (host: string): string => `unserved.${tokenOf(host)}`;
const retrySubject = (host: string): string => `retry.${tokenOf(host)}`;

/** What one host says of BMCs that nobody serves. Rejects as the bus does. */
export async function saidBy(bus: Bus, host: string): Promise<HostSays> {
  const answer = await bus.request(saysSubject(host), new Uint8Array(0), { timeout: PATIENCE });
  return JSON.parse(new TextDecoder().decode(answer)) as HostSays;
}

/** Which BMCs of the fleet file nobody serves, and why, as the hosts know that were to serve them. */
export class Unserved {
  readonly #parts: UnservedSurroundings;
  /** Those of this host's answer: since when, by the monotonic clock, and what was told of them. */
  readonly #since = new Map<string, { readonly at: number; told?: string }>();
  readonly #undo: readonly (() => void)[];
  #timer: Timer;

  constructor(parts: UnservedSurroundings) {
    const { bus, host, clock } = parts;
    this.#parts = parts;
    this.#undo = [
      bus.serve(saysSubject(host.name), () => new TextEncoder().encode(JSON.stringify(this.said))),
      bus.serve(retrySubject(host.name), async () => {
        await host.retry();
        return Uint8Array.of(1);
      }),
    ];
    this.#timer = clock.after(LOOK, () => this.#look());
  }

  /** By name; as many as there are. Hosts that do not answer have nothing to say. */
  async all(): Promise<ReadonlyMap<string, string>> {
    const { bus, host } = this.#parts;
    const own = this.#own();
    const others = [...host.hosts.living.keys()].filter((name) => name !== host.name);
    const answers = await Promise.all(
      others.map((name) =>
        saidBy(bus, name).then(
          ({ unserved }) => Object.entries(unserved),
          () => [],
        ),
      ),
    );
    return new Map([...answers.flat(), ...own]);
  }

  /** Undefined: somebody serves it, or nobody is to. */
  async why(bmc: string): Promise<string | undefined> {
    const { host } = this.#parts;
    if (!host.desired.running.has(bmc) || host.ownerOf(bmc) !== undefined) return undefined;
    return (await this.all()).get(bmc) ?? 'no host has it yet';
  }

  /** What could not be had is tried again at once, on all hosts. */
  async retry(): Promise<void> {
    const { bus, host } = this.#parts;
    const others = [...host.hosts.living.keys()].filter((name) => name !== host.name);
    const asked = others.map((name) =>
      bus.request(retrySubject(name), new Uint8Array(0), { timeout: PATIENCE }),
    );
    await Promise.allSettled([host.retry(), ...asked]);
  }

  get said(): HostSays {
    const { all, stopped } = this.#parts.host.desired;
    const few = [...this.#own()].slice(0, MOST);
    return {
      bmcs: all.size,
      stopped: [...stopped].filter((name) => all.has(name)).slice(0, MOST),
      unserved: Object.fromEntries(few),
    };
  }

  close(): void {
    this.#timer.cancel();
    for (const off of this.#undo) off();
  }

  #own(): ReadonlyMap<string, string> {
    const { host, problemOf } = this.#parts;
    const { name, desired, problems } = host;
    const { living } = host.hosts;
    const own = new Map<string, string>();
    let places: ReadonlyMap<string, string> | undefined;
    for (const [bmc, settings] of desired.running) {
      const owner = host.ownerOf(bmc);
      const why = owner === name ? problemOf(bmc) : undefined;
      if (why !== undefined) own.set(bmc, `${name}: ${why}`);
      if (owner !== undefined) continue;
      places ??= placed([...desired.running.values()].map(placeOf), living);
      const place = places.get(bmc);
      if (place === undefined) own.set(bmc, whyNowhere(placeOf(settings), living, places));
      else if (place === name) own.set(bmc, `${name}: ${problems.get(bmc) ?? 'it is being taken'}`);
    }
    return own;
  }

  #look(): void {
    const { clock, host, tell } = this.#parts;
    this.#timer = clock.after(LOOK, () => this.#look());
    const own = this.#own();
    for (const bmc of this.#since.keys()) if (!own.has(bmc)) this.#since.delete(bmc);
    const [first] = [...host.hosts.living.keys()].toSorted();
    const now = clock.monotonic();
    const told = new Map<string, string[]>();
    for (const [bmc, why] of own) {
      const since = this.#since.get(bmc) ?? { at: now };
      this.#since.set(bmc, since);
      // Of what no host can have all hosts know: one of them says it.
      if (
        now - since.at < WHILE ||
        since.told === why ||
        (!why.startsWith(`${host.name}: `) && first !== host.name)
      )
        continue;
      since.told = why;
      told.set(why, [...(told.get(why) ?? []), bmc]);
    }
    for (const [why, bmcs] of told) tell(bmcs, why);
  }
}
