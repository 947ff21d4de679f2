import { describe, expect, test } from 'vitest';
import { Bmc, type Journal } from '../bmc.ts';
import { fromLatin1 } from '../codec/index.ts';
import { SelEventRecord } from '../records/sel.ts';
import { simWorld } from '../world/index.ts';
import { rig } from '../../test/support/bmc.ts';
import { parseConfig } from './index.ts';
import type { BmcOptions, SelEntryOptions, SelOptions } from './options.ts';

const sensors: BmcOptions['sensors'] = [
  {
    name: 'CPU Temp',
    entity: '3.1',
    type: 'temperature',
    unit: 'degrees C',
    range: [0, 127],
    thresholds: { unc: 80, uc: 90, lc: 5 },
  },
  { name: 'PSU1', entity: '10.1', type: 'power supply', states: [0] },
  { name: 'Redundancy', entity: '10.2', type: 'power supply', eventType: 0x0b, lun: 1 },
];
const bmcOf = (sel: SelOptions, options: BmcOptions = {}): Bmc =>
  new Bmc({ sensors, ...options, sel }, { world: simWorld(1) });
const recordsOf = ({ sel }: Bmc): Uint8Array[] => sel.ids.map((id) => sel.get(id).record);
const raw = (id: number, time: number, ...event: number[]): number[] => {
  const record = new Uint8Array(16);
  record.set([id & 0xff, id >> 8, 2, 0, 0, 0, 0, 0x20, 0, 4, ...event]);
  new DataView(record.buffer).setUint32(3, time, true);
  return [...record];
};

describe('V11: a file of history', () => {
  const records = [
    raw(5, 0x69000000, 1, 1, 1, 0x59, 0xb4, 0xb4),
    raw(9, 0xf0000000, 8, 2, 0x6f, 1, 0xff, 0xff),
    raw(0x102, 0xffffffff, 8, 2, 0xef, 1, 0xff, 0xff),
  ];

  test("ipmitool's sel writeraw: records, ids and times, also before 1980, beyond 2038 and unspecified", () => {
    const bmc = bmcOf({ image: Uint8Array.from(records.flat()) });
    expect(recordsOf(bmc).map((record) => [...record])).toEqual(records);
    expect(bmc.sel.lastAdded).toBe(0xf0000000);
  });

  test('ids that do not rise are counted from 1', () => {
    expect(bmcOf({ image: Uint8Array.from([records[1], records[0]].flat()) }).sel.ids).toEqual([1, 2]);
  });

  test("ipmitool's sel save: events without a time", () => {
    const bmc = bmcOf({
      image: fromLatin1(
        '0x04 0x01 0x01 0x01 0x59 0xb4 0xb4 # Temperature #0x01\n\n0x04 0x08 0x02 0xef 0x01 0xff 0xff\n',
      ),
    });
    expect(recordsOf(bmc).map((record) => [...record])).toEqual([
      raw(1, 0xffffffff, 1, 1, 1, 0x59, 0xb4, 0xb4),
      raw(2, 0xffffffff, 8, 2, 0xef, 1, 0xff, 0xff),
    ]);
  });

  test('sel save: names in any letters, before the lines too; what it leaves of OEM records is no event', () => {
    const text =
      '# Größe 服\n0x04 0x01 0x01 0x01 0x59 0xb4 0xb4 # Größe\r\n0xa2 0x01 0x02 0x03 0x04 0x05 0x06 # Unknown\n0x03 0x08 0x02 0xef 0x01 0xff 0xff\n';
    const bmc = bmcOf({ image: new TextEncoder().encode(text) });
    expect(recordsOf(bmc).map((record) => [...record.subarray(9, 12)])).toEqual([
      [0x04, 1, 1],
      [0x03, 8, 2],
    ]);
  });

  test("our own export: the lines of this BMC's log", () => {
    const line = (bmc: string, record: number[]): string =>
      JSON.stringify({ bmc, store: 'sel', key: '5', value: { $bytes: Buffer.from(record).toString('hex') } });
    const text = [
      '{"ipmi-bmc state":1}',
      '{"bmc":"a","store":"sel-marks","key":"added","value":7}',
      line('a', records[0]),
      line('b', records[1]),
    ];
    const image = fromLatin1(text.join('\n'));
    expect(recordsOf(bmcOf({ image }, { name: 'b' })).map((record) => [...record])).toEqual([records[1]]);
    expect(() => bmcOf({ image }, { name: 'c' })).toThrow("it has the logs of a, b, and none of 'c'");
    expect(recordsOf(bmcOf({ image: fromLatin1(text.slice(0, 3).join('\n')) })), 'the only one').toHaveLength(
      1,
    );
  });

  test.each([
    [
      'half a record',
      Uint8Array.from([...records[0], 1, 0x80]),
      '18 bytes are no whole number of 16-byte entries',
    ],
    [
      'another text',
      fromLatin1('hello\n'),
      "line 1: expected 7 bytes (0x04 0x01 ...), as 'ipmitool sel save' writes them",
    ],
    [
      'too many',
      Uint8Array.from(Array.from({ length: 17 }, () => records[0]).flat()),
      '17 entries do not fit into a SEL of 16',
    ],
  ])('%s is refused', (_what, image, problem) =>
    expect(() => bmcOf({ image, capacity: 16 })).toThrow(problem),
  );

  test('a file that nobody read', () =>
    expect(() => bmcOf({ file: 'x.sel' })).toThrow("'x.sel' was not read"));
});

describe('V11: a history in words', () => {
  const shown = (entry: SelEntryOptions): unknown => {
    const { sensorType, sensorNumber, generatorLun, eventType, deassertion, data } = SelEventRecord.decode(
      recordsOf(bmcOf({ entries: [entry] }))[0],
    );
    return [sensorType, sensorNumber, generatorLun, eventType, deassertion, ...data];
  };

  test.each<[SelEntryOptions, number[]]>([
    [{ sensor: 'CPU Temp', event: 'Upper Critical going high', reading: 95 }, [1, 1, 0, 1, 0x59, 190, 180]],
    [
      { sensor: 'CPU Temp', event: 'Upper Non-critical - going high', reading: 81.5 },
      [1, 1, 0, 1, 0x57, 163, 160],
    ],
    [{ sensor: 'CPU Temp', event: 'lc', reading: 3 }, [1, 1, 0, 1, 0x52, 6, 10]],
    [{ sensor: '#1', event: 'uc low' }, [1, 1, 0, 1, 0x08, 255, 255]],
    [{ sensor: 'PSU1', event: 'Power Supply Failure detected' }, [8, 2, 0, 0x6f, 1, 255, 255]],
    [{ sensor: 'PSU1@10.1', event: 'AC lost' }, [8, 2, 0, 0x6f, 3, 255, 255]],
    [{ sensor: 'Redundancy', event: 'redundancy lost' }, [8, 1, 1, 0x0b, 1, 255, 255]],
    [{ type: 'system boot initiated', event: 'initiated by power up' }, [0x1d, 0, 0, 0x6f, 0, 255, 255]],
    [{ type: 'session audit', event: 3, data: [2, 1] }, [0x2a, 0, 0, 0x6f, 0xf3, 2, 1]],
    [{ type: 0xc5, eventType: 0x70, event: 4, data: [7] }, [0xc5, 0, 0, 0x70, 0xc4, 7, 255]],
  ])('%j', (entry, [type, number, lun, eventType, ...data]) => {
    expect(shown(entry)).toEqual([type, number, lun, eventType, false, ...data]);
    expect(shown({ ...entry, asserted: false })).toEqual([type, number, lun, eventType, true, ...data]);
  });

  test('times are kept; an entry without one has that of the start; records come as they are', () => {
    const bmc = bmcOf({
      entries: [
        { time: '2026-01-15T12:00', sensor: 'PSU1', event: 'presence detected' },
        { sensor: 'PSU1', event: 0, asserted: false },
        { time: '2026-01-15', record: 'c0 00000000 a20200 010203040506' },
        { record: '0000 e0 0102030405060708090a0b0c0d' },
      ],
    });
    const times = recordsOf(bmc).map((record) => new DataView(record.buffer).getUint32(3, true));
    expect(times).toEqual([0x6968d6c0, bmc.time.now(), 0x69682e00, 0x04030201]);
    expect([...recordsOf(bmc)[2].subarray(2)]).toEqual([
      0xc0, 0, 0x2e, 0x68, 0x69, 0xa2, 2, 0, 1, 2, 3, 4, 5, 6,
    ]);
  });

  test.each<[object, string]>([
    [{ sensor: 'CPU', event: 0 }, "bmc.yaml sel.entries.0.sensor: there is no sensor 'CPU'"],
    [
      { sensor: 'PSU1', event: 'on fire' },
      "bmc.yaml sel.entries.0.event: there is no event 'on fire': expected its offset, or one of presence detected,",
    ],
    [
      { sensor: 'PSU1', event: 0, reading: 3 },
      'bmc.yaml sel.entries.0.reading: only the event of a threshold sensor has a reading',
    ],
    [{ type: 'pony', event: 0 }, 'expected a sensor type'],
    [{ sensor: 'PSU1' }, 'expected event or record, and not both'],
    [{ event: 1 }, 'expected sensor or type, and not both'],
    [{ sensor: 'PSU1', event: 0, time: '1969-12-31' }, 'expected a time from 1970-01-01 to 2106-02-07'],
    [
      { sensor: 'CPU Temp', event: 'uc', reading: 300 },
      "bmc.yaml sel.entries.0.reading: 300 is beyond the sensor's range",
    ],
    [
      { record: 'c0 00000000 a20200 010203040506', generator: 3 },
      'bmc.yaml sel.entries.0.generator: a whole record says its generator itself',
    ],
    [
      { record: 'e0 0102030405060708090a0b0c0d', time: '2026-01-15' },
      'bmc.yaml sel.entries.0.time: records of types E0h to FFh have no time',
    ],
    [{ record: '0102' }, 'expected 16 bytes, or 14 from the record type on'],
  ])('%j is refused where it stands', (entry, problem) => {
    const refused = (): Bmc => {
      const [options] = parseConfig(JSON.stringify({ sensors, sel: { entries: [entry] } }), 'bmc.yaml');
      try {
        return new Bmc(options, { world: simWorld(1) });
      } catch (error) {
        throw new Error(
          `bmc.yaml ${(error as { path: string[] }).path.join('.')}: ${(error as Error).message}`,
          { cause: error },
        );
      }
    };
    expect(refused).toThrow(problem);
  });
});

test('V11: the history is there at the first start alone, with a boot event only in an empty log; a clear is told where it is wished', async () => {
  const kept = new Map<string, Map<string, unknown>>();
  const journal: Journal = {
    load: (store) => kept.get(store) ?? [],
    write: (changes) => {
      for (const { store, key, value } of changes) {
        const values = kept.get(store) ?? new Map<string, unknown>();
        kept.set(store, values);
        if (value === undefined) values.delete(key);
        else values.set(key, value);
      }
      return undefined;
    },
    satellite: () => journal,
  };
  const options: BmcOptions = { sensors, sel: { entries: [{ sensor: 'PSU1', event: 0 }] } };
  const start = (): Bmc => new Bmc(options, { world: simWorld(1), journal });
  expect(start().sel.count).toBe(1);
  expect(start().sel.count, 'not twice').toBe(1);
  await start().sel.clear();
  expect(
    recordsOf(start()).map((record) => record[10]),
    'a boot, and no history',
  ).toEqual([0x1d, 0x0f, 0x1f]);
  const { bmc, send } = rig({ sensors, sel: { clearEvent: true, bootEvents: false } });
  const [, low, high] = await send(0x0a, 0x42);
  expect(await send(0x0a, 0x47, low, high, 0x43, 0x4c, 0x52, 0xaa)).toEqual([0, 1]);
  expect(recordsOf(bmc).map((record) => [...record.subarray(7)])).toEqual([
    [0x20, 0, 4, 0x10, 0, 0x6f, 2, 0xff, 0xff],
  ]);
  expect(
    await send(0x0a, 0x47, low, high, 0x43, 0x4c, 0x52, 0),
    'the status under the same reservation',
  ).toEqual([0, 1]);
  expect(rig({ sensors }).bmc.sel.count).toBe(0);
});
