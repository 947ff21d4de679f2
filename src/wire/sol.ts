import { bit, bits, byte, layout, rest, u8 } from '../codec/index.ts';

/** Bytes before the characters of a SOL payload. */
export const SOL_HEADER = 4;
/** Most characters of one packet: their count has one byte. */
export const SOL_CHARACTERS = 255;

/**
 * SOL payload (IPMI 2.0 §15.9 table 15-2):
 *
 *   sequence   acknowledged sequence   accepted characters   operation or status   characters...
 *
 * Sequence numbers count 1..15 in each direction. 0: the packet only acknowledges or informs, and is not
 * acknowledged itself.
 */
const numbers = {
  ...byte({ sequence: bits(3, 0) }),
  /** 0: nothing is acknowledged. */
  ...byte({ ackSequence: bits(3, 0) }),
  /**
   * How many characters of the acknowledged packet were taken; the others have to be sent again, in a new
   * packet.
   */
  accepted: u8,
};

/** From the remote console. */
export const SolToBmc = layout('SOL payload to the BMC', {
  ...numbers,
  ...byte({
    nack: bit(6),
    /** Ring indicator, or wake on ring. */
    ringWor: bit(5),
    generateBreak: bit(4),
    /** CTS deasserted: the machine is to stop sending. */
    ctsPause: bit(3),
    dropDcdDsr: bit(2),
    /** Characters on their way to the machine, without those of this packet. */
    flushInbound: bit(1),
    /** Characters on their way to the remote console. */
    flushOutbound: bit(0),
  }),
  characters: rest(),
});

/** To the remote console. */
export const SolToConsole = layout('SOL payload to the console', {
  ...numbers,
  ...byte({
    nack: bit(6),
    /** The machine's serial port cannot be reached: it is switched off, or its console is closed. */
    transferUnavailable: bit(5),
    deactivated: bit(4),
    /** Characters were dropped between this packet and the one before. */
    transmitOverrun: bit(3),
    breakDetected: bit(2),
  }),
  characters: rest(),
});

export type SolToBmc = ReturnType<typeof SolToBmc.decode>;
export type SolToConsole = ReturnType<typeof SolToConsole.decode>;

type Numbers = 'sequence' | 'ackSequence' | 'accepted' | 'nack' | 'characters';
export type SolOperation = Omit<SolToBmc, Numbers>;
export type SolStatus = Omit<SolToConsole, Numbers>;

export const NO_OPERATION: SolOperation = {
  ringWor: false,
  generateBreak: false,
  ctsPause: false,
  dropDcdDsr: false,
  flushInbound: false,
  flushOutbound: false,
};
export const NO_STATUS: SolStatus = {
  transferUnavailable: false,
  deactivated: false,
  transmitOverrun: false,
  breakDetected: false,
};
