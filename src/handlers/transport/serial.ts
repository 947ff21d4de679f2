import { CC, fromLatin1, IpmiError, latin1 } from '../../codec/index.ts';
import {
  Callback,
  GetPppUdpProxyReceiveData,
  GetPppUdpProxyTransmitData,
  GetSerialModemConfiguration,
  GetTapResponseCodes,
  GetUserCallbackOptions,
  SendPppUdpProxyPacket,
  SerialModemConnectionActive,
  SetPppUdpProxyTransmitData,
  SetSerialModemConfiguration,
  SetSerialModemMux,
  SetSerialRoutingMux,
  SetUserCallbackOptions,
} from '../../commands/transport/serial.ts';
import { Privilege } from '../../commands/command.ts';
import { PARAMETER_REVISION } from '../../commands/parameters/requests.ts';
import { PROXY_BUFFER, SerialParameter } from '../../commands/parameters/serial.ts';
import type { Context, Handler } from '../../router/index.ts';
import type { BmcState } from '../../bmc-state.ts';
import { maskOf, typesIn } from '../../state/parameters/lan-parameters.ts';
import { ConnectionMode } from '../../state/parameters/serial-parameters.ts';
import type { SerialChannel } from '../../services/serial/serial.ts';
import { after } from '../../state/store.ts';
import { handle } from '../handle.ts';

const BLOCK = 16;
const BASIC_CALLBACK = 3;

export const serialHandlers: readonly Handler<BmcState>[] = [
  handle(SetSerialModemConfiguration, ({ channel, parameter, data }, context) => {
    const serial = serialChannel(context, channel);
    const owner = context.session ?? context.channel;
    if (parameter === SerialParameter.AuthTypeEnables.selector) {
      if (data.length !== 5)
        throw new IpmiError(CC.RequestLengthInvalid, 'authentication types of five levels');
      return after(context.bmc.channels.setEnabledAuthTypes(serial.number, Array.from(data, typesIn)), {});
    }
    if (parameter === SerialParameter.TerminalMode.selector)
      return after(serial.setTerminal(data, owner), {});
    return after(serial.parameters.set(parameter, data, owner), {});
  }),

  handle(
    GetSerialModemConfiguration,
    ({ revisionOnly, channel, parameter, setSelector, blockSelector }, context) => {
      const { parameters, number } = serialChannel(context, channel);
      const { channels } = context.bmc;
      const data = (): Uint8Array => {
        if (parameter === SerialParameter.AuthTypeSupport.selector)
          return Uint8Array.of(maskOf(channels.supportedAuthTypes(number)));
        if (parameter === SerialParameter.AuthTypeEnables.selector)
          return Uint8Array.from({ length: 5 }, (_, i) => maskOf(channels.enabledAuthTypes(number, i + 1)));
        return parameters.get(parameter, setSelector, blockSelector);
      };
      return { revision: PARAMETER_REVISION, data: revisionOnly ? new Uint8Array(0) : data() };
    },
  ),

  handle(SetSerialModemMux, ({ channel, setting }, context) => {
    const serial = serialChannel(context, channel);
    const accepted = serial.setMux(setting);
    return {
      systemBlocked: serial.muxBlocked.system,
      bmcBlocked: serial.muxBlocked.bmc,
      alertInProgress: false,
      messagingActive: serial.port?.messaging ?? false,
      accepted,
      muxAtBmc: serial.mux === 'bmc',
    };
  }),

  handle(GetTapResponseCodes, ({ channel }, context) => {
    serialChannel(context, channel);
    // No page has been sent: the codes are what the start of one leaves them at.
    return { codes: fromLatin1('0'.repeat(15)) };
  }),

  handle(SetPppUdpProxyTransmitData, ({ channel, block, data }, context) => {
    serialChannel(context, channel).proxyTransmit.set(data, blockOffset(block));
  }),

  handle(GetPppUdpProxyTransmitData, ({ channel, block }, context) => {
    const start = blockOffset(block);
    return { data: serialChannel(context, channel).proxyTransmit.slice(start, start + BLOCK) };
  }),

  handle(SendPppUdpProxyPacket, ({ channel, length }, context) => {
    serialChannel(context, channel);
    if (length === 0 || length > PROXY_BUFFER) throw new IpmiError(CC.ParameterOutOfRange, `${length} bytes`);
    throw SendPppUdpProxyPacket.refuse('noLink', 'PPP mode is not served');
  }),

  handle(GetPppUdpProxyReceiveData, ({ channel, block }, context) => {
    serialChannel(context, channel);
    if (block === 0) return { data: Uint8Array.of(0, 0) };
    throw GetPppUdpProxyReceiveData.refuse('noData', 'PPP mode is not served');
  }),

  handle(SerialModemConnectionActive, (_request, { bmc, channel }) => {
    bmc.serial.get(channel.number)?.acknowledged();
  }),

  handle(Callback, ({ channel, destination }, context) => {
    const { actor: session, privilege } = context;
    const serial = serialChannel(context, channel);
    // Appendix G: for callback-level users and for operators and administrators, not for those in between.
    if (privilege === Privilege.User) throw new IpmiError(CC.InsufficientPrivilege);
    const { parameters, port } = serial;
    const [enabled] = parameters.value(SerialParameter.CallbackControl.selector);
    const user = session && context.bmc.serial.callbackOptions(session.userId, serial.number);
    if (!(enabled & 1) || (user && !user.ipmiCallback))
      throw new IpmiError(CC.NotSupportedInState, 'IPMI callback is disabled');
    const [type, , , specific] = parameters.value(SerialParameter.DestinationInfo.selector, destination);
    if ((type & 0x0f) !== BASIC_CALLBACK)
      throw new IpmiError(CC.InvalidDataField, `destination ${destination} is no basic mode callback`);
    if (serial.modes & ConnectionMode.Direct || !port)
      throw new IpmiError(CC.NotSupportedInState, 'there is no modem on this channel');
    if (port.messaging && session?.channel.number !== serial.number) throw Callback.refuse('sessionActive');
    const number = blocks(serial, SerialParameter.DialStrings.selector, specific >> 4);
    if (number === '') throw new IpmiError(CC.InvalidDataField, `dial string ${specific >> 4} is empty`);
    port.dial({
      hangUp: cString(parameters.value(SerialParameter.HangUpString.selector)),
      init: blocks(serial, SerialParameter.InitString.selector),
      dial: cString(parameters.value(SerialParameter.DialCommand.selector)) + number,
    });
  }),

  handle(SetUserCallbackOptions, ({ userId, channel, ...options }, context) => {
    const { number } = serialChannel(context, channel);
    userSlot(context, userId);
    return after(context.bmc.serial.setCallbackOptions(userId, number, options), {});
  }),

  handle(GetUserCallbackOptions, ({ userId, channel }, context) => {
    const { number } = serialChannel(context, channel);
    userSlot(context, userId);
    return context.bmc.serial.callbackOptions(userId, number);
  }),

  handle(SetSerialRoutingMux, ({ channel, association }, context) => {
    const { number, parameters } = serialChannel(context, channel);
    const [count] = parameters.value(SerialParameter.Associations.selector);
    if (association < 1 || association > count)
      throw new IpmiError(CC.ParameterOutOfRange, `serial port association ${association}`);
    return after(context.bmc.serial.setRouting(number, association), {});
  }),
];

function serialChannel(context: Context<BmcState>, number: number): SerialChannel {
  const channel = context.bmc.channels.resolve(number, context);
  const serial = context.bmc.serial.get(channel);
  if (!serial) throw new IpmiError(CC.InvalidDataField, `channel ${channel} is no serial/modem channel`);
  return serial;
}

function userSlot({ bmc }: Context<BmcState>, userId: number): void {
  if (userId < 1 || userId > bmc.users.slots) throw new IpmiError(CC.ParameterOutOfRange, `user ${userId}`);
}

function blockOffset(block: number): number {
  const offset = (block - 1) * BLOCK;
  if (block < 1 || offset + BLOCK > PROXY_BUFFER)
    throw new IpmiError(CC.ParameterOutOfRange, `block ${block}`);
  return offset;
}

const cString = (bytes: Uint8Array): string =>
  latin1(bytes.includes(0) ? bytes.subarray(0, bytes.indexOf(0)) : bytes);

/** A string of 16-byte blocks, to its first null. */
function blocks({ parameters }: SerialChannel, parameter: number, set = 0): string {
  return cString(Uint8Array.from([1, 2, 3].flatMap((block) => [...parameters.value(parameter, set, block)])));
}
