import { hexBytes, latin1 } from '../codec/index.ts';
import { EVM_REV, SEL_RECORD_SIZE, SelEventRecord, SelType } from '../records/sel.ts';
import { sensorsNamed, unclearName } from '../machine/sensors/sensor-name.ts';
import { toRaw } from '../machine/sensors/sensor-factors.ts';
import { THRESHOLDS, type SensorDeclaration } from '../machine/sensors/sensor.ts';
import type { GivenEntry } from '../state/log/sel.ts';
import { BMC_ADDRESS } from '../wire/message.ts';
import { SettingsError, settingAt } from '../settings/errors.ts';
import { eventOffset, EventType, eventWords } from '../commands/codes/events.ts';
import { sensorTypes } from '../commands/codes/sensor-types.ts';
import type { BmcOptions, SelEntryOptions, SelOptions } from './options.ts';
import { secondsOf } from '../settings/texts.ts';

/** A time stamp that says "unspecified" (IPMI 2.0 §37): what has none keeps none. */
const UNSPECIFIED = 0xffffffff;
const EVENT_BYTES = 7;
const UNUSED = 0xff;
/** How a file of `sel save` begins, behind remarks: names of sensors in it are in whatever letters. */
const SAVED = /^(?:\s|#[^\n]*\n)*0x[\da-f]{1,2}\s/i;
/**
 * Event message revisions that there are (§29.7). In the place of one, `sel save` writes a byte of an OEM
 * record.
 */
const EVM_REVS = [0x03, 0x04];
/** OEM records from here on have no time stamp (§32.3). */
const UNTIMED = 0xe0;
/** What a whole record says itself. */
const IN_RECORD = ['sensor', 'type', 'eventType', 'asserted', 'reading', 'data', 'generator'] as const;

/**
 * The entries that the SEL begins with, oldest first: the file's, then those in words. Throws SettingsError.
 */
export function historyOf(
  { name = 'bmc', sel = {} }: BmcOptions,
  sensors: readonly SensorDeclaration[],
): GivenEntry[] {
  const { capacity = 1024, entries = [] } = sel;
  const loaded = settingAt(['sel', 'file'], () => entriesInFile(sel, name));
  const worded = entries.map((entry, i) => settingAt(['sel', 'entries', i], () => entryOf(entry, sensors)));
  const all = [...loaded, ...worded];
  if (all.length > capacity)
    throw new SettingsError(`${all.length} entries do not fit into a SEL of ${capacity}`, [
      'sel',
      loaded.length > capacity ? 'file' : 'entries',
    ]);
  return all;
}

/** What `ipmitool sel save`, `ipmitool sel writeraw` or `ipmi-bmc state export` wrote. */
function entriesInFile({ file, image }: SelOptions, bmc: string): GivenEntry[] {
  if (file !== undefined && !image)
    throw new SettingsError(`sel: '${file}' was not read; give its bytes as image`);
  if (!image || image.length === 0) return [];
  const text = latin1(image);
  if (text.startsWith('{')) return exported(text, bmc);
  const isPlain = image.every(
    (byte) => byte === 0x09 || byte === 0x0a || byte === 0x0d || (byte >= 0x20 && byte < 0x7f),
  );
  if (isPlain || SAVED.test(text)) return saved(text);
  if (image.length % SEL_RECORD_SIZE !== 0)
    throw new SettingsError(`${image.length} bytes are no whole number of ${SEL_RECORD_SIZE}-byte entries`);
  return Array.from({ length: image.length / SEL_RECORD_SIZE }, (_, i) => ({
    record: image.slice(i * SEL_RECORD_SIZE, (i + 1) * SEL_RECORD_SIZE),
    timed: true,
  }));
}

/** Lines of an export of state: those of this BMC's log, or of the only BMC in it. */
function exported(text: string, bmc: string): GivenEntry[] {
  const values = text.split('\n').flatMap((line, i) => {
    if (line.trim() === '') return [];
    try {
      const {
        store,
        bmc: owner,
        value,
      } = JSON.parse(line) as { store?: unknown; bmc?: unknown; value?: { $bytes?: unknown } | null };
      const bytes = store === 'sel' && typeof value?.$bytes === 'string' ? hexBytes(value.$bytes) : undefined;
      return bytes?.length === SEL_RECORD_SIZE ? [{ owner, bytes }] : [];
    } catch {
      throw new SettingsError(`line ${i + 1} is not one of an export`);
    }
  });
  const owners = new Set(values.map(({ owner }) => owner));
  const own = owners.size === 1 ? values : values.filter(({ owner }) => owner === bmc);
  if (values.length > 0 && own.length === 0)
    throw new SettingsError(`it has the logs of ${[...owners].join(', ')}, and none of '${bmc}'`);
  return own.map(({ bytes }) => ({ record: bytes, timed: true }));
}

/**
 * Lines of seven bytes, from the event message revision on, as `ipmitool sel save` writes them: they have no
 * time.
 */
function saved(text: string): GivenEntry[] {
  return text.split('\n').flatMap((line, i) => {
    const words = line.replace(/#.*/, '').trim();
    if (words === '') return [];
    const bytes = words.split(/[\s,]+/).map((word) => (/^0x[\da-f]{1,2}$/i.test(word) ? Number(word) : NaN));
    if (bytes.length !== EVENT_BYTES || bytes.some(Number.isNaN))
      throw new SettingsError(
        `line ${i + 1}: expected ${EVENT_BYTES} bytes (0x04 0x01 ...), as 'ipmitool sel save' writes them`,
      );
    if (!EVM_REVS.includes(bytes[0])) return [];
    const record = new Uint8Array(SEL_RECORD_SIZE);
    record.set([0, 0, SelType.SystemEvent, 0xff, 0xff, 0xff, 0xff, BMC_ADDRESS, 0, ...bytes]);
    return [{ record, timed: true }];
  });
}

function entryOf(entry: SelEntryOptions, sensors: readonly SensorDeclaration[]): GivenEntry {
  const time = entry.time === undefined ? undefined : secondsOf(entry.time);
  if (entry.record !== undefined) {
    const other = IN_RECORD.find((key) => entry[key] !== undefined);
    if (other !== undefined) throw new SettingsError(`a whole record says its ${other} itself`, [other]);
    return recordOf(entry.record, time);
  }
  const { event, asserted = true, generator = BMC_ADDRESS, data = [] } = entry;
  if (event === undefined) throw new SettingsError('expected event, or record');
  const sensor = entry.sensor === undefined ? undefined : sensorOf(entry.sensor, sensors);
  const type = sensor?.type ?? typeOf(entry.type);
  const eventType = entry.eventType ?? sensor?.eventType ?? EventType.SensorSpecific;
  const offset = typeof event === 'number' ? event : eventOffset(event, type, eventType);
  if (offset === undefined) {
    const known = eventWords(type, eventType);
    throw new SettingsError(
      `there is no event '${event}': expected its offset${known.length > 0 ? `, or one of ${known.join(', ')}` : ''}`,
      ['event'],
    );
  }
  const [data1, ...more] = reading(entry, sensor, offset) ?? [
    data.length > 0 ? 0xc0 | (data.length > 1 ? 0x30 : 0) : 0,
    ...data,
  ];
  const record = SelEventRecord.encode({
    recordId: 0,
    recordType: SelType.SystemEvent,
    timestamp: time ?? UNSPECIFIED,
    generator,
    generatorChannel: 0,
    generatorLun: sensor?.lun ?? 0,
    evmRev: EVM_REV,
    sensorType: type,
    sensorNumber: sensor?.number ?? 0,
    deassertion: !asserted,
    eventType,
    data: Uint8Array.from([data1 | offset, ...more, UNUSED, UNUSED].slice(0, 3)),
  });
  return { record, timed: time !== undefined };
}

/** Event data of a threshold event: the reading, and the threshold that it crossed (§29.7). */
function reading(
  { reading: value }: SelEntryOptions,
  sensor: SensorDeclaration | undefined,
  offset: number,
): number[] | undefined {
  if (value === undefined) return undefined;
  const { analog } = sensor ?? {};
  if (!analog || sensor?.eventType !== EventType.Threshold)
    throw new SettingsError('only the event of a threshold sensor has a reading', ['reading']);
  const { min, max } = analog;
  if (value < Math.min(min, max) || value > Math.max(min, max))
    throw new SettingsError(`${value} is beyond the sensor's range ${min} to ${max}`, ['reading']);
  const threshold = analog.thresholds[THRESHOLDS[offset >> 1]];
  const raw = toRaw(analog.factors, value);
  return threshold === undefined ? [0x40, raw] : [0x50, raw, toRaw(analog.factors, threshold)];
}

function sensorOf(name: string, sensors: readonly SensorDeclaration[]): SensorDeclaration {
  const found = sensorsNamed(sensors, name, (sensor) => sensor);
  if (found.length !== 1) throw new SettingsError(unclearName(name, found), ['sensor']);
  return found[0];
}

function typeOf(type: string | number | undefined): number {
  if (type === undefined) throw new SettingsError('expected sensor, or type');
  const code = typeof type === 'number' ? type : sensorTypes[type.toLowerCase()];
  if (code === undefined) throw new SettingsError(`there is no sensor type '${type}'`, ['type']);
  return code;
}

/** Fourteen bytes from the record type on, or all sixteen. */
function recordOf(digits: string, time: number | undefined): GivenEntry {
  const bytes = hexBytes(digits.replace(/\s/g, ''));
  if (bytes.length !== SEL_RECORD_SIZE && bytes.length !== SEL_RECORD_SIZE - 2)
    throw new SettingsError(
      `expected ${SEL_RECORD_SIZE} bytes, or ${SEL_RECORD_SIZE - 2} from the record type on`,
      ['record'],
    );
  const record = new Uint8Array(SEL_RECORD_SIZE);
  record.set(bytes, SEL_RECORD_SIZE - bytes.length);
  if (time !== undefined && record[2] >= UNTIMED)
    throw new SettingsError('records of types E0h to FFh have no time', ['time']);
  if (time !== undefined) new DataView(record.buffer).setUint32(3, time, true);
  return { record, timed: true };
}
