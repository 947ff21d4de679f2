import type { Medium } from '../joint/message.ts';

/** Who changed something, whichever way. */
export type Actor =
  /** A session of a client; a bridged request's is that of the session which it began with. */
  | {
      readonly by: 'session';
      readonly user: string;
      readonly userId: number;
      readonly session: number;
      readonly channel: number;
      /** As `Context.requester` names it. */
      readonly peer: string;
    }
  /** Who needs no session: a host, a controller of a bus, a console outside of any session. */
  | { readonly by: 'channel'; readonly channel: number; readonly medium: Medium; readonly peer?: string }
  /** Who sets sensors by the sensor feed. */
  | { readonly by: 'feed' }
  /** The machine itself, or who else may switch it. */
  | { readonly by: 'machine' }
  /** The BMC, for a reason of its own: its watchdog, its restore policy, a filter of PEF. */
  | { readonly by: 'bmc'; readonly cause: string }
  /** The process: a start, a stop, settings that were read again. */
  | { readonly by: 'process'; readonly file?: string }
  /** Somebody who steers the process; `name`: of the token. */
  | { readonly by: 'control'; readonly name: string; readonly peer?: string };

/** Something that was changed, or was tried and refused. */
export interface Change {
  /** Undefined: it is of the whole process. */
  readonly bmc?: string;
  /** `Router.idOf`. */
  readonly request?: number;
  readonly actor: Actor;
  /** The command's name, or what happened in a word or two. */
  readonly what: string;
  /** Values by name; no secret is in them. */
  readonly fields?: Readonly<Record<string, unknown>>;
  /** The completion code of a request. */
  readonly cc?: number;
  /** In words. Default `ok`. */
  readonly result?: string;
}
