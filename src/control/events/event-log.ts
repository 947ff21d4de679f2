import type { Bmc } from '../../bmc.ts';
import type { Fleet } from '../../fleet/index.ts';
import { Listeners } from '../../state/listeners.ts';
import type { World } from '../../world/world.ts';
import { tellOf } from './bmc-events.ts';
import type { ControlEvent, EventKind, Told } from './kinds.ts';
import { tellOfRequests } from './requests.ts';

/** Events that are remembered. */
const REMEMBERED = 2000;

/** An event with what tells it from all others of all lives of the process. */
export interface NumberedEvent {
  readonly id: string;
  readonly event: ControlEvent;
}

/** What a listener wants; undefined: everything but requests. */
export interface EventFilter {
  readonly bmcs?: ReadonlySet<string>;
  readonly kinds?: ReadonlySet<EventKind>;
}

/** What there was since an event that somebody saw last. */
export interface Replay {
  readonly events: readonly NumberedEvent[];
  /** What of it is lost, in words; undefined: nothing. */
  readonly missed: string | undefined;
}

/**
 * What happens to the BMCs of a process, told to who listens, the last of it remembered. Requests are told to
 * who asks for them by name, and not remembered: nothing looks at a BMC's requests for anybody else.
 */
export class EventLog {
  readonly #world: World;
  readonly #fleet: Fleet;
  readonly #listeners = new Listeners<[told: NumberedEvent]>();
  /** A ring: the oldest is at `#next` modulo its size, once it is full. */
  readonly #ring: NumberedEvent[] = [];
  /** Events of this life; of those, how many are or were in the ring, and the last that is not any more. */
  #count = 0;
  #stored = 0;
  #forgotten = 0;
  readonly #life: string;
  /** Those whose requests are looked at: how many want them, and its undoing. */
  readonly #watched = new Map<Bmc, () => void>();
  readonly #wantsRequests = new Map<EventFilter, ReadonlySet<string> | undefined>();

  /** Listens to the BMCs that there are and to those that come. */
  constructor(world: World, fleet: Fleet) {
    this.#world = world;
    this.#fleet = fleet;
    this.#life = Math.floor(world.clock.now()).toString(36);
    fleet.lookOn((bmc) => this.#listen(bmc));
    // Another one comes in its place.
    fleet.onSlept((bmc) => withSatellites(bmc).forEach((gone) => this.#watched.delete(gone)));
  }

  /** Something of no BMC, or of which a BMC knows nothing. */
  tell(bmc: string | null, kind: EventKind, text: string, fields?: Parameters<Told>[2]): void {
    const time = new Date(this.#world.clock.now()).toISOString();
    const told = {
      id: `${this.#life}.${++this.#count}`,
      event: { kind, time, bmc, text, ...fields } satisfies ControlEvent,
    };
    // A busy BMC's requests would push out everything else.
    if (kind !== 'request') {
      const place = this.#stored++ % REMEMBERED;
      if (place in this.#ring) this.#forgotten = numberOf(this.#ring[place]);
      this.#ring[place] = told;
    }
    this.#listeners.tell(told);
  }

  /** Hears of what the filter lets through from now on. Returns its undoing. */
  listen(filter: EventFilter, hear: (told: NumberedEvent) => void): () => void {
    const undo = this.#listeners.add((told) => {
      if (passes(filter, told.event)) hear(told);
    });
    if (filter.kinds?.has('request')) {
      this.#wantsRequests.set(filter, filter.bmcs);
      this.#watch();
    }
    return () => {
      undo();
      if (this.#wantsRequests.delete(filter)) this.#watch();
    };
  }

  /** The last ones that the filter lets through, the oldest first. */
  last(count: number, filter: EventFilter): NumberedEvent[] {
    const all = this.#inOrder().filter(({ event }) => passes(filter, event));
    return count === 0 ? [] : all.slice(-count);
  }

  /** What was after the event of an id; after one that is none, all that is remembered. */
  since(id: string, filter: EventFilter): Replay {
    const [, life, number] = /^([\da-z]{1,16})\.(\d{1,15})$/.exec(id) ?? [];
    const isOurs = life === this.#life && Number(number) <= this.#count;
    const seen = isOurs ? Number(number) : 0;
    const all = this.#inOrder();
    const events = all.filter((told) => numberOf(told) > seen && passes(filter, told.event));
    const from = all.at(0)?.id;
    const now = from === undefined ? 'none is remembered' : `what is remembered begins with ${from}`;
    if (life === undefined) return { events, missed: `Last-Event-ID: that is no id of an event; ${now}` };
    if (!isOurs) return { events, missed: `the process has begun anew since event ${id}; ${now}` };
    if (this.#forgotten <= seen) return { events, missed: undefined };
    return { events, missed: `events after ${id} up to ${life}.${this.#forgotten} are forgotten; ${now}` };
  }

  #inOrder(): NumberedEvent[] {
    const at = this.#stored % REMEMBERED;
    return this.#stored <= REMEMBERED
      ? [...this.#ring]
      : [...this.#ring.slice(at), ...this.#ring.slice(0, at)];
  }

  #listen(bmc: Bmc): void {
    tellOf(bmc, (kind, text, fields) => this.tell(bmc.name, kind, text, fields));
    for (const satellite of bmc.satellites) this.#listen(satellite);
    if (this.#wantsRequests.size > 0) this.#watchOne(bmc);
  }

  /** Looks at the requests of those BMCs that somebody wants, and of no others. */
  #watch(): void {
    const awake = new Set(Array.from(this.#fleet.awake).flatMap(withSatellites));
    for (const [bmc, undo] of this.#watched) {
      if (this.#isWanted(bmc.name) && awake.has(bmc)) continue;
      undo();
      this.#watched.delete(bmc);
    }
    for (const bmc of awake) this.#watchOne(bmc);
  }

  #watchOne(bmc: Bmc): void {
    if (this.#watched.has(bmc) || !this.#isWanted(bmc.name)) return;
    const tell: Told = (kind, text, fields) => this.tell(bmc.name, kind, text, fields);
    this.#watched.set(bmc, tellOfRequests(bmc, tell));
  }

  #isWanted(name: string): boolean {
    for (const bmcs of this.#wantsRequests.values()) if (isOf(bmcs, name)) return true;
    return false;
  }
}

const numberOf = ({ id }: NumberedEvent): number => Number(id.slice(id.indexOf('.') + 1));

function passes({ bmcs, kinds }: EventFilter, { kind, bmc }: ControlEvent): boolean {
  if (kinds === undefined ? kind === 'request' : !kinds.has(kind)) return false;
  return bmcs === undefined || (bmc !== null && isOf(bmcs, bmc));
}

/** A satellite goes with its BMC. */
const isOf = (bmcs: ReadonlySet<string> | undefined, name: string): boolean =>
  bmcs === undefined || bmcs.has(name) || bmcs.has(name.split('/')[0]);

/** A BMC and those on its busses. */
const withSatellites = (bmc: Bmc): Bmc[] => [bmc, ...bmc.satellites.flatMap(withSatellites)];
