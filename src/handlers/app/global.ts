import { IpmiError } from '../../codec/index.ts';
import {
  ClearMessageFlags,
  GetBmcGlobalEnables,
  GetBtInterfaceCapabilities,
  GetMessageFlags,
  ReadEventMessageBuffer,
  SetBmcGlobalEnables,
} from '../../commands/app/global.ts';
import type { Handler } from '../../router/index.ts';
import type { BmcState } from '../../state/bmc-state.ts';
import { handle } from '../handle.ts';

export const globalHandlers: readonly Handler<BmcState>[] = [
  handle(SetBmcGlobalEnables, (enables, { bmc }) => {
    bmc.messages.enables = enables;
  }),

  handle(GetBmcGlobalEnables, (_request, { bmc }) => bmc.messages.enables),

  handle(ClearMessageFlags, ({ watchdogPreTimeout, eventMessageBufferFull }, { bmc: { messages } }) => {
    if (watchdogPreTimeout) messages.watchdogPreTimeout = false;
    if (eventMessageBufferFull) messages.clearEvent();
  }),

  handle(GetMessageFlags, (_request, { bmc: { messages } }) => ({
    oem2: false,
    oem1: false,
    oem0: false,
    watchdogPreTimeout: messages.watchdogPreTimeout,
    eventMessageBufferFull: messages.event !== undefined,
    receiveMessage: false,
  })),

  handle(ReadEventMessageBuffer, (_request, { bmc: { messages } }) => {
    const record = messages.event;
    if (!record) throw new IpmiError(0x80);
    messages.clearEvent();
    return { record };
  }),

  handle(GetBtInterfaceCapabilities, () => ({ outstanding: 32, inputBufferSize: 255, outputBufferSize: 255, requestToResponse: 5, retries: 3 })),
];
