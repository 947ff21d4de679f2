import { CC, IpmiError } from '../codec/index.ts';
import { ActionStatus, DataPath, ExternalChunk, OpenFlag, WindowAddress, WindowAnswer, WindowRequest } from '../commands/oem/blob.ts';
import { Digest, hashes } from '../wire/crypto/hash.ts';
import type { Clock, OpenFile, Stream, StreamAddress, StreamNetwork } from '../world/world.ts';
import { BlobClient } from './blob.ts';
import type { Client } from './client.ts';
import { FlashError } from './flash.ts';
import { TimeoutError } from './lan.ts';

/** The bytes of an image, a piece at a time. */
export interface ImageSource {
  readonly size: number;
  read(offset: number, length: number): Promise<Uint8Array>;
}

export interface BlobFlashOptions {
  /** Opens a connection; called again after one is lost. */
  readonly connect: () => Promise<Client & { close(): Promise<void> }>;
  readonly image: ImageSource;
  /** Default `/flash/image`. */
  readonly path?: string;
  readonly clock: Clock;
  /** How the bytes go. Default: over IPMI. */
  readonly way?: Way;
  /** Bytes of one write over IPMI. Default: the most that the BMC takes, found out by trying. */
  readonly block?: number;
  readonly progress?: (stage: 'upload' | 'verify' | 'update', done: number, of: number) => void;
  /** Connections that may be lost. Default 5. */
  readonly reconnects?: number;
}

export type Way =
  | { readonly kind: 'net'; readonly stream: StreamNetwork; readonly at: (port: number) => StreamAddress }
  | { readonly kind: 'lpc' | 'p2a'; readonly file: OpenFile; readonly address: number; readonly size: number };

/** `restarting`: the BMC went away while it updated itself. */
export type FlashOutcome = 'updated' | 'restarting';

/** Bytes of a write that are tried, the largest first: a UDP datagram, BMCs' buffers, and what the original sends. */
const BLOCKS = [32_768, 16_384, 4096, 1024, 220, 128, 50];
const CHUNK = 65_536;
const POLL = { first: 50, most: 1000, limit: 30 * 60_000 };
/** What a BMC says to a message that is longer than it takes. */
const TOO_LONG: ReadonlySet<number> = new Set([CC.RequestLengthInvalid, CC.RequestLengthExceeded, CC.RequestTruncated, CC.Unspecified]);

/** A whole update over the blob protocol: image, hash, verification, update. Rejects with FlashError. */
export async function flashByBlob(options: BlobFlashOptions): Promise<FlashOutcome> {
  const update = new BlobUpdate(options);
  try {
    return await update.run();
  } finally {
    await update.close();
  }
}

class BlobUpdate {
  readonly #options: BlobFlashOptions;
  readonly #path: string;
  #connection: (Client & { close(): Promise<void> }) | undefined;
  #left: number;
  #block: number | undefined;

  constructor(options: BlobFlashOptions) {
    this.#options = options;
    this.#path = options.path ?? '/flash/image';
    this.#left = options.reconnects ?? 5;
    this.#block = options.block;
  }

  async run(): Promise<FlashOutcome> {
    await this.#prepare();
    const digest = await this.#upload();
    await this.#step('hash', async (blobs) => {
      const session = await blobs.open('/flash/hash', OpenFlag.Write | DataPath.Ipmi);
      await blobs.write(session, 0, digest);
      await blobs.close(session);
    });
    await this.#action('verify', '/flash/verify');
    try {
      await this.#action('update', '/flash/update');
    } catch (error) {
      if (error instanceof TimeoutError || lostSession(error)) return 'restarting';
      throw error;
    }
    return 'updated';
  }

  async close(): Promise<void> {
    await this.#connection?.close().catch(() => undefined);
  }

  /** Throws away what an earlier update has left. */
  #prepare(): Promise<void> {
    return this.#step('preparation', async (blobs) => {
      const paths = await blobs.list();
      if (!paths.includes(this.#path)) throw new FlashError('preparation', `the BMC has no ${this.#path}; it has ${paths.join(', ') || 'no blobs'}`);
      const left = paths.find((path) => path.startsWith('/flash/active/'));
      if (left !== undefined) await blobs.delete(left).catch(ignoreRefusal);
      if (paths.includes('/flash/cleanup')) {
        const session = await blobs.open('/flash/cleanup', OpenFlag.Write);
        await blobs.commit(session).catch(ignoreRefusal);
        await blobs.close(session);
      }
    });
  }

  /** Sends the image; after a lost connection it goes on where the BMC says it is. Returns its SHA-256. */
  async #upload(): Promise<Uint8Array> {
    const { image, way } = this.#options;
    let session: number | undefined;
    return this.#step('upload', async (blobs) => {
      let offset = 0;
      if (session !== undefined) {
        const { size } = await blobs.sessionStat(session).catch((error: unknown) => {
          ignoreRefusal(error);
          session = undefined;
          return { size: 0 };
        });
        offset = size;
      }
      session ??= await blobs.open(this.#path, OpenFlag.Write | flagOf(way));
      const digest = new Digest(hashes.sha256);
      for (let done = 0; done < offset; done += CHUNK) digest.update(await image.read(done, Math.min(CHUNK, offset - done)));
      const out = way ? await this.#external(blobs, session, way) : this.#overIpmi(blobs, session);
      try {
        while (offset < image.size) {
          const data = await image.read(offset, Math.min(out.most(), image.size - offset));
          const taken = await out.send(offset, data);
          digest.update(data.subarray(0, taken));
          offset += taken;
          this.#options.progress?.('upload', offset, image.size);
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

  /** Tries shorter and shorter writes: a repeated one is nothing new to the BMC. Waits briefly only, as too long a message may have no answer. */
  async #largestBlock(blobs: BlobClient, session: number, offset: number, data: Uint8Array): Promise<number> {
    for (const block of BLOCKS) {
      try {
        await blobs.write(session, offset, data.subarray(0, block));
        return block;
      } catch (error) {
        const tooLong = (error instanceof IpmiError && TOO_LONG.has(error.cc)) || error instanceof TimeoutError || error instanceof RangeError;
        if (!tooLong || block === BLOCKS.at(-1)) throw error;
      }
    }
    throw new FlashError('upload', 'the BMC takes no write at all');
  }

  async #external(blobs: BlobClient, session: number, way: Way) {
    const chunk = (offset: number, length: number): Promise<void> => blobs.write(session, offset, ExternalChunk.encode({ length }));
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
    const { clock, progress } = this.#options;
    return this.#step(stage, async (blobs) => {
      const session = await blobs.open(path, OpenFlag.Write);
      await blobs.commit(session);
      const began = clock.monotonic();
      for (let pause = POLL.first; ; pause = Math.min(pause * 2, POLL.most)) {
        const [status] = (await blobs.sessionStat(session)).metadata;
        const waited = clock.monotonic() - began;
        progress?.(stage, waited, POLL.limit);
        if (status === ActionStatus.Success) break;
        if (status !== ActionStatus.Running || waited > POLL.limit) {
          await blobs.close(session).catch(ignoreRefusal);
          throw new FlashError(stage, status === ActionStatus.Failed ? "it failed; the BMC's log says why" : `the BMC says status ${status}`);
        }
        await new Promise<void>((resolve) => void clock.after(pause, resolve));
      }
      await blobs.close(session);
    });
  }

  /** Runs a step; one that lost its connection is run again on a new one, as often as connections may be lost. */
  async #step<T>(stage: string, work: (blobs: BlobClient) => Promise<T>): Promise<T> {
    for (;;) {
      try {
        this.#connection ??= await this.#options.connect();
        return await work(new BlobClient(this.#connection));
      } catch (error) {
        const lost = error instanceof TimeoutError || lostSession(error);
        if (lost && stage !== 'update' && this.#left-- > 0) {
          await this.close();
          this.#connection = undefined;
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

async function windowOf(blobs: BlobClient, session: number, way: Exclude<Way, { kind: 'net' }>): Promise<{ start: number; size: number }> {
  if (way.kind === 'p2a') {
    const { address } = WindowAddress.decode((await blobs.sessionStat(session)).metadata);
    return { start: address - way.address, size: way.size };
  }
  await blobs.writeMeta(session, 0, WindowRequest.encode({ address: way.address, length: way.size }));
  const answer = WindowAnswer.decode((await blobs.sessionStat(session)).metadata);
  if (answer.code === 0) return { start: answer.offset, size: answer.size };
  await blobs.writeMeta(session, 0, WindowRequest.encode({ address: way.address + answer.offset, length: answer.size }));
  const again = WindowAnswer.decode((await blobs.sessionStat(session)).metadata);
  if (again.code !== 0) throw new FlashError('upload', `the BMC maps no window (code ${again.code})`);
  return { start: answer.offset + again.offset, size: again.size };
}

function sent(stream: Stream, data: Uint8Array): Promise<void> {
  if (stream.write(data)) return Promise.resolve();
  return new Promise((resolve) => (stream.onDrain = () => resolve()));
}

function ignoreRefusal(error: unknown): void {
  if (!(error instanceof IpmiError)) throw error;
}

/** A BMC that was reset no longer knows the session of its client. */
const lostSession = (error: unknown): boolean => error instanceof Error && 'code' in error && typeof error.code === 'string';
