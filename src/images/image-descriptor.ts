import {
  bcd8,
  bit,
  byte,
  bytes,
  hexBytes,
  hexText,
  layout,
  pad,
  text,
  u16,
  u24,
  u32,
  u8,
  type Value,
} from '../codec/index.ts';
import { type Version } from './firmware-version.ts';

/**
 * What an image says of itself: the last 160 bytes of it, after the payload. HPM.1 and the blob protocol
 * carry bytes alone, so a device learns version and signature from the image, as real firmware does.
 *
 *     payload | version, device, payload's size and SHA-256 | Ed25519 signature of the bytes before it |
 * magic
 */
const shape = {
  major: u8,
  minor: bcd8,
  aux: bytes(4),
  /** The oldest active version that may be updated to this one. */
  earliestMajor: u8,
  earliestMinor: bcd8,
  component: u8,
  ...byte({ signed: bit(0) }),
  deviceId: u8,
  manufacturerId: u24,
  productId: u16,
  reserved: pad(4),
  size: u32,
  /** SHA-256 of the payload. */
  digest: bytes(32),
  reserved2: pad(32),
  signature: bytes(64),
  magic: text(8),
} as const;

const Trailer = layout('image descriptor', shape);
export const DESCRIPTOR_SIZE = Trailer.min;
const SIGNED_BYTES = DESCRIPTOR_SIZE - 64 - 8;
const MAGIC = 'IPMIBMC1';

export type Descriptor = Omit<Value<typeof shape>, 'magic'>;

/** The descriptor at the end of an image, if there is one. Give it the image's last bytes. */
export function readDescriptor(tail: Uint8Array): Descriptor | undefined {
  if (tail.length < DESCRIPTOR_SIZE) return undefined;
  const descriptor = Trailer.decode(tail, tail.length - DESCRIPTOR_SIZE);
  // A version that Get Device ID cannot show is none: major 0..127, minor a BCD number.
  const good =
    descriptor.magic === MAGIC &&
    descriptor.major <= 127 &&
    descriptor.minor <= 99 &&
    descriptor.earliestMinor <= 99;
  return good ? descriptor : undefined;
}

/** The bytes that the signature signs: everything before it. */
export const signedPart = (tail: Uint8Array): Uint8Array =>
  tail.slice(tail.length - DESCRIPTOR_SIZE, tail.length - DESCRIPTOR_SIZE + SIGNED_BYTES);

export interface DescriptorContent {
  readonly version: Version;
  readonly earliest: Pick<Version, 'major' | 'minor'>;
  readonly component: number;
  readonly deviceId: number;
  readonly manufacturerId: number;
  readonly productId: number;
  readonly size: number;
  readonly digest: Uint8Array;
}

/** `sign` makes the 64 bytes of an Ed25519 signature of what it is given. */
export function writeDescriptor(
  content: DescriptorContent,
  sign?: (message: Uint8Array) => Uint8Array,
): Uint8Array {
  const { version, earliest, component, deviceId, manufacturerId, productId, size, digest } = content;
  const device = { component, deviceId, manufacturerId, productId };
  const versions = {
    ...version,
    aux: hexBytes(version.aux),
    earliestMajor: earliest.major,
    earliestMinor: earliest.minor,
  };
  const body = { ...versions, ...device, size, digest, signed: sign !== undefined, magic: MAGIC };
  const unsigned = Trailer.encode({ ...body, signature: new Uint8Array(64) });
  return sign ? Trailer.encode({ ...body, signature: sign(signedPart(unsigned)) }) : unsigned;
}

export const descriptorVersion = ({ major, minor, aux }: Descriptor): Version => ({
  major,
  minor,
  aux: hexText(aux),
});
