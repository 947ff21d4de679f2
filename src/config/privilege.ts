import { Privilege } from '../commands/command.ts';
import { NO_ACCESS } from '../state/app/users.ts';
import type { PrivilegeName } from './options.ts';

export function privilegeOf(name: PrivilegeName): number {
  return {
    callback: Privilege.Callback,
    user: Privilege.User,
    operator: Privilege.Operator,
    administrator: Privilege.Administrator,
    oem: Privilege.Oem,
    none: NO_ACCESS,
  }[name];
}
