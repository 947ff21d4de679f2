import { fromLatin1, hexText } from '../../codec/index.ts';
import { Digest, hash, hashes } from '../../crypto/hash.ts';
import { ImagesAwayError } from '../../state/journal.ts';
import type { Log } from '../../state/setup.ts';
import { UpdateError } from './errors.ts';
import type { Medium, Slot } from './medium.ts';
import type { StageBackend, StageDetails } from './stages.ts';
import { parseVersion, versionText, type Version } from '../../images/firmware-version.ts';

export interface ComponentOptions {
  /** 0..7, HPM.1's number. */
  readonly id: number;
  /** At most 11 characters. */
  readonly name: string;
  /** What is there before the first update. */
  readonly version: Version;
  /**
   * Images without a descriptor are taken to have this version. Default: 0.00 with the first bytes of their
   * digest.
   */
  readonly assumeVersion?: Version;
  /** Activating it resets the BMC, and Get Device ID shows its version. */
  readonly bmc: boolean;
  /** Its new version works only after a power cycle of the machine. */
  readonly needsPowerCycle: boolean;
  /** 1: an update leaves nothing to roll back to. */
  readonly slots: 1 | 2;
  /** Bytes of the largest image. */
  readonly maxSize: number;
  /** An older version may replace a newer one. */
  readonly downgrade: boolean;
  /** PEM; images must be signed with its other half. */
  readonly publicKey?: string;
}

/** A verified image in a slot; or, without a digest, what the factory has put there. */
export interface Image {
  readonly version: Version;
  readonly size: number;
  /** SHA-256 of the payload and of all bytes, as hex. */
  readonly digest?: string;
  readonly stored?: string;
}

/** What boots, as one durable whole. */
interface BootRecord {
  readonly active: Slot;
  readonly slots: { readonly [S in Slot]?: Image };
  /** Verified and waiting for activation. */
  readonly pending?: Slot;
  /** Active, but its self test has not passed yet; if it does not, this one is. */
  readonly trial?: Slot;
  /** What the last activation replaced. */
  readonly previous?: Slot;
}

const READ = 65_536;
const otherOf = (slot: Slot): Slot => (slot === 'a' ? 'b' : 'a');
const without = (slots: BootRecord['slots'], slot: Slot): BootRecord['slots'] =>
  slot === 'a' ? { b: slots.b } : { a: slots.a };

/**
 * One thing that can be updated: its images, and which of them boots. Every change of the record is one
 * atomic write of the medium.
 */
export class Component {
  readonly options: ComponentOptions;
  readonly medium: Medium;
  readonly stage: (stage: Parameters<StageBackend>[0], slot: Slot | undefined) => Promise<void>;
  #record: BootRecord;

  constructor(options: ComponentOptions, medium: Medium, backend: StageBackend, bmc: string) {
    this.options = options;
    this.medium = medium;
    this.stage = (stage, slot) => backend(stage, { bmc, ...this.#details(slot) });
    this.#record = this.#factory();
  }

  get id(): number {
    return this.options.id;
  }

  get name(): string {
    return this.options.name;
  }

  get active(): Image {
    return this.#record.slots[this.#record.active] ?? this.#factoryImage();
  }

  get activeSlot(): Slot {
    return this.#record.active;
  }

  /** Where the next image goes. */
  get spareSlot(): Slot {
    return otherOf(this.#record.active);
  }

  /** Nothing was ever uploaded: it is what the factory has put there. */
  get isFactory(): boolean {
    const { slots, pending, trial, previous } = this.#record;
    const others = pending ?? trial ?? previous;
    return others === undefined && Object.values(slots).every((slot) => slot?.digest === undefined);
  }

  /** Verified, and waiting for activation. */
  get pending(): Image | undefined {
    return this.#record.pending && this.#record.slots[this.#record.pending];
  }

  /** What a rollback would bring back. */
  get rollback(): Image | undefined {
    const { previous, pending, slots } = this.#record;
    return previous !== undefined && previous !== pending ? slots[previous] : undefined;
  }

  get onTrial(): boolean {
    return this.#record.trial !== undefined;
  }

  /**
   * Reads the record and chooses what boots: the active image if it is whole, else another one that is. What
   * it has to say is for the log.
   */
  async boot(log: Pick<Log, 'warn'>): Promise<void> {
    const text = await this.medium.load();
    const record = text === undefined ? this.#factory() : parseRecord(text);
    if (!record) log.warn(`${this.name}: the boot record is damaged; booting what the factory has put there`);
    this.#record = record ? { ...record, slots: this.#named(record.slots) } : this.#factory();
    const { active } = this.#record;
    if (await this.intact(active)) return;
    const other = otherOf(active);
    const found = this.#record.pending !== other && (await this.intact(other));
    log.warn(
      `${this.name}: the image in slot ${active} is damaged; booting ${found ? `slot ${other}` : 'what the factory has put there'}`,
    );
    if (found) await this.#save({ active: other, slots: without(this.#record.slots, active) });
    else await this.#save(this.#factory());
  }

  /** Empties the spare slot. From here on a power cut boots what is active now. */
  async beginImage(): Promise<void> {
    const slot = this.spareSlot;
    const { active, slots } = this.#record;
    if (slots[slot] !== undefined || this.#record.pending !== undefined)
      await this.#save({ active, slots: without(slots, slot) });
    await this.medium.begin(slot);
  }

  /** The spare slot holds a verified image. */
  async imageVerified(image: Image): Promise<void> {
    const slot = this.spareSlot;
    await this.#save({
      ...this.#record,
      slots: { ...this.#record.slots, [slot]: image },
      pending: slot,
      previous: undefined,
    });
  }

  async dropImage(): Promise<void> {
    const slot = this.spareSlot;
    if (this.#record.pending === slot)
      await this.#save({ active: this.#record.active, slots: without(this.#record.slots, slot) });
    if (this.#record.slots[slot] === undefined) await this.medium.clear(slot);
  }

  /** The pending image is what boots from now on. It is on trial until `commit`. */
  async switchOver(): Promise<void> {
    const { pending, active, slots } = this.#record;
    if (!pending) throw new UpdateError('nothing-to-activate', `${this.name} has no image to activate`);
    if (!(await this.intact(pending))) {
      await this.dropImage();
      throw new UpdateError('digest', `${this.name}: the image has changed since it was verified`);
    }
    await this.#save({ active: pending, slots, trial: active, previous: active });
  }

  /** The active image has passed its self test. */
  async commit(): Promise<void> {
    const { active, slots, previous } = this.#record;
    const single = this.options.slots === 1;
    await this.#save(
      single ? { active, slots: without(slots, otherOf(active)) } : { active, slots, previous },
    );
    if (single) await this.medium.clear(otherOf(active));
  }

  /** Back to what the last activation replaced. */
  async switchBack(): Promise<void> {
    const { trial, previous = trial, slots } = this.#record;
    if (!previous || !slots[previous])
      throw new UpdateError('nothing-to-roll-back', `${this.name} has nothing to roll back to`);
    if (!(await this.intact(previous)))
      throw new UpdateError('digest', `${this.name}: the image to roll back to is damaged`);
    await this.#save({ active: previous, slots });
  }

  /** True where a slot holds what its record says. Rejects with ImagesAwayError where nobody can say. */
  async intact(slot: Slot): Promise<boolean> {
    const image = this.#record.slots[slot];
    if (!image) return false;
    if (image.stored === undefined) return true;
    try {
      return (await this.digest(slot, image.size)) === image.stored;
    } catch (error) {
      // What nobody can look at now is not damaged.
      if (error instanceof ImagesAwayError) throw error;
      return false;
    }
  }

  /** SHA-256 of the first `size` bytes of a slot, read back from the medium. */
  async digest(slot: Slot, size: number, went: (done: number) => void = () => undefined): Promise<string> {
    const digest = new Digest(hashes.sha256);
    for (let done = 0; done < size;) {
      const piece = await this.medium.read(slot, done, Math.min(READ, size - done));
      if (piece.length === 0) return '';
      digest.update(piece);
      done += piece.length;
      went(done);
    }
    return hexText(digest.finish());
  }

  async #save(record: BootRecord): Promise<void> {
    try {
      await this.medium.save(writeRecord(record));
    } catch (error) {
      throw new UpdateError('storage', `${this.name}: ${(error as Error).message}`, { cause: error });
    }
    this.#record = record;
  }

  #factory(): BootRecord {
    return { active: 'a', slots: { a: this.#factoryImage() } };
  }

  #factoryImage(): Image {
    return { version: this.options.version, size: 0 };
  }

  /** The settings say what the factory's version is, whatever they said when the record was written. */
  #named({ a, b }: BootRecord['slots']): BootRecord['slots'] {
    const named = (image: Image | undefined) =>
      image && image.stored === undefined ? this.#factoryImage() : image;
    return { a: named(a), b: named(b) };
  }

  #details(slot: Slot | undefined): Omit<StageDetails, 'bmc'> {
    const image = slot && this.#record.slots[slot];
    return {
      component: this.id,
      name: this.name,
      ...(image && { version: versionText(image.version), size: image.size, digest: image.digest }),
      ...(slot && this.medium.path(slot) !== undefined && { path: this.medium.path(slot) }),
    };
  }
}

/** One line of JSON, and its SHA-256 in the next: half a record is none. */
function writeRecord(record: BootRecord): string {
  const line = JSON.stringify(record, (key, value: unknown) =>
    key === 'version' ? versionText(value as Version) : value,
  );
  return `${line}\n${checksum(line)}\n`;
}

function parseRecord(text: string): BootRecord | undefined {
  const [line, sum] = text.split('\n');
  if (checksum(line) !== sum) return undefined;
  return JSON.parse(line, (key, value: unknown) =>
    key === 'version' ? parseVersion(value as string) : value,
  ) as BootRecord;
}

const checksum = (line: string): string => hexText(hash('sha256', fromLatin1(line)));
