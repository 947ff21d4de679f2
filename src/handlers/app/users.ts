import { NO_ACCESS, CC, IpmiError } from '../../codec/index.ts';
import {
  GetUserAccess,
  GetUserName,
  PasswordOperation,
  SetUserAccess,
  SetUserName,
  SetUserPassword,
} from '../../commands/app/users.ts';
import { Privilege } from '../../commands/command.ts';
import type { Context, Handler } from '../../router/index.ts';
import type { BmcState } from '../../bmc-state.ts';
import { after } from '../../state/store.ts';
import { type Users } from '../../state/app/users.ts';
import { handle } from '../handle.ts';

/** User 1 is the null user: its name is empty and stays so. */
const NULL_USER = 1;

export const userHandlers: readonly Handler<BmcState>[] = [
  handle(SetUserAccess, (request, context) => {
    const { users } = context.bmc;
    const { privilegeLimit, sessionLimit, change } = request;
    const channel = userChannel(context, request.channel);
    const id = userId(users, request.userId);
    if (
      privilegeLimit !== NO_ACCESS &&
      (privilegeLimit < Privilege.Callback || privilegeLimit > Privilege.Oem)
    ) {
      throw new IpmiError(CC.InvalidDataField, `privilege limit ${privilegeLimit}`);
    }
    const before = users.access(id, channel);
    const { callback, linkAuthentication, messaging } = change ? request : before;
    return after(
      users.setAccess(id, channel, {
        callback,
        linkAuthentication,
        messaging,
        privilegeLimit,
        sessionLimit: sessionLimit ?? before.sessionLimit,
      }),
      {},
    );
  }),

  handle(GetUserAccess, (request, context) => {
    const { users } = context.bmc;
    const channel = userChannel(context, request.channel);
    const id = userId(users, request.userId);
    const { callback, linkAuthentication, messaging, privilegeLimit } = users.access(id, channel);
    return {
      maxUsers: users.slots,
      enableStatus: users.enabled(id) ? 1 : 2,
      enabledUsers: users.enabledCount,
      fixedNames: 1,
      callback,
      linkAuthentication,
      messaging,
      privilegeLimit,
    };
  }),

  handle(SetUserName, ({ userId: slot, name }, { bmc: { users } }) => {
    const id = userId(users, slot);
    if (id === NULL_USER) {
      if (name === '') return {};
      throw new IpmiError(CC.InvalidDataField, 'the null user has no name');
    }
    // Two users of one name could not be told apart at log-in.
    const taken =
      name !== '' &&
      Array.from({ length: users.slots }, (_, i) => i + 1).some(
        (other) => other !== id && users.name(other) === name,
      );
    if (taken) throw new IpmiError(CC.InvalidDataField, `there is a user '${name}' already`);
    return after(users.setName(id, name), {});
  }),

  handle(GetUserName, ({ userId: slot }, { bmc: { users } }) => ({ name: users.name(userId(users, slot)) })),

  handle(SetUserPassword, ({ userId: slot, operation, twentyBytes, password }, { bmc: { users } }) => {
    const id = userId(users, slot);
    if (operation === PasswordOperation.Enable || operation === PasswordOperation.Disable) {
      return after(users.setEnabled(id, operation === PasswordOperation.Enable), {});
    }
    if (password.length !== (twentyBytes ? 20 : 16))
      throw new IpmiError(CC.RequestLengthInvalid, `a password of ${password.length} bytes`);
    if (operation === PasswordOperation.Set) return after(users.setPassword(id, password), {});
    const result = users.testPassword(id, password);
    if (result !== 'right') throw new IpmiError(result === 'wrong' ? 0x80 : 0x81, 'password test failed');
    return {};
  }),
];

/** A user's slot; C9h for one that there is not. */
export function userId(users: Users, id: number): number {
  if (id < 1 || id > users.slots) throw new IpmiError(CC.ParameterOutOfRange, `user ${id}`);
  return id;
}

/** Users have access to channels with sessions only. */
export function userChannel(context: Context<BmcState>, number: number): number {
  const channel = context.bmc.channels.resolve(number, context);
  if (!context.bmc.channels.hasSessions(channel))
    throw new IpmiError(CC.InvalidDataField, `channel ${channel} has no sessions`);
  return channel;
}
