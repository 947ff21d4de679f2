import { Inode, pick } from './sim-inode.ts';
import type { Life } from './sim-life.ts';
import type { SeededRandom } from './sim-random.ts';
import { systemError } from './system-error.ts';
import type { Clock } from './world.ts';

/** What may go wrong; change it at any time. Probabilities are 0..1, per operation. */
export interface DiskFaults {
  /** Any operation fails with EIO and changes nothing. */
  eio: number;
  /** A write stores only a beginning of its data, then fails with EIO. */
  shortWrite: number;
  /** A read delivers one wrong bit; the medium is as it was. */
  bitFlip: number;
  /** Bytes in all files; what does not fit fails with ENOSPC after its beginning was stored. */
  capacity: number;
  /** ms that an operation takes. Without it operations are done at once and need no virtual time. */
  latency: readonly [number, number] | undefined;
}

export type DiskOperation =
  | 'read'
  | 'write'
  | 'open'
  | 'rename'
  | 'remove'
  | 'list'
  | 'mkdir'
  | 'syncDir'
  | 'append'
  | 'readAt'
  | 'writeAt'
  | 'truncate'
  | 'datasync';

/** A change of names, applied to the durable names when one of its directories is synced. */
interface NameChange {
  readonly directories: readonly string[];
  readonly apply: (names: Map<string, Inode>) => void;
}

/**
 * One disk: names and bytes, those that programs see and those that would survive a power loss. It outlives
 * the processes that use it.
 */
export class SimDisk {
  readonly name: string;
  readonly faults: DiskFaults;
  /** Path to the life of the process that holds it. */
  readonly locks = new Map<string, { readonly life: Life }>();
  readonly #clock: Clock;
  readonly #random: SeededRandom;
  readonly #log: (event: string) => void;
  #names = new Map<string, Inode>([['/', new Inode(0o755, true)]]);
  #durable = new Map(this.#names);
  #changes: NameChange[] = [];
  #planned: { code: string; operation: DiskOperation | undefined }[] = [];
  /** Grows at each power loss, which cuts off what was open or under way. */
  boots = 0;

  constructor(
    name: string,
    clock: Clock,
    random: SeededRandom,
    faults: Partial<DiskFaults>,
    log: (event: string) => void,
  ) {
    this.name = name;
    this.#clock = clock;
    this.#random = random;
    this.#log = log;
    this.faults = { eio: 0, shortWrite: 0, bitFlip: 0, capacity: Infinity, latency: undefined, ...faults };
  }

  /**
   * The next operation (of this kind) fails with this code: `failNext('EIO', 'datasync')`. Several wait in
   * line.
   */
  failNext(code: string, operation?: DiskOperation): void {
    this.#planned.push({ code, operation });
  }

  /** Turns one bit of a file for good. Throws ENOENT, or RangeError behind the end. */
  flipBit(path: string, bit: number): void {
    this.file(path, 'flip').flip(bit);
    this.#log(`disk ${this.name} flip ${path} ${bit}`);
  }

  /** The power goes. Synced bytes and names stay; of the rest the seed decides what is lost, kept or torn. */
  crash(): void {
    this.boots++;
    this.locks.clear();
    this.#log(`disk ${this.name} power loss`);
    // File systems keep the order of name changes, so what survives is a beginning of them.
    for (const { apply } of this.#changes.slice(0, pick(this.#random, this.#changes.length + 1)))
      apply(this.#durable);
    this.#changes = [];
    for (const path of this.#durable.keys()) if (!this.#reachable(path)) this.#durable.delete(path);
    this.#names = new Map(this.#durable);
    for (const inode of new Set(this.#names.values())) inode.crash(this.#random);
  }

  /**
   * Throws the failure that is due, if any; then the operation may do its work, and waits here until it is
   * done.
   */
  check(operation: DiskOperation, path: string): void {
    const at = this.#planned.findIndex(
      (plan) => plan.operation === undefined || plan.operation === operation,
    );
    const code =
      at >= 0 ? this.#planned.splice(at, 1)[0].code : this.#chance(this.faults.eio) ? 'EIO' : undefined;
    this.#log(`disk ${this.name} ${operation} ${path}${code ? ` ${code}` : ''}`);
    if (code) throw systemError(code, operation, path);
  }

  /** Resolves when the disk is done; never, if the process or the power is gone by then. */
  settle(life: Life): Promise<void> {
    const { latency } = this.faults;
    if (!latency) return life.alive ? Promise.resolve() : new Promise(() => {});
    const boot = this.boots;
    const ms = latency[0] + this.#random.fraction() * (latency[1] - latency[0]);
    return new Promise((resolve) =>
      this.#clock.after(ms, () => void (life.alive && boot === this.boots && resolve())),
    );
  }

  /** Writes, or as much as the faults allow and then throws. */
  put(inode: Inode, position: number, data: Uint8Array, operation: DiskOperation, path: string): void {
    const room = this.faults.capacity - (this.faults.capacity === Infinity ? 0 : this.used());
    const growth = position + data.length - inode.size;
    if (growth > room) {
      inode.write(position, data.subarray(0, Math.max(0, data.length - (growth - Math.max(0, room)))));
      throw systemError('ENOSPC', operation, path);
    }
    if (data.length > 0 && this.#chance(this.faults.shortWrite)) {
      inode.write(position, data.subarray(0, pick(this.#random, data.length)));
      throw systemError('EIO', operation, path);
    }
    inode.write(position, data);
  }

  get(inode: Inode, position: number, length: number): Uint8Array {
    const data = inode.read(position, length);
    if (data.length > 0 && this.#chance(this.faults.bitFlip))
      data[pick(this.#random, data.length)] ^= 1 << pick(this.#random, 8);
    return data;
  }

  /** Bytes in all files that have a name. */
  used(): number {
    return [...new Set(this.#names.values())].reduce((sum, inode) => sum + inode.size, 0);
  }

  find(path: string): Inode | undefined {
    return this.#names.get(normal(path));
  }

  /** ENOENT, EISDIR. */
  file(path: string, operation: string): Inode {
    const inode = this.find(path);
    if (!inode) throw systemError('ENOENT', operation, path);
    if (inode.directory) throw systemError('EISDIR', operation, path);
    return inode;
  }

  /** The file, made if it is missing. */
  make(path: string, mode: number, operation: string): Inode {
    if (this.find(path)) return this.file(path, operation);
    const inode = new Inode(mode);
    this.#bind(normal(path), inode, operation);
    return inode;
  }

  makeDirectory(path: string, mode: number): void {
    const place = normal(path);
    if (this.#names.get(place)?.directory) return;
    if (this.#names.has(place)) throw systemError('ENOTDIR', 'mkdir', path);
    this.makeDirectory(parent(place), mode);
    this.#bind(place, new Inode(mode, true), 'mkdir');
  }

  rename(from: string, to: string): void {
    const inode = this.file(from, 'rename'),
      [old, place] = [normal(from), normal(to)];
    if (this.#names.get(place)?.directory) throw systemError('EISDIR', 'rename', to);
    this.directory(parent(place), 'rename');
    this.#change([parent(old), parent(place)], (names) => {
      names.delete(old);
      names.set(place, inode);
    });
  }

  remove(path: string): void {
    if (!this.find(path)) return;
    this.file(path, 'remove');
    const place = normal(path);
    this.#change([parent(place)], (names) => void names.delete(place));
  }

  list(path: string): string[] {
    const place = this.directory(path, 'list');
    return [...this.#names.keys()]
      .filter((name) => name !== '/' && parent(name) === place)
      .map((name) => name.slice(name.lastIndexOf('/') + 1))
      .sort();
  }

  syncNames(path: string): void {
    const place = this.directory(path, 'syncDir');
    for (const change of this.#changes) if (change.directories.includes(place)) change.apply(this.#durable);
    this.#changes = this.#changes.filter((change) => !change.directories.includes(place));
  }

  /** The directory's normal path. ENOENT, ENOTDIR. */
  directory(path: string, operation: string): string {
    const inode = this.find(path);
    if (!inode?.directory) throw systemError(inode ? 'ENOTDIR' : 'ENOENT', operation, path);
    return normal(path);
  }

  #bind(place: string, inode: Inode, operation: string): void {
    this.directory(parent(place), operation);
    this.#change([parent(place)], (names) => void names.set(place, inode));
  }

  #change(directories: string[], apply: NameChange['apply']): void {
    apply(this.#names);
    this.#changes.push({ directories, apply });
  }

  #reachable(path: string): boolean {
    return path === '/' || (this.#durable.has(parent(path)) && this.#reachable(parent(path)));
  }

  /** Draws nothing for 0: a fault that is switched off does not shift the others. */
  #chance(probability: number): boolean {
    return probability > 0 && this.#random.fraction() < probability;
  }
}

/** Absolute, without `.`, `..` and doubled slashes. */
export function normal(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}`;
}

export const parent = (place: string): string => place.slice(0, place.lastIndexOf('/')) || '/';
