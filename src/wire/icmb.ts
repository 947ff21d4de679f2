/**
 * Messages between ICMB bridges, as our emulated ICMB carries them: what the ICMB Bridge Specification 1.0
 * has in the headers of its packets, without their character framing and their division into 32-byte pieces.
 */
import { bit, bits, byte, layout, rest, u16, u8 } from '../codec/index.ts';
import { sum } from './message.ts';

const IcmbLayout = layout('ICMB message', {
  /** 0: every bridge. */
  to: u16,
  from: u16,
  ...byte({ response: bit(7), seq: bits(5, 0) }),
  /** Of NetFn Bridge. */
  cmd: u8,
  /** In a response with the completion code in front. */
  data: rest(),
});

export type IcmbMessage = ReturnType<typeof IcmbLayout.decode>;

/** The address of every bridge. */
export const ICMB_BROADCAST = 0x0000;

export function buildIcmb(message: IcmbMessage): Uint8Array {
  const body = IcmbLayout.encode(message);
  const frame = new Uint8Array(body.length + 1);
  frame.set(body);
  frame[body.length] = -sum(body, 0, body.length);
  return frame;
}

/** Undefined where bytes are missing (a runt) or the checksum is wrong. */
export function parseIcmb(frame: Uint8Array): IcmbMessage | undefined {
  if (isRunt(frame) || sum(frame, 0, frame.length) !== 0) return undefined;
  return IcmbLayout.decode(frame, 0, frame.length - 1);
}

export const isRunt = (frame: Uint8Array): boolean => frame.length <= IcmbLayout.min;

export const icmbAddressOf = (frame: Uint8Array): number => frame[0] | (frame[1] << 8);
