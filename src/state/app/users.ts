import { NO_ACCESS, utf8Bytes } from '../../codec/index.ts';
import { Privilege } from '../../commands/command.ts';
import { equalBytes } from '../../crypto/hash.ts';
import type { Sleeper } from '../sleeper.ts';
import { LockOuts, type BadPasswordRule, type Guessed } from './lock-outs.ts';
import type { Setup } from '../setup.ts';
import { whenStored, type Durable, type Store } from '../store.ts';
import { stores } from '../stores.ts';
import { Listeners } from '../listeners.ts';

/** Most slots that six bits can number (IPMI 2.0 §22.26). */
const MOST_SLOTS = 63;
/** The one user that may be without a name (IPMI 2.0 §22.28). */
export const NULL_USER = 1;

/** What a user may do on one channel (§22.26). */
export interface UserAccess {
  readonly callback: boolean;
  readonly linkAuthentication: boolean;
  /** IPMI messaging: without it the user cannot open a session. */
  readonly messaging: boolean;
  /** Callback..Oem, or 0Fh: no access. */
  readonly privilegeLimit: number;
  /** Sessions at once; 0: as many as there are slots. */
  readonly sessionLimit: number;
}

interface UserRecord {
  readonly name: string;
  readonly enabled: boolean;
  /** By channel number. */
  readonly access: Readonly<Record<string, UserAccess>>;
}

/** 20 bytes, padded with zeros, and the size that it was set with: 16 or 20. */
interface Password {
  readonly bytes: Uint8Array;
  readonly size: number;
}

export interface UsersOptions {
  readonly users?: readonly {
    readonly id: number;
    /**
     * At most 16 bytes in UTF-8. User 1 without one is the null user, which there is only by such a setting.
     */
    readonly name?: string;
    /**
     * At most 20 bytes in UTF-8; with more than 16, IPMI 1.5 is closed to the user. Without one, nobody logs
     * in; `''` has to be said.
     */
    readonly password?: string;
    readonly enabled?: boolean;
    /** On every channel with sessions. Default Administrator. */
    readonly privilegeLimit?: number;
  }[];
  /** User ids 1..slots; at most 63, the default. */
  readonly slots?: number;
  /** Channels with sessions. */
  readonly channels?: readonly number[];
}

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

const ABSENT: UserRecord = { name: '', enabled: false, access: {} };
const NONE: UserAccess = {
  callback: false,
  linkAuthentication: false,
  messaging: false,
  privilegeLimit: NO_ACCESS,
  sessionLimit: 0,
};
/** Bytes of a user name and of a password at most (§22.28, §22.30). */
export const NAME_SIZE = 16;
export const PASSWORD_SIZE = 20;
const NO_PASSWORD: Password = { bytes: new Uint8Array(20), size: 16 };

/** Users as settings have them: BMCs with the same ones share them. */
export class GivenUsers {
  readonly slots: number;
  /** There is a null user. */
  readonly nullUser: boolean;
  /** By id. */
  readonly records: ReadonlyMap<number, UserRecord>;
  readonly passwords: ReadonlyMap<number, Password>;

  /** Throws RangeError for a name or a password that is too long. */
  constructor({ users = [], channels = [1], slots = MOST_SLOTS }: UsersOptions = {}) {
    this.slots = slots;
    this.nullUser = users.some(({ id, name = '' }) => id === NULL_USER && name === '');
    const records = new Map<number, UserRecord>();
    const passwords = new Map<number, Password>();
    for (const user of users) {
      const { id, name = '', password, enabled = true, privilegeLimit = Privilege.Administrator } = user;
      const access = { ...NONE, messaging: true, linkAuthentication: true, privilegeLimit };
      if (!utf8Bytes(name, NAME_SIZE))
        throw new RangeError(`user ${id}: a name has at most ${NAME_SIZE} bytes in UTF-8`);
      records.set(id, {
        name,
        enabled,
        access: Object.fromEntries(channels.map((channel) => [channel, access])),
      });
      if (password !== undefined) passwords.set(id, passwordOf(id, password));
    }
    this.records = records;
    this.passwords = passwords;
  }
}

/** The user table. Passwords lie in a store of their own, because they are secret. */
export class Users implements Sleeper<Map<string, Guessed>> {
  readonly slots: number;
  readonly #records: Store<UserRecord>;
  readonly #passwords: Store<Password>;
  readonly #given: GivenUsers;
  /** Made with the first wrong password. */
  #guessed: LockOuts | undefined;
  readonly #setup: Setup;
  /** Slots that somebody was ever in, in order: each log-in looks through them. */
  #known: readonly number[] | undefined;
  readonly #listeners = new Listeners<[userId: number]>();
  readonly #limitListeners = new Listeners<[userId: number]>();
  readonly #lockOutListeners = new Listeners<[userId: number, channel: number]>();

  constructor(setup: Setup, given: GivenUsers) {
    this.slots = given.slots;
    this.#setup = setup;
    this.#given = given;
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
      const record = this.#records.get(id) ?? this.#given.records.get(id);
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
      : whenStored(done, () => this.#limitListeners.tell(id));
  }

  setPassword(id: number, password: Uint8Array): Durable {
    const before = this.#password(id);
    const bytes = new Uint8Array(20);
    bytes.set(password);
    const done = this.#passwords.set(id, { bytes, size: password.length });
    const same = before.size === password.length && equalBytes(bytes, 0, before.bytes, 0, bytes.length);
    return same ? done : whenStored(done, () => this.#listeners.tell(id));
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
    if (rule.event) this.#lockOutListeners.tell(id, channel);
  }

  /** A log-in with the right password. */
  admitted(id: number, channel: number): void {
    this.#guessed?.succeeded(id, channel);
  }

  /** Called when a user was locked out, where the channel wants it told. */
  onLockedOut(listener: (userId: number, channel: number) => void): () => void {
    return this.#lockOutListeners.add(listener);
  }

  /**
   * Called when it is stored that a user has another password or name, or fewer rights: what a session was
   * opened with no longer holds.
   */
  onRevoked(listener: (userId: number) => void): () => void {
    return this.#listeners.add(listener);
  }

  /** Called when it is stored that a user may have another number of sessions. */
  onSessionLimit(listener: (userId: number) => void): () => void {
    return this.#limitListeners.add(listener);
  }

  /** What keeps a user from logging in; undefined: nothing. */
  #obstacle(id: number, channel: number): NoLogIn | undefined {
    const { messaging, privilegeLimit } = this.access(id, channel);
    // A name that was cleared is a user that was deleted.
    if (this.name(id) === '' && !(id === NULL_USER && this.#given.nullUser)) return 'unknown user';
    if (this.#records.isLocked(id) || this.#passwords.isLocked(id))
      return 'user whose stored settings are lost';
    if (!this.enabled(id)) return 'disabled user';
    if (!messaging || privilegeLimit < Privilege.Callback || privilegeLimit > Privilege.Oem)
      return 'no access to the channel';
    if (isEmpty(this.#password(id)) && (this.#passwords.has(id) || !this.#given.passwords.has(id)))
      return 'user without a password';
    return this.#guessed?.isLocked(id, channel) ? 'user locked out' : undefined;
  }

  #ids(): readonly number[] {
    // A program's users come and go without a word.
    if (this.#records.isBrought) this.#known = undefined;
    return (this.#known ??= [
      ...new Set([...this.#records.keys()].map(Number).concat([...this.#given.records.keys()])),
    ]
      .filter((id) => id >= 1 && id <= this.slots)
      .sort((a, b) => a - b));
  }

  #record(id: number): UserRecord {
    const record = this.#records.get(id) ?? this.#given.records.get(id) ?? ABSENT;
    // Whoever sets a part of it anew must not bring back the rest, which may have been taken away.
    return this.#records.isLocked(id) ? { ...ABSENT, name: record.name } : record;
  }

  #password(id: number): Password {
    if (this.#passwords.isLocked(id)) return NO_PASSWORD;
    return this.#passwords.get(id) ?? this.#given.passwords.get(id) ?? NO_PASSWORD;
  }

  #change(id: number, record: UserRecord, revokes: boolean): Durable {
    if (!this.#records.has(id)) this.#known = undefined;
    const done = this.#records.set(id, record);
    return revokes ? whenStored(done, () => this.#listeners.tell(id)) : done;
  }
}

const isEmpty = ({ bytes }: Password): boolean => bytes.every((byte) => byte === 0);

function passwordOf(id: number, text: string): Password {
  const utf8 = utf8Bytes(text, PASSWORD_SIZE);
  if (!utf8) throw new RangeError(`user ${id}: a password has at most ${PASSWORD_SIZE} bytes in UTF-8`);
  const bytes = new Uint8Array(20);
  bytes.set(utf8);
  return { bytes, size: utf8.length > 16 ? 20 : 16 };
}
