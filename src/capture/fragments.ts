import { ipIn, udp, type IpPiece, type UdpDatagram } from './link-layers.ts';

/** Datagrams of which pieces are kept; of more, the oldest one's are forgotten. */
const MOST = 64;
/** Pieces of one. */
const MOST_PIECES = 256;
/** Bytes of IP before which nothing can end. */
const LONGEST = 0xffff;

/** Puts datagrams together that IP has sent in pieces, in whatever order these come. */
export class Fragments {
  readonly #pieces = new Map<string, IpPiece[]>();
  #lost = 0;

  /** Pieces of which others have not come. */
  get left(): number {
    let left = this.#lost;
    for (const { length } of this.#pieces.values()) left += length;
    return left;
  }

  /** The datagram of this packet, or the one that it was the last missing piece of. */
  take(linkType: number, packet: Uint8Array): UdpDatagram | undefined {
    const found = ipIn(linkType, packet);
    if (found === undefined || !('key' in found)) return found;
    const pieces = this.#pieces.get(found.key) ?? [];
    // The same again, from another interface.
    if (pieces.some(({ offset }) => offset === found.offset)) return undefined;
    // The packet's memory may be another one's when the next comes.
    pieces.push({ ...found, bytes: found.bytes.slice() });
    this.#pieces.set(found.key, pieces);
    const whole = joined(pieces);
    if (whole !== undefined) this.#pieces.delete(found.key);
    else this.#forget(found.key, pieces);
    return whole && udp(whole, 0, whole.length, found.source, found.destination);
  }

  #forget(key: string, pieces: readonly IpPiece[]): void {
    const [oldest] = this.#pieces.keys();
    const gone = pieces.length > MOST_PIECES ? key : this.#pieces.size > MOST ? oldest : undefined;
    if (gone === undefined) return;
    this.#lost += this.#pieces.get(gone)?.length ?? 0;
    this.#pieces.delete(gone);
  }
}

/** All of it, once there is no gap. */
function joined(pieces: readonly IpPiece[]): Uint8Array | undefined {
  const inOrder = pieces.toSorted((a, b) => a.offset - b.offset);
  let end = 0;
  for (const { offset, bytes } of inOrder) {
    if (offset > end) return undefined;
    end = Math.max(end, offset + bytes.length);
  }
  if (inOrder.at(-1)?.isLast !== true || end > LONGEST) return undefined;
  const whole = new Uint8Array(end);
  for (const { offset, bytes } of inOrder) whole.set(bytes, offset);
  return whole;
}
