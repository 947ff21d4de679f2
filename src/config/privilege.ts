import { NO_ACCESS, PRIVILEGES, type Privilege, type PrivilegeName } from '../codec/index.ts';

export type { PrivilegeName };

type LevelOf<N extends PrivilegeName> = N extends 'none' ? typeof NO_ACCESS : Privilege;

/** The level that settings name (IPMI 2.0 §6.8); a user of `none` has no access at all. */
export const privilegeOf = <N extends PrivilegeName>(name: N): LevelOf<N> =>
  (name === 'none' ? NO_ACCESS : PRIVILEGES.indexOf(name)) as LevelOf<N>;
