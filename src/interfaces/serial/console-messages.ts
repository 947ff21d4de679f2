import type { Command } from '../../commands/command.ts';
import { BMC_ADDRESS, buildMessage, parseMessage, REMOTE_CONSOLE, SMS_LUN } from '../../wire/index.ts';
import { formatTerminal } from '../../wire/serial-terminal.ts';

/** A request of the BMC to the console, in basic mode. */
export const basicRequest = ({ netFn, cmd }: Command, seq: number, data: Uint8Array): Uint8Array =>
  buildMessage({ to: REMOTE_CONSOLE, toLun: 0, netFn, from: BMC_ADDRESS, fromLun: 0, seq, cmd, data });

/** The same in terminal mode. */
export const terminalRequest = ({ netFn, cmd }: Command, seq: number, data: Uint8Array): string =>
  `[${formatTerminal({ netFn, lun: 0, seq, bridge: 0, cmd, data })}]`;

/**
 * The response to a bridged request in terminal mode (§14.7.4): bridge field 01b, the responder's LUN.
 * Undefined: raw bytes have no line of their own.
 */
export function terminalBridged(message: Uint8Array): string | undefined {
  const parsed = parseMessage(message);
  if (!parsed) return undefined;
  const { netFn, fromLun, toLun, seq, cmd, data } = parsed;
  const bySystem = fromLun === SMS_LUN;
  const lun = bySystem || netFn % 2 === 1 ? fromLun : toLun;
  return `[${formatTerminal({ netFn, lun, seq, bridge: bySystem ? 0 : 1, cmd, data })}]`;
}
