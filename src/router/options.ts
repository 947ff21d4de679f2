import type { Dispatch } from '../joint/message.ts';
import type { Table, Preset } from './table.ts';
import type { Timers } from '../joint/timers.ts';

export interface RouterLog {
  /** A handler failed in a way that has no completion code: a bug. */
  error(message: string, error: unknown, fields?: { readonly request: number }): void;
  warn?(message: string): void;
  debug?(message: string): void;
}

export interface RouterOptions {
  /** The claims shared by every BMC of the process; a router's own lie over them. */
  readonly standard?: Table;
  /** Sets that all routers which are given it have registered, until one registers more. */
  readonly preset?: Preset;
  readonly clock: Timers;
  readonly log?: RouterLog;
  /** Whose numbers a command of NetFn 30h-3Eh is read by: this BMC's IANA enterprise number. */
  readonly manufacturer?: number;
  /** Told of each set that comes or goes, with how many claims it has. */
  readonly tell?: (owner: string, change: 'registered' | 'unregistered', claims: number) => void;
}

export interface Registration {
  readonly owner: string;
  /** Removes the whole set. Resolves when its running requests have been answered or have timed out. */
  unregister(): Promise<void>;
}

export type Wrapper<B> = (dispatch: Dispatch<B>) => Dispatch<B>;

/** One wrapper may be put on twice, and taken off once. */
export interface Place<B> {
  readonly wrapper: Wrapper<B>;
  readonly looksOn: boolean;
}

/** The dispatch with all that is put around it: who looks on is outermost, whenever it came. */
export function wrapped<B>(dispatch: Dispatch<B>, places: readonly Place<B>[]): Dispatch<B> {
  const inOrder = [...places.filter((place) => !place.looksOn), ...places.filter((place) => place.looksOn)];
  return inOrder.reduce((inner, place) => place.wrapper(inner), dispatch);
}
