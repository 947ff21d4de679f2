import { makeDirectory } from '../../world/make-directory.ts';
import type { FileLock } from '../../world/world.ts';
import type { Setup } from '../../state/setup.ts';
import type { Component, Image } from './component.ts';
import { told, UpdateError } from './errors.ts';
import { Switcher, type RollbackResult, type SelfTestResult } from './switcher.ts';
import { Upload } from './upload.ts';
import { versionText } from '../../images/firmware-version.ts';
import { Listeners } from '../../state/listeners.ts';
import { settled } from '../../world/settled.ts';
import { isSameAccount, type Owner, type Running, type UpdateOptions, type UploadStage } from './owner.ts';
import type { UpdateAccess, UpdateInfo } from './owner.ts';

export { sessionKey } from './owner.ts';
export type { Owner, UpdateOptions, UploadStage, UpdateAccess, UpdateInfo } from './owner.ts';

/**
 * Firmware updates of one BMC, whoever asks for them: HPM.1, the blob protocol, a library. One upload at a
 * time, with one owner; what it leaves behind is a verified image that waits for activation. Nothing runs
 * while nobody updates.
 */
export class UpdateService {
  readonly components: readonly Component[];
  /** A fault: every image is found bad, or none that is new boots. */
  fault: 'fails-verification' | 'fails-to-boot' | undefined = undefined;
  readonly #setup: Setup;
  readonly #options: UpdateOptions;
  readonly #switcher: Switcher;
  readonly #listeners = new Listeners<[reason: UpdateError]>();
  #lock: FileLock | undefined;
  #running: Running | undefined;
  #wasUsed = false;
  /** What ended uploads still do with their slots; the next one waits for it. */
  #settling: Promise<unknown> = Promise.resolve();

  constructor(setup: Setup, options: UpdateOptions) {
    this.#setup = setup;
    this.#options = options;
    this.components = options.components;
    this.#switcher = new Switcher(setup, options, () => this.fault !== 'fails-to-boot');
  }

  /** Finds out what boots, component by component, and says so. */
  async open(): Promise<void> {
    const { lock } = this.#options;
    // A directory that somebody named is there and this process' alone from the start. In any other one,
    // where nothing was ever uploaded nobody has to be kept out: an open file less for each BMC of a fleet.
    if (lock && (lock.isNamed || (await lock.files.stat(lock.directory)) !== undefined)) await this.#claim();
    for (const component of this.components) await this.#switcher.boot(component);
  }

  /** The directory of the images is this process' alone. */
  async #claim(): Promise<void> {
    const { lock } = this.#options;
    if (!lock || this.#lock) return;
    await makeDirectory(lock.files, lock.directory);
    this.#lock = await lock.files.lock(`${lock.directory}/lock`);
  }

  async close(): Promise<void> {
    this.kill('the BMC stops');
    await this.#settling;
    for (const { medium } of this.components) await medium.close();
    await this.#lock?.release();
    this.#lock = undefined;
  }

  /** Why its BMC has to stay awake: there is, or was, an upload. Undefined: there never was one. */
  get wakeful(): string | undefined {
    const isNew =
      !this.#wasUsed && this.#lock === undefined && this.components.every((component) => component.isFactory);
    return isNew ? undefined : 'firmware was uploaded';
  }

  get access(): UpdateAccess {
    return this.#options.access;
  }

  /** Throws UpdateError where there is none. */
  component(id: number): Component {
    const component = this.components.find((component) => component.id === id);
    if (!component) throw new UpdateError('no-component', `there is no component ${id}`);
    return component;
  }

  get info(): UpdateInfo | undefined {
    const running = this.#running;
    if (!running) return undefined;
    const { upload, owner, stage, began, touched } = running;
    const now = this.#now();
    const { received, verified, component } = upload;
    const times = { age: now - began, expiresIn: Math.max(0, touched + this.#options.expiry - now) };
    return {
      component: component.id,
      name: component.name,
      stage,
      owner: owner.label,
      received,
      verified,
      ...times,
    };
  }

  /** What an activation or a rollback is at; undefined: none is under way. */
  get switching(): Switcher['busy'] {
    return this.#switcher.busy;
  }

  get selfTest(): SelfTestResult {
    return this.#switcher.selfTest;
  }

  get lastRollback(): RollbackResult {
    return this.#switcher.lastRollback;
  }

  /** True where this owner's upload is under way, or one that its account has left. */
  owns(owner: Owner): boolean {
    const theirs = this.#running?.owner;
    return (
      theirs !== undefined &&
      (theirs.key === owner.key || (isSameAccount(theirs, owner) && theirs.isGone?.() === true))
    );
  }

  /** Told when an upload ends without its owner: killed, taken over, expired. */
  onEnded(listener: (reason: UpdateError) => void): () => void {
    return this.#listeners.add(listener);
  }

  /**
   * Begins an upload; an earlier one of the same owner or account is given up. Resolves when the spare slot
   * is empty and bytes may come. `compare`: nothing is stored. Rejects with UpdateError: `busy` while
   * somebody else updates, unless `takeover`.
   */
  async begin(
    id: number,
    owner: Owner,
    options: { readonly compare?: boolean; readonly takeover?: boolean } = {},
  ): Promise<void> {
    const component = this.component(id);
    this.#wasUsed = true;
    this.#refuseWhileSwitching();
    const theirs = this.#running;
    const isOwn = theirs !== undefined && (this.owns(owner) || isSameAccount(theirs.owner, owner));
    if (theirs && !isOwn && !options.takeover) throw this.#busy(theirs);
    if (theirs) this.#end(new UpdateError('aborted', isOwn ? 'begun anew' : `taken over by ${owner.label}`));
    const upload = new Upload(
      component,
      this.#options.device,
      options.compare ? undefined : component.spareSlot,
    );
    const now = this.#now();
    const running: Running = {
      upload,
      owner,
      began: now,
      stage: 'preparing',
      touched: now,
      timer: undefined,
      work: undefined,
      ended: undefined,
    };
    this.#running = running;
    this.#arm(running);
    this.#options.updating(true);
    this.#log(`${owner.label} begins ${options.compare ? 'to compare' : 'to update'} ${component.name}`);
    if (!options.compare) {
      await this.#step(running, async () => {
        await this.#settling;
        await this.#claim();
        await component.stage('prepare', upload.slot);
        await component.beginImage();
      });
    }
    running.stage = 'uploading';
  }

  /** Bytes of this owner's upload that are here. Throws UpdateError `no-update`. */
  received(owner: Owner): number {
    return this.#of(owner).upload.received;
  }

  /**
   * Bytes of the owner's image: the next ones, or ones that are sent again. Undefined: taken. Throws, or
   * rejects with, UpdateError; after `gap` the upload goes on, after anything else it is over.
   */
  write(owner: Owner, offset: number, data: Uint8Array): Promise<void> | undefined {
    const running = this.#of(owner, 'uploading');
    running.touched = this.#now();
    try {
      return running.upload.write(offset, data)?.catch((error: unknown) => this.#writeFailed(running, error));
    } catch (error) {
      return this.#writeFailed(running, error);
    }
  }

  /** All bytes are sent; resolves when they are on the medium. `size`: how many there should be. */
  async finish(owner: Owner, size?: number): Promise<void> {
    const running = this.#of(owner, 'uploading');
    const { upload } = running;
    running.touched = this.#now();
    await this.#step(running, async () => {
      await upload.finish(size);
      if (upload.slot) await upload.component.stage('upload', upload.slot);
    });
    running.stage = 'uploaded';
  }

  /**
   * Checks the image that `finish` has ended: digest, descriptor, signature, device, version. It then waits
   * for activation and belongs to nobody. A comparison ends here. Rejects with UpdateError, and the image is
   * gone.
   */
  async verify(owner: Owner, expected?: Uint8Array): Promise<Image> {
    const running = this.#of(owner, 'uploaded');
    const { upload } = running;
    running.touched = this.#now();
    running.stage = 'verifying';
    const image = await this.#step(running, async () => {
      if (this.fault === 'fails-verification')
        throw new UpdateError('digest', 'the image is not as it should be (a fault, on purpose)');
      const checked = await upload.verify(expected);
      if (!upload.slot || running.ended) return checked;
      await upload.component.stage('verify', upload.slot);
      if (!running.ended) await upload.component.imageVerified(checked);
      return checked;
    });
    this.#forget(running);
    const firmware = `${upload.component.name} ${versionText(image.version)}, ${image.size} bytes, SHA-256 ${image.digest}`;
    this.#log(`${owner.label} has ${upload.slot ? 'uploaded' : 'compared'} ${firmware}`);
    return image;
  }

  /** Gives up the upload that is under way, whoever owns it; false: there is none. */
  kill(reason: string): boolean {
    if (!this.#running) return false;
    this.#end(new UpdateError('aborted', reason));
    return true;
  }

  /** The rights that it was begun with are gone: it ends. */
  revoke(key: string): void {
    if (this.#running?.owner.key === key) this.kill('the rights of its session were taken');
  }

  /**
   * A user has another password or name, or fewer rights: what its sessions have left is not for whoever has
   * the slot now.
   */
  revokeUser(userId: number): void {
    if (this.#running?.owner.userId === userId) this.kill('the rights of its user were taken');
  }

  /**
   * Ends the upload that is under way, whoever owns it, and gives up every image that waits for activation.
   */
  async discard(owner: Owner): Promise<void> {
    this.#refuseWhileSwitching();
    this.kill(`aborted by ${owner.label}`);
    await this.#settled(async () => {
      for (const component of this.components) {
        if (component.pending === undefined) continue;
        this.#log(`${owner.label} gives up ${component.name} ${versionText(component.pending.version)}`);
        await component.dropImage();
      }
    });
  }

  /**
   * A verified image that waits for activation is thrown away. Rejects with UpdateError `busy` while one is
   * activated.
   */
  async discardImage(id: number): Promise<void> {
    this.#refuseWhileSwitching();
    const component = this.component(id);
    await this.#settled(() => component.dropImage());
  }

  /**
   * Makes every image that waits the active one, restarts what must be, and tests it. Where the test fails,
   * what was there before comes back, unless `keepFailed`. `image`: this one alone, if it still waits.
   * Rejects with UpdateError.
   */
  async activate(
    owner: Owner,
    { keepFailed = false, image }: { readonly keepFailed?: boolean; readonly image?: Image } = {},
  ): Promise<void> {
    this.#refuseWhileSwitching();
    if (this.#running) throw this.#busy(this.#running);
    const waiting = this.components.filter(
      ({ pending }) => pending !== undefined && (image === undefined || pending === image),
    );
    if (waiting.length === 0) throw new UpdateError('nothing-to-activate', 'no image waits for activation');
    await this.#switcher.activate(waiting, owner.label, keepFailed);
  }

  /** Back to what the last activation replaced, in every component that still has it. */
  async rollBack(owner: Owner): Promise<void> {
    this.#refuseWhileSwitching();
    if (this.#running) throw this.#busy(this.#running);
    const able = this.components.filter(({ rollback }) => rollback !== undefined);
    if (able.length === 0) throw new UpdateError('nothing-to-roll-back', 'there is nothing to roll back to');
    await this.#switcher.rollBack(able, owner.label);
  }

  /** Work on slots that the next upload waits for. */
  #settled(work: () => Promise<void>): Promise<void> {
    const done = this.#settling.then(work);
    this.#settling = settled(done);
    return done;
  }

  /** One step of an upload: no byte is awaited while it lasts, and its failure ends the upload. */
  async #step<T>(running: Running, work: () => Promise<T>): Promise<T> {
    try {
      running.work = work();
      const value = (await running.work) as T;
      if (running.ended) throw running.ended;
      running.touched = this.#now();
      return value;
    } catch (error) {
      const problem = told(error);
      if (!running.ended) this.#end(problem, running);
      throw problem;
    } finally {
      running.work = undefined;
    }
  }

  #writeFailed(running: Running, error: unknown): never {
    const problem = told(error);
    if (problem.problem !== 'gap' && !running.ended) this.#end(problem, running);
    throw problem;
  }

  #of(owner: Owner, stage?: UploadStage): Running {
    const running = this.#running;
    // Whoever goes on with it owns it from now on.
    if (running && running.owner.key !== owner.key && this.owns(owner)) running.owner = owner;
    if (!running || running.owner.key !== owner.key)
      throw new UpdateError('no-update', `${owner.label} has no update under way`);
    if (stage !== undefined && (running.stage !== stage || running.work))
      throw new UpdateError('busy', `the update of ${running.upload.component.name} is ${running.stage}`);
    return running;
  }

  #refuseWhileSwitching(): void {
    if (this.switching) throw new UpdateError('busy', `the BMC is ${this.switching}`);
  }

  #busy({ owner, upload }: Running): UpdateError {
    return new UpdateError('busy', `${owner.label} updates ${upload.component.name}`);
  }

  #arm(running: Running): void {
    const { expiry } = this.#options;
    running.timer = this.#setup.clock.after(running.touched + expiry - this.#now(), () => {
      if (running.work || this.#now() - running.touched < expiry) {
        if (running.work) running.touched = this.#now();
        this.#arm(running);
      } else
        this.#end(new UpdateError('aborted', `nothing came for ${Math.round(expiry / 1000)} s`), running);
    });
  }

  /** Ends an upload before its time: the slot is emptied as soon as nobody works on it. */
  #end(reason: UpdateError, running: Running | undefined = this.#running): void {
    if (!running) return;
    running.ended = reason;
    this.#forget(running);
    const { work, upload } = running;
    if (upload.slot) {
      this.#settling = Promise.allSettled([this.#settling, work, upload.settled()]).then(() =>
        upload.component
          .dropImage()
          .catch((error: unknown) => this.#setup.log.error(`${this.#options.bmc}: update`, error)),
      );
    }
    const line = `update of ${running.upload.component.name} by ${running.owner.label} ends: ${reason.message}`;
    this.#setup.log.warn(`${this.#options.bmc}: ${line}`);
    this.#setup.happened.tell({ kind: 'firmware', text: line });
    this.#listeners.tell(reason);
  }

  #forget(running: Running): void {
    running.timer?.cancel();
    if (this.#running === running) this.#running = undefined;
    this.#options.updating(this.#running !== undefined);
  }

  #now(): number {
    return this.#setup.clock.monotonic();
  }

  #log(line: string): void {
    this.#setup.log.info(`${this.#options.bmc}: update: ${line}`);
    this.#setup.happened.tell({ kind: 'firmware', text: line });
  }
}
