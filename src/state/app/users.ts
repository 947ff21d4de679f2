import { fromLatin1 } from '../../codec/index.ts';
import { Privilege } from '../../commands/command.ts';
import { equalBytes } from '../../wire/crypto/hash.ts';
import type { BadPasswordRule } from '../transport/lan-parameters.ts';
import { LockOuts } from './lock-outs.ts';
import type { Setup } from '../setup.ts';
import type { Durable, Store } from '../store.ts';
import { Listeners } from '../listeners.ts';

/** Most slots that six bits can number (IPMI 2.0 §22.26). */
const MOST_SLOTS = 63;
/** Privilege limit 0Fh: the user has no access on the channel. */
export const NO_ACCESS = 0x0f;

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
    readonly name?: string;
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
}

const ABSENT: UserRecord = { name: '', enabled: false, access: {} };
const NONE: UserAccess = { callback: false, linkAuthentication: false, messaging: false, privilegeLimit: NO_ACCESS, sessionLimit: 0 };
const NO_PASSWORD: Password = { bytes: new Uint8Array(20), size: 16 };

/** The user table. Passwords lie in a store of their own, because they are secret. */
export class Users {
  readonly slots: number;
  readonly #records: Store<UserRecord>;
  readonly #passwords: Store<Password>;
  readonly #defaults = new Map<number, UserRecord>();
  readonly #defaultPasswords = new Map<number, Password>();
  readonly #lockOuts: LockOuts;
  readonly #listeners = new Listeners<[userId: number]>();
  readonly #lockOutListeners = new Listeners<[userId: number, channel: number]>();

  constructor(setup: Setup, { users = [], channels = [1], slots = MOST_SLOTS }: UsersOptions = {}) {
    this.slots = slots;
    this.#lockOuts = new LockOuts(setup.clock);
    this.#records = setup.store<UserRecord>('users');
    this.#passwords = setup.store<Password>('passwords');
    for (const { id, name = '', password = '', enabled = true, privilegeLimit = Privilege.Administrator } of users) {
      const access = { ...NONE, messaging: true, linkAuthentication: true, privilegeLimit };
      this.#defaults.set(id, { name, enabled, access: Object.fromEntries(channels.map((channel) => [channel, access])) });
      this.#defaultPasswords.set(id, { bytes: fromLatin1(password, 20), size: password.length > 16 ? 20 : 16 });
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

  get enabledCount(): number {
    return this.#ids().filter((id) => this.enabled(id)).length;
  }

  /** Null names, named users, and whether anybody gets in without name and password, on one channel (§22.13). */
  loginKinds(channel: number): { nonNullUsers: boolean; nullUsers: boolean; anonymousLogin: boolean } {
    const able = this.#ids().filter((id) => this.#able(id, channel));
    const nameless = able.filter((id) => this.name(id) === '');
    const anonymous = nameless.filter((id) => this.#password(id).bytes.every((byte) => byte === 0));
    return { nonNullUsers: able.length > nameless.length, nullUsers: nameless.length > anonymous.length, anonymousLogin: anonymous.length > 0 };
  }

  /**
   * The user of that name who may open a session on the channel. With a privilege, one whose limit is just that goes
   * first, then one whose limit is above it, as a look-up by name and privilege wants (§13.20); without, the first.
   */
  logIn(name: string, channel: number, privilege: number | undefined): LogInUser | undefined {
    const able = this.#ids().filter((id) => this.name(id) === name && this.#able(id, channel));
    const limit = (one: number): number => this.access(one, channel).privilegeLimit;
    const wanted = privilege ?? 0;
    const id = privilege === undefined ? able[0] : (able.find((one) => limit(one) === wanted) ?? able.find((one) => limit(one) >= wanted) ?? able[0]);
    if (id === undefined) return undefined;
    const { privilegeLimit, sessionLimit } = this.access(id, channel);
    return { id, privilegeLimit, sessionLimit, password: this.#password(id).bytes };
  }

  setName(id: number, name: string): Durable {
    if (name !== this.name(id)) this.#tell(id);
    return this.#change(id, { ...this.#record(id), name });
  }

  setEnabled(id: number, enabled: boolean): Durable {
    if (enabled) this.#lockOuts.free(id);
    if (!enabled) this.#tell(id);
    return this.#change(id, { ...this.#record(id), enabled });
  }

  setAccess(id: number, channel: number, access: UserAccess): Durable {
    const record = this.#record(id);
    const before = this.access(id, channel);
    this.#lockOuts.free(id);
    const rank = ({ messaging, privilegeLimit }: UserAccess): number => (messaging && privilegeLimit !== NO_ACCESS ? privilegeLimit : 0);
    if (rank(access) < rank(before)) this.#tell(id);
    return this.#change(id, { ...record, access: { ...record.access, [channel]: access } });
  }

  setPassword(id: number, password: Uint8Array): Durable {
    const bytes = new Uint8Array(20);
    bytes.set(password);
    if (!equalBytes(bytes, 0, this.#password(id).bytes, 0, bytes.length)) this.#tell(id);
    return this.#passwords.set(id, { bytes, size: password.length });
  }

  /** Compares in constant time. `wrong-size`: it was stored with the other size. */
  testPassword(id: number, password: Uint8Array): 'right' | 'wrong' | 'wrong-size' {
    const { bytes, size } = this.#password(id);
    if (size !== password.length) return 'wrong-size';
    return equalBytes(bytes, 0, password, 0, size) ? 'right' : 'wrong';
  }

  /** A log-in with a wrong password. Too many of them lock the user out of the channel, for a while or until somebody enables it again. */
  refused(id: number, channel: number, rule: BadPasswordRule): void {
    if (!this.#lockOuts.failed(id, channel, rule)) return;
    const access = this.access(id, channel);
    if (rule.lockOut === 0) void this.setAccess(id, channel, { ...access, messaging: false })?.catch(() => undefined);
    if (rule.event) this.#lockOutListeners.tell(id, channel);
  }

  /** A log-in with the right password. */
  admitted(id: number, channel: number): void {
    this.#lockOuts.succeeded(id, channel);
  }

  /** Called when a user was locked out, where the channel wants it told. */
  onLockedOut(listener: (userId: number, channel: number) => void): void {
    this.#lockOutListeners.add(listener);
  }

  /** Called when a user gets another password or name, or loses rights: what a session was opened with no longer holds. */
  onRevoked(listener: (userId: number) => void): void {
    this.#listeners.add(listener);
  }

  #able(id: number, channel: number): boolean {
    const { messaging, privilegeLimit } = this.access(id, channel);
    if (this.#lockOuts.isLocked(id, channel)) return false;
    return this.enabled(id) && messaging && privilegeLimit >= Privilege.Callback && privilegeLimit <= Privilege.Oem;
  }

  #ids(): number[] {
    return Array.from({ length: this.slots }, (_, i) => i + 1).filter((id) => this.#records.has(id) || this.#defaults.has(id));
  }

  #record(id: number): UserRecord {
    return this.#records.get(id) ?? this.#defaults.get(id) ?? ABSENT;
  }

  #password(id: number): Password {
    return this.#passwords.get(id) ?? this.#defaultPasswords.get(id) ?? NO_PASSWORD;
  }

  #change(id: number, record: UserRecord): Durable {
    return this.#records.set(id, record);
  }

  #tell(id: number): void {
    this.#listeners.tell(id);
  }
}
