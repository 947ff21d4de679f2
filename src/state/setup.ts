import type { Clock, Random } from '../world/world.ts';
import { Listeners } from './listeners.ts';
import { Occasions } from './occasions.ts';
import type { StoreDeclaration } from './store-declaration.ts';
import { BroughtStore, type OwnStore, type OwnStores } from './own-store.ts';
import { Records } from './records.ts';
import { declarationOf, stores } from './stores.ts';
import type { Values } from './records.ts';
import { Store, type Journal } from './store.ts';

/** What a line says once more for programs: who, from where, which. Never a secret. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** Where lines for people go; the message alone says everything. */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  /** `error` is a bug, or what a disk or a machine said: it is shown with its stack. */
  error(message: string, error?: unknown, fields?: LogFields): void;
}

/** For who wants to hear nothing. */
export const silent: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

/** A log whose every line names the BMC that it is about, whoever writes it. */
export function namedLog(log: Log, name: string): Log {
  const prefix = `${name}: `;
  const named = (message: string): string => (message.startsWith(prefix) ? message : prefix + message);
  return {
    debug: (message, fields) => log.debug(named(message), { bmc: name, ...fields }),
    info: (message, fields) => log.info(named(message), { bmc: name, ...fields }),
    warn: (message, fields) => log.warn(named(message), { bmc: name, ...fields }),
    error: (message, error, fields) => log.error(named(message), error, { bmc: name, ...fields }),
  };
}

/** All of it in memory and in the journal. */
const NONE_BROUGHT: OwnStores = {};

/** Something of which no part of a BMC's state tells afterwards. */
export interface Happening {
  readonly kind: 'pef' | 'firmware' | 'handler' | 'scenario';
  /** For people; never a secret. */
  readonly text: string;
  readonly fields?: LogFields;
}

/** What every piece of state is made with. */
export class Setup {
  /** What its pieces hear of one another. */
  readonly occasions: Occasions;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Monotonic milliseconds when the BMC was made: parts that are built later reckon from there. */
  readonly began: number;
  readonly records: Records;
  readonly #brought: OwnStores;
  #happened: Listeners<[happening: Happening]> | undefined = undefined;

  /** `kept`: the journal of a new BMC, or the records of one that wakes, which began at `began`. */
  constructor(
    clock: Clock,
    random: Random,
    log: Log,
    kept?: Journal | Records,
    brought: OwnStores = NONE_BROUGHT,
    began: number = clock.monotonic(),
  ) {
    this.clock = clock;
    this.random = random;
    this.log = log;
    this.began = began;
    this.records = kept instanceof Records ? kept : new Records(kept);
    this.#brought = brought;
    this.occasions = new Occasions(log);
  }

  /** For who looks on: what is done beside the state. */
  get happened(): Listeners<[happening: Happening]> {
    return (this.#happened ??= new Listeners());
  }

  /** What is stored outlives the process. */
  get isKept(): boolean {
    return this.records.journal !== undefined;
  }

  /** The BMC was there before, and slept: nothing of its state begins. */
  get isWoken(): boolean {
    return this.records.isWoken;
  }

  /** A program keeps some of its state. */
  get isBrought(): boolean {
    return this.#brought !== NONE_BROUGHT;
  }

  /** Something was stored there, or may have been and is lost. */
  holds({ name }: Pick<StoreDeclaration<unknown>, 'name'>): boolean {
    if (this.#broughtBy(name) !== undefined) return true;
    return this.records.holds(name);
  }

  /**
   * What was stored and is no value of the store is told, and not loaded; `fits` looks at what a shape
   * cannot say. By a name alone: a store of one's own, whose values may be of any kind.
   */
  store<V>(
    declared: StoreDeclaration<V> | string,
    values?: Values<V>,
    fits?: StoreDeclaration<V>['fits'],
  ): Store<V> {
    const declaration =
      typeof declared === 'string' ? (declarationOf(declared) as StoreDeclaration<V>) : declared;
    // One declaration for all BMCs, unless one knows more.
    const own = fits === undefined ? declaration : { ...declaration, fits };
    const brought = this.#broughtBy(declaration.name) as OwnStore<V> | undefined;
    if (brought !== undefined) return new BroughtStore<V>(own, brought, (line) => this.log.warn(line));
    return new Store<V>(own, this.records, values, (message) => this.log.warn(message));
  }

  #broughtBy(name: string): OwnStore<never> | undefined {
    if (this.#brought === NONE_BROUGHT) return undefined;
    const brought = Object.entries(this.#brought) as [keyof OwnStores, OwnStore<never> | undefined][];
    return brought.find(([store]) => stores[store].name === name)?.[1];
  }
}
