import { away, type BmcRow } from '../control/rows.ts';
import { isAskedFor } from '../control/routes/bmcs.ts';
import type { ClusterHost } from './host.ts';
import type { Unserved } from './unserved.ts';

/** Rows of a page of another host. */
const PAGE = 500;

/** What a host has answered. */
export interface Whole {
  readonly status: number;
  readonly type: string | null;
  readonly body: string;
}

/** How hosts are asked, this one too. */
export type AskHost = (
  host: string,
  request: { readonly method: string; readonly path: string; readonly body: string },
) => Promise<Whole>;

interface ListParts {
  readonly host: ClusterHost;
  readonly ask: AskHost;
  readonly unserved: Unserved;
  /** Whoever asks sees this one alone. */
  readonly only?: string;
}

/**
 * The rows of all hosts and of those that no host has, by name, in pages of their own: a cursor is how many
 * there were before. Undefined: the request makes no sense, which the list of one host says.
 */
export async function listEverywhere(
  url: URL,
  { host, ask, unserved, only }: ListParts,
): Promise<Whole | undefined> {
  const limit = Number(url.searchParams.get('limit') ?? 100);
  const from = Number(url.searchParams.get('cursor') ?? 0);
  const isPage =
    Number.isInteger(limit) && limit >= 1 && limit <= PAGE && Number.isInteger(from) && from >= 0;
  if (!isPage) return undefined;
  const rows = new Map<string, BmcRow>();
  const hosts = [...host.hosts.living.keys()].toSorted();
  const found = await Promise.all(hosts.map((name) => rowsOf(name, url, ask)));
  for (const some of found) {
    if (!Array.isArray(some)) return some;
    // One that moves is in two lists, or in none: who runs it knows best.
    for (const row of some) if (rows.get(row.name)?.state !== 'running') rows.set(row.name, row);
  }
  // Without what a host that is asked leaves out by the filters.
  const query = Object.fromEntries(url.searchParams) as Parameters<typeof isAskedFor>[1];
  for (const row of await missing(host, unserved))
    if (!rows.has(row.name) && (only ?? row.name) === row.name && isAskedFor(row, query))
      rows.set(row.name, row);
  const all = [...rows.values()].toSorted((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }));
  const next = from + limit < all.length ? String(from + limit) : undefined;
  const list = { bmcs: all.slice(from, from + limit), total: all.length, ...(next && { next }) };
  return { status: 200, type: 'application/json', body: JSON.stringify(list) };
}

/** Of those of the fleet file that no host has. */
async function missing({ desired, bmcs }: ClusterHost, unserved: Unserved): Promise<BmcRow[]> {
  const names = [...desired.all.keys()].filter((name) => bmcs.get(name) === undefined);
  const why = names.some((name) => !desired.stopped.has(name)) ? await unserved.all() : undefined;
  return names.map((name) => {
    const of = { name, origin: 'file', labels: { ...desired.all.get(name)?.labels } } as const;
    return away(of, desired.stopped.has(name), why?.get(name) ?? 'no host has it yet');
  });
}

async function rowsOf(host: string, url: URL, ask: AskHost): Promise<BmcRow[] | Whole> {
  const rows: BmcRow[] = [];
  const query = new URLSearchParams(url.searchParams);
  query.set('limit', String(PAGE));
  query.delete('cursor');
  for (;;) {
    const path = `/v1/bmcs?${query.toString()}`;
    const answer = await ask(host, { method: 'GET', path, body: '' });
    if (answer.status !== 200) return answer;
    const { bmcs, next } = JSON.parse(answer.body) as { bmcs: BmcRow[]; next?: string };
    for (const row of bmcs) rows.push(row);
    if (next === undefined) return rows;
    query.set('cursor', next);
  }
}

/** All virtual clocks: as many as the hosts say. The first refusal, if there is one. */
export async function advancedEverywhere(body: string, host: ClusterHost, ask: AskHost): Promise<Whole> {
  const answers = await Promise.all(
    [...host.hosts.living.keys()].map((name) =>
      ask(name, { method: 'POST', path: '/v1/clock/advance', body }),
    ),
  );
  const refused = answers.find(({ status }) => status !== 200);
  if (refused) return refused;
  const count = answers.reduce((sum, answer) => sum + (JSON.parse(answer.body) as { bmcs: number }).bmcs, 0);
  return { status: 200, type: 'application/json', body: JSON.stringify({ bmcs: count }) };
}
