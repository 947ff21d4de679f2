import { bodyOf } from '../commands/body.ts';
import { NetFn, type Privilege } from '../commands/command.ts';
import { prefixOf } from './answers.ts';
import { RegistrationError } from './errors.ts';
import { claimName, type Claim, type Handler, type HandlerSet } from './handlers.ts';
import type { Message } from '../joint/message.ts';

/** A registered handler: what dispatch finds and runs. */
export interface Entry {
  readonly handler: Handler;
  readonly owner: string;
  /** file:line of the call that registered it. */
  readonly site: string;
  /** Bytes that stand before data in requests and answers: the defining body or the IANA number. */
  readonly prefix: Uint8Array;
  /**
   * How specific it is, for comparing across layers: a command before a wildcard, then channel, then LUN.
   */
  readonly rank: number;
  /** The handler's, here as well: one look nearer for every request. */
  readonly privilege: Privilege;
  /** Refused with D4h elsewhere: the handler says so, or the one that it overrides. */
  readonly systemInterfaceOnly: boolean;
  /** The entry that this one overrides. */
  below: Entry | undefined;
}

export function entryOf(handler: Handler, owner: string, site: string, below?: Entry): Entry {
  const systemInterfaceOnly = handler.systemInterfaceOnly || (below?.systemInterfaceOnly ?? false);
  return {
    handler,
    owner,
    site,
    prefix: prefixOf(handler.claim),
    rank: rankOf(handler.claim),
    privilege: handler.privilege,
    systemInterfaceOnly,
    below,
  };
}

/** The rank of a claim on one command for all requests; one below is a wildcard's. */
export const COMMAND_RANK = 8;

/** The claims on one command (or one wildcard): one for all requests, and a few for a channel or LUN. */
interface Cell {
  plain: Entry | undefined;
  /** Most specific first. Nearly always there are none. */
  narrow: Entry[] | undefined;
}

const WILDCARD = 256;
type Row = (Cell | undefined)[];

/** 0 neither, 1 LUN, 2 channel, 3 both. */
const specificity = (claim: Claim): number =>
  (claim.channel === undefined ? 0 : 2) + (claim.lun === undefined ? 0 : 1);
const rankOf = (claim: Claim): number =>
  (claim.cmd === '*' ? (claim.body === undefined ? 0 : 4) : COMMAND_RANK) + specificity(claim);
const sameNarrow = (a: Claim, b: Claim): boolean => a.channel === b.channel && a.lun === b.lun;

/** Claims by NetFn, body and command: flat look-ups whose cost does not grow with the number of handlers. */
export class Table {
  readonly #rows: (Row | undefined)[] = [];
  readonly #bodies = new Map<number, Row>();
  readonly #ianas = new Map<number, Row>();

  /** The most specific entry for a request that arrived by `channel`; undefined if nobody claims it. */
  find(message: Message, channel: number): Entry | undefined {
    const row = this.#rowOf(message);
    const found =
      row && (pick(row[message.cmd], channel, message.lun) ?? pick(row[WILDCARD], channel, message.lun));
    if (found || (message.netFn !== NetFn.Group && message.netFn !== NetFn.OemGroup)) return found;
    return pick(this.#rows[message.netFn >> 1]?.[WILDCARD], channel, message.lun);
  }

  /** The entry of exactly this claim. */
  get(claim: Claim): Entry | undefined {
    const cell = this.#cell(claim);
    return (
      cell &&
      (specificity(claim) === 0
        ? cell.plain
        : cell.narrow?.find((entry) => sameNarrow(entry.handler.claim, claim)))
    );
  }

  put(entry: Entry): void {
    const { claim } = entry.handler;
    const row = this.#makeRow(claim);
    const cell = (row[claim.cmd === '*' ? WILDCARD : claim.cmd] ??= { plain: undefined, narrow: undefined });
    if (specificity(claim) === 0) cell.plain = entry;
    else {
      const others = cell.narrow?.filter((other) => !sameNarrow(other.handler.claim, claim)) ?? [];
      cell.narrow = [...others, entry].sort((a, b) => b.rank - a.rank);
    }
  }

  delete(claim: Claim): void {
    const cell = this.#cell(claim);
    if (!cell) return;
    if (specificity(claim) === 0) cell.plain = undefined;
    else cell.narrow = cell.narrow?.filter((entry) => !sameNarrow(entry.handler.claim, claim));
  }

  /**
   * Takes an entry out of the layers of its claim: what it overrode is back. An entry of the table `under`
   * this one shows through by itself.
   */
  takeOut(entry: Entry, under: Table | undefined): void {
    const { claim } = entry.handler;
    const top = this.get(claim);
    if (top === entry) {
      if (entry.below && under?.get(claim) !== entry.below) this.put(entry.below);
      else this.delete(claim);
      return;
    }
    for (let above = top; above; above = above.below) if (above.below === entry) above.below = entry.below;
  }

  /** A table with the same claims, and entries of its own. */
  copy(): Table {
    const copy = new Table();
    for (const entry of this.entries()) copy.put({ ...entry });
    return copy;
  }

  *entries(): IterableIterator<Entry> {
    for (const row of [...this.#rows, ...this.#bodies.values(), ...this.#ianas.values()]) {
      for (const cell of row ?? []) {
        if (cell?.plain) yield cell.plain;
        if (cell?.narrow) yield* cell.narrow;
      }
    }
  }

  /** Undefined for a Group or OEM message too short to name its body. */
  #rowOf(message: Message): Row | undefined {
    const { netFn } = message;
    if (netFn !== NetFn.Group && netFn !== NetFn.OemGroup) return this.#rows[netFn >> 1];
    const body = bodyOf(message);
    return body === undefined ? undefined : this.#bodied(netFn).get(body);
  }

  #cell(claim: Claim): Cell | undefined {
    const row =
      claim.body === undefined ? this.#rows[claim.netFn >> 1] : this.#bodied(claim.netFn).get(claim.body);
    return row?.[claim.cmd === '*' ? WILDCARD : claim.cmd];
  }

  #makeRow(claim: Claim): Row {
    if (claim.body === undefined) return (this.#rows[claim.netFn >> 1] ??= []);
    const rows = this.#bodied(claim.netFn);
    const row = rows.get(claim.body) ?? [];
    rows.set(claim.body, row);
    return row;
  }

  #bodied(netFn: number): Map<number, Row> {
    return netFn === NetFn.Group ? this.#bodies : this.#ianas;
  }
}

function pick(cell: Cell | undefined, channel: number, lun: number): Entry | undefined {
  if (cell === undefined) return undefined;
  if (cell.narrow === undefined) return cell.plain;
  for (const entry of cell.narrow) {
    const { claim } = entry.handler;
    if (
      (claim.channel === undefined || claim.channel === channel) &&
      (claim.lun === undefined || claim.lun === lun)
    )
      return entry;
  }
  return cell.plain;
}

/** Handler sets that are registered for good, over the standard ones; shared by routers. */
export interface Preset {
  readonly table: Table;
  /** Where each set was registered, by its owner. */
  readonly sites: ReadonlyMap<string, string>;
}

/**
 * Sets over a standard table, as if a router had registered each of them, one after the other: their
 * handlers may override standard ones.
 */
export function presetTable(standard: Table, sets: readonly HandlerSet[], site: string): Preset {
  const table = new Table();
  for (const { owner, handlers } of sets)
    for (const handler of handlers) {
      const { claim, override } = handler;
      const taken = table.get(claim) ?? standard.get(claim);
      if (taken?.owner !== override)
        throw new RegistrationError([
          `${owner} cannot claim ${claimName(handler)}: claimed by ${taken?.owner ?? 'nobody'}`,
        ]);
      table.put(entryOf(handler, owner, site, taken));
    }
  return { table, sites: new Map(sets.map(({ owner }) => [owner, site])) };
}

/** The frozen table of one or several sets, shared by every router that is given it. */
export function standardTable(sets: readonly HandlerSet[]): Table {
  const table = new Table();
  for (const set of sets) {
    for (const handler of set.handlers) {
      const taken = table.get(handler.claim);
      if (taken)
        throw new RegistrationError([
          `${set.owner} cannot claim ${claimName(handler)}: claimed by ${taken.owner}`,
        ]);
      table.put(entryOf(handler, set.owner, 'standard handlers'));
    }
  }
  return table;
}
