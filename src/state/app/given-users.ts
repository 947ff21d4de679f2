import { NO_ACCESS, utf8Bytes } from '../../codec/index.ts';
import { Privilege } from '../../commands/command.ts';
import { equalBytes } from '../../crypto/hash.ts';

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

export interface UserRecord {
  readonly name: string;
  readonly enabled: boolean;
  /** By channel number. */
  readonly access: Readonly<Record<string, UserAccess>>;
}

/** 20 bytes, padded with zeros, and the size that it was set with: 16 or 20. */
export interface Password {
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

export const ABSENT: UserRecord = { name: '', enabled: false, access: {} };
export const NONE: UserAccess = {
  callback: false,
  linkAuthentication: false,
  messaging: false,
  privilegeLimit: NO_ACCESS,
  sessionLimit: 0,
};
/** Bytes of a user name and of a password at most (§22.28, §22.30). */
export const NAME_SIZE = 16;
export const PASSWORD_SIZE = 20;
export const NO_PASSWORD: Password = { bytes: new Uint8Array(20), size: 16 };

type Access = UserRecord['access'];

const accessOf = (channels: readonly number[], privilegeLimit: number): Access => {
  const access = { ...NONE, messaging: true, linkAuthentication: true, privilegeLimit };
  return Object.fromEntries(channels.map((channel) => [channel, access]));
};

/** How many share what a user may do: whoever has them says so. */
export type SharedAccess = (channels: readonly number[], limit: number, make: typeof accessOf) => Access;

/** A user as settings have it. */
interface GivenUser {
  readonly id: number;
  readonly record: UserRecord;
  readonly password: Password | undefined;
}

/** Users as settings have them, few as a rule: BMCs with the same ones share them. */
export class GivenUsers {
  readonly slots: number;
  /** There is a null user. */
  readonly nullUser: boolean;
  readonly #users: readonly GivenUser[];

  /** Throws RangeError for a name or a password that is too long. */
  constructor(
    { users = [], channels = [1], slots = MOST_SLOTS }: UsersOptions = {},
    shared: SharedAccess = (ofChannels, limit, make) => make(ofChannels, limit),
  ) {
    this.slots = slots;
    this.nullUser = users.some(({ id, name = '' }) => id === NULL_USER && name === '');
    this.#users = users.map((user) => {
      const { id, name = '', password, enabled = true, privilegeLimit = Privilege.Administrator } = user;
      if (!utf8Bytes(name, NAME_SIZE))
        throw new RangeError(`user ${id}: a name has at most ${NAME_SIZE} bytes in UTF-8`);
      const access = shared(channels, privilegeLimit, accessOf);
      return {
        id,
        record: { name, enabled, access },
        password: password === undefined ? undefined : passwordOf(id, password),
      };
    });
  }

  get ids(): number[] {
    return this.#users.map(({ id }) => id);
  }

  record(id: number): UserRecord | undefined {
    return this.#of(id)?.record;
  }

  password(id: number): Password | undefined {
    return this.#of(id)?.password;
  }

  /** The last of two with one id, which a schema refuses. */
  #of(id: number): GivenUser | undefined {
    for (let i = this.#users.length - 1; i >= 0; i--) if (this.#users[i].id === id) return this.#users[i];
    return undefined;
  }
}

export const samePassword = (a: Password | undefined, b: Password | undefined): boolean =>
  a === b || (a !== undefined && a.size === b?.size && equalBytes(a.bytes, 0, b.bytes, 0, PASSWORD_SIZE));

/** Of settings, in which all channels of a user have the same access. */
export function sameRecord(a: UserRecord, b: UserRecord): boolean {
  const limits = ({ access }: UserRecord): string =>
    Object.entries(access)
      .map(([channel, { privilegeLimit }]) => `${channel}:${privilegeLimit}`)
      .join();
  return a.name === b.name && a.enabled === b.enabled && limits(a) === limits(b);
}

function passwordOf(id: number, text: string): Password {
  const utf8 = utf8Bytes(text, PASSWORD_SIZE);
  if (!utf8) throw new RangeError(`user ${id}: a password has at most ${PASSWORD_SIZE} bytes in UTF-8`);
  const bytes = new Uint8Array(20);
  bytes.set(utf8);
  return { bytes, size: utf8.length > 16 ? 20 : 16 };
}
