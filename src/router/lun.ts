import { isSensorDevice } from '../commands/command.ts';
import type { Message } from '../joint/message.ts';
import type { Entry, Table } from './table.ts';

/**
 * Standard commands live at LUN 0, those of sensors where sensors do; who registers a handler without a LUN
 * means all of them.
 */
export function livesAtLun(
  entry: Entry,
  { netFn, lun, cmd }: Message,
  standard: Table | undefined,
  sensorsAt: ((lun: number) => boolean) | undefined,
): boolean {
  const { claim } = entry.handler;
  const isStandard = claim.lun === undefined && standard?.get(claim) === (entry.below ?? entry);
  if (!isStandard) return true;
  return isSensorDevice(netFn, cmd) && (sensorsAt?.(lun) ?? true);
}
