/**
 * RMCP (DSP0136 §3.2.2), four bytes before everything on UDP port 623:
 *
 *   version 06h   reserved   sequence (FFh: no ACK wanted)   class (06h ASF, 07h IPMI)
 */
export const RMCP_HEADER = 4;
export const RmcpClass = { Asf: 0x06, Ipmi: 0x07 } as const;
const VERSION = 0x06;
const NO_ACK = 0xff;

/** ASF's own enterprise number, most significant byte first. */
const ASF_IANA = [0x00, 0x00, 0x11, 0xbe];
const PING = 0x80;
const PONG = 0x40;

/** Undefined: not RMCP, or an acknowledge (bit 7 of the class), which nobody waits for. */
export function rmcpClass(datagram: Uint8Array): number | undefined {
  return datagram.length >= RMCP_HEADER && datagram[0] === VERSION && (datagram[3] & 0x80) === 0
    ? datagram[3]
    : undefined;
}

export function putRmcpHeader(out: Uint8Array, cls: number): void {
  out[0] = VERSION;
  out[1] = 0;
  out[2] = NO_ACK;
  out[3] = cls;
}

/** The message tag of an ASF presence ping, or undefined for any other ASF message. */
export function presencePingTag(datagram: Uint8Array): number | undefined {
  return datagram.length >= 12 &&
    ASF_IANA.every((byte, i) => datagram[4 + i] === byte) &&
    datagram[8] === PING
    ? datagram[9]
    : undefined;
}

export function buildPresencePing(tag: number): Uint8Array {
  return Uint8Array.of(VERSION, 0, NO_ACK, RmcpClass.Asf, ...ASF_IANA, PING, tag, 0, 0);
}

/** Who a pong is from: the IANA number of the DCMI forum says that DCMI is served (DCMI 1.5 §6.4.8). */
export const DCMI_IANA: readonly number[] = [0x00, 0x00, 0x8e, 0x71];

/** Presence pong: 16 bytes that say "IPMI supported, ASF 1.0" (DSP0136 §3.2.4.3). */
export function buildPresencePong(tag: number, iana: readonly number[] = ASF_IANA): Uint8Array {
  const out = new Uint8Array(28);
  putRmcpHeader(out, RmcpClass.Asf);
  out.set(ASF_IANA, 4);
  out.set([PONG, tag, 0, 16], 8);
  out.set(iana, 12);
  out[20] = 0x81;
  return out;
}

/** True for a pong that says "IPMI supported". */
export function isIpmiPong(datagram: Uint8Array): boolean {
  return (
    datagram.length >= 28 &&
    datagram[3] === RmcpClass.Asf &&
    datagram[8] === PONG &&
    (datagram[20] & 0x80) !== 0
  );
}
