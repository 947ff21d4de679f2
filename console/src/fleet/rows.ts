import type { BmcList, BmcRow } from 'ipmi-bmc/control';
import type { Api } from '../api.ts';

/** A row, and what happened to its BMC last. */
export interface FleetRow extends BmcRow {
  readonly last?: { readonly time: string; readonly text: string };
}

/** Rows that a page of the list has. */
const PAGE = 500;

/** All rows, told page by page: the first are there long before the last. */
export async function loadRows(
  api: Api,
  tell: (rows: readonly BmcRow[], total: number) => void,
  isOver: () => boolean,
): Promise<void> {
  const all: BmcRow[] = [];
  for (let cursor: string | undefined = ''; cursor !== undefined && !isOver();) {
    const more: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const page: BmcList = await api.get(`/v1/bmcs?limit=${all.length === 0 ? 100 : PAGE}${more}`);
    all.push(...page.bmcs);
    tell([...all], page.total);
    cursor = page.next;
  }
}

export const SORTS = ['name', 'power', 'health', 'sessions', 'last'] as const;
export type SortKey = (typeof SORTS)[number];

const HEALTH_RANK: Readonly<Record<string, number>> = { critical: 0, warning: 1, unknown: 2, ok: 3 };
const byName = new Intl.Collator('en', { numeric: true });

/** Words that all have to be somewhere in name, labels, address or state: `rack=7 off`. */
export function isFound(row: FleetRow, words: readonly string[]): boolean {
  if (words.length === 0) return true;
  const labels = Object.entries(row.labels).map(([key, value]) => `${key}=${value}`);
  const text = [
    row.name,
    ...labels,
    row.power,
    row.health,
    row.state,
    ...row.addresses.map((one) => one.address),
  ]
    .join(' ')
    .toLowerCase();
  return words.every((word) => text.includes(word));
}

export function sorted(rows: FleetRow[], key: SortKey, isDown: boolean): FleetRow[] {
  const compare = (a: FleetRow, b: FleetRow): number => {
    switch (key) {
      case 'power':
        return a.power.localeCompare(b.power);
      case 'health':
        return (HEALTH_RANK[a.health] ?? 9) - (HEALTH_RANK[b.health] ?? 9);
      case 'sessions':
        return b.sessions - a.sessions;
      case 'last':
        return (b.last?.time ?? '').localeCompare(a.last?.time ?? '');
      default:
        return 0;
    }
  };
  const sign = isDown ? -1 : 1;
  return rows.sort((a, b) => sign * (compare(a, b) || byName.compare(a.name, b.name)));
}
