import { CC, IpmiError } from '../../codec/index.ts';
import {
  AccessUpdate,
  GetChannelAccess,
  GetChannelInfo,
  KeyOperation,
  SetChannelAccess,
  SetChannelSecurityKeys,
} from '../../commands/app/channels.ts';
import { Privilege } from '../../commands/command.ts';
import type { Context, Handler } from '../../router/index.ts';
import type { BmcState } from '../../bmc-state.ts';
import { AccessMode, MediumType, SessionSupport } from '../../commands/codes/channels.ts';
import { after } from '../../state/store.ts';
import { handle } from '../handle.ts';

/** The enterprise number of the IPMI forum itself, for protocols that the specification defines (§22.24). */
const IPMI_VENDOR = 0x001bf2;
const KEY_SIZE = 20;

export const channelHandlers: readonly Handler<BmcState>[] = [
  handle(SetChannelAccess, (request, context) => {
    const { channels } = context.bmc;
    const channel = accessChannel(context, request.channel);
    const {
      accessUpdate,
      limitUpdate,
      accessMode,
      privilegeLimit,
      alertingDisabled,
      perMessageDisabled,
      userLevelDisabled,
    } = request;
    if (accessUpdate > AccessUpdate.Present || limitUpdate > AccessUpdate.Present)
      throw new IpmiError(CC.InvalidDataField);
    if (
      accessUpdate !== AccessUpdate.None &&
      (accessMode > AccessMode.Shared || accessMode === AccessMode.PreBoot)
    )
      throw SetChannelAccess.refuse('accessModeNotSupported', `access mode ${accessMode}`);
    if (
      limitUpdate !== AccessUpdate.None &&
      (privilegeLimit < Privilege.Callback || privilegeLimit > Privilege.Oem)
    ) {
      throw new IpmiError(CC.InvalidDataField, `privilege limit ${privilegeLimit}`);
    }
    const updated = (which: 'present' | 'stored', code: number) => ({
      ...channels.access(channel, which),
      ...(accessUpdate === code
        ? { accessMode, alertingDisabled, perMessageDisabled, userLevelDisabled }
        : {}),
      ...(limitUpdate === code ? { privilegeLimit } : {}),
    });
    if (accessUpdate === AccessUpdate.Present || limitUpdate === AccessUpdate.Present)
      channels.setPresentAccess(channel, updated('present', AccessUpdate.Present));
    if (accessUpdate !== AccessUpdate.Stored && limitUpdate !== AccessUpdate.Stored) return {};
    return after(channels.setStoredAccess(channel, updated('stored', AccessUpdate.Stored)), {});
  }),

  handle(GetChannelAccess, ({ channel, which }, context) => {
    const number = accessChannel(context, channel);
    if (which !== AccessUpdate.Stored && which !== AccessUpdate.Present)
      throw new IpmiError(CC.InvalidDataField);
    return context.bmc.channels.access(number, which === AccessUpdate.Present ? 'present' : 'stored');
  }),

  handle(GetChannelInfo, ({ channel }, context) => {
    const { channels, sessions } = context.bmc;
    const number = channels.resolve(channel, context);
    const described = channels.get(number);
    if (!described) throw new IpmiError(CC.InvalidDataField);
    const { medium, protocol, sessionSupport } = described;
    return {
      channel: number,
      medium,
      protocol,
      sessionSupport,
      activeSessions: Math.min(sessions.count(number), 63),
      vendorId: IPMI_VENDOR,
      // For the system interface: how SMS attention and event message interrupts come. FFh: none, or not told
      // (§22.24).
      auxiliary: medium === MediumType.SystemInterface ? Uint8Array.of(0xff, 0xff) : new Uint8Array(2),
    };
  }),

  handle(SetChannelSecurityKeys, ({ channel, operation, keyId, key }, context) => {
    const { channels } = context.bmc;
    const number = channels.resolve(channel, context);
    if (!channels.isLan(number)) throw new IpmiError(CC.InvalidDataField, `channel ${number} has no keys`);
    if (keyId > 1) throw new IpmiError(CC.InvalidDataField, `key ${keyId}`);
    const which = keyId === 0 ? 'kr' : 'kg';
    const locked = channels.keyLocked(number, which);
    if (operation === KeyOperation.Read)
      return { lockStatus: locked ? 1 : 2, key: locked ? new Uint8Array(0) : channels.key(number, which) };
    if (locked) throw SetChannelSecurityKeys.refuse('locked');
    if (operation === KeyOperation.Lock)
      return after(channels.lockKey(number, which), { lockStatus: 1, key: new Uint8Array(0) });
    if (operation !== KeyOperation.Set) throw new IpmiError(CC.InvalidDataField, `operation ${operation}`);
    if (key.length !== KEY_SIZE) throw new IpmiError(key.length < KEY_SIZE ? 0x81 : 0x82);
    return after(channels.setKey(number, which, key, context.session), {
      lockStatus: 2,
      key: new Uint8Array(0),
    });
  }),
];

/** Channel access belongs to channels with sessions. */
function accessChannel(context: Context<BmcState>, number: number): number {
  const { channels } = context.bmc;
  const channel = channels.resolve(number, context);
  if ((channels.get(channel)?.sessionSupport ?? 0) === SessionSupport.None)
    throw GetChannelAccess.refuse('notSupported', `channel ${channel} has no sessions`);
  return channel;
}
