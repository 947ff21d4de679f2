// What all kinds have in common. A kind is one file: what settings say of it, what they mean by it, and what
// makes it.
import type { z } from 'zod';
import { SettingsError } from '../settings/errors.ts';
import type { Zod } from '../settings/texts.ts';

/** Settings as a schema reads them; nothing in them is changed. */
export type Settings<Schema extends (zod: Zod) => z.ZodType> = Fixed<z.infer<ReturnType<Schema>>>;

/** The same of a schema as it is. */
export type SettingsOf<Schema extends z.ZodType> = Fixed<z.infer<Schema>>;

type Fixed<T> = T extends Uint8Array ? T : { readonly [K in keyof T]: Fixed<T[K]> };

/** The settings with which something of a kind is made. */
export type OptionsOf<Kind extends { make(options: never, surroundings: never): unknown }> = Parameters<
  Kind['make']
>[0];

/** A place of this machine that one listener or opener at a time can have. */
export interface TakenPlace {
  /** Which setting says so. */
  readonly key: string;
  /** `stream`: `host:port` or the path of a Unix socket. */
  readonly what: 'UDP port' | 'stream' | 'path' | 'ICMB address';
  /** Undefined: none is taken. */
  readonly place: string | undefined;
}

/** Settings of a kind that nobody has narrowed: each is asked with settings of its own type alone. */
export interface Typed {
  readonly type: string;
}

/**
 * The kind that settings name by their `type`: one of ours, or one that a program brings. Throws SettingsError;
 * `name` is what it is a kind of.
 */
export function kindNamed<Kind extends Typed>(
  { type }: Typed,
  name: string,
  ours: readonly Kind[],
  brought: readonly Kind[] = [],
): Kind {
  const isIt = (kind: Kind): boolean => kind.type === type;
  const kind = ours.find(isIt) ?? brought.find(isIt);
  if (!kind) throw new SettingsError(`there is no ${name} of type '${type}'`, ['type']);
  return kind;
}
