import { CC, IpmiError } from '../../codec/index.ts';
import { PartialAddSelEntry } from '../../commands/storage/sel.ts';
import type { BmcTime } from '../app/bmc-time.ts';
import { isStampedSel, SEL_RECORD_SIZE } from '../../records/sel.ts';
import { PackedRecords } from '../storage/packed-records.ts';
import { Reservation, type ReservationMemento } from '../reservation.ts';
import type { Sleeper } from '../sleeper.ts';
import type { Log, Setup } from '../setup.ts';
import { stores } from '../stores.ts';
import { both, type Durable, type Store, unwaited, whenStored } from '../store.ts';
import { Occasion, type Occasions } from '../occasions.ts';

export interface SelOptions {
  /** Most entries, 16..65534. Default 1024. */
  readonly capacity?: number;
  /** What it holds until somebody logs or clears, oldest first. */
  readonly history?: readonly GivenEntry[];
}

/**
 * A record of 16 bytes, which keeps its id where it can, and its time if it has one; else it gets the
 * present.
 */
export interface GivenEntry {
  readonly record: Uint8Array;
  readonly timed: boolean;
}

const FIRST = 0x0000;
const LAST = 0xffff;
/** No time (IPMI 2.0 §37). */
const NEVER = 0xffffffff;

/** An entry that is being added in parts. */
interface PartialEntry {
  readonly id: number;
  readonly bytes: Uint8Array;
  filled: number;
}

interface SelMemento {
  readonly reservation: ReservationMemento | undefined;
  readonly partial: PartialEntry | undefined;
  /** Where it is not the one that follows from the ids. */
  readonly order: number[] | undefined;
}

/**
 * The system event log (IPMI 2.0 §31). When it is full, new events are lost and the overflow flag says so.
 */
export class Sel implements Sleeper<SelMemento> {
  static readonly cleared = new Occasion<[]>();
  static readonly added = new Occasion<[id: number, record: Uint8Array]>();
  readonly capacity: number;
  readonly reservation = new Reservation();
  /** A fault: there is no place, whatever the capacity. */
  isHeldFull = false;
  #partial: PartialEntry | undefined;
  readonly #time: BmcTime;
  readonly #records: Store<Uint8Array>;
  readonly #marks: Store<number>;
  readonly #occasions: Occasions;
  /** Record ids, oldest first. */
  #order: number[];
  /** Index of the record that was asked for last. */
  #found = 0;

  readonly #log: Log;

  constructor(setup: Setup, time: BmcTime, { capacity = 1024, history = [] }: SelOptions = {}) {
    this.capacity = capacity;
    this.#time = time;
    this.#log = setup.log;
    this.#occasions = setup.occasions;
    this.#records = setup.store(stores.sel, new PackedRecords(SEL_RECORD_SIZE));
    this.#marks = setup.store(stores.selMarks);
    // Ids run in order of addition and wrap around: the oldest follows the widest gap.
    this.#order = inOrder([...this.#records.keys()].map(Number));
    if (history.length > 0 && this.count === 0 && this.#marks.size === 0)
      unwaited(this.#begin(history), setup.log, 'the history that the SEL begins with');
  }

  /** Record ids stay where all of them rise; else they are counted from 1. */
  #begin(history: readonly GivenEntry[]): Durable {
    const ids = history.map(({ record }) => record[0] | (record[1] << 8));
    const rise = ids.every((id, i) => id > (i === 0 ? 0 : ids[i - 1]) && id < LAST);
    const now = this.#time.now();
    let added = 0;
    const records = history.map(({ record, timed }, i): [number, Uint8Array] => {
      const stored = record.slice(0, SEL_RECORD_SIZE);
      const view = new DataView(stored.buffer);
      const id = rise ? ids[i] : i + 1;
      view.setUint16(0, id, true);
      if (isStampedSel(stored[2])) {
        if (!timed) view.setUint32(3, now, true);
        const time = view.getUint32(3, true);
        if (time !== NEVER) added = Math.max(added, time);
      }
      return [id, stored];
    });
    this.#order = records.map(([id]) => id);
    return both(this.#records.change(records), this.#marks.set('added', added || now));
  }

  memento(): SelMemento | undefined {
    const reservation = this.reservation.memento();
    const partial = this.#partial;
    const following = inOrder([...this.#records.keys()].map(Number));
    const order = following.every((id, i) => id === this.#order[i]) ? undefined : this.#order;
    return reservation || partial || order ? { reservation, partial, order } : undefined;
  }

  recall({ reservation, partial, order }: SelMemento): void {
    if (reservation) this.reservation.recall(reservation);
    this.#partial = partial;
    if (order) this.#order = order;
  }

  get count(): number {
    return this.#order.length;
  }

  /** Record ids, oldest first. */
  get ids(): readonly number[] {
    return this.#order;
  }

  /** The newest record's id; FFFFh: the SEL is empty. */
  get lastId(): number {
    return this.#order.at(-1) ?? LAST;
  }

  /** Told of each record that is added, whoever adds it; its bytes are the log's. */
  onAdded(listener: (id: number, record: Uint8Array) => void): () => void {
    return this.#occasions.listen(Sel.added, listener);
  }

  onClear(listener: () => void): () => void {
    return this.#occasions.listen(Sel.cleared, listener);
  }

  get freeBytes(): number {
    // A smaller capacity may have been configured since.
    return this.isHeldFull ? 0 : Math.max(0, this.capacity - this.count) * SEL_RECORD_SIZE;
  }

  /** Events were lost because the SEL was full; cleared with it. */
  get overflow(): boolean {
    return this.#marks.get('overflow') === 1;
  }

  /** Seconds of the last addition and erasure; FFFFFFFFh: there was none. */
  get lastAdded(): number {
    return this.#marks.get('added') ?? NEVER;
  }

  get lastErased(): number {
    return this.#marks.get('erased') ?? NEVER;
  }

  /** 0000h: the first, FFFFh: the last. Throws CBh. */
  get(id: number): { readonly id: number; readonly record: Uint8Array; readonly next: number } {
    const index = this.#index(id);
    const record = this.#records.get(this.#order[index]);
    if (!record) throw new IpmiError(CC.NotPresent);
    return { id: this.#order[index], record, next: this.#order[index + 1] ?? LAST };
  }

  /**
   * Adds a record of 16 bytes; the BMC gives it its id, and a time stamp where its type has one. Throws C4h
   * when full.
   */
  add(record: Uint8Array): { readonly id: number; readonly done: Durable } {
    if (this.isHeldFull || this.count >= this.capacity) {
      // The flag is worth storing, but the refusal does not wait for it.
      unwaited(this.#marks.set('overflow', 1), this.#log, 'SEL overflow flag');
      throw new IpmiError(CC.OutOfSpace, 'the SEL is full');
    }
    const id = this.#freshId();
    const stored = record.slice(0, SEL_RECORD_SIZE);
    const view = new DataView(stored.buffer);
    const now = this.#time.now();
    view.setUint16(0, id, true);
    if (isStampedSel(stored[2])) view.setUint32(3, now, true);
    this.#order.push(id);
    this.reservation.cancel();
    const done = both(this.#records.set(id, stored), this.#marks.set('added', now));
    return {
      id,
      done: whenStored(
        done?.catch((error: unknown) => this.#undone(id, error)),
        () => this.#occasions.tell(Sel.added, id, stored),
      ),
    };
  }

  /** Partial Add SEL Entry (§31.7): `recordId` 0 begins; the last piece adds the record. */
  addPart(
    recordId: number,
    offset: number,
    last: boolean,
    data: Uint8Array,
  ): { readonly id: number; readonly done: Durable } {
    if (recordId === 0 && offset === 0)
      this.#partial = { id: this.#freshId(), bytes: new Uint8Array(SEL_RECORD_SIZE), filled: 0 };
    const partial = this.#partial;
    if (!partial || (recordId !== 0 && recordId !== partial.id))
      throw new IpmiError(CC.NotPresent, `no partial record ${recordId}`);
    if (offset !== partial.filled || offset + data.length > SEL_RECORD_SIZE)
      throw new IpmiError(CC.ParameterOutOfRange, `offset ${offset}`);
    partial.bytes.set(data, offset);
    partial.filled += data.length;
    if (!last) return { id: partial.id, done: undefined };
    if (partial.filled !== SEL_RECORD_SIZE) throw PartialAddSelEntry.refuse('lengthMismatch');
    this.#partial = undefined;
    return this.add(partial.bytes);
  }

  /**
   * Resolves to the id that was deleted. Throws CBh. The others keep their ids, so that its owner's
   * reservation lives (§31.4.2).
   */
  delete(id: number): { readonly id: number; readonly done: Durable } {
    const index = this.#index(id);
    const [deleted] = this.#order.splice(index, 1);
    const done = both(this.#records.delete(deleted), this.#marks.set('erased', this.#time.now()));
    return {
      id: deleted,
      done: done?.catch((error: unknown) => {
        this.#order.splice(index, 0, deleted);
        throw error;
      }),
    };
  }

  clear(): Durable {
    const before = this.#order;
    this.#order = [];
    this.#partial = undefined;
    this.reservation.cancel();
    const marks = this.#marks.change([
      ['overflow', undefined],
      ['erased', this.#time.now()],
    ]);
    const done = both(this.#records.clear(), marks)?.catch((error: unknown) => {
      this.#order = before.filter((id) => this.#records.has(id)).concat(this.#order);
      throw error;
    });
    // What they log comes into the empty SEL.
    this.#occasions.tell(Sel.cleared);
    return done;
  }

  #index(id: number): number {
    const index = id === FIRST ? 0 : id === LAST ? this.count - 1 : this.#search(id);
    if (index < 0 || index >= this.count) throw new IpmiError(CC.NotPresent, `SEL record ${id}`);
    this.#found = index;
    return index;
  }

  /** Clients go from one record to the next, and ask for some of them twice. */
  #search(id: number): number {
    for (let i = this.#found; i <= this.#found + 1; i++) if (this.#order[i] === id) return i;
    return this.#order.indexOf(id);
  }

  /** One more than the newest, past those that are there. */
  #freshId(): number {
    let id = this.#order.at(-1) ?? 0;
    do id = id >= 0xfffe ? 1 : id + 1;
    while (this.#records.has(id));
    return id;
  }

  #undone(id: number, error: unknown): never {
    this.#order = this.#order.filter((other) => other !== id);
    throw error;
  }
}

/** Ids in the order in which they were given: ascending, beginning after the widest gap of the circle. */
function inOrder(ids: number[]): number[] {
  ids.sort((a, b) => a - b);
  let start = 0;
  let widest = ids.length > 0 ? ids[0] + 0xfffe - ids[ids.length - 1] : 0;
  for (let i = 1; i < ids.length; i++) {
    if (ids[i] - ids[i - 1] > widest) {
      widest = ids[i] - ids[i - 1];
      start = i;
    }
  }
  return [...ids.slice(start), ...ids.slice(0, start)];
}
