import { CC, hexBytes, IpmiError, latin1 } from '../../codec/index.ts';
import { ActionStatus, BlobState, DataPath, ExternalChunk, OpenFlag } from '../../commands/oem/blob.ts';
import { UpdateError, type Image, type Owner } from '../update/index.ts';
import type { SessionView } from '../../joint/message.ts';
import {
  BlobError,
  type BlobHandler,
  type BlobRequester,
  type BlobSession,
  type BlobStat,
} from './handler.ts';
import type { OpenPath } from './paths.ts';
import { settled } from '../../world/settled.ts';
import {
  HASH,
  VERIFY,
  UPDATE,
  ACTIVE_IMAGE,
  ACTIVE_HASH,
  HASH_LIMIT,
  SHA256,
  type FlashOptions,
  type FlashState,
} from './flash-paths.ts';
import { refused, blobbed, ownerOf } from './flash-paths.ts';

export { FLASH_PATHS, type FlashOptions, type FlashState } from './flash-paths.ts';

/** A verification or an update: what Session Stat tells of it. */
type Status = (typeof ActionStatus)[keyof typeof ActionStatus];

/** The one open session. `flags` are its open flags and state bits, which do not overlap. */
interface OpenFlash {
  readonly path: string;
  flags: number;
  readonly way: OpenPath | undefined;
}

/**
 * The flash blobs of OpenBMC: an image, its hash, a verification and an update, one session at a time. Each
 * is a step of the update service; the state goes on only when the host asks (Session Stat) and closes.
 */
export class FlashBlobs implements BlobHandler {
  readonly owner = 'flash';
  readonly claims: readonly string[];
  readonly #options: FlashOptions;
  readonly #transports: number;
  #state: FlashState = 'not-yet-started';
  #open: OpenFlash | undefined;
  /** An open that is under way: nothing else may begin. */
  #opening = false;
  /** Chosen by the first image of an update; another one has to wait for its end. */
  #image: string | undefined;
  #hash: Uint8Array = new Uint8Array(0);
  #sent = { image: false, hash: false };
  #status: Status = ActionStatus.Unknown;
  #owner: Owner | undefined;
  /** Whose update it is, from the first blob on. */
  #requester: BlobRequester | undefined;
  /** Verified, and to be activated. */
  #verified: Image | undefined;
  /** Counts updates, so that what an earlier one still hears is not taken for this one's. */
  #round = 0;

  constructor(options: FlashOptions) {
    this.#options = options;
    this.#transports = options.paths.reduce((mask, { flag }) => mask | flag, DataPath.Ipmi as number);
    this.claims = [...options.images.keys(), HASH, VERIFY, UPDATE, ACTIVE_IMAGE, ACTIVE_HASH];
    options.update.onEnded(() => {
      // Killed, expired or taken over by another front end: this one begins anew. An image that is sent again
      // is no end.
      if (this.#opening) return;
      if (this.#state === 'upload-in-progress' || this.#state === 'verification-pending') this.#start();
    });
  }

  get state(): FlashState {
    return this.#state;
  }

  list(): readonly string[] {
    const { image, hash } = this.#sent;
    const after =
      this.#state === 'update-pending' ||
      this.#state === 'update-started' ||
      this.#state === 'update-completed';
    const verifying =
      this.#state === 'verification-pending' ||
      this.#state === 'verification-started' ||
      this.#state === 'verification-completed';
    return [
      ...this.#options.images.keys(),
      HASH,
      ...(image ? [ACTIVE_IMAGE] : []),
      ...(hash ? [ACTIVE_HASH] : []),
      ...(verifying && image ? [VERIFY] : []),
      ...(after ? [UPDATE] : []),
    ];
  }

  permit({ privilege, channel }: BlobRequester): void {
    const { access } = this.#options.update;
    if (privilege < access.privilege || !access.allows(channel))
      throw new IpmiError(CC.InsufficientPrivilege, 'firmware updates');
  }

  released(session: SessionView): void {
    if (this.#requester?.session !== session) return;
    // What is verified waits for whoever activates it; an activation is not stopped half way.
    if (
      this.#state === 'upload-in-progress' ||
      this.#state === 'verification-pending' ||
      this.#state === 'verification-started'
    )
      this.#giveUp();
    else this.#start();
  }

  async open(path: string, flags: number, requester: BlobRequester): Promise<BlobSession> {
    this.#refuseOthers(requester);
    if (this.#open || this.#opening) throw new BlobError(`${this.#open?.path ?? 'another blob'} is open`);
    if (path === ACTIVE_IMAGE || path === ACTIVE_HASH)
      throw new BlobError(`${path} only shows that it is there`);
    if (!(flags & OpenFlag.Write)) throw new BlobError(`${path} is for writing`);
    this.#opening = true;
    try {
      return await this.#opened(path, flags, requester);
    } finally {
      this.#opening = false;
    }
  }

  stat(path: string): BlobStat {
    if (path !== HASH && !this.#options.images.has(path)) throw new BlobError(`${path} has nothing to tell`);
    return { state: this.#transports, size: 0 };
  }

  /** Gives up: what was uploaded is gone. */
  async delete(path: string, requester: BlobRequester): Promise<void> {
    this.#refuseOthers(requester);
    if (this.#state !== 'verification-pending' && this.#state !== 'update-pending')
      throw new BlobError(`${path} cannot be deleted now`);
    await this.#abort();
  }

  /** `/flash/cleanup`: files that an update left behind, while none is under way. */
  async cleanUp(requester: BlobRequester): Promise<void> {
    this.#refuseOthers(requester);
    if (this.#open || this.#opening) throw new BlobError('an update is under way');
    if (this.#state !== 'not-yet-started') await this.#abort();
  }

  async #opened(path: string, flags: number, requester: BlobRequester): Promise<BlobSession> {
    if (path === VERIFY) {
      if (this.#state !== 'verification-pending') throw new BlobError('there is nothing to verify');
      return this.#begun({ path, flags, way: undefined });
    }
    if (path === UPDATE) {
      if (this.#state !== 'update-pending') throw new BlobError('there is nothing to update with');
      return this.#begun({ path, flags, way: undefined });
    }
    if (this.#state !== 'not-yet-started' && this.#state !== 'verification-pending')
      throw new BlobError(`the update is at ${this.#state}`);
    const transport = flags & 0xff00 & (DataPath.Ipmi | DataPath.P2a | DataPath.Lpc | DataPath.Net);
    const kind = this.#options.paths.find(({ flag }) => flag === transport);
    if (transport !== DataPath.Ipmi && !kind)
      throw new BlobError(`data path ${transport.toString(16)}h is not there`);
    if (path !== HASH && this.#image !== undefined && this.#image !== path)
      throw new BlobError(`${this.#image} is not finished`);
    const way = await kind?.open().catch((error: unknown) => {
      throw new BlobError((error as Error).message);
    });
    if (path !== HASH) {
      const owner = ownerOf(requester);
      await blobbed(this.#options.update.begin(this.#component(path), owner)).catch(
        async (error: unknown) => {
          await way?.close();
          throw error;
        },
      );
      this.#owner = owner;
      this.#image = path;
    }
    if (path === HASH) this.#hash = new Uint8Array(0);
    this.#requester = requester;
    this.#sent = path === HASH ? { ...this.#sent, hash: true } : { ...this.#sent, image: true };
    this.#state = 'upload-in-progress';
    return this.#begun({ path, flags, way });
  }

  #begun(open: OpenFlash): BlobSession {
    this.#open = open;
    const round = this.#round;
    const mine = (): OpenFlash => {
      if (this.#open !== open || this.#round !== round)
        throw new BlobError(`the update by ${open.path} has ended`);
      return open;
    };
    const data = open.path !== VERIFY && open.path !== UPDATE;
    return {
      ...(data && {
        write: (offset: number, bytes: Uint8Array) => this.#write(mine(), offset, bytes),
        writeMeta: (_offset: number, bytes: Uint8Array) => this.#writeMeta(mine(), bytes),
      }),
      commit: () => this.#commit(mine()),
      stat: () => this.#sessionStat(mine()),
      close: async () => {
        // What ended the update has closed it, too.
        if (this.#open !== open) return;
        await this.#close(open);
      },
      expire: () => {
        if (this.#open === open) this.#giveUp();
      },
    };
  }

  async #write({ path, way }: OpenFlash, offset: number, data: Uint8Array): Promise<void> {
    let bytes = data;
    if (way) {
      if (data.length !== ExternalChunk.min)
        throw new BlobError('a chunk that comes another way is announced by its length');
      bytes = await way.take(ExternalChunk.decode(data).length);
    }
    if (path !== HASH)
      return blobbed(
        Promise.resolve(this.#guarded(() => this.#options.update.write(this.#sender(), offset, bytes))),
      );
    const end = offset + bytes.length;
    if (offset > this.#hash.length || end > HASH_LIMIT)
      throw new BlobError(`bytes ${offset} to ${end} of a hash`);
    const hash = new Uint8Array(Math.max(end, this.#hash.length));
    hash.set(this.#hash);
    hash.set(bytes, offset);
    this.#hash = hash;
  }

  #writeMeta({ way }: OpenFlash, data: Uint8Array): void {
    if (!way) throw new BlobError('IPMI takes no metadata');
    way.writeMeta(data);
  }

  #commit(open: OpenFlash): void {
    if (open.path !== VERIFY && open.path !== UPDATE) throw new BlobError(`${open.path} cannot be committed`);
    if (this.#state === 'verification-started' || this.#state === 'update-started') return;
    const { update } = this.#options;
    if (this.#state === 'verification-pending') {
      this.#state = 'verification-started';
      this.#run(
        open,
        async () => void (this.#verified = await update.verify(this.#sender(), this.#expected())),
      );
    } else if (this.#state === 'update-pending') {
      this.#state = 'update-started';
      this.#run(open, () => update.activate(this.#sender(), { image: this.#verified }));
    } else {
      throw new BlobError(`the update is at ${this.#state}`);
    }
  }

  #run(open: OpenFlash, work: () => Promise<void>): void {
    const round = this.#round;
    open.flags |= BlobState.Committing;
    this.#status = ActionStatus.Running;
    const settle = (status: Status): void => {
      if (this.#round === round) this.#status = status;
    };
    void (async () => work())().then(
      () => settle(ActionStatus.Success),
      () => settle(ActionStatus.Failed),
    );
  }

  #sessionStat(open: OpenFlash): BlobStat {
    const { path, way } = open;
    if (path === VERIFY || path === UPDATE) {
      const started = this.#state === 'verification-started' || this.#state === 'update-started';
      if (started && (this.#status === ActionStatus.Success || this.#status === ActionStatus.Failed)) {
        this.#state = path === VERIFY ? 'verification-completed' : 'update-completed';
        open.flags &= ~BlobState.Committing;
        open.flags |= this.#status === ActionStatus.Success ? BlobState.Committed : BlobState.CommitError;
      }
      return { state: open.flags, size: 0, metadata: Uint8Array.of(this.#status) };
    }
    const size =
      path === HASH ? this.#hash.length : this.#guarded(() => this.#options.update.received(this.#sender()));
    return { state: open.flags, size, metadata: way?.metadata() };
  }

  async #close(open: OpenFlash): Promise<void> {
    switch (this.#state) {
      case 'upload-in-progress':
        if (open.path !== HASH) await blobbed(this.#options.update.finish(this.#sender()));
        await this.#leave(open);
        this.#state = 'verification-pending';
        this.#status = ActionStatus.Unknown;
        return;
      case 'verification-pending':
      case 'update-pending':
        return this.#leave(open);
      case 'verification-completed':
        if (this.#status !== ActionStatus.Success) return this.#abort();
        await this.#leave(open);
        this.#state = 'update-pending';
        this.#status = ActionStatus.Unknown;
        return;
      case 'update-completed':
        await this.#leave(open);
        return this.#start();
      default:
        // In the middle of it, without having asked whether it is over.
        return this.#abort();
    }
  }

  async #leave(open: OpenFlash): Promise<void> {
    this.#open = undefined;
    await open.way?.close();
  }

  /** The number of the component that an image's path is for. */
  #component(path: string): number {
    const component = this.#options.images.get(path);
    if (component === undefined) throw new BlobError(`${path} is no image`);
    return component;
  }

  /** Whose upload is under way: there is one in every state but the first. */
  #sender(): Owner {
    if (!this.#owner) throw new BlobError('no image has been sent');
    return this.#owner;
  }

  #giveUp(): void {
    void this.#abort().catch((error: unknown) =>
      this.#options.log.error('blob: an update that ended', error),
    );
  }

  async #abort(): Promise<void> {
    const { update } = this.#options;
    const image = this.#image;
    const pending = this.#state === 'update-pending' || this.#state === 'verification-completed';
    const owned = this.#owner !== undefined && update.owns(this.#owner);
    this.#start();
    if (owned) update.kill('given up by its host');
    else if (pending && image !== undefined) await settled(update.discardImage(this.#component(image)));
  }

  /** As it was before anything was sent. */
  #start(): void {
    const open = this.#open;
    this.#round++;
    this.#open = undefined;
    this.#image = undefined;
    this.#owner = undefined;
    this.#requester = undefined;
    this.#verified = undefined;
    this.#hash = new Uint8Array(0);
    this.#sent = { image: false, hash: false };
    this.#status = ActionStatus.Unknown;
    this.#state = 'not-yet-started';
    void settled(open?.way?.close());
  }

  /** What the hash says: 32 bytes, or the text of `sha256sum`. None was sent: nothing is compared. */
  #expected(): Uint8Array | undefined {
    if (!this.#sent.hash || this.#hash.length === 0) return undefined;
    if (this.#hash.length === SHA256) return this.#hash;
    const [hex] = /^[\da-f]{64}(?=\s|$)/i.exec(latin1(this.#hash)) ?? [];
    if (hex === undefined) throw new UpdateError('digest', 'the hash is no SHA-256');
    return hexBytes(hex);
  }

  #refuseOthers({ party }: BlobRequester): void {
    if (this.#state !== 'not-yet-started' && this.#requester !== undefined && this.#requester.party !== party)
      throw new BlobError("somebody else's update is under way");
  }

  #guarded<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw refused(error);
    }
  }
}
