import type { TerminalOptions } from '../../wire/serial-terminal.ts';
import type { ParameterRules } from './parameter-table.ts';

/** Parameter selectors with a meaning of their own here, IPMI 2.0 §25.2 table 25-4. */
export const SerialParameter = {
  AuthTypeSupport: 1,
  AuthTypeEnables: 2,
  ConnectionMode: 3,
  Inactivity: 4,
  CallbackControl: 5,
  SessionTermination: 6,
  CommSettings: 7,
  MuxControl: 8,
  InitString: 10,
  HangUpString: 12,
  DialCommand: 13,
  DestinationInfo: 17,
  DialStrings: 21,
  TerminalMode: 29,
  Associations: 50,
} as const;

const DESTINATIONS = 4;
const DIAL_STRINGS = 4;
const ADDRESSES = 4;
const TAP_ACCOUNTS = 2;
const PPP_ACCOUNTS = 2;
const STRING_BLOCKS = 3;
const ASSOCIATIONS = 1;

/** PPP UDP proxy: bytes of either buffer (parameters 46, 47). */
export const PROXY_BUFFER = 512;

export const CommSpeed: Readonly<Record<number, number>> = { 6: 9600, 7: 19_200, 8: 38_400, 9: 57_600, 10: 115_200 };

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

const text = (value: string): number[] => Array.from(value, (c) => c.charCodeAt(0));

/** What a serial/modem channel starts with: `modes` as parameter 3, `sharing` with the system's own port. */
export interface SerialDefaults {
  readonly modes: number;
  readonly sharing: boolean;
  readonly speed: number;
}

/** Sizes, selectors and rules of every parameter, table 25-4. */
export function serialRules({ modes, sharing, speed }: SerialDefaults): ParameterRules {
  return {
    0: { size: 1 },
    // Kept with the channel: see the handler.
    1: { size: 1, readOnly: true },
    2: { size: 5 },
    // PPP is not served: nothing here could be its other end.
    3: { size: 1, initial: [modes], allowed: [ConnectionMode.Direct | ConnectionMode.Terminal | ConnectionMode.Basic] },
    4: { size: 1, initial: [10], allowed: [0x0f] },
    5: { size: 5, initial: [0, 0, 0xff, 0xff, 0xff], allowed: [0x01, 0x0f, 0xff, 0xff, 0xff] },
    6: { size: 1, initial: [0x03], allowed: [0x03] },
    7: { size: 2, initial: [0, speed], allowed: [0xe0, 0x0f] },
    8: { size: 2, initial: sharing ? [MuxControl.BasicPattern | MuxControl.EscapeToSystem | MuxControl.EscapeToBmc, MuxControl.Sharing] : [0, 0] },
    9: { size: 2, initial: [0, 0], allowed: [0x3f, 0x0f] },
    10: { size: 17, least: 2, blocks: STRING_BLOCKS },
    11: { size: 5, least: 1, initial: text('+++') },
    12: { size: 8, least: 1, initial: text('ATH') },
    13: { size: 8, least: 1, initial: text('ATD') },
    14: { size: 1 },
    15: { size: 18, initial: text('public') },
    16: { size: 1, readOnly: true, initial: [DESTINATIONS] },
    17: { size: 5, sets: DESTINATIONS + 1, volatileSet: true, initial: [0, 5 - 1, 0, 0], allowed: [0x8f, 0xff, 0x77, 0xff] },
    18: { size: 1, initial: [60] },
    19: { size: 3, sets: DESTINATIONS + 1, volatileSet: true, initial: [0, speed], allowed: [0xdf, 0x0f] },
    20: { size: 1, readOnly: true, initial: [DIAL_STRINGS] },
    21: { size: 18, least: 3, sets: DIAL_STRINGS + 1, blocks: STRING_BLOCKS, volatileSet: true },
    22: { size: 1, readOnly: true, initial: [ADDRESSES] },
    23: { size: 5, sets: ADDRESSES + 1, volatileSet: true },
    24: { size: 1, readOnly: true, initial: [TAP_ACCOUNTS] },
    25: { size: 2, sets: TAP_ACCOUNTS + 1, volatileSet: true },
    26: { size: 7, least: 2, sets: TAP_ACCOUNTS + 1, writeOnly: true },
    27: { size: 17, least: 2, sets: TAP_ACCOUNTS + 1, volatileSet: true },
    28: {
      size: 14,
      sets: TAP_ACCOUNTS + 1,
      volatileSet: true,
      initial: [0, ...text('PG1'), 0xff, 0xff, 0xff, 0xff, 0x11, 0x34, 0x13, 0x33, 0x33],
    },
    // Terminal mode: the volatile half and the operation bits are the channel's own business.
    29: { size: 2, initial: [0x26, 0x11], allowed: [0x2f, 0xff] },
    30: { size: 3, allowed: [0x07, 0x37, 0x1f] },
    31: { size: 2, initial: [0x6f, 0x02] },
    32: { size: 2, initial: [0x98, 0x02] },
    33: { size: 1, allowed: [0x0f] },
    34: { size: 16, least: 1 },
    35: { size: 8, initial: [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff] },
    36: { size: 4, initial: [0xff, 0xff, 0xff, 0xff] },
    37: { size: 1, readOnly: true, initial: [PPP_ACCOUNTS] },
    38: { size: 2, sets: PPP_ACCOUNTS + 1, volatileSet: true },
    39: { size: 5, sets: PPP_ACCOUNTS + 1, volatileSet: true },
    40: { size: 17, least: 2, sets: PPP_ACCOUNTS + 1, volatileSet: true },
    41: { size: 17, least: 2, sets: PPP_ACCOUNTS + 1, volatileSet: true },
    42: { size: 17, least: 2, sets: PPP_ACCOUNTS + 1, writeOnly: true },
    43: { size: 2, sets: PPP_ACCOUNTS + 1, volatileSet: true, allowed: [0x0f] },
    44: { size: 2, sets: PPP_ACCOUNTS + 1, volatileSet: true },
    45: { size: 8 },
    46: { size: 2, readOnly: true, initial: [PROXY_BUFFER & 0xff, PROXY_BUFFER >> 8] },
    47: { size: 2, readOnly: true, initial: [PROXY_BUFFER & 0xff, PROXY_BUFFER >> 8] },
    48: { size: 4 },
    49: { size: 17, least: 2, blocks: STRING_BLOCKS },
    50: { size: 1, readOnly: true, initial: [ASSOCIATIONS] },
  };
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
