import { isReadable } from '../capture/link-layers.ts';
import { LinkType } from '../capture/pcapng.ts';
import type { ReadPacket } from '../capture/read-packets.ts';

/** Names of link types that people capture on and that IPMI is not read from. */
const LINK_TYPES: Readonly<Record<number, string>> = {
  9: 'PPP',
  105: 'IEEE 802.11',
  127: 'IEEE 802.11 with radiotap',
  189: 'USB',
  220: 'USB',
  249: 'USB',
  260: 'messages of system interfaces and IPMB, HPM.2',
};
const SNAP = 'its snap length was too small; tcpdump -s 0 keeps all';

/** What a capture has besides what could be read of it. */
export class Tally {
  packets = 0;
  /** Packets of link types that are not read, by these. */
  readonly foreign = new Map<number, number>();
  /** Packets of which the file has the beginning alone. */
  cut = 0;
  /** Pieces of datagrams of which others are missing. */
  pieces = 0;
  /** Datagrams that are there a second time. */
  duplicates = 0;

  count({ linkType, length, bytes }: ReadPacket): void {
    this.packets++;
    if (bytes.length < length) this.cut++;
    if (!isReadable(linkType)) this.foreign.set(linkType, (this.foreign.get(linkType) ?? 0) + 1);
  }

  /** Why nothing of RMCP was found. */
  whyNothing(): string {
    if (this.packets === 0) return 'the capture has no packet';
    const missing = this.#missing(true);
    if (missing.length > 0) return `no datagram of RMCP is in it: ${missing.join('; ')}`;
    return `no datagram of RMCP is in it, in ${this.packets} packet(s)`;
  }

  /**
   * What is missing or there twice, a line each. Messages of hosts and busses, which our captures have
   * besides, are not.
   */
  notes(): string[] {
    const twice =
      this.duplicates === 0
        ? []
        : [
            `${this.duplicates} datagram(s) that are there twice, as a mirrored port or the interface any gives them`,
          ];
    return [...this.#missing(false), ...twice];
  }

  #missing(withHost: boolean): string[] {
    const types = [...this.foreign].filter(([type]) => withHost || type !== LinkType.IpmiHpm2);
    const foreign = types.map(([type, count]) => {
      const name = LINK_TYPES[type] === undefined ? '' : ` (${LINK_TYPES[type]})`;
      return `${count} packet(s) of link type ${type}${name}, which is not read`;
    });
    const cut = this.cut === 0 ? [] : [`${this.cut} packet(s) were cut by the capture: ${SNAP}`];
    const pieces =
      this.pieces === 0 ? [] : [`${this.pieces} piece(s) of datagrams, of which others are missing`];
    return [...foreign, ...cut, ...pieces];
  }
}
