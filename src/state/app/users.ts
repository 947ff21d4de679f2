import { NO_ACCESS } from '../../codec/index.ts';
import { Privilege } from '../../commands/command.ts';
import { equalBytes } from '../../crypto/hash.ts';
import type { Sleeper } from '../sleeper.ts';
import {
  ABSENT,
  NO_PASSWORD,
  NONE,
  NULL_USER,
  samePassword,
  sameRecord,
  type GivenUsers,
  type Password,
  type UserAccess,
  type UserRecord,
} from './given-users.ts';
import { LockOuts, type BadPasswordRule, type Guessed } from './lock-outs.ts';
import type { Setup } from '../setup.ts';
import { whenStored, type Durable, type Store } from '../store.ts';
import { stores } from '../stores.ts';
import { Occasion } from '../occasions.ts';

/** A user who may open a session on a channel. */
export interface LogInUser {
  readonly id: number;
  readonly privilegeLimit: number;
  readonly sessionLimit: number;
  /** 20 bytes. */
  readonly password: Uint8Array;
  /** Its password was set as one of 20 bytes: good for RMCP+ alone (§22.30). */
  readonly long: boolean;
}

/** Why nobody may log in by a name on a channel. */
export const NO_LOG_IN = [
  'unknown user',
  'no null user',
  'user whose stored settings are lost',
  'disabled user',
  'user without a password',
  'no access to the channel',
  'user locked out',
] as const;
export type NoLogIn = (typeof NO_LOG_IN)[number];

/** The user table. Passwords lie in a store of their own, because they are secret. */
export class Users implements Sleeper<Map<string, Guessed>> {
  static readonly revoked = new Occasion<[userId: number]>();
  static readonly sessionLimit = new Occasion<[userId: number]>();
  static readonly lockedOut = new Occasion<[userId: number, channel: number]>();
  readonly slots: number;
  readonly #records: Store<UserRecord>;
  readonly #passwords: Store<Password>;
  #defaults: GivenUsers;
  /** Made with the first wrong password. */
  #guessed: LockOuts | undefined;
  readonly #setup: Setup;
  /** Slots that somebody was ever in, in order: each log-in looks through them. */
  #known: readonly number[] | undefined;

  constructor(setup: Setup, defaults: GivenUsers) {
    this.slots = defaults.slots;
    this.#setup = setup;
    this.#defaults = defaults;
    this.#records = setup.store(stores.users);
    this.#passwords = setup.store(stores.passwords);
  }

  /** Who is locked out, or near it. */
  memento(): Map<string, Guessed> | undefined {
    return this.#guessed?.memento();
  }

  recall(guessed: Map<string, Guessed>): void {
    this.#guessed = new LockOuts(this.#setup.clock);
    this.#guessed.recall(guessed);
  }

  /**
   * Other settings from now on, of as many slots. What clients set still holds in their place. Whose name,
   * password or rights are other ones by that logs in anew, as if a client had set them, and is locked out
   * no more.
   */
  adjust(defaults: GivenUsers): void {
    const before = this.#defaults;
    if (defaults === before) return;
    const changed = new Set<number>();
    for (const id of new Set([...before.ids, ...defaults.ids])) {
      const [was, is] = [before.record(id) ?? ABSENT, defaults.record(id) ?? ABSENT];
      if (!this.#records.has(id) && !sameRecord(was, is)) changed.add(id);
      const [old, now] = [before.password(id), defaults.password(id)];
      if (!this.#passwords.has(id) && !samePassword(old, now)) changed.add(id);
    }
    this.#defaults = defaults;
    this.#known = undefined;
    for (const id of changed) {
      this.#guessed?.free(id);
      this.#setup.occasions.tell(Users.revoked, id);
    }
  }

  name(id: number): string {
    return this.#record(id).name;
  }

  enabled(id: number): boolean {
    return this.#record(id).enabled;
  }

  access(id: number, channel: number): UserAccess {
    return this.#record(id).access[channel] ?? NONE;
  }

  /** 20 bytes padded with zeros; undefined for a slot that there is not. */
  password(id: number): Uint8Array | undefined {
    return id >= 1 && id <= this.slots ? this.#password(id).bytes : undefined;
  }

  /** Its password was set as one of 20 bytes: what IPMI 1.5 would make of it is another one (§22.30). */
  hasLongPassword(id: number): boolean {
    return this.#password(id).size > 16;
  }

  get enabledCount(): number {
    return this.#ids().filter((id) => this.enabled(id)).length;
  }

  /**
   * Null names, named users, and whether anybody gets in without name and password, on one channel (§22.13).
   */
  loginKinds(channel: number): { nonNullUsers: boolean; nullUsers: boolean; anonymousLogin: boolean } {
    const kinds = { nonNullUsers: false, nullUsers: false, anonymousLogin: false };
    for (const id of this.#ids()) {
      if (this.#obstacle(id, channel) !== undefined) continue;
      if (this.name(id) !== '') kinds.nonNullUsers = true;
      else if (isEmpty(this.#password(id))) kinds.anonymousLogin = true;
      else kinds.nullUsers = true;
    }
    return kinds;
  }

  /**
   * The user of that name who may open a session on the channel. With a privilege, one whose limit is just
   * that goes first, then one whose limit is above it, as a look-up by name and privilege wants (§13.20);
   * without, the first.
   */
  logIn(name: string, channel: number, privilege: number | undefined): LogInUser | undefined {
    const found = this.find(name, channel, privilege);
    return typeof found === 'string' ? undefined : found;
  }

  /** As `logIn`, or why there is none. */
  find(name: string, channel: number, privilege: number | undefined): LogInUser | NoLogIn {
    const none: NoLogIn = name === '' ? 'no null user' : 'unknown user';
    let obstacle: NoLogIn = none;
    const able: number[] = [];
    for (let id = 1; id <= this.slots; id++) {
      const record = this.#records.get(id) ?? this.#defaults.record(id);
      if (record?.name !== name) continue;
      const own = this.#obstacle(id, channel);
      if (own === undefined) able.push(id);
      else if (obstacle === none) obstacle = own;
    }
    const limit = (userId: number): number => this.access(userId, channel).privilegeLimit;
    const wanted = privilege ?? 0;
    const id =
      privilege === undefined
        ? able[0]
        : (able.find((userId) => limit(userId) === wanted) ??
          able.find((userId) => limit(userId) >= wanted) ??
          able[0]);
    if (id === undefined) return obstacle;
    const { privilegeLimit, sessionLimit } = this.access(id, channel);
    const { bytes, size } = this.#password(id);
    return { id, privilegeLimit, sessionLimit, password: bytes, long: size > 16 };
  }

  setName(id: number, name: string): Durable {
    const changes = name !== this.name(id);
    return this.#change(id, { ...this.#record(id), name }, changes);
  }

  setEnabled(id: number, enabled: boolean): Durable {
    if (enabled) this.#guessed?.free(id);
    return this.#change(id, { ...this.#record(id), enabled }, !enabled);
  }

  setAccess(id: number, channel: number, access: UserAccess): Durable {
    const record = this.#record(id);
    const before = this.access(id, channel);
    this.#guessed?.free(id);
    const rank = ({ messaging, privilegeLimit }: UserAccess): number =>
      messaging && privilegeLimit !== NO_ACCESS ? privilegeLimit : 0;
    const done = this.#change(
      id,
      { ...record, access: { ...record.access, [channel]: access } },
      rank(access) < rank(before),
    );
    return access.sessionLimit === before.sessionLimit
      ? done
      : whenStored(done, () => this.#setup.occasions.tell(Users.sessionLimit, id));
  }

  setPassword(id: number, password: Uint8Array): Durable {
    const before = this.#password(id);
    const bytes = new Uint8Array(20);
    bytes.set(password);
    const done = this.#passwords.set(id, { bytes, size: password.length });
    const same = samePassword(before, { bytes, size: password.length });
    return same ? done : whenStored(done, () => this.#setup.occasions.tell(Users.revoked, id));
  }

  /** Compares in constant time. `wrong-size`: it was stored with the other size. */
  testPassword(id: number, password: Uint8Array): 'right' | 'wrong' | 'wrong-size' {
    if (this.#passwords.isLocked(id)) return 'wrong';
    const { bytes, size } = this.#password(id);
    if (size !== password.length) return 'wrong-size';
    return equalBytes(bytes, 0, password, 0, size) ? 'right' : 'wrong';
  }

  /**
   * A log-in with a wrong password. Too many of them lock the user out of the channel, for a while or until
   * somebody enables it again.
   */
  refused(id: number, channel: number, rule: BadPasswordRule): void {
    this.#guessed ??= new LockOuts(this.#setup.clock);
    if (!this.#guessed.failed(id, channel, rule)) return;
    const access = this.access(id, channel);
    if (rule.lockOut === 0) {
      const locked = this.setAccess(id, channel, { ...access, messaging: false });
      locked?.catch((error: unknown) =>
        this.#setup.log.error(`user ${id} could not be locked out of channel ${channel}`, error),
      );
    }
    if (rule.event) this.#setup.occasions.tell(Users.lockedOut, id, channel);
  }

  /** A log-in with the right password. */
  admitted(id: number, channel: number): void {
    this.#guessed?.succeeded(id, channel);
  }

  /** Called when a user was locked out, where the channel wants it told. */
  onLockedOut(listener: (userId: number, channel: number) => void): () => void {
    return this.#setup.occasions.listen(Users.lockedOut, listener);
  }

  /**
   * Called when it is stored that a user has another password or name, or fewer rights: what a session was
   * opened with no longer holds.
   */
  onRevoked(listener: (userId: number) => void): () => void {
    return this.#setup.occasions.listen(Users.revoked, listener);
  }

  /** Called when it is stored that a user may have another number of sessions. */
  onSessionLimit(listener: (userId: number) => void): () => void {
    return this.#setup.occasions.listen(Users.sessionLimit, listener);
  }

  /** What keeps a user from logging in; undefined: nothing. */
  #obstacle(id: number, channel: number): NoLogIn | undefined {
    const { messaging, privilegeLimit } = this.access(id, channel);
    // A name that was cleared is a user that was deleted.
    if (this.name(id) === '' && !(id === NULL_USER && this.#defaults.nullUser)) return 'unknown user';
    if (this.#records.isLocked(id) || this.#passwords.isLocked(id))
      return 'user whose stored settings are lost';
    if (!this.enabled(id)) return 'disabled user';
    if (!messaging || privilegeLimit < Privilege.Callback || privilegeLimit > Privilege.Oem)
      return 'no access to the channel';
    if (isEmpty(this.#password(id)) && (this.#passwords.has(id) || this.#defaults.password(id) === undefined))
      return 'user without a password';
    return this.#guessed?.isLocked(id, channel) ? 'user locked out' : undefined;
  }

  #ids(): readonly number[] {
    // A program's users come and go without a word.
    if (this.#records.isBrought) this.#known = undefined;
    return (this.#known ??= [...new Set([...this.#records.keys()].map(Number).concat(this.#defaults.ids))]
      .filter((id) => id >= 1 && id <= this.slots)
      .sort((a, b) => a - b));
  }

  #record(id: number): UserRecord {
    const record = this.#records.get(id) ?? this.#defaults.record(id) ?? ABSENT;
    // Whoever sets a part of it anew must not bring back the rest, which may have been taken away.
    return this.#records.isLocked(id) ? { ...ABSENT, name: record.name } : record;
  }

  #password(id: number): Password {
    if (this.#passwords.isLocked(id)) return NO_PASSWORD;
    return this.#passwords.get(id) ?? this.#defaults.password(id) ?? NO_PASSWORD;
  }

  #change(id: number, record: UserRecord, revokes: boolean): Durable {
    if (!this.#records.has(id)) this.#known = undefined;
    const done = this.#records.set(id, record);
    return revokes ? whenStored(done, () => this.#setup.occasions.tell(Users.revoked, id)) : done;
  }
}

const isEmpty = ({ bytes }: Password): boolean => bytes.every((byte) => byte === 0);
