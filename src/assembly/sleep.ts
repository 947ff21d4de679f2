import type { BmcState, Part } from '../bmc-state.ts';
import type { BmcOptions } from '../config/options.ts';
import type { Faults } from '../faults/index.ts';
import type { Router } from '../router/index.ts';
import type { Records } from '../state/records.ts';
import type { Sleeper } from '../state/sleeper.ts';
import type { Taps } from '../taps/index.ts';
import type { CountedClock, Moment } from '../world/counted-clock.ts';

/** A BMC that sleeps, or was never made: what is there instead of its objects. */
export interface Asleep {
  /** When it began: one that was never made is made as if it were then. */
  readonly began: Moment;
  /** Undefined: it was never made. */
  readonly left?: Left;
}

/** By piece; plain, since a table takes three times as much. */
type Mementos = { readonly [P in keyof BmcState]?: unknown };

/** What a BMC has left behind. */
export interface Left {
  /** In its stores. */
  readonly records: Records;
  /** Of each piece that differs from a new one, beside its stores. */
  readonly mementos: Mementos;
  /** Of the requests that somebody looked at. */
  readonly lastId: number;
  /** What the attachments of its interfaces have counted, in their order. */
  readonly counted: readonly Readonly<Record<string, number>>[];
}

/** How a piece sleeps: it gives a memento; all it knows is in its stores, or elsewhere; or not at all. */
type How<P> = NonNullable<P> extends Sleeper ? 'memento' : 'stores' | 'awake';

/**
 * Each piece of a BMC, with how it sleeps. A part of `awake` that is built keeps its BMC awake; whatever piece
 * says that it is `wakeful` does so too.
 */
const PIECES: { readonly [K in keyof BmcState]: How<BmcState[K]> } = {
  // In the order in which they are recalled: what counts comes before who counts there.
  identity: 'memento',
  users: 'memento',
  channels: 'memento',
  sessions: 'memento',
  logIns: 'memento',
  drops: 'memento',
  lan: 'memento',
  messages: 'memento',
  events: 'memento',
  sel: 'memento',
  sdr: 'memento',
  sensors: 'memento',
  chassis: 'memento',
  console: 'memento',
  frontPanel: 'memento',
  bootOptions: 'memento',
  pef: 'memento',
  sol: 'memento',
  watchdog: 'memento',
  systemInfo: 'memento',
  dcmi: 'memento',
  // They know nothing beside their stores, or say themselves why they are wakeful.
  auxiliaryLogs: 'stores',
  built: 'stores',
  bridge: 'stores',
  firewall: 'stores',
  fru: 'stores',
  life: 'stores',
  locator: 'stores',
  payloads: 'stores',
  reset: 'stores',
  router: 'stores',
  serial: 'stores',
  setup: 'stores',
  taps: 'stores',
  time: 'stores',
  update: 'stores',
  blobs: 'awake',
  forwarding: 'awake',
  i2c: 'awake',
  icmb: 'awake',
};

/** The parts that are built when somebody asks for them; those that are not built have nothing to tell. */
const LATE: Readonly<Record<Part, true>> = {
  auxiliaryLogs: true,
  blobs: true,
  bootOptions: true,
  dcmi: true,
  forwarding: true,
  frontPanel: true,
  i2c: true,
  icmb: true,
  pef: true,
  serial: true,
  sol: true,
  systemInfo: true,
  update: true,
  watchdog: true,
};

type Piece = keyof BmcState;
const NAMES = Object.keys(PIECES) as Piece[];

const isLate = (piece: Piece): piece is Part => Object.hasOwn(LATE, piece);
const pieceOf = (bmc: BmcState, piece: Piece): unknown => (isLate(piece) ? bmc.built[piece] : bmc[piece]);

/** A BMC, as its assembly knows it. */
export type Whole = BmcState & {
  readonly router: Router<BmcState>;
  readonly faults: Faults;
  readonly taps: Taps<BmcState>;
};

/** What settings ask for and no BMC can sleep with; undefined: nothing. */
export function wakefulSettings(options: BmcOptions): string | undefined {
  const { interfaces = [], satellites, sockets, sensorFeed, clock = 'real', sol, chassis, faults } = options;
  if (!interfaces.every(({ type }) => type === 'lan')) return 'it has interfaces besides LANs';
  if (satellites?.length) return 'it has satellites';
  if (sockets?.handlers || sockets?.bt || sensorFeed) return 'it has sockets';
  if (clock !== 'real') return 'it has a time of its own';
  if (chassis?.backend !== undefined) return 'its machine is elsewhere';
  if (faults !== undefined) return 'something is to go wrong with it';
  const { type = 'simulated' } = sol?.console ?? {};
  return type === 'simulated' || type === 'none' ? undefined : 'its serial console is elsewhere';
}

/** Who looks at what passes a BMC. */
export const onlookersOf = ({ router, taps }: Whole): number => router.wrapped + taps.count;

/** What `whyAwake` has to know beside the BMC. */
interface Looked {
  readonly options: BmcOptions;
  /** What it was made with. */
  readonly clock: CountedClock;
  /** Those who look on whenever it is awake. */
  readonly onlookers: number;
}

/** Why a BMC has to stay awake; undefined: it can sleep, and nobody could tell. */
export function whyAwake(bmc: Whole, { options, clock, onlookers }: Looked): string | undefined {
  const { setup } = bmc;
  if (clock.pending > 0) return 'something is due';
  if (setup.records.writing > 0) return 'changes are on their way to the disk';
  if (onlookersOf(bmc) > onlookers) return 'somebody looks on';
  if (setup.isBrought) return 'a program keeps its state';
  for (const { interface: attached } of bmc.router.attachments) {
    if (attached.resume === undefined) return 'it has interfaces besides LANs';
    if (attached.wakeful !== undefined) return attached.wakeful;
  }
  const others = bmc.router.wakeful ?? bmc.faults.wakeful ?? wakefulSettings(options);
  if (others !== undefined) return others;
  for (const name of NAMES) {
    const piece = pieceOf(bmc, name) as { readonly wakeful?: string } | undefined;
    if (piece === undefined) continue;
    if (PIECES[name] === 'awake') return `its ${name} were asked for`;
    if (piece.wakeful !== undefined) return piece.wakeful;
  }
  return setup.records.hasLocks ? 'something of its state is locked' : undefined;
}

/** What has to be there for a new one to be the same. */
export function leave(bmc: Whole): Left {
  const mementos: { -readonly [P in keyof Mementos]: Mementos[P] } = {};
  for (const name of NAMES) {
    if (PIECES[name] !== 'memento') continue;
    const memento = (pieceOf(bmc, name) as Sleeper | undefined)?.memento();
    if (memento !== undefined) mementos[name] = memento;
  }
  const { records } = bmc.setup;
  records.isWoken = true;
  const { lastId } = bmc.router;
  return {
    records,
    mementos,
    lastId,
    counted: Array.from(bmc.router.attachments, ({ counters }) => counters),
  };
}

/** What one that is made anew knows from before. */
export function recall(bmc: Whole, { mementos, lastId }: Left): void {
  bmc.router.lastId = lastId;
  for (const name of NAMES) {
    const memento = mementos[name];
    if (memento !== undefined) (bmc[name] as Sleeper).recall(memento);
  }
}
