import { bodyOf } from '../../commands/body.ts';
import { NetFn } from '../../commands/command.ts';
import type { Message } from '../../joint/message.ts';

/** Some commands: one, all of a body, or all of a NetFn; of one LUN or of every. */
export interface CommandSelector {
  readonly netFn: number;
  readonly cmd: number | '*';
  readonly body?: number;
  readonly lun?: number;
}

const EVERY_LUN = [0, 1, 2, 3];

/** A set of commands, asked once a message: a bit each, no search. */
export class CommandMasks {
  /** By NetFn pair and LUN, 32 bytes each. */
  readonly #rows: (Uint8Array | undefined)[] = [];
  /** By defining body or IANA number, and LUN. */
  readonly #bodies = new Map<number, Uint8Array>();

  constructor(selectors: readonly CommandSelector[] = []) {
    for (const selector of selectors) this.put(selector, true);
  }

  put({ netFn, cmd, body, lun }: CommandSelector, member: boolean): void {
    for (const place of lun === undefined ? EVERY_LUN : [lun]) {
      const row = this.#make(netFn, place, body);
      if (cmd === '*') row.fill(member ? 0xff : 0);
      else if (member) row[cmd >> 3] |= 1 << (cmd & 7);
      else row[cmd >> 3] &= ~(1 << (cmd & 7));
    }
  }

  has(message: Message): boolean {
    const { netFn, lun, cmd } = message;
    const row = this.#rows[((netFn >> 1) << 2) | lun];
    if (row !== undefined && (row[cmd >> 3] & (1 << (cmd & 7))) !== 0) return true;
    const body = this.#bodies.size === 0 ? undefined : bodyOf(message);
    if (body === undefined) return false;
    const grouped = this.#bodies.get(bodyKey(netFn, lun, body));
    return grouped !== undefined && (grouped[cmd >> 3] & (1 << (cmd & 7))) !== 0;
  }

  #make(netFn: number, lun: number, body: number | undefined): Uint8Array {
    if (body === undefined) return (this.#rows[((netFn >> 1) << 2) | lun] ??= new Uint8Array(32));
    const key = bodyKey(netFn, lun, body);
    const row = this.#bodies.get(key) ?? new Uint8Array(32);
    this.#bodies.set(key, row);
    return row;
  }
}

const bodyKey = (netFn: number, lun: number, body: number): number =>
  body * 8 + (netFn === NetFn.Group ? 0 : 4) + lun;
