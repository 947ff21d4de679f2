import { CC, IpmiError, type Layout } from '../codec/index.ts';
import { blobBodies, BlobSubCommand, BlobTransfer } from '../commands/oem/blob.ts';
import { blobCrc } from '../images/blob-crc.ts';
import type { Client } from './client.ts';

type Bodies = typeof blobBodies;
type Sub = keyof Bodies;
type RequestOf<S extends Sub> = Parameters<Bodies[S]['request']['encode']>[0];
type ResponseOf<S extends Sub> = ReturnType<Bodies[S]['response']['decode']>;
interface BodyOf<S extends Sub> {
  readonly request: Layout<RequestOf<S>>;
  readonly response: Layout<ResponseOf<S>>;
}

/** The same as a map from sub-command to layouts, whose entries go with the type of their key. */
const layouts: { readonly [S in Sub]: BodyOf<S> } = blobBodies;

const CRC_SIZE = 2;
const NOTHING = new Uint8Array(0);

/** A blob or a session of one: BlobState bits, bytes, and what its handler tells besides. */
export type BlobStatus = ResponseOf<typeof BlobSubCommand.Stat>;

/**
 * The blob transfer protocol of OpenBMC from the host's side. Every call throws IpmiError where the BMC
 * refuses.
 */
export class BlobClient {
  readonly #client: Client;

  constructor(client: Client) {
    this.#client = client;
  }

  /** The paths that there are now. */
  async list(): Promise<string[]> {
    const { count } = await this.#send(BlobSubCommand.GetCount, {});
    const paths: string[] = [];
    for (let index = 0; index < count; index++)
      paths.push((await this.#send(BlobSubCommand.Enumerate, { index })).path);
    return paths;
  }

  /** `flags`: OpenFlag bits, and the blob's own. Returns the session. */
  async open(path: string, flags: number): Promise<number> {
    return (await this.#send(BlobSubCommand.Open, { path, flags })).session;
  }

  async read(session: number, offset: number, size: number): Promise<Uint8Array> {
    return (await this.#send(BlobSubCommand.Read, { session, offset, size })).data;
  }

  /** At least one byte. */
  async write(session: number, offset: number, data: Uint8Array): Promise<void> {
    await this.#send(BlobSubCommand.Write, { session, offset, data });
  }

  async writeMeta(session: number, offset: number, data: Uint8Array): Promise<void> {
    await this.#send(BlobSubCommand.WriteMeta, { session, offset, data });
  }

  async commit(session: number, data: Uint8Array = NOTHING): Promise<void> {
    await this.#send(BlobSubCommand.Commit, { session, length: data.length, data });
  }

  async close(session: number): Promise<void> {
    await this.#send(BlobSubCommand.Close, { session });
  }

  async delete(path: string): Promise<void> {
    await this.#send(BlobSubCommand.Delete, { path });
  }

  stat(path: string): Promise<BlobStatus> {
    return this.#send(BlobSubCommand.Stat, { path });
  }

  sessionStat(session: number): Promise<BlobStatus> {
    return this.#send(BlobSubCommand.SessionStat, { session });
  }

  async #send<S extends Sub>(sub: S, request: RequestOf<S>): Promise<ResponseOf<S>> {
    const layout: BodyOf<S> = layouts[sub];
    const { framed } = await this.#client.send(BlobTransfer, {
      subCommand: sub,
      framed: withCrc(layout.request.encode(request)),
    });
    const body = framed.subarray(CRC_SIZE);
    if (framed.length > 0 && (framed[0] | (framed[1] << 8)) !== blobCrc(body))
      throw new IpmiError(CC.Unspecified, 'the answer has a wrong CRC');
    return layout.response.decode(framed.length === 0 ? framed : body);
  }
}

function withCrc(body: Uint8Array): Uint8Array {
  if (body.length === 0) return body;
  const framed = new Uint8Array(CRC_SIZE + body.length);
  const crc = blobCrc(body);
  framed[0] = crc & 0xff;
  framed[1] = crc >> 8;
  framed.set(body, CRC_SIZE);
  return framed;
}
