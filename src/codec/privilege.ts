/** Privilege levels, IPMI 2.0 §6.8. None: also without a session (appendix G, "p"). */
export const Privilege = { None: 0, Callback: 1, User: 2, Operator: 3, Administrator: 4, Oem: 5 } as const;
export type Privilege = (typeof Privilege)[keyof typeof Privilege];

/** Levels that a session can have, by name; the lowest is 1. */
export const SESSION_PRIVILEGES = ['callback', 'user', 'operator', 'administrator', 'oem'] as const;
/** All levels by name, each at its number. */
export const PRIVILEGES = ['none', ...SESSION_PRIVILEGES] as const;
export type PrivilegeName = (typeof PRIVILEGES)[number];

/** The level of a name. */
export const levelNamed = (name: PrivilegeName): Privilege => PRIVILEGES.indexOf(name) as Privilege;

/** Privilege limit 0Fh: the user has no access on the channel (§22.26). */
export const NO_ACCESS = 0x0f;

/** What people call a level, or the limit of a user. */
export const privilegeName = (level: number): string =>
  level === NO_ACCESS ? 'no access' : (PRIVILEGES[level] ?? `level ${level}`);
