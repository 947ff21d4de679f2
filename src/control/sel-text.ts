import type { Bmc } from '../bmc.ts';
import { EventType, eventName } from '../commands/codes/events.ts';
import { sensorTypes } from '../commands/codes/sensor-types.ts';
import { hex2 } from '../codec/index.ts';
import { readSelRecord } from '../records/sel.ts';

/** A record of the log, as lists and events show it. */
export interface SelLine {
  readonly id: number;
  readonly type: 'event' | 'oem-stamped' | 'oem' | 'reserved';
  /** ISO 8601 by the BMC's clock; null: the record has none, or was made before the clock was set. */
  readonly time: string | null;
  readonly text: string;
  /** Name of the sensor, where it is one of this BMC's. */
  readonly sensor?: string;
  readonly asserted?: boolean;
  /** The 16 bytes in hexadecimal. */
  readonly raw: string;
}

/** Seconds below which a time stamp counts from the BMC's start (IPMI 2.0 §37.1). */
const SINCE_START = 0x2000_0000;
const UNSPECIFIED = 0xffff_ffff;

export const hexOf = (bytes: Uint8Array): string => Array.from(bytes, hex2).join('').toLowerCase();

const timeOf = (seconds: number): string | null =>
  seconds <= SINCE_START || seconds === UNSPECIFIED ? null : new Date(seconds * 1000).toISOString();

/** One record in words: `CPU1 Temp: upper critical going high, asserted`. */
export function selLine({ sensors, identity }: Bmc, id: number, bytes: Uint8Array): SelLine {
  const raw = hexOf(bytes);
  const record = readSelRecord(bytes);
  if (record.kind !== 'event') {
    const time = record.kind === 'oem-stamped' ? timeOf(record.timestamp) : null;
    return { id, type: record.kind, time, text: `OEM record ${hex2(bytes[2])}h`, raw };
  }
  const { generator, generatorLun, sensorNumber, sensorType, eventType, deassertion, data } = record;
  const own = generator === identity.address ? sensors.find(sensorNumber, generatorLun) : undefined;
  const sensor = own && sensors.nameOf(own);
  const typeName = Object.keys(sensorTypes).find((name) => sensorTypes[name] === sensorType);
  const offset = data[0] & 0xf;
  const happened =
    eventName(offset, sensorType, eventType) ??
    (eventType === EventType.SensorSpecific
      ? `event ${offset}`
      : `event ${offset} of type ${hex2(eventType)}h`);
  const asserted = !deassertion;
  const who = sensor ?? `${typeName ?? `sensor type ${hex2(sensorType)}h`} #${sensorNumber}`;
  return {
    id,
    type: 'event',
    time: timeOf(record.timestamp),
    text: `${who}: ${happened}, ${asserted ? 'asserted' : 'deasserted'}`,
    ...(sensor !== undefined && { sensor }),
    asserted,
    raw,
  };
}
