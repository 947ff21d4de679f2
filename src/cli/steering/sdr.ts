import type { SdrState } from '../../control/answers.ts';
import type { ControlClient } from '../../control/client.ts';
import { bmcNamed, daemonOf, pathOf, queryOf } from './daemon.ts';
import type { Flags } from './flags.ts';
import { facts, lineOf, table, tell, type Column } from './tell.ts';
import { all, only, wordsOf } from './words.ts';

export const SDR_VERBS = ['list', 'show', 'add', 'delete', 'clear'] as const;
/** Records of a page. */
const PAGE = 500;

const COLUMNS: readonly Column<SdrState>[] = [
  { name: 'ID', right: true, of: ({ id }) => id },
  { name: 'TYPE', of: ({ type }) => type },
  { name: 'NAME', of: ({ name }) => name ?? undefined },
  { name: 'RAW', wide: true, of: ({ raw }) => raw },
];

interface SdrPage {
  readonly records: readonly SdrState[];
  readonly total: number;
  readonly next?: number;
}

/** The SDR repository of a BMC. */
export async function sdr(words: readonly string[], flags: Flags): Promise<void> {
  const { bmc, verb, rest } = wordsOf(words, SDR_VERBS, 'list');
  if (verb === 'show' || verb === 'delete') all(rest, 'ID');
  else if (verb === 'add') all([rest.join(' ')].filter(Boolean), 'RECORD');
  else only(rest, []);
  const control = daemonOf(flags);
  const name = await bmcNamed(control, bmc);
  const path = pathOf(name, '/sdr');
  const [id = ''] = rest;
  const recordPath = `${path}/${encodeURIComponent(id)}`;
  switch (verb) {
    case 'list':
      return list(control, path, flags);
    case 'show':
      return shown(await control.get<SdrState>(recordPath), flags);
    case 'add':
      return shown(await control.post<SdrState>(path, { record: rest.join('').replaceAll('0x', '') }), flags);
    default:
      await control.delete(verb === 'clear' ? path : recordPath);
      return tell(flags, { bmc: name, done: verb }, () =>
        verb === 'clear' ? `${name}: the repository is cleared` : `${name}: record ${id} is deleted`,
      );
  }
}

async function list(control: ControlClient, path: string, flags: Flags): Promise<void> {
  const records: SdrState[] = [];
  let after: number | undefined;
  do {
    const page: SdrPage = await control.get(`${path}${queryOf({ after, limit: PAGE })}`);
    records.push(...page.records);
    after = page.next;
  } while (after !== undefined);
  await tell(flags, { records }, () => table(COLUMNS, records, flags));
}

const shown = (record: SdrState, flags: Flags): Promise<void> =>
  tell(flags, record, () =>
    facts([
      ['Id', record.id],
      ['Type', record.type],
      ['Name', record.name ?? undefined],
      ...Object.entries(record.fields ?? {}).map(([field, value]) => [field, lineOf(value)] as const),
      ['Raw', record.raw],
    ]),
  );
