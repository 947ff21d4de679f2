import { utf8Bytes } from '../../codec/index.ts';
import { Privilege } from '../../commands/command.ts';
import { equalBytes } from '../../crypto/hash.ts';
import { noCounts, reasonTable, type CounterTable, type Counts } from '../../joint/counters.ts';
import type { BadPasswordRule } from './lock-outs.ts';
import type { Setup } from '../setup.ts';
import { RefusedLines } from './refused-lines.ts';
import { Occasion, type Occasions } from '../occasions.ts';
import type { Clock } from '../../world/world.ts';
import type { Channels } from './channels.ts';
import type { Sleeper } from '../sleeper.ts';
import { Guesses, type GuessesRow } from './guesses.ts';
import type { Peer } from './half-open.ts';
import type { Session, Sessions } from './sessions.ts';
import { NO_LOG_IN, type LogInUser, type Users } from './users.ts';

/**
 * Why a log-in was refused, in words for the log: what goes over the wire tells less. Of a console that finds
 * out by itself that its password or its BMC key is another, nothing is heard: the two with a question mark.
 */
const LOG_IN_PROBLEMS = [
  ...NO_LOG_IN,
  'wrong password',
  'console did not go on: wrong password?',
  'wrong K_g',
  'console did not go on: wrong K_g?',
  'too many wrong passwords',
  'privilege level',
  'privilege level of the cipher suite',
  'cipher suite',
  'unknown algorithm',
  'authentication type',
  'BMC key changed',
  'user changed',
  'channel not available',
  'session limit of the user',
  'no session slot',
  'password of 20 bytes',
  'password cut to 16 bytes',
  'wrong challenge',
  'malformed log-in',
] as const;
export type LogInProblem = (typeof LOG_IN_PROBLEMS)[number];

/** By result. */
export const logInCounters: CounterTable<'admitted' | LogInProblem> = {
  admitted: { unit: 'log-ins', counts: 'that became sessions' },
  ...reasonTable('log-ins', LOG_IN_PROBLEMS),
};
const NONE = noCounts(logInCounters);

/** What a log-in wants to be judged by; RMCP+ has a suite, IPMI 1.5 an authentication type. */
export interface LogInTerms {
  readonly name: string;
  /** The privilege that the look-up goes by (§13.20); undefined: by name alone. */
  readonly lookUp: number | undefined;
  /** The highest level that the session is to have. */
  readonly role: number;
  readonly userId: number;
  /** 20 bytes, as they were when the log-in began. */
  readonly password: Uint8Array;
  readonly suite?: number;
  readonly authType?: number;
  /** The BMC key when the log-in began. */
  readonly kg?: Uint8Array;
}

/** What somebody says who logs in without a session of IPMI. */
export interface PasswordLogIn {
  readonly name: string;
  readonly password: string;
  readonly channel: number;
  readonly peer: Peer;
  readonly step: string;
}

export interface RefusedLogIn {
  readonly channel: number;
  readonly peer: Peer;
  /** As it was given; undefined where it was not yet. */
  readonly name: string | undefined;
  readonly problem: LogInProblem;
  /** The step that was refused, and its answer: `RAKP 3, status 0Fh`. */
  readonly step: string;
}

interface LogInsMemento {
  readonly counts: Record<'admitted' | LogInProblem, number> | undefined;
  readonly guesses: Map<string, GuessesRow> | undefined;
}

/** What a channel does about wrong passwords. */
interface BadPasswordRules {
  badPasswordRule(channel: number): BadPasswordRule;
}

/**
 * Who gets in, by which way, and with how much: asked at each step of a log-in, and again of open sessions
 * when something is taken away.
 */
export class LogIns implements Sleeper<LogInsMemento> {
  static readonly refused = new Occasion<[refused: RefusedLogIn]>();
  readonly #occasions: Occasions;
  readonly #clock: Clock;
  /** Made with the first. */
  #lines: RefusedLines | undefined = undefined;
  readonly #users: Users;
  readonly #channels: Channels;
  readonly #sessions: Sessions;
  readonly #rules: BadPasswordRules;
  readonly #guesses: Guesses;
  /** Made with the first. */
  #counts: Record<'admitted' | LogInProblem, number> | undefined = undefined;

  constructor(setup: Setup, users: Users, channels: Channels, sessions: Sessions, rules: BadPasswordRules) {
    this.#users = users;
    this.#channels = channels;
    this.#sessions = sessions;
    this.#rules = rules;
    this.#guesses = new Guesses(setup.clock);
    this.#occasions = setup.occasions;
    this.#clock = setup.clock;
  }

  /** The user of that name, or why there is none for this source now. `lookUp`: as in LogInTerms. */
  find(name: string, channel: number, lookUp: number | undefined, source: string): LogInUser | LogInProblem {
    if (!this.#channels.available(channel)) return 'channel not available';
    const user = this.#users.find(name, channel, lookUp);
    if (typeof user === 'string') return user;
    return this.#guesses.isBarred(source, user.id) ? 'too many wrong passwords' : user;
  }

  /** What keeps a name from logging in now, as `find` says it. */
  obstacle(name: string, channel: number, source: string): LogInProblem | undefined {
    const found = this.find(name, channel, undefined, source);
    return typeof found === 'string' ? found : undefined;
  }

  /**
   * Everything once more, as it is now: what was taken away since the log-in began counts. Undefined: nothing
   * is in the way.
   */
  check(terms: LogInTerms, channel: number, source: string): LogInProblem | undefined {
    const user = this.find(terms.name, channel, terms.lookUp, source);
    if (typeof user === 'string') return user;
    if (user.id !== terms.userId || !equalBytes(user.password, 0, terms.password, 0, terms.password.length))
      return 'user changed';
    const { suite, authType } = terms;
    if (suite !== undefined) {
      if (!same(terms.kg, this.#channels.kg(channel))) return 'BMC key changed';
      if (!this.#channels.cipherSuites(channel).includes(suite)) return 'cipher suite';
    } else if (user.long) return 'password of 20 bytes';
    if (suite !== undefined && terms.role > this.#channels.suiteCap(channel, suite))
      return 'privilege level of the cipher suite';
    if (terms.role > this.#ceiling(user.id, channel, suite, authType)) return 'privilege level';
    return this.atLimit(user, channel) ? 'session limit of the user' : undefined;
  }

  /** The user has all the sessions on the channel that it may have. */
  atLimit({ id, sessionLimit }: LogInUser, channel: number): boolean {
    return sessionLimit > 0 && this.#sessions.count(channel, id) >= sessionLimit;
  }

  /**
   * The password was right, and `check` found nothing: the session begins at `privilege`, or there is no
   * place for it.
   */
  admit(session: Session, privilege: number): LogInProblem | undefined {
    this.#users.admitted(session.userId, session.channel.number);
    this.#guesses.right(session.source, session.userId);
    if (!this.#sessions.activate(session, privilege)) return 'no session slot';
    this.#count('admitted');
    return undefined;
  }

  /**
   * A log-in by name and password in the clear, as the web console takes it: under the limits of a channel's
   * log-ins, and told as one of them, but no session comes of it. `step`: what asks, for the log.
   */
  byPassword(
    { name, password, channel, peer, step }: PasswordLogIn,
    source: string,
  ): LogInUser | LogInProblem {
    const refuse = (problem: LogInProblem): LogInProblem => {
      this.refused({ channel, peer, name, problem, step });
      return problem;
    };
    const user = this.find(name, channel, undefined, source);
    if (typeof user === 'string') return refuse(user);
    const offered = utf8Bytes(password, user.password.length);
    const padded = new Uint8Array(user.password.length);
    padded.set(offered ?? []);
    // Compared in any case: a password that is too long is as slow as one that is wrong.
    const isRight = equalBytes(user.password, 0, padded, 0, padded.length) && offered !== undefined;
    if (!isRight) {
      this.wrong(user.id, channel, source);
      return refuse('wrong password');
    }
    this.#users.admitted(user.id, channel);
    this.#guesses.right(source, user.id);
    this.#count('admitted');
    return { ...user, privilegeLimit: this.ceiling(user.id, channel) };
  }

  /** The highest level that user and channel allow now, whatever the session is sealed with; 0: none. */
  ceiling(userId: number, channel: number): number {
    const { messaging } = this.#users.access(userId, channel);
    return messaging && this.#users.enabled(userId)
      ? this.#ceiling(userId, channel, undefined, undefined)
      : 0;
  }

  /** A wrong password was given for a user that might have come in with the right one. */
  wrong(userId: number, channel: number, source: string): void {
    const rule = this.#rules.badPasswordRule(channel);
    this.#guesses.wrong(source, userId, rule.threshold);
    this.#users.refused(userId, channel, rule);
  }

  /** Log-ins by result, since the start. */
  get counters(): Counts<'admitted' | LogInProblem> {
    return this.#counts ?? NONE;
  }

  memento(): LogInsMemento | undefined {
    const guesses = this.#guesses.memento();
    return this.#counts === undefined && guesses === undefined
      ? undefined
      : { counts: this.#counts, guesses };
  }

  recall({ counts, guesses }: LogInsMemento): void {
    this.#counts = counts;
    if (guesses) this.#guesses.recall(guesses);
  }

  #count(result: 'admitted' | LogInProblem): void {
    (this.#counts ??= noCounts(logInCounters))[result]++;
  }

  /** Tells of a log-in that comes to nothing. */
  refused(refused: RefusedLogIn): void {
    this.#count(refused.problem);
    this.#occasions.tell(LogIns.refused, refused);
  }

  /** How many such had no line in the log since the last that had; undefined: this has none either. */
  lineFor(refused: RefusedLogIn): number | undefined {
    return (this.#lines ??= new RefusedLines()).lineFor(refused, this.#clock.monotonic());
  }

  onRefused(listener: (refused: RefusedLogIn) => void): () => void {
    return this.#occasions.listen(LogIns.refused, listener);
  }

  /** The highest level that user, channel and suite or authentication type allow now; 0: none. */
  #ceiling(userId: number, channel: number, suite: number | undefined, authType: number | undefined): number {
    if (!this.#channels.available(channel)) return 0;
    let ceiling = Math.min(
      this.#users.access(userId, channel).privilegeLimit,
      this.#channels.access(channel, 'present').privilegeLimit,
    );
    if (suite !== undefined) return Math.min(ceiling, this.#channels.suiteCap(channel, suite));
    while (
      authType !== undefined &&
      ceiling >= Privilege.Callback &&
      !this.#channels.enabledAuthTypes(channel, ceiling).includes(authType)
    )
      ceiling--;
    return ceiling;
  }

  /** What a channel no longer gives, its sessions have no longer: they come down to it, or end. */
  review(channel: number): void {
    for (const session of this.#sessions.active) {
      if (session.channel.number !== channel) continue;
      const ceiling = this.#ceiling(session.userId, channel, session.suite, session.terms15?.authType);
      if (ceiling < Privilege.Callback) this.#sessions.close(session, 'revoked');
      else if (ceiling < session.maxPrivilege) {
        session.maxPrivilege = ceiling;
        session.privilege = Math.min(session.privilege, ceiling);
      }
    }
  }

  /** A lower session limit ends the sessions beyond it, the longest silent first. */
  closeSurplus(userId: number): void {
    for (const number of new Set(this.#sessions.active.map((session) => session.channel.number))) {
      const { sessionLimit } = this.#users.access(userId, number);
      const own = this.#sessions.active.filter(
        (session) => session.userId === userId && session.channel.number === number,
      );
      const surplus = sessionLimit === 0 ? 0 : own.length - sessionLimit;
      for (const session of own.sort((a, b) => a.lastHeard - b.lastHeard).slice(0, Math.max(surplus, 0)))
        this.#sessions.close(session, 'revoked');
    }
  }
}

const same = (a: Uint8Array | undefined, b: Uint8Array | undefined): boolean =>
  a === b ||
  (a !== undefined && b !== undefined && a.length === b.length && equalBytes(a, 0, b, 0, a.length));
