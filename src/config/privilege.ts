import { Privilege } from '../commands/command.ts';
import { NO_ACCESS } from '../state/app/users.ts';

const LEVELS = {
  callback: Privilege.Callback,
  user: Privilege.User,
  operator: Privilege.Operator,
  administrator: Privilege.Administrator,
  oem: Privilege.Oem,
  none: NO_ACCESS,
} as const;

/** Privilege levels as settings name them (IPMI 2.0 §6.8). */
export type PrivilegeName = keyof typeof LEVELS;

export const privilegeOf = <N extends PrivilegeName>(name: N): (typeof LEVELS)[N] => LEVELS[name];
