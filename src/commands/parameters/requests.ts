import { bit, bits, byte, rest, u8 } from '../../codec/index.ts';

/**
 * Completion codes of Set and Get of configuration parameters (IPMI 2.0 §23.1, §25.1, §26.2 and their like).
 */
export const parameterCodes = {
  unsupported: [0x80, 'parameter not supported'],
  locked: [0x81, 'attempt to set "set in progress" when not in "set complete" state'],
  readOnly: [0x82, 'attempt to write read-only parameter'],
  writeOnly: [0x83, 'attempt to read write-only parameter'],
} as const;

/** The parameters are those of IPMI 1.5 and 2.0. */
export const PARAMETER_REVISION = 0x11;

/** Parameters of a channel, which LAN, serial/modem and SOL set and get by the same bytes. */
export const setOfChannel = { ...byte({ channel: bits(3, 0) }), parameter: u8, data: rest() };
export const getOfChannel = {
  ...byte({ revisionOnly: bit(7), channel: bits(3, 0) }),
  parameter: u8,
  setSelector: u8,
  blockSelector: u8,
};

/** `revision`: PARAMETER_REVISION. `data` is empty where only the revision was asked for. */
export const parameterAnswer = { revision: u8, data: rest() };
