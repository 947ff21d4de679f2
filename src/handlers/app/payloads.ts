import { CC, IpmiError } from '../../codec/index.ts';
import {
  ActivatePayload,
  DeactivatePayload,
  GetChannelOemPayloadInfo,
  GetChannelPayloadSupport,
  GetChannelPayloadVersion,
  GetPayloadActivationStatus,
  GetPayloadInstanceInfo,
  GetUserPayloadAccess,
  PayloadEncryption,
  SetUserPayloadAccess,
  SuspendResumePayloadEncryption,
} from '../../commands/app/payloads.ts';
import type { Handler } from '../../router/index.ts';
import type { BmcState } from '../../bmc-state.ts';
import { after } from '../../state/store.ts';
import { isSetUpPayload, PayloadType } from '../../wire/index.ts';
import { handle } from '../handle.ts';
import { sessionChannel } from './sessions.ts';
import { userChannel, userId } from './users.ts';

const NO_VLAN = 0xffff;
const OEM = 0x20;
/**
 * IPMI messages and the payloads of a log-in: what is no payload of its own is in version 1.0 (table 13-16).
 */
const SET_UP = 0x003f;
const BUILT_IN_VERSION = { majorVersion: 1, minorVersion: 0 };

export const payloadHandlers: readonly Handler<BmcState>[] = [
  handle(ActivatePayload, ({ payloadType, instance, auxiliary }, { bmc, session, channel }) => {
    const activated = bmc.payloads.activate(payloadType, instance, auxiliary, session);
    const { inboundSize, outboundSize } = activated.definition;
    return {
      auxiliary: activated.auxiliary,
      inboundSize,
      outboundSize,
      // The one that the console talks to already: most go to no other.
      port: bmc.payloads.port(channel.number),
      vlan: NO_VLAN,
    };
  }),

  handle(DeactivatePayload, ({ payloadType, instance }, context) =>
    context.bmc.payloads.deactivate(payloadType, instance, context),
  ),

  handle(SuspendResumePayloadEncryption, ({ payloadType, instance, operation }, context) => {
    // Every packet has an initialization vector of its own: there is none to be made anew.
    if (operation === PayloadEncryption.Regenerate)
      throw SuspendResumePayloadEncryption.refuse(
        'notSupported',
        'initialization vectors are never used twice',
      );
    if (operation > PayloadEncryption.Regenerate)
      throw new IpmiError(CC.InvalidDataField, `operation ${operation}`);
    context.bmc.payloads.suspendEncryption(
      payloadType,
      instance,
      operation === PayloadEncryption.Suspend,
      context,
    );
  }),

  handle(GetPayloadActivationStatus, ({ payloadType }, { bmc }) => {
    const definition = bmc.payloads.definition(payloadType);
    if (!definition) throw new IpmiError(CC.InvalidDataField, `payload type ${payloadType}`);
    return { capacity: definition.instances, active: bmc.payloads.activeInstances(payloadType) };
  }),

  handle(GetPayloadInstanceInfo, ({ payloadType, instance }, { bmc }) => {
    const definition = bmc.payloads.definition(payloadType);
    if (!definition || instance < 1 || instance > definition.instances)
      throw new IpmiError(CC.InvalidDataField, `payload type ${payloadType}, instance ${instance}`);
    return bmc.payloads.active(payloadType, instance) ?? { sessionId: 0, information: new Uint8Array(8) };
  }),

  handle(SetUserPayloadAccess, ({ channel, operation, userId: slot, standard, oem }, context) => {
    const { payloads, users } = context.bmc;
    const number = userChannel(context, channel);
    const id = userId(users, slot);
    if (operation > 1) throw new IpmiError(CC.InvalidDataField, `operation ${operation}`);
    const before = payloads.access(id, number);
    const changed = (had: number, named: number): number => (operation === 0 ? had | named : had & ~named);
    return after(
      payloads.setAccess(id, number, {
        standard: changed(before.standard, standard & 0xfe),
        oem: changed(before.oem, oem),
      }),
      {},
    );
  }),

  handle(GetUserPayloadAccess, ({ channel, userId: slot }, context) => {
    const { payloads, users } = context.bmc;
    return payloads.access(userId(users, slot), userChannel(context, channel));
  }),

  handle(GetChannelPayloadSupport, ({ channel }, context) => {
    payloadChannel(context, channel);
    const { definitions } = context.bmc.payloads;
    const oem = definitions.reduce((mask, { type }) => (type >= OEM ? mask | (1 << (type - OEM)) : mask), 0);
    const sol = context.bmc.payloads.definition(PayloadType.Sol) ? 1 << PayloadType.Sol : 0;
    return { standard: 1 | sol | (oem === 0 ? 0 : 1 << PayloadType.OemExplicit), sessionSetup: SET_UP, oem };
  }),

  handle(GetChannelPayloadVersion, ({ channel, payloadType }, context) => {
    payloadChannel(context, channel);
    const definition = context.bmc.payloads.definition(payloadType);
    const builtIn = payloadType === PayloadType.Ipmi || isSetUpPayload(payloadType);
    if (!definition && !builtIn)
      throw GetChannelPayloadVersion.refuse('notAvailable', `payload type ${payloadType}`);
    return definition ?? BUILT_IN_VERSION;
  }),

  handle(GetChannelOemPayloadInfo, ({ channel, payloadType, iana, payloadId }, context) => {
    payloadChannel(context, channel);
    const { payloads } = context.bmc;
    const definition =
      payloadType === PayloadType.OemExplicit
        ? payloads.explicit(iana, payloadId)
        : payloads.definition(payloadType);
    if (definition?.iana === undefined || definition.payloadId === undefined)
      throw GetChannelOemPayloadInfo.refuse(
        'notSupported',
        `OEM payload ${payloadType} ${iana} ${payloadId}`,
      );
    return {
      payloadType: definition.type,
      iana: definition.iana,
      payloadId: definition.payloadId,
      majorVersion: definition.majorVersion,
      minorVersion: definition.minorVersion,
    };
  }),
];

/** A channel that carries RMCP+ payloads. */
function payloadChannel(context: Parameters<typeof sessionChannel>[0], number: number): number {
  const channel = sessionChannel(context, number);
  if (!context.bmc.channels.isLan(channel))
    throw new IpmiError(CC.InvalidDataField, `channel ${channel} carries no payloads`);
  return channel;
}
