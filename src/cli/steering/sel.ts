import type { SelEntry, SelList } from '../../control/answers.ts';
import type { ControlClient } from '../../control/client.ts';
import { dim } from '../colors.ts';
import { bmcNamed, daemonOf, pathOf, queryOf } from './daemon.ts';
import type { Flags } from './flags.ts';
import { table, tell, write, type Column } from './tell.ts';
import { all, only, wordsOf } from './words.ts';

export interface SelFlags extends Flags {
  readonly last?: number;
}

export const SEL_VERBS = ['list', 'add', 'delete', 'clear', 'export'] as const;
const PAGE = 1000;

const COLUMNS: readonly Column<SelEntry>[] = [
  { name: 'ID', right: true, of: ({ id }) => id },
  { name: 'TIME', of: ({ time }) => time?.replace('T', ' ').replace(/\.\d+Z$|Z$/, '') },
  { name: 'EVENT', of: ({ text }) => text },
  { name: 'RAW', wide: true, of: ({ raw }) => raw },
];

/** The event log of a BMC. */
export async function sel(words: readonly string[], flags: SelFlags): Promise<void> {
  const { bmc, verb, rest } = wordsOf(words, SEL_VERBS, 'list');
  if (verb === 'delete') all(rest, 'ID');
  else if (verb === 'add') all([rest.join(' ')].filter(Boolean), 'RECORD');
  else only(rest, []);
  const control = daemonOf(flags);
  const name = await bmcNamed(control, bmc);
  const path = pathOf(name, '/sel');
  if (verb === 'list') return list(control, path, flags);
  if (verb === 'export') return write(await control.get<string>(`${path}.txt`));
  if (verb === 'add') {
    const record = rest.join('').replace(/0x/g, '');
    const added = await control.post<SelEntry>(path, { record });
    return tell(flags, added, () => table(COLUMNS, [added], flags));
  }
  await control.delete(verb === 'clear' ? path : `${path}/${encodeURIComponent(rest[0])}`);
  const done = verb === 'clear' ? 'the log is cleared' : `record ${rest[0]} is deleted`;
  return tell(flags, { bmc: name, done: verb }, () => `${name}: ${done}`);
}

async function list(control: ControlClient, path: string, flags: SelFlags): Promise<void> {
  const { last } = flags;
  const entries: SelEntry[] = [];
  let after: number | undefined;
  let page: SelList;
  do {
    page = await control.get<SelList>(`${path}${queryOf({ last, after, limit: PAGE })}`);
    entries.push(...page.entries);
    after = last === undefined ? page.next : undefined;
  } while (after !== undefined);
  const { total, capacity, overflow } = page;
  await tell(
    flags,
    { entries, total, capacity, overflow },
    () =>
      table(COLUMNS, entries, flags) +
      dim(`${total} of ${capacity} entries${overflow ? '; it has overflowed' : ''}\n`),
  );
}
