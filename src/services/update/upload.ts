import { hexText } from '../../codec/index.ts';
import { Digest, equalBytes, hashes } from '../../crypto/hash.ts';
import type { Component, Image } from './component.ts';
import {
  DESCRIPTOR_SIZE,
  descriptorVersion,
  readDescriptor,
  signedPart,
  type Descriptor,
} from '../../images/image-descriptor.ts';
import { told, UpdateError } from './errors.ts';
import type { Slot } from './medium.ts';
import { compareVersions, versionText, type Version } from '../../images/firmware-version.ts';
import { settled } from '../../world/settled.ts';

/** Whose image this device takes, and how signatures are checked. */
export interface Device {
  readonly deviceId: number;
  readonly manufacturerId: number;
  readonly productId: number;
  /** True where `signature` is the Ed25519 signature of `message` by the other half of `publicKey` (PEM). */
  readonly isSigned: (publicKey: string, message: Uint8Array, signature: Uint8Array) => boolean;
}

/** Bytes that are gathered before they go to the medium. */
const GATHER = 65_536;

/** One image on its way into a spare slot, or past the active image to be compared with it. */
export class Upload {
  readonly component: Component;
  readonly device: Device;
  /** Undefined: the bytes are compared, and kept nowhere. */
  readonly slot: Slot | undefined;
  /** Bytes that are here. */
  received = 0;
  /** Bytes that verification has looked at. */
  verified = 0;
  readonly #gathered = new Uint8Array(GATHER);
  #fill = 0;
  /** Bytes that went to the medium. */
  #flushed = 0;
  #writing: Promise<void> | undefined;
  #failure: UpdateError | undefined;
  /** Its sender has said how many bytes there are. */
  #isCounted = false;
  /** Runs along while bytes come in order: what was sent, to be compared with what was stored. */
  #sent: Digest | undefined = new Digest(hashes.sha256);

  constructor(component: Component, device: Device, slot: Slot | undefined) {
    this.component = component;
    this.device = device;
    this.slot = slot;
  }

  /**
   * Takes bytes at an offset: the next ones, or ones that came before (a repeated request). Undefined: done;
   * `data` may be used again then, or when the promise resolves. Throws, or rejects with, UpdateError.
   */
  write(offset: number, data: Uint8Array): Promise<void> | undefined {
    if (this.#failure) throw this.#failure;
    if (this.#writing) return this.#writing.then(() => this.write(offset, data));
    if (offset > this.received)
      throw new UpdateError('gap', `bytes ${this.received} to ${offset - 1} are missing`);
    const { maxSize } = this.component.options;
    if (offset + data.length > maxSize)
      throw new UpdateError('too-large', `an image of ${this.component.name} has at most ${maxSize} bytes`);
    if (offset < this.received) return this.#rewrite(offset, data);
    this.#sent?.update(data);
    this.received += data.length;
    if (this.slot === undefined) return undefined;
    return this.#gather(data);
  }

  /** Everything is on the medium. `size`: how many bytes its sender counts. */
  async finish(size?: number): Promise<void> {
    await this.#writing;
    if (this.#failure) throw this.#failure;
    if (size !== undefined && size !== this.received)
      throw new UpdateError('size', `${this.received} bytes came, ${size} were sent`);
    this.#isCounted = size !== undefined;
    if (this.slot === undefined) return;
    await this.#flush();
    await this.component.medium.finish(this.slot).catch((error: unknown) => {
      throw told(error);
    });
  }

  /** Resolves when nothing is being written. */
  async settled(): Promise<void> {
    await settled(this.#writing);
  }

  /** Reads the image back and checks it. `expected`: SHA-256 of all bytes, by whoever sent them. */
  async verify(expected?: Uint8Array): Promise<Image> {
    if (this.received === 0) throw new UpdateError('size', 'no byte of an image came');
    const sent = this.#sent?.finish();
    this.#sent = undefined;
    if (this.slot === undefined) return this.#compare(sent);
    const size = this.received;
    const tail = await this.component.medium.read(
      this.slot,
      Math.max(0, size - DESCRIPTOR_SIZE),
      DESCRIPTOR_SIZE,
    );
    const descriptor = readDescriptor(tail);
    const stored = await this.component.digest(this.slot, size, (done) => void (this.verified = done));
    for (const wanted of [sent, expected]) {
      if (wanted && hexText(wanted) !== stored)
        throw new UpdateError('digest', `SHA-256 is ${stored}, expected ${hexText(wanted)}`);
    }
    const digest = descriptor ? await this.component.digest(this.slot, size - DESCRIPTOR_SIZE) : stored;
    if (descriptor) this.#checkDescriptor(descriptor, size, digest);
    // Half of an image has no descriptor at its end.
    else if (!this.#isCounted && expected === undefined)
      throw new UpdateError('size', 'nothing says how long the image is: no descriptor, no hash');
    this.#checkSignature(descriptor, tail);
    const version = descriptor
      ? descriptorVersion(descriptor)
      : (this.component.options.assumeVersion ?? unknownVersion(stored));
    this.#checkVersion(version, descriptor);
    return { version, size, digest, stored };
  }

  #compare(sent: Uint8Array | undefined): Image {
    const { active, name } = this.component;
    if (
      !sent ||
      active.stored === undefined ||
      active.stored !== hexText(sent) ||
      active.size !== this.received
    ) {
      throw new UpdateError('mismatch', `the active image of ${name} is another one`);
    }
    return active;
  }

  #checkDescriptor(descriptor: Descriptor, size: number, digest: string): void {
    const { component, device } = this;
    if (descriptor.size !== size - DESCRIPTOR_SIZE || hexText(descriptor.digest) !== digest) {
      throw new UpdateError('digest', 'the image is not the one that its descriptor describes');
    }
    const here = {
      component: component.id,
      deviceId: device.deviceId,
      manufacturerId: device.manufacturerId,
      productId: device.productId,
    };
    for (const [key, value] of Object.entries(here)) {
      const theirs = descriptor[key as keyof typeof here];
      if (theirs !== value)
        throw new UpdateError('wrong-device', `the image is for ${key} ${theirs}, this is ${value}`);
    }
  }

  #checkSignature(descriptor: Descriptor | undefined, tail: Uint8Array): void {
    const { publicKey, name } = this.component.options;
    if (publicKey === undefined) return;
    if (!descriptor?.signed) throw new UpdateError('signature', `images of ${name} must be signed`);
    const good = this.device.isSigned(publicKey, signedPart(tail), descriptor.signature);
    if (!good) throw new UpdateError('signature', `the image's signature is not by the key of ${name}`);
  }

  #checkVersion(version: Version, descriptor: Descriptor | undefined): void {
    const { active, options } = this.component;
    const earliest = descriptor && { major: descriptor.earliestMajor, minor: descriptor.earliestMinor };
    if (earliest && compareVersions(active.version, earliest) < 0) {
      throw new UpdateError(
        'wrong-version',
        `${versionText(version)} needs ${versionText({ ...earliest, aux: '' })} or newer to be there`,
      );
    }
    if (!options.downgrade && compareVersions(version, active.version) < 0) {
      throw new UpdateError(
        'wrong-version',
        `${versionText(version)} is older than ${versionText(active.version)}, and ${options.name} takes no older one`,
      );
    }
  }

  #gather(data: Uint8Array): Promise<void> | undefined {
    if (this.#fill + data.length >= GATHER) return this.#started(this.#spill(data));
    this.#gathered.set(data, this.#fill);
    this.#fill += data.length;
    return undefined;
  }

  async #spill(data: Uint8Array): Promise<void> {
    for (let done = 0; done < data.length;) {
      const piece = data.subarray(done, done + GATHER - this.#fill);
      this.#gathered.set(piece, this.#fill);
      this.#fill += piece.length;
      done += piece.length;
      if (this.#fill === GATHER) await this.#flush();
    }
  }

  /**
   * Bytes that were there already: nothing where they are the same as those that still lie here, else written
   * over.
   */
  #rewrite(offset: number, data: Uint8Array): Promise<void> | undefined {
    const { slot } = this;
    if (slot === undefined) throw new UpdateError('gap', 'bytes to compare must come in order');
    const end = offset + data.length;
    const at = offset - this.#flushed;
    if (at >= 0 && end <= this.received && equalBytes(data, 0, this.#gathered, at, data.length))
      return undefined;
    this.#sent = undefined;
    this.received = Math.max(this.received, end);
    const copy = data.slice();
    return this.#started(
      this.#flush().then(async () => {
        await this.component.medium.write(slot, offset, copy);
        this.#flushed = this.received;
      }),
    );
  }

  /** Remembers what is under way, so that the next write waits for it, and its failure. */
  #started(work: Promise<void>): Promise<void> {
    const writing = work.then(
      () => void (this.#writing = undefined),
      (error: unknown) => {
        this.#writing = undefined;
        this.#failure = told(error);
        throw this.#failure;
      },
    );
    void settled(writing);
    this.#writing = writing;
    return writing;
  }

  async #flush(): Promise<void> {
    if (this.#fill === 0 || this.slot === undefined) return;
    await this.component.medium.write(this.slot, this.#flushed, this.#gathered.subarray(0, this.#fill));
    this.#flushed += this.#fill;
    this.#fill = 0;
  }
}

/** Nobody says which version it is: 0.00, told apart by the digest. */
const unknownVersion = (digest: string): Version => ({ major: 0, minor: 0, aux: digest.slice(0, 8) });
