import { NetFn } from '../commands/command.ts';
import type { Message } from '../joint/message.ts';
import type { Entry, Table } from './table.ts';

/**
 * Sensor device commands (IPMI 2.0 §35) name a sensor by its number and the LUN of the message; events and
 * PEF come before them.
 */
const FIRST_SENSOR_COMMAND = 0x20;

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
  return netFn === NetFn.SensorEvent && cmd >= FIRST_SENSOR_COMMAND && (sensorsAt?.(lun) ?? true);
}
