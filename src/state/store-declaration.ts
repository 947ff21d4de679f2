import type { ParameterSet } from '../commands/parameters/parameter.ts';
import { anything, type Shape } from './shape.ts';

/**
 * The file of a state directory in which a store lies. `access`: who may do what; `secrets`: what proves who
 * one is. What is lost from those two is locked, because the settings that would take its place may let in
 * whom a client has shut out.
 */
export type StoreFile = 'state' | 'access' | 'secrets';

/**
 * A setting of the config file, by the key under which a client's change of it is stored; undefined: it is
 * not set.
 */
export type Shadow = readonly [key: string | number, value: unknown];

/** Settings that clients can change, as far as stores go before them. */
export interface GivenSettings {
  readonly users: readonly { readonly id: number; readonly password?: string; readonly name?: string }[];
  readonly fru: readonly { readonly id: number; readonly name?: string }[];
  readonly sensors: readonly {
    readonly lun: number;
    readonly number: number;
    readonly name: string;
    readonly thresholds?: unknown;
  }[];
  readonly channels: readonly {
    readonly channel: number;
    /** LAN parameters by number. */
    readonly parameters: Readonly<Record<number, unknown>>;
    readonly kg?: unknown;
  }[];
  readonly restorePolicy?: unknown;
  readonly deviceGuid?: unknown;
  readonly systemGuid?: unknown;
}

/** One store, declared once: where its values lie, what they look like, and which settings they go before. */
export interface StoreDeclaration<V> {
  readonly name: string;
  readonly file: StoreFile;
  /** Format of the values that are written; those of older ones go through `upgrade`. */
  readonly version: number;
  readonly shape: Shape<V>;
  /** True for keys that the store can have. */
  readonly key: (key: string) => boolean;
  /** Makes a value of this version out of one of an older; undefined: it cannot. */
  readonly upgrade: ((value: unknown, version: number) => unknown) | undefined;
  /** The settings that its values go before. */
  readonly shadows: ((settings: GivenSettings) => readonly Shadow[]) | undefined;
  /** The configuration parameters whose data the values are. */
  readonly parameters: ParameterSet | undefined;
  /** A value is looked at beyond its shape. */
  readonly fits: ((key: string, value: V) => boolean) | undefined;
}

type StoreParts<V> = Pick<StoreDeclaration<V>, 'name' | 'shape'> & Partial<StoreDeclaration<V>>;

/* @__NO_SIDE_EFFECTS__ */
export function store<V>({ name, shape, ...declared }: StoreParts<V>): StoreDeclaration<V> {
  const { file = 'state', version = 1, key = () => true, upgrade, shadows, parameters, fits } = declared;
  return { name, shape, file, version, key, upgrade, shadows, parameters, fits };
}

/** Values of any kind, of whoever makes a store of his own. */
export const undeclared = <V>(name: string): StoreDeclaration<V> =>
  store({ name, shape: anything as Shape<V> });

/** What is kept of a store is locked until somebody sets it anew. */
export const isGuard = ({ file }: { readonly file: StoreFile }): boolean => file !== 'state';
