import { CC } from '../../codec/index.ts';
import { Privilege } from '../../commands/command.ts';
import type { Channel, Message, Timers } from '../../router/index.ts';
import type { BmcState } from '../../bmc-state.ts';
import type { HostPort } from '../../wire/host/port.ts';
import { Arrival } from '../arrival.ts';
import type { Exchange } from '../exchange.ts';

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

/** A request of the host's software. */
export abstract class HostArrival extends Arrival {
  constructor(bmc: BmcState, channel: Channel, message: Message) {
    super(bmc, channel, Privilege.Oem, message, 'host');
  }
}

/** Hands in a request of the host. A response (odd NetFn) is no request: C1h. */
export function serveHost(exchange: Exchange, arrival: HostArrival): void {
  if (arrival.message.netFn % 2 !== 0) arrival.answer(Uint8Array.of(CC.InvalidCommand));
  else exchange.serve(arrival);
}
