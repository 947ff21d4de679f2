import { CC, IpmiError } from '../../codec/index.ts';
import { PartialAddSdr } from '../../commands/storage/sdr.ts';
import type { Clock } from '../../world/world.ts';
import type { BmcTime } from '../app/bmc-time.ts';
import { Reservation, type ReservationMemento } from '../reservation.ts';
import type { Sleeper } from '../sleeper.ts';
import { SDR_HEADER } from '../../records/sdr.ts';
import type { Setup } from '../setup.ts';
import { stores } from '../stores.ts';
import { both, type Durable, type Store } from '../store.ts';

export interface OwnRecord {
  readonly id: number;
  /** With its id. */
  readonly record: Uint8Array;
}

export interface SdrOptions {
  /** What the repository holds before anybody writes to it: repositories can share it. Default: nothing. */
  readonly initial?: GivenRecords;
  /** Takes the place of a given record: what is not as others have it. Made when somebody asks for it. */
  readonly own?: OwnRecord;
  /** Seconds: when they were written. Default: now. */
  readonly time?: number;
  /** Bytes that the repository can hold. Default 64 KiB - 2. */
  readonly capacity?: number;
}

const LAST = 0xffff;
/** No time (IPMI 2.0 §37). */
const NEVER = 0xffffffff;
/** Milliseconds after which an update that nobody ended is taken as given up. */
const UPDATE_TIME = 60_000;

/** A record that is being added in parts. */
interface PartialRecord {
  readonly id: number;
  readonly bytes: number[];
  length: number;
}

interface SdrMemento {
  readonly reservations: readonly (ReservationMemento | undefined)[];
  readonly partial: PartialRecord | undefined;
  readonly givenAt: number;
}

/**
 * The SDR repository (IPMI 2.0 §33): records given at the start until the first write, and then what was
 * written.
 */
export class SdrRepository implements Sleeper<SdrMemento> {
  readonly capacity: number;
  readonly reservation = new Reservation();
  /** Of the device SDRs; a change of the repository ends it too, see `checkRead`. */
  readonly deviceReservation = new Reservation();
  #partial: PartialRecord | undefined;
  readonly #clock: Clock;
  readonly #time: BmcTime;
  readonly #initial: GivenRecords;
  readonly #ownGiven: OwnRecord | undefined;
  #givenAt: number;
  readonly #records: Store<Uint8Array>;
  readonly #marks: Store<number>;
  /** Who updates the repository; others have to wait until it is done or has given up. */
  #updater: { readonly owner: unknown; readonly until: number } | undefined;
  /** Clients read a record in parts, and the next one after it: sorted once, until something is written. */
  #ids: readonly number[] | undefined;

  constructor(
    setup: Setup,
    time: BmcTime,
    { initial = NO_RECORDS, own, time: written, capacity = 0xfffe }: SdrOptions = {},
  ) {
    this.capacity = capacity;
    this.#clock = setup.clock;
    this.#time = time;
    this.#initial = initial;
    this.#ownGiven = own;
    this.#givenAt = written ?? time.now();
    this.#records = setup.store(stores.sdr);
    this.#marks = setup.store(stores.sdrMarks);
  }

  get wakeful(): string | undefined {
    return this.isUpdatedByOther(undefined) ? 'the SDR repository is in update mode' : undefined;
  }

  memento(): SdrMemento {
    const reservations = [this.reservation.memento(), this.deviceReservation.memento()];
    return { reservations, partial: this.#partial, givenAt: this.#givenAt };
  }

  recall({ reservations: [own, device], partial, givenAt }: SdrMemento): void {
    if (own) this.reservation.recall(own);
    if (device) this.deviceReservation.recall(device);
    this.#partial = partial;
    this.#givenAt = givenAt;
  }

  /** Throws D0h while another one updates. */
  enterUpdateMode(owner: unknown): void {
    if (this.isUpdatedByOther(owner)) throw new IpmiError(CC.SdrRepositoryInUpdateMode);
    this.#updater = { owner, until: this.#clock.monotonic() + UPDATE_TIME };
  }

  leaveUpdateMode(): void {
    this.#updater = undefined;
  }

  isUpdatedByOther(owner: unknown): boolean {
    return (
      this.#updater !== undefined &&
      this.#updater.owner !== owner &&
      this.#clock.monotonic() < this.#updater.until
    );
  }

  /** A session that ends leaves the update mode with it. */
  release(owner: unknown): void {
    if (this.#updater?.owner === owner) this.leaveUpdateMode();
  }

  /** Record ids in the order of the records: those that were given at first, and what was added since. */
  get ids(): readonly number[] {
    return (this.#ids ??= this.#written ? this.#writtenIds() : this.#initial.ids);
  }

  get count(): number {
    return this.#written ? this.#records.size : this.#initial.ids.length;
  }

  get freeBytes(): number {
    return Math.max(
      0,
      this.capacity - this.ids.reduce((sum, id) => sum + (this.#record(id)?.length ?? 0), 0),
    );
  }

  /** Seconds of the last addition. */
  get lastAdded(): number {
    return this.#marks.get('added') ?? this.#givenAt;
  }

  /** Seconds of the last erasure; FFFFFFFFh: there was none. */
  get lastErased(): number {
    return this.#marks.get('erased') ?? NEVER;
  }

  /** 0000h: the first, FFFFh: the last. Throws CBh. */
  get(id: number): { readonly record: Uint8Array; readonly next: number } {
    const { ids } = this;
    const wanted = id === 0 ? ids[0] : id === LAST ? ids.at(-1) : id;
    const record = wanted === undefined ? undefined : this.#record(wanted);
    if (wanted === undefined || !record) throw new IpmiError(CC.NotPresent, `SDR record ${id}`);
    return { record, next: ids[ids.indexOf(wanted) + 1] ?? LAST };
  }

  /** Throws C7h for a length byte that lies, C4h when it is full. */
  add(record: Uint8Array): { readonly id: number; readonly done: Durable } {
    if (record.length < SDR_HEADER || record[4] !== record.length - SDR_HEADER)
      throw new IpmiError(CC.RequestLengthInvalid, 'the record length does not fit');
    if (record.length > this.freeBytes) throw new IpmiError(CC.OutOfSpace, 'the SDR repository is full');
    const id = this.#freshId();
    this.#cancelReservations();
    const done = both(this.#own([[id, withId(record, id)]]), this.#marks.set('added', this.#time.now()));
    return { id, done };
  }

  /** Partial Add SDR (§33.14): `recordId` 0 begins; the last piece adds the record. */
  addPart(
    recordId: number,
    offset: number,
    last: boolean,
    data: Uint8Array,
  ): { readonly id: number; readonly done: Durable } {
    if (recordId === 0 && offset === 0) {
      if (data.length < SDR_HEADER)
        throw new IpmiError(CC.RequestLengthInvalid, 'the first part has no whole header');
      this.#partial = { id: this.#freshId(), bytes: [], length: SDR_HEADER + data[4] };
    }
    const partial = this.#partial;
    if (!partial || (recordId !== 0 && recordId !== partial.id))
      throw new IpmiError(CC.NotPresent, `no partial record ${recordId}`);
    if (offset !== partial.bytes.length || offset + data.length > partial.length)
      throw PartialAddSdr.refuse('lengthMismatch', `offset ${offset}`);
    partial.bytes.push(...data);
    if (!last) return { id: partial.id, done: undefined };
    if (partial.bytes.length !== partial.length)
      throw PartialAddSdr.refuse('lengthMismatch', `${partial.bytes.length} of ${partial.length} bytes`);
    this.#partial = undefined;
    return this.add(Uint8Array.from(partial.bytes));
  }

  /**
   * Throws C5h unless the records are as they were when `id` was given. Reading takes a reservation of the
   * device SDRs as well: ipmiutil reads both with the first one that it has.
   */
  checkRead(id: number): void {
    if (!this.deviceReservation.holds(id)) this.reservation.check(id);
  }

  #cancelReservations(): void {
    this.reservation.cancel();
    this.deviceReservation.cancel();
  }

  /** The others keep their ids, so that its owner's reservation lives (§33.11.2). */
  delete(id: number): { readonly id: number; readonly done: Durable } {
    const { ids } = this;
    const wanted = id === 0 ? ids[0] : id === LAST ? ids.at(-1) : id;
    if (wanted === undefined || !this.#record(wanted)) throw new IpmiError(CC.NotPresent, `SDR record ${id}`);
    this.deviceReservation.cancel();
    return {
      id: wanted,
      done: both(this.#own([[wanted, undefined]]), this.#marks.set('erased', this.#time.now())),
    };
  }

  clear(): Durable {
    this.#partial = undefined;
    this.#cancelReservations();
    return both(
      this.#own(this.ids.map((id) => [id, undefined])),
      this.#marks.set('erased', this.#time.now()),
    );
  }

  /** Once anything was written, the repository is what was written, config or no config. */
  get #written(): boolean {
    return this.#marks.get('written') === 1 || (this.#records.isBrought && this.#records.size > 0);
  }

  #record(id: number): Uint8Array | undefined {
    return this.#written ? this.#records.get(id) : this.#givenRecord(id);
  }

  #givenRecord(id: number): Uint8Array | undefined {
    const own = this.#ownGiven;
    return own?.id === id ? own.record : this.#initial.get(id);
  }

  /** Changes the written records; the first change copies the given ones. */
  #own(changes: readonly (readonly [number, Uint8Array | undefined])[]): Durable {
    const done = this.#write(changes);
    this.#ids = undefined;
    return done?.catch((error: unknown) => {
      // What could not be stored is taken back.
      this.#ids = undefined;
      throw error;
    });
  }

  #write(changes: readonly (readonly [number, Uint8Array | undefined])[]): Durable {
    if (this.#written) return this.#records.change(changes);
    const old = this.#initial.ids.map((id) => [id, this.#givenRecord(id)] as const);
    const all = new Map<number, Uint8Array | undefined>([...old, ...changes]);
    return both(
      this.#records.change([...all].filter(([, record]) => record !== undefined)),
      this.#marks.set('written', 1),
    );
  }

  #writtenIds(): number[] {
    const others = [...this.#records.keys()].map(Number).filter((id) => !this.#initial.get(id));
    return [...this.#initial.ids.filter((id) => this.#records.has(id)), ...others.sort((a, b) => a - b)];
  }

  #freshId(): number {
    return freshId(new Set(this.ids));
  }
}

const idOf = (record: Uint8Array): number => record[0] | (record[1] << 8);

/** Whole records that a repository begins with, by their ids. */
export class GivenRecords {
  /** In the order of the records. */
  readonly ids: readonly number[];
  readonly #records = new Map<number, Uint8Array>();

  /**
   * Those of another repository (`loaded`) keep their ids, as far as these are there and no other's; others
   * follow the highest.
   */
  constructor(loaded: readonly Uint8Array[], records: readonly Uint8Array[]) {
    const own = loaded.map(idOf);
    const taken = new Set(own);
    for (const [i, record] of [...loaded, ...records].entries()) {
      let id = own[i] ?? 0;
      if (id === 0 || id === LAST || this.#records.has(id)) taken.add((id = freshId(taken)));
      this.#records.set(id, withId(record, id));
    }
    this.ids = [...this.#records.keys()];
  }

  get(id: number): Uint8Array | undefined {
    return this.#records.get(id);
  }
}

const NO_RECORDS = new GivenRecords([], []);

/** One more than the highest, or the lowest that is free. */
function freshId(taken: ReadonlySet<number>): number {
  let highest = 0;
  for (const id of taken) if (id !== LAST) highest = Math.max(highest, id);
  if (highest + 1 < LAST) return highest + 1;
  let id = 1;
  while (taken.has(id)) id++;
  return id;
}

/** A copy of a record with another id. */
export function withId(record: Uint8Array, id: number): Uint8Array {
  const out = record.slice();
  out[0] = id;
  out[1] = id >> 8;
  return out;
}
