import type { ShardList, ShardMoved } from '../../control/answers.ts';
import { CliError } from '../errors.ts';
import { bmcNamed, daemonOf, pathOf } from './daemon.ts';
import type { Flags } from './flags.ts';
import { table, tell, type Column } from './tell.ts';

type Row = ShardList['shards'][number];

const COLUMNS: readonly Column<Row>[] = [
  { name: 'SHARD', of: ({ shard }) => String(shard) },
  { name: 'PID', of: ({ pid }) => String(pid) },
  { name: 'READY', of: ({ ready }) => (ready ? 'yes' : 'not yet') },
  { name: 'BMCS', of: ({ bmcs }) => String(bmcs) },
  { name: 'SESSIONS', of: ({ sessions }) => String(sessions) },
];

/** The processes that share out the BMCs. */
export async function shards(flags: Flags): Promise<void> {
  const found = await daemonOf(flags).get<ShardList>('/v1/shards');
  await tell(flags, found, () =>
    found.shards.length === 0 ? 'one process has all BMCs' : table(COLUMNS, found.shards, flags),
  );
}

/** A BMC to another process. */
export async function move(name: string | undefined, flags: Flags & { readonly to: string }): Promise<void> {
  const to = Number(flags.to);
  if (!/^\d+$/.test(flags.to)) throw new CliError(`--to ${flags.to}: expected the number of a shard`);
  const control = daemonOf(flags);
  const moved = await control.post<ShardMoved>(pathOf(await bmcNamed(control, name), '/move'), { to });
  await tell(flags, moved, () =>
    moved.from === moved.to
      ? `${moved.bmc}: is with shard ${moved.to} already`
      : `${moved.bmc}: moved from shard ${moved.from} to shard ${moved.to}`,
  );
}
