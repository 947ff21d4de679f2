import type { BootDevice } from './backend.ts';

/** One command of QEMU's monitor. Rejects with QEMU's own words where it refuses. */
type Execute = (command: string, parameters?: Readonly<Record<string, unknown>>) => Promise<unknown>;

/** A device that may have a place in the order of boot. */
interface Bootable {
  /** Of the object in QEMU's tree (QOM). */
  readonly path: string;
  readonly device: BootDevice;
  readonly index: number;
}

/** `bootindex` of a device without a place. */
const NO_PLACE = -1;
/** Where QEMU keeps what `-device` names, with an id and without. */
const PERIPHERALS = ['/machine/peripheral', '/machine/peripheral-anon'];

/**
 * The order in which the firmware of a QEMU tries its devices, which is their `bootindex`: UEFI obeys nothing
 * else, a PC's BIOS obeys it before the letters of `-boot`. What is changed counts from the next reset on.
 */
export class QemuBootOrder {
  readonly #execute: Execute;
  /** As QEMU was started with; undefined: it was not asked yet. */
  #usual: readonly Bootable[] | undefined;
  /** By path, as it is now: those that have a place. */
  #places = new Map<string, number>();

  constructor(execute: Execute) {
    this.#execute = execute;
  }

  /** Whether it is another one than QEMU was started with. */
  get isChanged(): boolean {
    const { size } = this.#places;
    const usual = this.#usual?.filter(({ index }) => index !== NO_PLACE) ?? [];
    return usual.length !== size || usual.some(({ path, index }) => this.#places.get(path) !== index);
  }

  /**
   * Puts what boots so first, the others behind it as they were; `none`: all as they were. False: the
   * machine has nothing of the kind, and its order is as it was.
   */
  async put(device: BootDevice): Promise<boolean> {
    this.#usual ??= await this.#read();
    const wanted = device === 'safe' ? 'disk' : device;
    const first = this.#usual.filter((bootable) => bootable.device === wanted);
    if (first.length === 0) {
      await this.restore();
      return false;
    }
    const others = this.#usual.filter(
      (bootable) => bootable.device !== wanted && bootable.index !== NO_PLACE,
    );
    const order = [...first.sort(byPlace), ...others.sort(byPlace)];
    await this.#arrange(new Map(order.map(({ path }, i) => [path, i])));
    return true;
  }

  async restore(): Promise<void> {
    const placed = (this.#usual ?? []).filter(({ index }) => index !== NO_PLACE);
    await this.#arrange(new Map(placed.map(({ path, index }) => [path, index])));
  }

  /** No two have one place at a time: QEMU refuses that. */
  async #arrange(wanted: ReadonlyMap<string, number>): Promise<void> {
    for (const [path, index] of this.#places) {
      if (wanted.get(path) === index) continue;
      await this.#set(path, NO_PLACE);
      this.#places.delete(path);
    }
    for (const [path, index] of wanted) {
      if (this.#places.has(path)) continue;
      await this.#set(path, index);
      this.#places.set(path, index);
    }
  }

  async #set(path: string, value: number): Promise<void> {
    await this.#execute('qom-set', { path, property: 'bootindex', value });
  }

  async #read(): Promise<Bootable[]> {
    const found: Bootable[] = [];
    for (const parent of PERIPHERALS)
      for (const { name, type } of await this.#list(parent)) {
        const [, child] = /^child<(.*)>$/.exec(type) ?? [];
        if (child === undefined) continue;
        const path = `${parent}/${name}`;
        const properties = new Set((await this.#list(path)).map((property) => property.name));
        const device = deviceOf(child, properties);
        if (device === undefined || !properties.has('bootindex')) continue;
        const index = await this.#execute('qom-get', { path, property: 'bootindex' });
        found.push({ path, device, index: typeof index === 'number' ? index : NO_PLACE });
      }
    this.#places = new Map(
      found.filter(({ index }) => index !== NO_PLACE).map(({ path, index }) => [path, index]),
    );
    return found;
  }

  async #list(path: string): Promise<{ readonly name: string; readonly type: string }[]> {
    const listed = await this.#execute('qom-list', { path });
    return Array.isArray(listed) ? listed.filter(isListed) : [];
  }
}

const isListed = (entry: unknown): entry is { name: string; type: string } =>
  typeof entry === 'object' && entry !== null && 'name' in entry && 'type' in entry;

/** Those that have a place, in its order, and the others as QEMU names them. */
function byPlace({ index: a }: Bootable, { index: b }: Bootable): number {
  if (a === NO_PLACE || b === NO_PLACE) return Number(a === NO_PLACE) - Number(b === NO_PLACE);
  return a - b;
}

/** Undefined: nothing boots from it. */
function deviceOf(type: string, properties: ReadonlySet<string>): BootDevice | undefined {
  if (properties.has('mac')) return 'pxe';
  if (/-cd\b/.test(type)) return 'cdrom';
  if (type === 'floppy') return 'floppy';
  return properties.has('drive') ? 'disk' : undefined;
}
