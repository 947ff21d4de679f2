/**
 * Reads little-endian values. Bounds are checked by the layout before any read, so nothing here checks them
 * again.
 */
export class Reader {
  bytes: Uint8Array;
  pos: number;
  end: number;

  constructor(bytes: Uint8Array, pos = 0, end = bytes.length) {
    this.bytes = bytes;
    this.pos = pos;
    this.end = end;
  }

  get left(): number {
    return this.end - this.pos;
  }

  u8(): number {
    return this.bytes[this.pos++];
  }

  /** `size` bytes, least significant first, as an unsigned number (size 1..6). */
  uint(size: number): number {
    let value = 0;
    for (let i = size - 1; i >= 0; i--) value = value * 256 + this.bytes[this.pos + i];
    this.pos += size;
    return value;
  }

  /** A copy, so that a request's buffer can be reused by its interface. */
  take(size: number): Uint8Array {
    const out = this.bytes.slice(this.pos, this.pos + size);
    this.pos += size;
    return out;
  }
}

/** Appends little-endian values to a buffer that grows. */
export class Writer {
  bytes: Uint8Array;
  pos = 0;

  constructor(capacity = 64) {
    this.bytes = new Uint8Array(capacity);
  }

  reserve(size: number): void {
    if (this.bytes.length - this.pos >= size) return;
    const grown = new Uint8Array(Math.max(this.bytes.length * 2, this.pos + size));
    grown.set(this.bytes.subarray(0, this.pos));
    this.bytes = grown;
  }

  u8(value: number): void {
    this.reserve(1);
    this.bytes[this.pos++] = value;
  }

  uint(value: number, size: number): void {
    this.reserve(size);
    // Below 2^31 by shifts, which is most of what is ever written.
    let left = size;
    for (; left > 0 && value > 0x7fffffff; left--) {
      this.bytes[this.pos++] = value % 256;
      value = Math.floor(value / 256);
    }
    for (; left > 0; left--) {
      this.bytes[this.pos++] = value;
      value >>= 8;
    }
  }

  put(data: Uint8Array): void {
    this.reserve(data.length);
    this.bytes.set(data, this.pos);
    this.pos += data.length;
  }

  /** What was written, copied out of the buffer. */
  done(): Uint8Array {
    return this.bytes.slice(0, this.pos);
  }
}
