import type { Names } from '../capture/index.ts';
import { TimeoutError, type Client } from '../client/index.ts';
import { CC, IpmiError } from '../codec/index.ts';
import { Privilege } from '../commands/command.ts';
import {
  ActivateSession,
  CloseSession,
  GetSessionChallenge,
  SetSessionPrivilegeLevel,
} from '../commands/app/sessions.ts';
import type { Answer, Message } from '../joint/message.ts';
import { differences, type Difference, type Mask } from './difference.ts';
import { isRequest, nameOf, type RequestEntry, type Tape } from './entry.ts';
import { Learnt } from './learnt.ts';
import { declaredNames } from './names.ts';

/** What a replay needs of a client. */
export type Replaying = Pick<Client, 'raw' | 'send'>;

export interface ReplayOptions {
  readonly mask?: Mask;
  /** Clocks, counters and readings are compared, too. Default false. */
  readonly strict?: boolean;
  /** Only what reads is sent. Default false. */
  readonly readOnly?: boolean;
  /** Commands by name. Default: every declared one. */
  readonly names?: Names;
  /** Wall time, milliseconds since 1970, by which clocks that are set go on. Default: they do not. */
  readonly now?: () => number;
  /**
   * Asked for another client when there was no answer: a reset, or a session that has ended, is no end of the
   * replay. Undefined: nobody is there. Default: nobody.
   */
  readonly reconnect?: () => Promise<Replaying | undefined>;
  /** Hears after each request. */
  readonly progress?: (done: number, all: number) => void;
}

/** Why a request of the tape was not sent. */
export type SkipReason =
  | 'its secret is not on the tape'
  | 'it belongs to the recorded session'
  | 'it had no answer'
  | 'it changes something'
  | 'the BMC answers no more';

export interface Replayed {
  /** Its place among the requests of the tape, from 1. */
  readonly place: number;
  readonly entry: RequestEntry;
  readonly skipped?: SkipReason;
  readonly differences: readonly Difference[];
}

export interface ReplayReport {
  readonly requests: readonly Replayed[];
  readonly sent: number;
  /** Requests whose answers differ. */
  readonly different: number;
}

/** What begins and ends the recorded sessions: the client has a session of its own. */
const OF_SESSION: ReadonlySet<number> = new Set(
  [GetSessionChallenge, ActivateSession, CloseSession].map(({ cmd }) => cmd),
);
/** After so many requests without an answer, one after the other, nobody is there. */
const PATIENCE = 2;

const isApp = ({ netFn }: Message): boolean => netFn === ActivateSession.netFn;

/**
 * Asks a BMC what the tape has, in order, and compares the answers, with ids in the words of this BMC and at
 * the level that the session had. Rejects where the client does, but for time-outs.
 */
export async function replay(
  tape: Tape,
  client: Replaying,
  {
    mask = NO_MASK,
    strict = false,
    readOnly = false,
    names = declaredNames(),
    now,
    reconnect,
    progress,
  }: ReplayOptions = {},
): Promise<ReplayReport> {
  const learnt = new Learnt();
  let asked = new Asked(client);
  const comparing = { names, mask, learnt, strict };
  const entries = tape.entries.filter(isRequest);
  const requests: Replayed[] = [];
  let silent = 0;
  for (const [i, entry] of entries.entries()) {
    const skipped = silent >= PATIENCE ? 'the BMC answers no more' : reasonToSkip(entry, readOnly);
    if (skipped !== undefined) {
      requests.push({ place: i + 1, entry, skipped, differences: [] });
    } else {
      const later = now === undefined ? 0 : secondsSince(tape, entry, now());
      const message = learnt.request(names, entry.message, later);
      let answer = await asked.ask(entry, message);
      const other = answer.length === 0 ? await reconnect?.() : undefined;
      if (other !== undefined) {
        asked = new Asked(other);
        answer = await asked.ask(entry, message);
      }
      silent = answer.length === 0 ? silent + 1 : 0;
      requests.push({ place: i + 1, entry, differences: differences(entry, answer, comparing) });
    }
    progress?.(i + 1, entries.length);
  }
  return {
    requests,
    sent: requests.filter(({ skipped }) => skipped === undefined).length,
    different: requests.filter((request) => request.differences.length > 0).length,
  };
}

const NO_MASK: Mask = { ignores: () => false };

function reasonToSkip(entry: RequestEntry, readOnly: boolean): SkipReason | undefined {
  const { message, answer, hidesRequest } = entry;
  if (isApp(message) && OF_SESSION.has(message.cmd)) return 'it belongs to the recorded session';
  if (hidesRequest) return 'its secret is not on the tape';
  if (answer.length === 0) return 'it had no answer';
  // What makes a reservation changes nothing that anybody else sees.
  if (readOnly && !/^(Get|Read|Reserve) /.test(nameOf(entry))) return 'it changes something';
  return undefined;
}

function secondsSince({ header }: Tape, { t }: RequestEntry, now: number): number {
  const began = Date.parse(header.created);
  return Number.isNaN(began) ? 0 : Math.max(0, Math.round((now - began - t) / 1000));
}

/** A session that asks at the level at which the recorded one asked, so that refusals are the same. */
class Asked {
  readonly #client: Replaying;
  #level: number = Privilege.Administrator;
  readonly #refused = new Set<number>();

  constructor(client: Replaying) {
    this.#client = client;
  }

  /** No answer is an answer of no bytes: a difference like others. */
  async ask(entry: RequestEntry, { netFn, cmd, data, lun }: Message): Promise<Answer> {
    try {
      await this.#follow(entry);
      const answer = await this.#client.raw(netFn, cmd, data, lun);
      // The tape itself changes the level.
      if (isLevel(entry.message) && answer[0] === CC.Ok) this.#level = answer[1] ?? this.#level;
      return answer;
    } catch (error) {
      if (error instanceof TimeoutError) return new Uint8Array(0);
      throw error;
    }
  }

  async #follow({ session, privilege, message }: RequestEntry): Promise<void> {
    if (session === undefined || privilege === this.#level || this.#refused.has(privilege)) return;
    if (privilege < Privilege.User || isLevel(message)) return;
    try {
      await this.#client.send(SetSessionPrivilegeLevel, { privilege });
      this.#level = privilege;
    } catch (error) {
      if (!(error instanceof IpmiError)) throw error;
      this.#refused.add(privilege);
    }
  }
}

const isLevel = (message: Message): boolean => isApp(message) && message.cmd === SetSessionPrivilegeLevel.cmd;
