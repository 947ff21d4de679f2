import { SerialParameter } from '../../commands/parameters/serial.ts';
import type { TerminalOptions } from '../../wire/serial-terminal.ts';

export const CommSpeed: Readonly<Record<number, number>> = {
  6: 9600,
  7: 19_200,
  8: 38_400,
  9: 57_600,
  10: 115_200,
};

/** Bits of parameter 3. */
export const ConnectionMode = { Direct: 0x80, Terminal: 0x04, Ppp: 0x02, Basic: 0x01 } as const;
/** Bits of parameter 8, first byte then second. */
export const MuxControl = {
  PowerUpEscape: 0x40,
  ResetEscape: 0x20,
  BasicPattern: 0x10,
  EscapeToSystem: 0x04,
  EscapeToBmc: 0x02,
  Dcd: 0x01,
  Sharing: 0x08,
  PingInCallback: 0x04,
  Ping: 0x02,
  Acknowledge: 0x01,
} as const;

/** What a serial/modem channel starts with: `modes` as parameter 3, `sharing` with the system's own port. */
export interface SerialDefaults {
  readonly modes: number;
  readonly sharing: boolean;
  readonly speed: number;
}

/** What the settings of a channel say of a parameter; undefined: nothing. */
export function givenSerial(
  { modes, sharing, speed }: SerialDefaults,
  parameter: number,
): Uint8Array | undefined {
  switch (parameter) {
    case SerialParameter.ConnectionMode.selector:
      return Uint8Array.of(modes);
    case SerialParameter.CommSettings.selector:
    case SerialParameter.DestinationCommSettings.selector:
      return Uint8Array.of(0, speed);
    case SerialParameter.MuxControl.selector:
      return sharing
        ? Uint8Array.of(
            MuxControl.BasicPattern | MuxControl.EscapeToSystem | MuxControl.EscapeToBmc,
            MuxControl.Sharing,
          )
        : undefined;
    default:
      return undefined;
  }
}

/** Parameter 29's two bytes as what the terminal does. */
export function terminalOptions([options, newlines]: Uint8Array): TerminalOptions {
  return {
    lineEditing: (options & 0x20) !== 0,
    eraseVisibly: (options & 0x0c) === 0x04,
    echo: (options & 0x02) !== 0,
    handshake: (options & 0x01) !== 0,
    outputNewline: newlines >> 4,
    inputNewline: newlines & 0x0f,
  };
}
