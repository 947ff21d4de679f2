import { SensorType } from '../../commands/codes/sensor-types.ts';
import { CC, IpmiError } from '../../codec/index.ts';
import {
  BridgeMessage,
  BridgeRequest,
  BridgeState,
  ClearBridgeStatistics,
  CommandStatistics,
  ErrorReport,
  GetAddresses,
  GetBridgeProxyAddress,
  GetBridgeState,
  GetBridgeStatistics,
  GetChassisDeviceId,
  GetEventCount,
  GetEventDestination,
  GetEventReceptionState,
  GetIcmbAddress,
  GetIcmbCapabilities,
  GetIcmbConnectionId,
  GetIcmbConnectorInfo,
  InboundRequest,
  OutboundRequest,
  PacketStatistics,
  PrepareForDiscovery,
  SendIcmbConnectionId,
  SendIcmbEventMessage,
  SetBridgeProxyAddress,
  SetBridgeState,
  SetChassisDeviceId,
  SetDiscovered,
  SetEventDestination,
  SetEventReceptionState,
  SetIcmbAddress,
} from '../../commands/bridge/icmb.ts';
import { Privilege } from '../../commands/command.ts';
import { EventBody, PlatformEventMessage } from '../../commands/sensor/events.ts';
import { Context, type Channel, type Handler } from '../../router/index.ts';
import type { BmcState } from '../../bmc-state.ts';
import type { OutgoingRequest } from '../../services/bridging/requester.ts';
import { idBytes } from '../../records/sdr.ts';
import { after } from '../../state/store.ts';
import { FRAME_MAX, FRAME_MIN, ICMB_BROADCAST } from '../../wire/index.ts';
import { handle } from '../handle.ts';

type Asked = Context<BmcState>;

const LOCAL_IPMB: Channel = { number: 0, medium: 'ipmb', maxAnswer: FRAME_MAX - FRAME_MIN };
const ICMB_1_0 = { version: 1, revision: 0, features: 0 };
/** One connector of type A on each bridge. */
const CONNECTORS = 1;
const CONNECTOR_TYPE_A = 0;
/** Bridges that one answer to GetAddresses names. */
const ADDRESSES = 8;
const EVM_REV = 0x04;
/**
 * Sensor type Chassis, with an OEM event type: the event's own code, and the address of the chassis that sent
 * it.
 */
const CHASSIS_EVENT = {
  sensorType: SensorType.Chassis,
  sensorNumber: 0,
  eventType: 0x70,
  deassertion: false,
};

/** Requests that came by ICMB are for this bridge; others are its own chassis'. */
const fromIcmb = ({ channel }: Asked): boolean => channel.medium === 'icmb';

export const icmbHandlers: readonly Handler<BmcState>[] = [
  handle(GetBridgeState, (_request, { bmc }) => ({
    state: bmc.icmb.enabled ? BridgeState.Enabled : BridgeState.Disabled,
  })),

  handle(SetBridgeState, ({ state }, { bmc }) => {
    if (state > BridgeState.Enabled) throw new IpmiError(CC.InvalidDataField, `bridge state ${state}`);
    return after(bmc.icmb.setEnabled(state === BridgeState.Enabled), {});
  }),

  handle(GetIcmbAddress, (_request, { bmc }) => ({ address: bmc.icmb.address })),

  handle(SetIcmbAddress, ({ address }, { bmc }) => {
    if (address === ICMB_BROADCAST) throw new IpmiError(CC.InvalidDataField, 'address 0 is everybody');
    return after(bmc.icmb.setAddress(address), {});
  }),

  handle(SetBridgeProxyAddress, (proxy, { bmc }) => after(bmc.icmb.setProxy(proxy), {})),
  handle(GetBridgeProxyAddress, (_request, { bmc }) => bmc.icmb.proxy),

  handle(GetBridgeStatistics, ({ selector }, { bmc: { icmb } }) => {
    if (selector > 1) throw new IpmiError(CC.InvalidDataField, `statistics ${selector}`);
    return {
      selector,
      statistics:
        selector === 0 ? CommandStatistics.encode(icmb.statistics) : PacketStatistics.encode(icmb.statistics),
    };
  }),

  handle(ClearBridgeStatistics, (_request, { bmc }) => bmc.icmb.clearStatistics()),
  handle(GetIcmbCapabilities, () => ICMB_1_0),

  handle(GetIcmbConnectorInfo, ({ connector }, { bmc }) => {
    if (connector >= CONNECTORS) throw new IpmiError(CC.ParameterOutOfRange, `connector ${connector}`);
    return {
      flags: bmc.icmb.port ? 1 : 0,
      connectors: CONNECTORS,
      connectorType: CONNECTOR_TYPE_A,
      id: idBytes('ICMB'),
    };
  }),

  handle(GetIcmbConnectionId, () => ({ connector: 0, id: idBytes('ICMB') })),

  handle(SendIcmbConnectionId, async ({ address = ICMB_BROADCAST }, context) => {
    const port = context.bmc.icmb.out();
    const { cmd } = GetIcmbConnectionId;
    const nothing = new Uint8Array(0);
    const answer =
      address === ICMB_BROADCAST
        ? (await port.broadcast(cmd, nothing, context))[0]
        : await port.request(address, cmd, nothing, context);
    if (!answer) throw new IpmiError(CC.Timeout, 'no bridge answers');
    return { remoteCompletionCode: answer[0], answer: answer.slice(1) };
  }),

  handle(PrepareForDiscovery, async (_request, context) => {
    const { icmb } = context.bmc;
    icmb.discovered = false;
    if (!fromIcmb(context) && icmb.port)
      await icmb.out().broadcast(PrepareForDiscovery.cmd, new Uint8Array(0), context);
    return {};
  }),

  handle(GetAddresses, async (_request, context) => {
    const { icmb } = context.bmc;
    if (fromIcmb(context)) {
      if (icmb.discovered) throw new IpmiError(CC.NotSupportedInState, 'discovered already');
      return { addresses: [icmb.address, ...(icmb.proxy.icmbAddress === 0 ? [] : [icmb.proxy.icmbAddress])] };
    }
    return { addresses: icmb.port ? await undiscovered(context) : [] };
  }),

  handle(SetDiscovered, (_request, { bmc }) => void (bmc.icmb.discovered = true)),
  handle(GetChassisDeviceId, (_request, { bmc }) => ({ address: bmc.icmb.chassisDevice >> 1 })),
  handle(SetChassisDeviceId, ({ address }, { bmc }) => after(bmc.icmb.setChassisDevice(address << 1), {})),

  handle(BridgeRequest, async ({ message }, context) => ({
    answer: fromIcmb(context) ? await inbound(message, context) : await outbound(message, context),
  })),

  // One way: the answer says that the message went on, and no more.
  handle(BridgeMessage, async ({ message }, context) => {
    if (fromIcmb(context)) await inbound(message, context);
    else await outbound(message, context);
    return {};
  }),

  handle(GetEventCount, (_request, { bmc }) => ({ count: bmc.icmb.eventCount })),
  handle(SetEventDestination, ({ address }, { bmc }) => after(bmc.icmb.setEventDestination(address), {})),
  handle(GetEventDestination, (_request, { bmc }) => ({ address: bmc.icmb.eventDestination })),
  handle(SetEventReceptionState, (reception, { bmc }) => after(bmc.icmb.setReception(reception), {})),
  handle(GetEventReceptionState, (_request, { bmc }) => bmc.icmb.reception),

  handle(SendIcmbEventMessage, async ({ eventCode }, context) => {
    if (fromIcmb(context)) return received(eventCode, context);
    const { icmb } = context.bmc;
    const port = icmb.out();
    icmb.eventCount = (icmb.eventCount + 1) & 0xff;
    const data = Uint8Array.of(eventCode);
    const to = icmb.eventDestination;
    const answer =
      to === ICMB_BROADCAST ? undefined : await port.request(to, SendIcmbEventMessage.cmd, data, context);
    if (to === ICMB_BROADCAST) await port.broadcast(SendIcmbEventMessage.cmd, data, context);
    if (answer && answer[0] !== CC.Ok) throw new IpmiError(answer[0], `bridge ${to} refused the event`);
    return {};
  }),

  handle(ErrorReport, (_request, { bmc }) => bmc.icmb.count('badCommands')),
];

async function undiscovered(context: Asked): Promise<number[]> {
  const answers = await context.bmc.icmb.out().broadcast(GetAddresses.cmd, new Uint8Array(0), context);
  return answers
    .flatMap((answer) => GetAddresses.response.decode(answer, 1).addresses)
    .sort((a, b) => a - b)
    .slice(0, ADDRESSES);
}

/** A command for a bridge elsewhere: its completion code and data. */
async function outbound(bytes: Uint8Array, context: Asked): Promise<Uint8Array> {
  const { remoteAddress, remoteCommand, data } = OutboundRequest.decode(bytes);
  const port = context.bmc.icmb.out();
  if (remoteAddress !== ICMB_BROADCAST) return port.request(remoteAddress, remoteCommand, data, context);
  if (remoteCommand === GetAddresses.cmd)
    return Uint8Array.of(CC.Ok, ...GetAddresses.response.encode({ addresses: await undiscovered(context) }));
  await port.broadcast(remoteCommand, data, context);
  return Uint8Array.of(CC.Ok);
}

/** A request for a controller of this chassis: its completion code and data. */
async function inbound(bytes: Uint8Array, asked: Asked): Promise<Uint8Array> {
  const { bmc, requester } = asked;
  if (!bmc.icmb.enabled) throw new IpmiError(CC.NotSupportedInState, 'bridging is disabled');
  const { slaveAddress: to, netFn, lun: toLun, cmd, data } = InboundRequest.decode(bytes);
  if (netFn % 2 === 1) throw new IpmiError(CC.InvalidDataField, 'a response has no answer');
  if (to === bmc.identity.address) {
    const context = new Context<BmcState>(
      bmc,
      LOCAL_IPMB,
      Privilege.Administrator,
      toLun,
      undefined,
      requester,
      asked,
    );
    return bmc.router.enterBy({ netFn, lun: toLun, cmd, data }, context);
  }
  return askController(bmc, { to, toLun, netFn, cmd, data, cause: asked });
}

function askController(bmc: BmcState, request: OutgoingRequest): Promise<Uint8Array> {
  const outlet = bmc.bridge.outlet(LOCAL_IPMB.number);
  if (outlet?.kind !== 'bus') throw new IpmiError(CC.DestinationUnavailable, 'this chassis has no IPMB');
  return outlet.requester.request(request);
}

/** An event of another chassis, for the receiver that Set Event Reception State named. */
async function received(eventCode: number, asked: Asked): Promise<Record<string, never>> {
  const { bmc, requesterAddress = 0 } = asked;
  const { enabled, slaveAddress: to, lun: toLun } = bmc.icmb.reception;
  if (!enabled) throw new IpmiError(CC.NotSupportedInState, 'events are not received');
  const event = {
    ...CHASSIS_EVENT,
    evmRev: EVM_REV,
    data: Uint8Array.of(eventCode, requesterAddress & 0xff, requesterAddress >> 8),
  };
  const own = bmc.identity.address;
  if (to === own) {
    await bmc.events.raise({ ...event, generator: own });
    return {};
  }
  const { netFn, cmd } = PlatformEventMessage;
  const answer = await askController(bmc, {
    to,
    toLun,
    netFn,
    cmd,
    data: EventBody.encode(event),
    cause: asked,
  });
  if (answer[0] !== CC.Ok) throw new IpmiError(answer[0], 'the event receiver refused the event');
  return {};
}
