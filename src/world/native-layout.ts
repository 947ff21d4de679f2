import { IPV4, IPV6 } from './ip-address.ts';

/** Most datagrams of one call. */
export const BURST = 32;

/** More than the largest datagram; not a power of two, so that slots do not share lines of the cache. */
export const SLOT = 65536 + 128;
/**
 * Room for `struct sockaddr_in` or `sockaddr_in6`, `struct iovec`, `struct mmsghdr`, and a control message of
 * `struct in_pktinfo` or `in6_pktinfo`, with one of two bytes behind it.
 */
export const NAME = 32;
export const IOVEC = 16;
export const HEADER = 64;
export const CONTROL = 64;
/** What of that room they need, and where their addresses are. */
export const V4 = { name: 16, address: 4, control: 28, controlRoom: 32, asked: 20, size: IPV4 };
export const V6 = { name: 28, address: 8, control: 36, controlRoom: 40, asked: 16, size: IPV6 };
/** Offsets of the zone in `struct sockaddr_in6`, and of the interface in `in_pktinfo` and `in6_pktinfo`. */
export const ZONE = 24;
export const FROM_INTERFACE = 16;
export const FROM_INTERFACE6 = 32;
/** Offsets in `struct mmsghdr` of 64 bit systems. */
export const AT = {
  name: 0,
  nameLength: 8,
  iovec: 16,
  iovecs: 24,
  control: 32,
  controlLength: 40,
  length: 56,
};

/** Memory that both sides see, at an address that does not change. */
export interface Shared {
  readonly address: bigint;
  readonly bytes: Uint8Array;
  readonly words: Uint32Array;
  readonly view: DataView;
}

/** What one call of the system reads or writes: BURST datagrams, their addresses, and where they are. */
export class Batch {
  readonly headers: Shared;
  readonly data: readonly Uint8Array[];
  readonly names: Shared;
  readonly controls: Shared;
  readonly lengths: Shared;

  constructor(share: (size: number) => Shared) {
    const data = share(BURST * SLOT);
    this.headers = share(BURST * HEADER);
    this.names = share(BURST * NAME);
    this.controls = share(BURST * CONTROL);
    this.lengths = share(BURST * IOVEC);
    const slots: Uint8Array[] = [];
    const { view } = this.headers;
    for (let i = 0; i < BURST; i++) {
      slots.push(data.bytes.subarray(i * SLOT, (i + 1) * SLOT));
      this.lengths.view.setBigUint64(i * IOVEC, data.address + BigInt(i * SLOT), true);
      this.lengths.view.setBigUint64(i * IOVEC + 8, BigInt(SLOT), true);
      const header = i * HEADER;
      view.setBigUint64(header + AT.name, this.names.address + BigInt(i * NAME), true);
      view.setUint32(header + AT.nameLength, NAME, true);
      view.setBigUint64(header + AT.iovec, this.lengths.address + BigInt(i * IOVEC), true);
      view.setBigUint64(header + AT.iovecs, 1n, true);
      view.setBigUint64(header + AT.control, this.controls.address + BigInt(i * CONTROL), true);
    }
    this.data = slots;
  }
}
