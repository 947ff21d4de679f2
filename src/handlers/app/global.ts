import { CC, IpmiError } from '../../codec/index.ts';
import {
  ChannelReceive,
  ClearMessageFlags,
  EnableMessageChannelReceive,
  GetBmcGlobalEnables,
  GetBtInterfaceCapabilities,
  GetMessage,
  GetMessageFlags,
  GetSystemInterfaceCapabilities,
  KcsCapabilities,
  ReadEventMessageBuffer,
  SetBmcGlobalEnables,
  SsifCapabilities,
  SsifTransactions,
  SystemInterfaceType,
} from '../../commands/app/global.ts';
import type { Handler } from '../../router/index.ts';
import type { BmcState } from '../../bmc-state.ts';
import { ProtocolType } from '../../commands/codes/channels.ts';
import { SSIF_MESSAGE_MAX } from '../../wire/host/ssif.ts';
import { handle } from '../handle.ts';

/** The most that the length byte of this command can say. */
const MESSAGE_SIZE = 255;

export const globalHandlers: readonly Handler<BmcState>[] = [
  handle(SetBmcGlobalEnables, (enables, { bmc }) => {
    bmc.messages.enables = enables;
  }),

  handle(GetBmcGlobalEnables, (_request, { bmc }) => bmc.messages.enables),

  handle(
    ClearMessageFlags,
    ({ watchdogPreTimeout, eventMessageBufferFull, receiveMessage }, { bmc: { messages } }) => {
      if (watchdogPreTimeout) messages.watchdogPreTimeout = false;
      if (eventMessageBufferFull) messages.clearEvent();
      if (receiveMessage) messages.clearQueue();
    },
  ),

  handle(GetMessageFlags, (_request, { bmc: { messages } }) => ({
    oem2: false,
    oem1: false,
    oem0: false,
    watchdogPreTimeout: messages.watchdogPreTimeout,
    eventMessageBufferFull: messages.event !== undefined,
    receiveMessage: messages.waiting > 0,
  })),

  handle(EnableMessageChannelReceive, ({ channel, operation }, context) => {
    const { channels, messages } = context.bmc;
    const number = channels.resolve(channel, context);
    if (operation > ChannelReceive.Get) throw new IpmiError(CC.InvalidDataField);
    if (operation !== ChannelReceive.Get) messages.enableReceive(number, operation === ChannelReceive.Enable);
    return { channel: number, enabled: messages.receives(number) };
  }),

  handle(GetMessage, (_request, { bmc: { messages } }) => {
    const message = messages.take();
    if (!message) throw GetMessage.refuse('empty');
    return { inferredPrivilege: message.privilege, channel: message.channel, data: message.data };
  }),

  handle(ReadEventMessageBuffer, (_request, { bmc: { messages } }) => {
    const record = messages.event;
    if (!record) throw ReadEventMessageBuffer.refuse('empty');
    messages.clearEvent();
    return { record };
  }),

  handle(GetBtInterfaceCapabilities, () => ({
    outstanding: 32,
    inputBufferSize: 255,
    outputBufferSize: 255,
    requestToResponse: 5,
    retries: 3,
  })),

  handle(GetSystemInterfaceCapabilities, ({ type }, { bmc: { channels } }) => {
    if (type === SystemInterfaceType.Ssif && channels.hasSystemInterface(ProtocolType.Smbus))
      return {
        capabilities: SsifCapabilities.encode({
          transactions: SsifTransactions.StartMiddleEnd,
          pec: true,
          version: 0,
          inputMessageSize: SSIF_MESSAGE_MAX,
          outputMessageSize: SSIF_MESSAGE_MAX,
        }),
      };
    if (type === SystemInterfaceType.Kcs && channels.hasSystemInterface(ProtocolType.Kcs))
      return { capabilities: KcsCapabilities.encode({ version: 0, inputMessageSize: MESSAGE_SIZE }) };
    throw new IpmiError(CC.InvalidDataField, `there is no system interface of type ${type}`);
  }),
];
