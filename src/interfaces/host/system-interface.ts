import { CC } from '../../codec/index.ts';
import { Privilege } from '../../commands/command.ts';
import { Context, type Answer, type Channel, type Dispatch, type Message, type Timers } from '../../router/index.ts';
import type { BmcState } from '../../bmc-state.ts';
import type { HostPort } from '../../wire/host/port.ts';

/** What an interface to a host is made with. */
export interface HostInterfaceOptions {
  readonly bmc: BmcState;
  /** Registers of emulated hardware, or a device node. */
  readonly port: HostPort;
  readonly clock: Timers;
  /** Default 0Fh. */
  readonly channel?: number;
}

/** The channel of the host's own software: no session, every privilege (IPMI 2.0 §6.9). */
export const SYSTEM_INTERFACE = 0x0f;

export const systemChannel = (number: number | undefined, maxAnswer: number): Channel => ({
  number: number ?? SYSTEM_INTERFACE,
  medium: 'system-interface',
  maxAnswer,
});

/** Hands a request of the host to the router. A response (odd NetFn) is no request: C1h. */
export function ask(dispatch: Dispatch<BmcState>, message: Message, bmc: BmcState, channel: Channel): Answer | Promise<Answer> {
  if (message.netFn % 2 !== 0) return Uint8Array.of(CC.InvalidCommand);
  return dispatch(message, new Context(bmc, channel, Privilege.Oem, message.lun, undefined, 'host'));
}
