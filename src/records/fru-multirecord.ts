import {
  bit,
  bits,
  byte,
  DecodeError,
  hexBytes,
  i16,
  latin1,
  layout,
  rest,
  triple,
  u16,
  u24,
  u8,
  word,
} from '../codec/index.ts';
import { latin1Bytes } from './fru-text.ts';

/** Record types of the MultiRecord area (FRU Information Storage Definition §16.2.1). */
export const FruRecordType = {
  PowerSupply: 0x00,
  DcOutput: 0x01,
  DcLoad: 0x02,
  ManagementAccess: 0x03,
  FirstOem: 0xc0,
} as const;

/** §18.1. */
export const PowerSupplyRecord = layout('power supply record', {
  ...word({ capacity: bits(11, 0) }),
  peakVa: u16,
  inrush: u8,
  inrushInterval: u8,
  /** Voltages in 10 mV. */
  low1: i16,
  high1: i16,
  low2: i16,
  high2: i16,
  lowFrequency: u8,
  highFrequency: u8,
  dropout: u8,
  ...byte({
    tachometer: bit(4),
    hotSwap: bit(3),
    autoswitch: bit(2),
    powerFactorCorrection: bit(1),
    predictiveFail: bit(0),
  }),
  ...word({ holdUp: bits(15, 12), peakCapacity: bits(11, 0) }),
  /** Voltages: 0 12 V, 1 -12 V, 2 5 V, 3 3.3 V. */
  ...triple({ combined1: bits(7, 4), combined2: bits(3, 0), combinedWatts: bits(23, 8) }),
  tachometerThreshold: u8,
});

const current = { ripple: u16, minimum: u16, maximum: u16 };
/** §18.2; currents in mA. */
export const DcOutputRecord = layout('DC output record', {
  ...byte({ standby: bit(7), output: bits(3, 0) }),
  nominal: i16,
  negative: i16,
  positive: i16,
  ...current,
});
/** §18.3. */
export const DcLoadRecord = layout('DC load record', {
  ...byte({ output: bits(3, 0) }),
  nominal: i16,
  low: i16,
  high: i16,
  ...current,
});
/** §18.4: sub-record type and its text. */
export const ManagementAccessRecord = layout('management access record', { kind: u8, text: rest() });
/** §18.7: the maker's IANA enterprise number, and what the maker says. */
export const OemRecord = layout('OEM record', { manufacturerId: u24, data: rest() });

/** §16.2; checksums make record and header add up to 0. */
const RecordHeader = layout('MultiRecord header', {
  type: u8,
  ...byte({ last: bit(7), version: bits(3, 0) }),
  length: u8,
  recordChecksum: u8,
  headerChecksum: u8,
});
const RECORD_VERSION = 2;

const MANAGEMENT = [
  'systemUrl',
  'systemName',
  'systemPing',
  'componentUrl',
  'componentName',
  'componentPing',
] as const;

/** Volts, amperes, watts, hertz, milliseconds; what is not given is unspecified or no. */
export interface FruPowerSupply {
  /** Watts, 0..4095. */
  readonly capacity: number;
  /** Volt-amperes. */
  readonly peakVa?: number;
  /** Amperes. */
  readonly inrush?: number;
  /** Milliseconds. */
  readonly inrushInterval?: number;
  /** Lowest and highest, of the first and of a second range. */
  readonly input?: readonly [number, number];
  /** The second range. */
  readonly input2?: readonly [number, number];
  /** Hertz, lowest and highest. */
  readonly frequency?: readonly [number, number];
  /** Milliseconds that it bridges. */
  readonly dropout?: number;
  /** It can be pulled out under power. */
  readonly hotSwap?: boolean;
  /** It finds its input voltage itself. */
  readonly autoswitch?: boolean;
  /** It corrects the power factor. */
  readonly powerFactorCorrection?: boolean;
  /** A pin tells of a failure before it comes. */
  readonly predictiveFail?: boolean;
  /** More than its capacity, for a while. */
  readonly peak?: { /** 0..4094. */ readonly watts: number; /** 0..15. */ readonly seconds: number };
}

export interface FruDcOutput {
  /** 0..15. */
  readonly output: number;
  /** It is there while the machine is off. Default false. */
  readonly standby?: boolean;
  /** Volts, in hundredths. */
  readonly nominal: number;
  /** The extremes; default the nominal voltage. */
  readonly low?: number;
  /** The highest voltage. */
  readonly high?: number;
  /** Volts from peak to peak. */
  readonly ripple?: number;
  /** Lowest and highest current. */
  readonly current?: readonly [number, number];
}

export type FruManagementAccess = { readonly [K in (typeof MANAGEMENT)[number]]?: string };

export interface FruOemRecord {
  /** C0h..FFh. */
  readonly type: number;
  /** IANA enterprise number. */
  readonly manufacturerId: number;
  /** Hex digits. */
  readonly data: string;
}

/** One entry of `multirecord`: one of these keys. */
export interface FruRecord {
  /** A power supply. */
  readonly powerSupply?: FruPowerSupply;
  /** An output of it. */
  readonly dcOutput?: FruDcOutput;
  /** What a device takes. */
  readonly dcLoad?: Omit<FruDcOutput, 'standby'>;
  /** How a system or component is managed. */
  readonly managementAccess?: FruManagementAccess;
  /** A record of the maker's. */
  readonly oem?: FruOemRecord;
}

/** The MultiRecord area, padded to a multiple of eight. */
export function multirecordArea(records: readonly FruRecord[]): Uint8Array {
  const bodies = records.flatMap(bodiesOf);
  const bytes = bodies.flatMap(({ type, body }, i) => [
    ...header(type, body, i === bodies.length - 1),
    ...body,
  ]);
  const area = new Uint8Array(Math.ceil(bytes.length / 8) * 8);
  area.set(bytes);
  return area;
}

/** What makes the bytes add up to 0. */
export const checksum = (bytes: Uint8Array): number => -bytes.reduce((sum, byte) => sum + byte, 0) & 0xff;

export const spacedHex = (digits: string): Uint8Array => hexBytes(digits.replace(/\s/g, ''));

function header(type: number, body: Uint8Array, last: boolean): Uint8Array {
  const values = { type, last, version: RECORD_VERSION, length: body.length, recordChecksum: checksum(body) };
  const open = RecordHeader.encode({ ...values, headerChecksum: 0 });
  return RecordHeader.encode({ ...values, headerChecksum: checksum(open) });
}

interface Body {
  readonly type: number;
  readonly body: Uint8Array;
}

function bodiesOf({ powerSupply, dcOutput, dcLoad, managementAccess, oem }: FruRecord): Body[] {
  const texts = MANAGEMENT.map((name) => managementAccess?.[name]);
  return [
    ...(powerSupply ? [{ type: FruRecordType.PowerSupply, body: powerSupplyBody(powerSupply) }] : []),
    ...(dcOutput
      ? [
          {
            type: FruRecordType.DcOutput,
            body: DcOutputRecord.encode({
              ...supply(dcOutput),
              ...renamed(dcOutput),
              standby: dcOutput.standby ?? false,
            }),
          },
        ]
      : []),
    ...(dcLoad
      ? [{ type: FruRecordType.DcLoad, body: DcLoadRecord.encode({ ...supply(dcLoad), ...limits(dcLoad) }) }]
      : []),
    ...texts.flatMap((text, i) =>
      text === undefined
        ? []
        : [
            {
              type: FruRecordType.ManagementAccess,
              body: ManagementAccessRecord.encode({ kind: i + 1, text: Uint8Array.from(latin1Bytes(text)) }),
            },
          ],
    ),
    ...(oem
      ? [
          {
            type: oem.type,
            body: OemRecord.encode({ manufacturerId: oem.manufacturerId, data: spacedHex(oem.data) }),
          },
        ]
      : []),
  ];
}

const tenMillivolts = (volts: number): number => Math.round(volts * 100);
const thousandths = (value: number): number => Math.round(value * 1000);

function supply({ output, nominal, ripple = 0, current: [minimum, maximum] = [0, 0] }: FruDcOutput) {
  return {
    output,
    nominal: tenMillivolts(nominal),
    ripple: thousandths(ripple),
    minimum: thousandths(minimum),
    maximum: thousandths(maximum),
  };
}

const limits = ({ nominal, low = nominal, high = nominal }: FruDcOutput) => ({
  low: tenMillivolts(low),
  high: tenMillivolts(high),
});
const renamed = ({ nominal, low = nominal, high = nominal }: FruDcOutput) => ({
  negative: tenMillivolts(low),
  positive: tenMillivolts(high),
});

function powerSupplyBody(supply: FruPowerSupply): Uint8Array {
  const { capacity, peakVa = 0xffff, inrush = 0xff, inrushInterval = 0, dropout = 0, peak } = supply;
  const [low1, high1] = (supply.input ?? [0, 0]).map(tenMillivolts);
  const [low2, high2] = (supply.input2 ?? [0, 0]).map(tenMillivolts);
  const [lowFrequency, highFrequency] = supply.frequency ?? [0, 0];
  return PowerSupplyRecord.encode({
    capacity,
    peakVa,
    inrush,
    inrushInterval,
    low1,
    high1,
    low2,
    high2,
    lowFrequency,
    highFrequency,
    dropout,
    tachometer: false,
    hotSwap: supply.hotSwap ?? false,
    autoswitch: supply.autoswitch ?? false,
    powerFactorCorrection: supply.powerFactorCorrection ?? false,
    predictiveFail: supply.predictiveFail ?? false,
    holdUp: peak?.seconds ?? 0,
    peakCapacity: peak?.watts ?? 0xfff,
    combined1: 0,
    combined2: 0,
    combinedWatts: 0,
    tachometerThreshold: 0,
  });
}

/**
 * The records of a MultiRecord area that there is a word for. Throws DecodeError where one is cut, or a
 * checksum is wrong.
 */
export function readMultirecords(area: Uint8Array): FruRecord[] {
  const records: FruRecord[] = [];
  for (let at = 0, last = false; !last;) {
    const header = RecordHeader.decode(area, at, Math.min(at + RecordHeader.max, area.length));
    const start = at + RecordHeader.max;
    const body = area.subarray(start, start + header.length);
    const isWhole =
      body.length === header.length &&
      checksum(area.subarray(at, start)) === 0 &&
      checksum(body) === header.recordChecksum;
    if (!isWhole)
      throw new DecodeError(
        'MultiRecord area',
        `record ${records.length + 1}`,
        at,
        'it is cut, or a checksum is wrong',
      );
    const record = recordOf(header.type, body);
    if (record) records.push(record);
    last = header.last;
    at = start + header.length;
  }
  return records;
}

function recordOf(type: number, body: Uint8Array): FruRecord | undefined {
  switch (type) {
    case FruRecordType.PowerSupply:
      return { powerSupply: powerSupplyIn(PowerSupplyRecord.decode(body)) };
    case FruRecordType.DcOutput: {
      const { standby, negative, positive, ...values } = DcOutputRecord.decode(body);
      return { dcOutput: { ...loadIn({ ...values, low: negative, high: positive }), standby } };
    }
    case FruRecordType.DcLoad:
      return { dcLoad: loadIn(DcLoadRecord.decode(body)) };
    case FruRecordType.ManagementAccess: {
      const { kind, text } = ManagementAccessRecord.decode(body);
      const name = MANAGEMENT[kind - 1] as (typeof MANAGEMENT)[number] | undefined;
      return name && { managementAccess: { [name]: latin1(text) } };
    }
    default:
      return type < FruRecordType.FirstOem ? undefined : { oem: oemIn(type, OemRecord.decode(body)) };
  }
}

const oemIn = (
  type: number,
  { manufacturerId, data }: ReturnType<typeof OemRecord.decode>,
): FruOemRecord => ({
  type,
  manufacturerId,
  data: Array.from(data, (byte) => byte.toString(16).padStart(2, '0')).join(''),
});

const loadIn = ({
  output,
  nominal,
  low,
  high,
  ripple,
  minimum,
  maximum,
}: ReturnType<typeof DcLoadRecord.decode>): FruDcOutput => ({
  output,
  nominal: nominal / 100,
  low: low / 100,
  high: high / 100,
  ripple: ripple / 1000,
  current: [minimum / 1000, maximum / 1000],
});

function powerSupplyIn(record: ReturnType<typeof PowerSupplyRecord.decode>): FruPowerSupply {
  const {
    capacity,
    peakVa,
    inrush,
    inrushInterval,
    dropout,
    hotSwap,
    autoswitch,
    powerFactorCorrection,
    predictiveFail,
  } = record;
  return {
    capacity,
    ...(peakVa !== 0xffff && { peakVa }),
    ...(inrush !== 0xff && { inrush }),
    inrushInterval,
    input: [record.low1 / 100, record.high1 / 100],
    ...(record.high2 !== 0 && { input2: [record.low2 / 100, record.high2 / 100] as const }),
    frequency: [record.lowFrequency, record.highFrequency],
    dropout,
    hotSwap,
    autoswitch,
    powerFactorCorrection,
    predictiveFail,
    ...(record.peakCapacity !== 0xfff && { peak: { watts: record.peakCapacity, seconds: record.holdUp } }),
  };
}
