// Settings from the schema, well and badly formed. What is refused is refused in one line with its place;
// what is taken makes a BMC that opens, and that says over IPMI what the settings say.
import fc from 'fast-check';
import { Bmc, type BmcOptions } from '../../src/bmc.ts';
import { loopback, type Client } from '../../src/client/client.ts';
import { errorCodeOf, latin1 } from '../../src/codec/index.ts';
import { GetDeviceId } from '../../src/commands/app/device.ts';
import {
  GetUserAccess,
  GetUserName,
  PasswordOperation,
  SetUserPassword,
} from '../../src/commands/app/users.ts';
import { Privilege } from '../../src/commands/command.ts';
import { GetFruInventoryAreaInfo, ReadFruData } from '../../src/commands/storage/fru.ts';
import { GetSdr } from '../../src/commands/storage/sdr.ts';
import { SettingsError } from '../../src/settings/errors.ts';
import { ConfigError, parseFile } from '../../src/config/load.ts';
import { units } from '../../src/commands/codes/units.ts';
import type { FruOptions, SensorOptions } from '../../src/config/options.ts';
import { Context, type Channel } from '../../src/router/index.ts';
import { toReal } from '../../src/machine/sensors/sensor-factors.ts';
import { FullSensorRecord, idName, SDR_HEADER, SdrHeader, SdrType } from '../../src/records/sdr.ts';
import { simWorld } from '../../src/world/index.ts';
import { codeOf } from '../../src/world/system-error.ts';
import { settings as arbitrary } from './settings-arbitrary.ts';
import { discreteBack, machineBack, multirecordsBack, pefBack, type Same } from './settings-more.ts';

export interface SettingsTally {
  /** Files that were refused, and BMCs that were opened and read. */
  refused: number;
  opened: number;
  /** Values that were read back. */
  values: number;
}

const HOST: Channel = { number: 15, medium: 'system-interface', maxAnswer: 248 };

/** Throws an Error that names the seed and what is wrong. */
export async function settingsCase(seed: number): Promise<SettingsTally> {
  const tally: SettingsTally = { refused: 0, opened: 0, values: 0 };
  const [made] = fc.sample(arbitrary, { numRuns: 1, seed });
  let text = JSON.stringify(made, null, seed % 3);
  // Now and then a character is lost, or doubled.
  if (seed % 13 === 0) {
    const at = (seed * 7919) % text.length;
    text = text.slice(0, at) + (seed % 2 ? '' : text[at] + text[at]) + text.slice(at + 1);
  }
  try {
    await oneFile(text, seed, tally);
  } catch (error) {
    throw new Error(
      `settings of seed ${seed}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n${text}`,
      {
        cause: error,
      },
    );
  }
  return tally;
}

async function oneFile(text: string, seed: number, tally: SettingsTally): Promise<void> {
  let file;
  try {
    file = parseFile(text, 'f');
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    for (const line of error.problems) isOneLine(line);
    tally.refused++;
    return;
  }
  for (const [i, options] of file.bmcs.entries()) {
    const world = simWorld(seed);
    let bmc: Bmc;
    try {
      bmc = new Bmc(options, { world });
      await world.until(bmc.open());
    } catch (error) {
      // A device node or a file that this world does not have.
      if (!(error instanceof SettingsError) && (errorCodeOf(error) || codeOf(error) === undefined))
        throw error;
      if (error instanceof SettingsError) isOneLine(`${file.place(i, error.path)}: ${error.message}`);
      tally.refused++;
      continue;
    }
    try {
      // What a firewall keeps from the host is there all the same.
      bmc.router.policy = undefined;
      const ask = (lun: number): Client =>
        loopback(bmc.router.dispatch, new Context(bmc, HOST, Privilege.Administrator, lun));
      tally.values += await readBack(options, ask(0));
      tally.opened++;
    } finally {
      await world.until(bmc.close());
    }
  }
}

function isOneLine(line: string): void {
  if (!/^f:\d+:\d+ [^\n]+$/.test(line)) throw new Error(`not one line with a place: ${JSON.stringify(line)}`);
  if (/\n\s+at |\[object Object\]|undefined|\(cc /.test(line))
    throw new Error(`not in the words of a person: ${line}`);
}

/** Asks for what the settings say; the number of values that were compared. Rejects where one is another. */
async function readBack(options: BmcOptions, client: Client): Promise<number> {
  let compared = 0;
  const same = (what: string, got: unknown, wanted: unknown): void => {
    compared++;
    if (JSON.stringify(got) !== JSON.stringify(wanted))
      throw new Error(`${what} is ${JSON.stringify(got)}, the settings say ${JSON.stringify(wanted)}`);
  };
  const { identity = {}, users = [], interfaces = [], fru = [], sensors = [] } = options;
  const device = await client.send(GetDeviceId);
  for (const key of ['deviceId', 'deviceRevision', 'manufacturerId', 'productId'] as const)
    if (identity[key] !== undefined) same(key, device[key], identity[key]);
  if (identity.firmware !== undefined) {
    const [major, minor] = identity.firmware.split('.').map(Number);
    same('firmware', [device.firmwareMajor, device.firmwareMinor], [major, minor]);
  }
  for (const { id, name = '', password = '', enabled = true } of users) {
    same(`name of user ${id}`, (await client.send(GetUserName, { userId: id })).name, name);
    const bytes = new TextEncoder().encode(password);
    const size = bytes.length > 16 ? 20 : 16;
    const padded = new Uint8Array(size);
    padded.set(bytes);
    const tested = await client
      .send(SetUserPassword, {
        userId: id,
        twentyBytes: size === 20,
        operation: PasswordOperation.Test,
        password: padded,
      })
      .then(
        () => 'right',
        () => 'wrong',
      );
    if (password !== '') same(`password of user ${id}`, tested, 'right');
    for (const one of interfaces)
      if (one.type === 'lan')
        same(
          `user ${id} enabled`,
          (await client.send(GetUserAccess, { channel: one.channel ?? 1, userId: id })).enableStatus,
          enabled ? 1 : 2,
        );
  }
  for (const one of interfaces) {
    if (one.type !== 'lan') continue;
    const parameter = async (number: number): Promise<number[]> => [
      ...(await client.raw(0x0c, 0x02, Uint8Array.of(one.channel ?? 1, number, 0, 0))).subarray(2),
    ];
    const ip = (address: string): number[] => address.split('.').map(Number);
    if (one.address !== undefined) same('address', await parameter(3), ip(one.address));
    if (one.netmask !== undefined) same('netmask', await parameter(6), ip(one.netmask));
    if (one.gateway !== undefined) same('gateway', await parameter(12), ip(one.gateway));
    if (one.mac !== undefined)
      same(
        'mac',
        await parameter(5),
        one.mac.split(':').map((pair) => parseInt(pair, 16)),
      );
    if (one.community !== undefined)
      same('community', latin1(Uint8Array.from(await parameter(16))).replace(/\0+$/, ''), one.community);
  }
  for (const one of fru) await fruBack(one, client, same);
  if (sensors.length > 0) {
    const records = await recordsOf(client);
    await sensorsBack(sensors, records, same);
    discreteBack(sensors, records, same);
  }
  await machineBack(options, client, same);
  await pefBack(options, client, same);
  return compared;
}

async function fruBack(fru: FruOptions, client: Client, same: Same): Promise<void> {
  const { id, board, product, chassis, file } = fru;
  if (file !== undefined) return;
  const { size, byWords } = await client.send(GetFruInventoryAreaInfo, { fruId: id });
  const image = new Uint8Array(size);
  const unit = byWords ? 2 : 1;
  for (let at = 0; at < size;) {
    const { data } = await client.send(ReadFruData, {
      fruId: id,
      offset: at / unit,
      count: Math.min(64, size - at) / unit,
    });
    image.set(data, at);
    at += data.length;
  }
  multirecordsBack(fru, image, same);
  const sum = (bytes: Uint8Array): number => bytes.reduce((total, byte) => (total + byte) & 0xff, 0);
  same('FRU header checksum', sum(image.subarray(0, 8)), 0);
  const texts = (which: number, fixed: number): string[] => {
    const start = image[which] * 8;
    same(`checksum of area ${which}`, sum(image.subarray(start, start + image[start + 1] * 8)), 0);
    const english = which === 2 || image[start + 2] === 25 || image[start + 2] === 0;
    const found: string[] = [];
    for (let at = start + fixed; image[at] !== 0xc1; at += 1 + (image[at] & 0x3f)) {
      const bytes = image.subarray(at + 1, at + 1 + (image[at] & 0x3f));
      found.push((english ? latin1(bytes) : new TextDecoder('utf-16le').decode(bytes)).replace(/\0$/, ''));
    }
    return found;
  };
  if (chassis) {
    const { partNumber = '', serial = '', custom = [], type = 23 } = chassis;
    same('chassis', [image[image[2] * 8 + 2], ...texts(2, 3)], [type, partNumber, serial, ...custom]);
  }
  if (board) {
    const {
      manufacturer = '',
      product: name = '',
      serial = '',
      partNumber = '',
      fruFile = '',
      custom = [],
      date,
    } = board;
    same('board', texts(3, 6), [manufacturer, name, serial, partNumber, fruFile, ...custom]);
    const at = image[3] * 8 + 3;
    const minutes = image[at] | (image[at + 1] << 8) | (image[at + 2] << 16);
    if (date !== undefined) {
      const time = Date.parse(!date.includes('T') || /(Z|[-+]\d\d:\d\d)$/.test(date) ? date : `${date}Z`);
      same('board date', minutes * 60_000 + Date.UTC(1996, 0, 1), time);
    }
  }
  if (product) {
    const {
      manufacturer = '',
      name = '',
      partNumber = '',
      version = '',
      serial = '',
      assetTag = '',
      fruFile = '',
      custom = [],
    } = product;
    same('product', texts(4, 3), [
      manufacturer,
      name,
      partNumber,
      version,
      serial,
      assetTag,
      fruFile,
      ...custom,
    ]);
  }
}

async function recordsOf(client: Client): Promise<Uint8Array[]> {
  const records: Uint8Array[] = [];
  for (let recordId = 0; recordId !== 0xffff;) {
    const { nextRecordId, data } = await client.send(GetSdr, {
      reservationId: 0,
      recordId,
      offset: 0,
      count: 0xff,
    });
    records.push(data);
    recordId = nextRecordId;
  }
  return records;
}

const TEN_BITS = 1024;
const signedTen = (low: number, high: number): number => {
  const value = (high << 8) | low;
  return value >= TEN_BITS / 2 ? value - TEN_BITS : value;
};

/**
 * The records of the sensors, in their order, say what the settings say: thresholds to the nearest reading,
 * and exactly where the step allows it.
 */
async function sensorsBack(
  sensors: readonly SensorOptions[],
  records: readonly Uint8Array[],
  same: Same,
): Promise<void> {
  const full = records
    .filter((record) => SdrHeader.decode(record, 0, SDR_HEADER).type === SdrType.Full)
    .map((record) => FullSensorRecord.decode(record, SDR_HEADER));
  const analog = sensors.filter(
    ({ unit, curve, linearization = 'linear' }) =>
      unit !== undefined && curve === undefined && linearization === 'linear',
  );
  for (const sensor of analog) {
    const {
      name,
      entity,
      unit = '',
      thresholds = {},
      hysteresis,
      number,
      range: [min, max] = [0, 255],
    } = sensor;
    const [id, instance] = entity.split('.').map(Number);
    const found = full.filter(
      (one) =>
        idName(one.id) === name &&
        one.entityId === id &&
        one.entityInstance === instance &&
        one.baseUnit === units[unit] &&
        (number === undefined || one.sensorNumber === number),
    );
    same(`a record of sensor ${name}`, found.length > 0, true);
    const problems = found.map((one) => {
      const factors = {
        m: signedTen(one.mLow, one.mHigh),
        b: signedTen(one.bLow, one.bHigh),
        k1: one.bExponent,
        k2: one.rExponent,
        signed: one.format === 2,
      };
      const step = Math.abs(factors.m) * 10 ** factors.k2;
      const near = (what: string, raw: number, wanted: number): string | undefined =>
        Math.abs(toReal(factors, raw) - wanted) <= step / 2 + 1e-9 * Math.abs(wanted)
          ? undefined
          : `${what} reads ${toReal(factors, raw)}, the settings say ${wanted}`;
      const steps = hysteresis === undefined ? 0 : hysteresis / step;
      return [
        near('lowest', one.sensorMin, min),
        near('highest', one.sensorMax, max),
        ...Object.entries(thresholds).map(([threshold, wanted]) =>
          near(threshold, one[threshold as 'uc'], wanted),
        ),
        Math.abs(one.positiveHysteresis - steps) <= 1
          ? undefined
          : `hysteresis is ${one.positiveHysteresis} steps of ${step}, the settings say ${hysteresis}`,
      ].find((problem) => problem !== undefined);
    });
    // Sensors that share all of this cannot be told apart here: one of them has to fit.
    if (!problems.includes(undefined)) throw new Error(`sensor ${name}: ${problems[0]}`);
  }
}
