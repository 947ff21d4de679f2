import { describe, expect, test } from 'vitest';
import { rig } from '../../test/support/bmc.ts';
import { readFruDevice, readSdrs, readSel } from '../client/index.ts';
import { CC, hexBytes } from '../codec/index.ts';
import { AddSdr } from '../commands/storage/sdr.ts';
import { AddSelEntry } from '../commands/storage/sel.ts';
import { fruImage, type FruContent } from './fru-image.ts';
import { readFru } from './fru.ts';
import { readSdrRecord, writeSdrRecord, type SdrRecord } from './sdr-record.ts';
import { idBytes, idName } from './sdr.ts';
import { readSelRecord, writeSelRecord } from './sel.ts';

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
const sensors = [
  {
    name: 'CPU',
    entity: '3.1',
    type: 'temperature',
    unit: 'degrees C',
    range: [0, 127] as const,
    value: 40,
    thresholds: { uc: 80 },
  },
];

describe('P3: SDRs', () => {
  test('a client reads the repository that the BMC writes as values', async () => {
    const { client, bmc } = rig({ sensors, fru: [{ id: 4, name: 'Board', board: { product: 'X1' } }] });
    const records = await readSdrs(client);
    expect(records).toHaveLength(bmc.sdr.count);
    const cpu = records.find((record) => record.kind === 'full');
    expect(
      cpu && { name: idName(cpu.body.id), type: cpu.body.sensorType, entity: cpu.body.entityId },
    ).toEqual({ name: 'CPU', type: 1, entity: 3 });
    expect(records.map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(['full', 'mc-locator', 'fru-locator']),
    );
    for (const record of records) expect(writeSdrRecord(record)).toEqual(bmc.sdr.get(record.recordId).record);
  });

  // Bytes of §43.7, §43.10, §43.11 and §43.12, field by field.
  test.each<[SdrRecord['kind'], Uint8Array, Record<string, unknown>]>([
    [
      'generic-locator',
      bytes(0x20, 0xa3, 0x4a, 0x01, 0, 0x05, 0x01, 0x07, 0x01, 0x00, 0xc1, 0x41),
      {
        accessAddress: 0x20,
        slaveAddress: 0x51,
        channelHigh: 1,
        channelLow: 2,
        accessLun: 1,
        privateBus: 2,
        addressSpan: 1,
        deviceType: 5,
      },
    ],
    [
      'mc-confirmation',
      bytes(0x82, 0x20, 0x31, 0x02, 0x15, 0x02, 0x57, 0x01, 0x00, 0x34, 0x12, ...Array<number>(16).fill(7)),
      {
        slaveAddress: 0x82,
        deviceId: 0x20,
        channel: 3,
        deviceRevision: 1,
        firmwareMajor: 2,
        firmwareMinor: 15,
        ipmiMajor: 2,
        productId: 0x1234,
      },
    ],
    [
      'message-channels',
      bytes(0x91, 0, 0, 0, 0, 0, 0, 0, 0xff, 0x01, 0),
      { messagingInterrupt: 0xff, eventBufferInterrupt: 1 },
    ],
    ['oem', bytes(0x57, 0x01, 0x00, 9, 8, 7), { manufacturerId: 343, data: bytes(9, 8, 7) }],
  ])('%s', (kind, body, values) => {
    const type =
      { 'generic-locator': 0x10, 'mc-confirmation': 0x13, 'message-channels': 0x14, oem: 0xc0 }[
        kind as string
      ] ?? 0;
    const whole = bytes(0x34, 0x12, 0x51, type, body.length, ...body);
    const record = readSdrRecord(whole);
    expect(record).toMatchObject({ kind, recordId: 0x1234, body: values });
    expect(writeSdrRecord(record)).toEqual(whole);
  });

  test('a record of a type that nobody knows keeps its bytes; one of the wrong length is refused', () => {
    const record = bytes(1, 0, 0x51, 0x77, 2, 8, 9);
    expect(readSdrRecord(record)).toEqual({ kind: 'unknown', recordId: 1, type: 0x77, body: bytes(8, 9) });
    expect(writeSdrRecord(readSdrRecord(record))).toEqual(record);
    for (const wrong of [
      record.subarray(0, 6),
      record.subarray(0, 3),
      bytes(...record, 0),
      bytes(1, 0, 0x51, 0x01, 2, 8, 9),
    ])
      expect(() => readSdrRecord(wrong)).toThrow(expect.objectContaining({ name: 'DecodeError' }));
  });

  test('a list begins again where somebody adds a record while it is read', async () => {
    const { client, bmc } = rig({ sensors });
    let left = 1;
    const busy = Object.create(client, {
      send: {
        value: async (...args: Parameters<typeof client.send>) => {
          const answer = await client.send(...args);
          if (left-- === 0) await client.send(AddSdr, { record: bytes(0, 0, 0x51, 0xc0, 4, 0x57, 1, 0, 1) });
          return answer;
        },
      },
    }) as typeof client;
    expect((await readSdrs(busy)).length).toBe(bmc.sdr.count);
  });
});

describe('P3: SEL', () => {
  const event = bytes(0, 0, 2, 1, 2, 3, 4, 0x20, 0, 4, 1, 7, 0x81, 0x59, 60, 80);
  const stamped = bytes(0, 0, 0xc5, 1, 2, 3, 4, 0x57, 1, 0, 1, 2, 3, 4, 5, 6);
  const oem = bytes(0, 0, 0xe1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13);
  const reserved = bytes(0, 0, 0x33, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13);

  test.each([
    [
      'event',
      event,
      { sensorType: 1, sensorNumber: 7, deassertion: true, eventType: 1, data: bytes(0x59, 60, 80) },
    ],
    ['oem-stamped', stamped, { timestamp: 0x04030201, manufacturerId: 343, data: bytes(1, 2, 3, 4, 5, 6) }],
    ['oem', oem, { recordType: 0xe1 }],
    ['reserved', reserved, { recordType: 0x33 }],
  ])('%s', (kind, record, values) => {
    expect(readSelRecord(record)).toMatchObject({ kind, ...values });
    expect(writeSelRecord(readSelRecord(record))).toEqual(record);
  });

  test('a client reads the whole log, and an empty one', async () => {
    const { client } = rig();
    expect(await readSel(client)).toEqual([]);
    for (const record of [event, stamped, oem]) await client.send(AddSelEntry, { record });
    expect((await readSel(client)).map(({ kind, recordId }) => [kind, recordId])).toEqual([
      ['event', 1],
      ['oem-stamped', 2],
      ['oem', 3],
    ]);
  });
});

describe('P3: FRU', () => {
  const content: FruContent = {
    internalUse: '0102030405060a',
    chassis: { type: 23, partNumber: 'C-1', serial: '1', custom: ['ours'] },
    board: {
      manufacturer: 'Acme',
      product: 'Board',
      serial: 'B1',
      partNumber: 'P1',
      date: '2026-01-15T12:30Z',
      fruFile: 'f',
      custom: ['a', 'b'],
    },
    product: { language: 'ja', manufacturer: '株式会社', name: 'サーバー', version: '2' },
    multirecord: [
      {
        powerSupply: {
          capacity: 800,
          peakVa: 900,
          inrush: 30,
          input: [100, 240],
          frequency: [47, 63],
          hotSwap: true,
          peak: { watts: 900, seconds: 5 },
        },
      },
      {
        dcOutput: {
          output: 1,
          standby: true,
          nominal: 12,
          low: 11.4,
          high: 12.6,
          ripple: 0.12,
          current: [0, 10],
        },
      },
      { dcLoad: { output: 2, nominal: -12, low: -12.6, high: -11.4 } },
      { managementAccess: { systemUrl: 'https://bmc' } },
      { oem: { type: 0xc0, manufacturerId: 343, data: '0102' } },
    ],
  };

  test('what fruImage writes is read as it was said', () => {
    expect(readFru(fruImage(content, 2048))).toMatchObject(content);
  });

  test('a client reads a device of bytes and one of words', async () => {
    const { client } = rig({
      fru: [{ id: 3, name: 'Board', size: 512, board: { product: 'X1', serial: '42' } }],
    });
    expect((await readFruDevice(client, 3)).board).toMatchObject({ product: 'X1', serial: '42' });
    await expect(readFruDevice(client, 77)).rejects.toThrow(expect.objectContaining({ cc: CC.NotPresent }));
  });

  test('texts in the other encodings: binary as hex digits, BCD plus, six bits', () => {
    const area = [1, 4, 23, 0x02, 0xde, 0xad, 0x42, 0x12, 0x3a, 0x83, ...hexBytes('29dca6'), 0xc1];
    const image = new Uint8Array(64);
    image.set([1, 0, 1, 0, 0, 0, 0, 0xfe]);
    image.set(area, 8);
    image[39] = -area.reduce((sum, byte) => sum + byte, 0) & 0xff;
    expect(readFru(image).chassis).toEqual({ type: 23, partNumber: 'dead', serial: '123', custom: ['IPMI'] });
  });

  test.each<[string, (image: Uint8Array) => void]>([
    ['the header', (image) => (image[7] ^= 1)],
    ['an area', (image) => (image[8 + 8 + 3] ^= 1)],
    ['the place of an area', (image) => ((image[2] = 0xff), (image[7] -= 0xff - 2))],
  ])('damage is found in %s', (_, damage) => {
    const image = fruImage(content, 2048);
    expect(() => readFru(image)).not.toThrow();
    damage(image);
    expect(() => readFru(image)).toThrow(expect.objectContaining({ name: 'DecodeError' }));
  });

  test('no bytes whatever do more than be refused', () => {
    for (let seed = 1; seed < 400; seed++) {
      const image = fruImage(content, 512 + 64 * (seed % 8));
      for (let i = 0; i < 3; i++) image[(seed * 7919 * (i + 1)) % image.length] ^= 1 << (seed % 8);
      try {
        readFru(image.subarray(0, seed % 5 === 0 ? seed : image.length));
      } catch (error) {
        expect((error as Error).name).toBe('DecodeError');
      }
    }
  });

  test('an SDR name keeps its letters', () => expect(idName(idBytes('CPU 1'))).toBe('CPU 1'));
});
