/** What somebody may do, each what those before it may and more; `anybody` needs no token. */
export const ROLES = ['anybody', 'read', 'operate', 'admin'] as const;
export type Role = (typeof ROLES)[number];

/** Who asks. */
export interface Caller {
  /** Of its token; `socket` of who comes by the Unix socket. */
  readonly name: string;
  readonly role: Role;
  /** Empty of who comes by the Unix socket. */
  readonly peer: string;
  /** The one BMC that it may see and work, as one of its users. Default: all. */
  readonly bmc?: string;
}

export const isAllowed = (caller: Caller, role: Role): boolean =>
  ROLES.indexOf(caller.role) >= ROLES.indexOf(role);
