import { CC, errorCodeOf, hexText, IpmiError, latin1 } from '../codec/index.ts';
import {
  ActionStatus,
  DataPath,
  ExternalChunk,
  OpenFlag,
  WindowAddress,
  WindowAnswer,
  WindowRequest,
} from '../commands/oem/blob.ts';
import { Digest, hashes } from '../crypto/hash.ts';
import type { Clock, OpenFile, Stream, StreamAddress, StreamNetwork } from '../world/world.ts';
import { BlobClient } from './blob.ts';
import { FlashError, type FlashOptions, type FlashResult } from './flash.ts';
import type { Connection } from './flash-hpm.ts';
import { TimeoutError } from './lan.ts';
import { settled } from '../world/settled.ts';
import { codeOf } from '../world/system-error.ts';

export interface BlobFlasherOptions {
  readonly clock: Clock;
  /** Opens a connection; called again after one is lost. Rejects with TimeoutError while the BMC is away. */
  readonly connect: () => Promise<Connection>;
  /** Default `/flash/image`. */
  readonly path?: string;
  /** How the bytes go. Default: over IPMI. */
  readonly way?: Way;
  /** Bytes of one write over IPMI. Default: the most that the BMC takes, found out by trying. */
  readonly block?: number;
  /** Connections that may be lost. Default 5. */
  readonly reconnects?: number;
}

export type Way =
  | { readonly kind: 'net'; readonly stream: StreamNetwork; readonly at: (port: number) => StreamAddress }
  | {
      readonly kind: 'lpc' | 'p2a';
      readonly file: OpenFile;
      readonly address: number;
      readonly size: number;
    };

/**
 * Bytes of a write that are tried, the largest first: a UDP datagram, BMCs' buffers, and what the original
 * sends.
 */
const BLOCKS = [32_768, 16_384, 4096, 1024, 220, 128, 50];
const CHUNK = 65_536;
const POLL = { first: 50, most: 1000, limit: 30 * 60_000 };
/** What a BMC says to a message that is longer than it takes. */
const TOO_LONG: ReadonlySet<number> = new Set([
  CC.RequestLengthInvalid,
  CC.RequestLengthExceeded,
  CC.RequestTruncated,
  CC.Unspecified,
]);

/** Milliseconds that a BMC may be away while it starts with its new firmware. */
const AWAY = 60_000;

/** Updates firmware by the blob protocol: image, hash, verification, update. */
export class BlobFlasher {
  readonly #options: BlobFlasherOptions;
  readonly #path: string;
  #connection: Connection | undefined;
  #left: number;
  #block: number | undefined;
  #resumed = 0;
  #progress: FlashOptions['progress'] = () => undefined;

  constructor(options: BlobFlasherOptions) {
    this.#options = options;
    this.#path = options.path ?? '/flash/image';
    this.#left = options.reconnects ?? 5;
    this.#block = options.block;
  }

  /** Rejects with FlashError, LogInError, or TimeoutError. */
  async flash({ image, components, activate = true, progress }: FlashOptions): Promise<FlashResult> {
    const { clock } = this.#options;
    const began = clock.monotonic();
    this.#progress = progress;
    // The protocol knows paths.
    if (components !== undefined)
      throw new FlashError('preparation', 'a blob is chosen by its path, not by the number of its component');
    const size = await image.size();
    try {
      progress({ step: 'checking' });
      const before = await this.#prepare();
      const digest = await this.#upload(image, size);
      await this.#step('hash', async (blobs) => {
        const session = await blobs.open('/flash/hash', OpenFlag.Write | DataPath.Ipmi);
        await blobs.write(session, 0, digest);
        await blobs.close(session);
      });
      await this.#action('verify', '/flash/verify');
      if (activate) await this.#activate();
      const after = activate ? await this.#version() : undefined;
      const shown = {
        component: undefined,
        name: this.#path,
        before: before ?? 'unknown',
        after: activate ? (after ?? 'unknown') : undefined,
      };
      const flashed = { ...shown, image: `SHA-256 ${hexText(digest)}`, bytes: size };
      return {
        components: [flashed],
        activated: activate,
        resumed: this.#resumed,
        seconds: (clock.monotonic() - began) / 1000,
      };
    } finally {
      await this.#hangUp();
    }
  }

  async #hangUp(): Promise<void> {
    await settled(this.#connection?.close());
    this.#connection = undefined;
  }

  /** A BMC that updates itself goes away in the middle of it. */
  async #activate(): Promise<void> {
    try {
      await this.#action('update', '/flash/update');
    } catch (error) {
      if (!isLost(error)) throw error;
      await this.#hangUp();
    }
  }

  /** What `/version/<name>` says, where the BMC has it. */
  async #version(): Promise<string | undefined> {
    const { clock } = this.#options;
    const until = clock.monotonic() + AWAY;
    for (;;) {
      try {
        return await this.#step('version', (blobs) => this.#versionBlob(blobs));
      } catch (error) {
        if (!isLost(error) || clock.monotonic() > until) throw error;
        await this.#hangUp();
        await new Promise<void>((resolve) => void clock.after(POLL.most, resolve));
      }
    }
  }

  async #versionBlob(blobs: BlobClient): Promise<string | undefined> {
    const path = this.#path.replace(/^\/flash\//, '/version/');
    if (!(await blobs.list()).includes(path)) return undefined;
    const session = await blobs.open(path, OpenFlag.Read);
    const { size } = await blobs.sessionStat(session);
    const text = latin1(await blobs.read(session, 0, Math.min(size, 64))).trim();
    await blobs.close(session);
    return text;
  }

  /** Throws away what an earlier update has left. Returns the version that is there. */
  #prepare(): Promise<string | undefined> {
    return this.#step('preparation', async (blobs) => {
      const paths = await blobs.list();
      if (!paths.includes(this.#path))
        throw new FlashError(
          'preparation',
          `the BMC has no ${this.#path}; it has ${paths.join(', ') || 'no blobs'}`,
        );
      const left = paths.find((path) => path.startsWith('/flash/active/'));
      if (left !== undefined) await blobs.delete(left).catch(ignoreRefusal);
      if (paths.includes('/flash/cleanup')) {
        const session = await blobs.open('/flash/cleanup', OpenFlag.Write);
        await blobs.commit(session).catch(ignoreRefusal);
        await blobs.close(session);
      }
      return this.#versionBlob(blobs);
    });
  }

  /** Sends the image; after a lost connection it goes on where the BMC says it is. Returns its SHA-256. */
  async #upload(image: OpenFile, size: number): Promise<Uint8Array> {
    const { way } = this.#options;
    let session: number | undefined;
    return this.#step('upload', async (blobs) => {
      let offset = 0;
      if (session !== undefined) {
        const there = await blobs.sessionStat(session).catch((error: unknown) => {
          ignoreRefusal(error);
          session = undefined;
          return { size: 0 };
        });
        offset = there.size;
      }
      session ??= await blobs.open(this.#path, OpenFlag.Write | flagOf(way));
      const digest = new Digest(hashes.sha256);
      for (let done = 0; done < offset; done += CHUNK)
        digest.update(await image.readAt(done, Math.min(CHUNK, offset - done)));
      const out = way ? await this.#external(blobs, session, way) : this.#overIpmi(blobs, session);
      try {
        while (offset < size) {
          const data = await image.readAt(offset, Math.min(out.most(), size - offset));
          const taken = await out.send(offset, data);
          digest.update(data.subarray(0, taken));
          offset += taken;
          this.#progress({ step: 'uploading', name: this.#path, sent: offset, size });
        }
      } finally {
        await out.close();
      }
      await blobs.close(session);
      return digest.finish();
    });
  }

  #overIpmi(blobs: BlobClient, session: number) {
    return {
      most: () => this.#block ?? BLOCKS[0],
      send: async (offset: number, data: Uint8Array): Promise<number> => {
        if (this.#block !== undefined) {
          await blobs.write(session, offset, data);
          return data.length;
        }
        this.#block = await this.#largestBlock(blobs, session, offset, data);
        return Math.min(this.#block, data.length);
      },
      close: async () => undefined,
    };
  }

  /**
   * Tries shorter and shorter writes: a repeated one is nothing new to the BMC. Too long a message may have
   * no answer.
   */
  async #largestBlock(blobs: BlobClient, session: number, offset: number, data: Uint8Array): Promise<number> {
    for (const block of BLOCKS) {
      try {
        await blobs.write(session, offset, data.subarray(0, block));
        return block;
      } catch (error) {
        const tooLong =
          (error instanceof IpmiError && TOO_LONG.has(error.cc)) ||
          error instanceof TimeoutError ||
          error instanceof RangeError;
        if (!tooLong || block === BLOCKS.at(-1)) throw error;
      }
    }
    throw new FlashError('upload', 'the BMC takes no write at all');
  }

  async #external(blobs: BlobClient, session: number, way: Way) {
    const chunk = (offset: number, length: number): Promise<void> =>
      blobs.write(session, offset, ExternalChunk.encode({ length }));
    if (way.kind === 'net') {
      const { metadata } = await blobs.sessionStat(session);
      const stream = await way.stream.connect(way.at(metadata[0] | (metadata[1] << 8)));
      stream.write(metadata.subarray(2));
      return {
        most: () => CHUNK,
        send: async (offset: number, data: Uint8Array) => {
          await sent(stream, data);
          await chunk(offset, data.length);
          return data.length;
        },
        close: async () => stream.destroy(),
      };
    }
    const { start, size } = await windowOf(blobs, session, way);
    return {
      most: () => Math.min(size, CHUNK),
      send: async (offset: number, data: Uint8Array) => {
        await way.file.writeAt(start, data);
        await chunk(offset, data.length);
        return data.length;
      },
      close: async () => undefined,
    };
  }

  /** Opens, commits, asks until it is over, closes. */
  #action(stage: 'verify' | 'update', path: string): Promise<void> {
    const { clock } = this.#options;
    this.#progress({ step: stage === 'verify' ? 'verifying' : 'activating', name: this.#path });
    return this.#step(stage, async (blobs) => {
      const session = await blobs.open(path, OpenFlag.Write);
      await blobs.commit(session);
      const began = clock.monotonic();
      for (let pause = POLL.first; ; pause = Math.min(pause * 2, POLL.most)) {
        const [status] = (await blobs.sessionStat(session)).metadata;
        if (status === ActionStatus.Success) break;
        if (status !== ActionStatus.Running || clock.monotonic() - began > POLL.limit) {
          await blobs.close(session).catch(ignoreRefusal);
          throw new FlashError(
            stage,
            status === ActionStatus.Failed
              ? "it failed; the BMC's log says why"
              : `the BMC says status ${status}`,
          );
        }
        await new Promise<void>((resolve) => void clock.after(pause, resolve));
      }
      await blobs.close(session);
    });
  }

  /**
   * Runs a step; one that lost its connection is run again on a new one, as often as connections may be lost.
   */
  async #step<T>(stage: string, work: (blobs: BlobClient) => Promise<T>): Promise<T> {
    for (;;) {
      try {
        this.#connection ??= await this.#options.connect();
        return await work(new BlobClient(this.#connection.client));
      } catch (error) {
        if (isLost(error) && stage !== 'update' && stage !== 'version' && this.#left-- > 0) {
          this.#progress({ step: 'reconnecting' });
          this.#resumed++;
          await this.#hangUp();
          continue;
        }
        if (error instanceof IpmiError) throw new FlashError(stage, error.message, { cause: error });
        throw error;
      }
    }
  }
}

const flagOf = (way: Way | undefined): number =>
  way === undefined ? DataPath.Ipmi : { net: DataPath.Net, lpc: DataPath.Lpc, p2a: DataPath.P2a }[way.kind];

async function windowOf(
  blobs: BlobClient,
  session: number,
  way: Exclude<Way, { kind: 'net' }>,
): Promise<{ start: number; size: number }> {
  if (way.kind === 'p2a') {
    const { address } = WindowAddress.decode((await blobs.sessionStat(session)).metadata);
    return { start: address - way.address, size: way.size };
  }
  await blobs.writeMeta(session, 0, WindowRequest.encode({ address: way.address, length: way.size }));
  const answer = WindowAnswer.decode((await blobs.sessionStat(session)).metadata);
  if (answer.code === 0) return { start: answer.offset, size: answer.size };
  await blobs.writeMeta(
    session,
    0,
    WindowRequest.encode({ address: way.address + answer.offset, length: answer.size }),
  );
  const again = WindowAnswer.decode((await blobs.sessionStat(session)).metadata);
  if (again.code !== 0) throw new FlashError('upload', `the BMC maps no window (code ${again.code})`);
  return { start: answer.offset + again.offset, size: again.size };
}

function sent(stream: Stream, data: Uint8Array): Promise<void> {
  if (stream.write(data)) return Promise.resolve();
  return new Promise((resolve, reject) => {
    stream.onDrain = () => resolve();
    stream.onClose = () => reject(new TimeoutError('the BMC has closed the data path'));
  });
}

function ignoreRefusal(error: unknown): void {
  if (!(error instanceof IpmiError)) throw error;
}

/** No answer, or the system's own error: the connection is gone, or the BMC no longer knows the session. */
const isLost = (error: unknown): boolean =>
  error instanceof TimeoutError || (codeOf(error) !== undefined && errorCodeOf(error) === undefined);
