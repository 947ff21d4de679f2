import { resolve } from 'node:path';
import type { Bmc, BmcState } from '../bmc.ts';
import { OUR_KINDS, type Kinds } from '../config/kinds.ts';
import { schemasWith } from '../config/schema.ts';
import type { HandlerSet } from '../router/index.ts';
import { importFile } from '../world/package-files.ts';
import { CliError } from './errors.ts';

/** What modules of `--plugin` bring, all of them together. */
export interface Plugins {
  /** More kinds that settings may name. */
  readonly kinds: Kinds;
  /** Registered with every BMC, in the order of the modules. */
  readonly handlers: readonly HandlerSet<BmcState>[];
}

export const NO_PLUGINS: Plugins = { kinds: OUR_KINDS, handlers: [] };

/** Loads the modules. Rejects with CliError, a line that names the module and what is wrong with it. */
export async function loadPlugins(files: readonly string[] = []): Promise<Plugins> {
  let all = NO_PLUGINS;
  for (const file of files) {
    const { kinds, handlers } = await load(file);
    all = { kinds: together(all.kinds, kinds), handlers: [...all.handlers, ...handlers] };
    try {
      schemasWith(all.kinds);
    } catch (error) {
      throw new CliError(`${file}: ${firstLine(error)}`, { cause: error });
    }
  }
  return all;
}

/** Registers what they answer. Throws CliError for what cannot be. */
export function registerPlugins(bmc: Bmc, { handlers }: Plugins): void {
  for (const set of handlers) {
    try {
      bmc.router.register(set);
    } catch (error) {
      throw new CliError(`--plugin: ${firstLine(error)}`, { cause: error });
    }
  }
}

async function load(file: string): Promise<Plugins> {
  const loaded = await imported(file);
  const { kinds, handlers } = loaded;
  if (kinds === undefined && handlers === undefined)
    throw new CliError(`${file}: expected exports kinds or handlers, found ${names(loaded)}`);
  for (const [list, sort] of Object.entries(SORTS)) {
    const brought = isObject(kinds) ? (kinds[list] ?? []) : [];
    const wrong = Array.isArray(brought) ? brought.findIndex((kind) => !isLike(kind, sort)) : 0;
    if (wrong >= 0)
      throw new CliError(`${file}: kinds.${list}.${wrong}: expected an object with ${names(sort)}`);
  }
  const stray = isObject(kinds) ? Object.keys(kinds).find((list) => !(list in SORTS)) : undefined;
  if (stray !== undefined || (kinds !== undefined && !isObject(kinds)))
    throw new CliError(`${file}: kinds: expected lists ${names(SORTS)}, found ${stray ?? typeof kinds}`);
  if (handlers !== undefined && !(Array.isArray(handlers) && handlers.every((set) => isLike(set, SET))))
    throw new CliError(`${file}: handlers: expected a list of objects with ${names(SET)}`);
  return { kinds: kinds ?? OUR_KINDS, handlers: handlers ?? [] };
}

/** What each list of kinds has entries of. */
const SORTS: Readonly<Record<keyof Kinds, Shape>> = {
  interfaces: {
    type: 'string',
    schema: 'function',
    channel: 'function',
    make: 'function',
    defaults: 'object',
  },
  backends: { type: 'string', schema: 'function', make: 'function' },
  consoles: { type: 'string', schema: 'function', plug: 'function' },
  sources: { key: 'string', schema: 'function', make: 'function' },
};
const SET: Shape = { owner: 'string', handlers: 'object' };

type Shape = Readonly<Record<string, 'string' | 'function' | 'object'>>;

const isLike = (value: unknown, shape: Shape): boolean =>
  isObject(value) && Object.entries(shape).every(([key, type]) => typeof value[key] === type);

/** What a module may export, as far as nobody has looked at it. */
type Exports = Readonly<Record<string, unknown>> & Partial<Plugins>;

async function imported(file: string): Promise<Exports> {
  try {
    return (await importFile(resolve(file))) as Exports;
  } catch (error) {
    const { code } = error as { readonly code?: string };
    const isGone = code === 'ERR_MODULE_NOT_FOUND' && (error as Error).message.includes(resolve(file) + "'");
    throw new CliError(`${file}: ${isGone ? 'no such file' : firstLine(error)}`, { cause: error });
  }
}

const together = (some: Kinds, more: Kinds): Kinds => ({
  interfaces: [...(some.interfaces ?? []), ...(more.interfaces ?? [])],
  backends: [...(some.backends ?? []), ...(more.backends ?? [])],
  consoles: [...(some.consoles ?? []), ...(more.consoles ?? [])],
  sources: [...(some.sources ?? []), ...(more.sources ?? [])],
});

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

const names = (value: object): string => Object.keys(value).join(', ') || 'none';

const firstLine = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).trim().split('\n', 1)[0];
