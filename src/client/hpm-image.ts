import { ERROR_CODES, hexBytes, hexText } from '../codec/index.ts';
import { Digest, hashes } from '../crypto/hash.ts';
import { type Version } from '../images/firmware-version.ts';
import {
  HPM_ACTION_SIZE,
  HPM_FIRMWARE_SIZE,
  HPM_HEADER_SIZE,
  HPM_SIGNATURE,
  HpmAction,
  HpmActionRecord,
  HpmFirmware,
  HpmHeader,
  MD5_SIZE,
  zeroChecksum,
} from '../images/hpm-image.ts';
import {
  DESCRIPTOR_SIZE,
  readDescriptor,
  writeDescriptor,
  type Descriptor,
} from '../images/image-descriptor.ts';
import type { Files, OpenFile } from '../world/world.ts';

/** A file that is no HPM.1 image, or a damaged one. */
export class HpmImageError extends Error {
  override name = 'HpmImageError';
  readonly code = ERROR_CODES.HpmImageError;
}

export interface HpmRecord {
  /** 0 backup, 1 prepare, 2 upload. */
  readonly action: number;
  /** A bit a component. */
  readonly components: number;
  readonly firmware?: HpmPart;
}

/** One component's firmware: where it lies in the file. */
export interface HpmPart {
  readonly component: number;
  readonly version: Version;
  readonly description: string;
  readonly position: number;
  readonly length: number;
  /** What the firmware says of itself (docs/firmware-update.md). */
  readonly descriptor: Descriptor | undefined;
}

export interface HpmImage {
  readonly header: HpmHeader;
  readonly records: readonly HpmRecord[];
  readonly size: number;
}

const READ = 65_536;

/**
 * Reads an image's records and checks its checksums and its MD5, a piece at a time. Rejects with
 * HpmImageError.
 */
export async function readHpmImage(file: OpenFile): Promise<HpmImage> {
  const size = await file.size();
  if (size < HPM_HEADER_SIZE + 1 + MD5_SIZE)
    throw new HpmImageError(`${size} bytes are too few for an HPM.1 image`);
  const first = await file.readAt(0, HPM_HEADER_SIZE);
  if (new TextDecoder('latin1').decode(first.subarray(0, 8)) !== HPM_SIGNATURE)
    throw new HpmImageError(`it does not begin with ${HPM_SIGNATURE}`);
  const header = HpmHeader.decode(first);
  if (header.formatVersion !== 0)
    throw new HpmImageError(`image format version ${header.formatVersion} is unknown`);
  await checkMd5(file, size);
  const begin = HPM_HEADER_SIZE + header.oemLength + 1;
  if (begin > size - MD5_SIZE) throw new HpmImageError('the header is cut');
  if (zeroChecksum(await file.readAt(0, begin)) !== 0)
    throw new HpmImageError("the header's checksum is wrong");
  const records: HpmRecord[] = [];
  for (let at = begin; at < size - MD5_SIZE;) {
    const { record, end } = await readRecord(file, at, size - MD5_SIZE);
    records.push(record);
    at = end;
  }
  return { header, records, size };
}

async function readRecord(
  file: OpenFile,
  at: number,
  limit: number,
): Promise<{ record: HpmRecord; end: number }> {
  const where = `the action record at byte ${at}`;
  if (at + HPM_ACTION_SIZE > limit) throw new HpmImageError(`${where} is cut`);
  const bytes = await file.readAt(at, HPM_ACTION_SIZE + HPM_FIRMWARE_SIZE);
  const { action, components } = HpmActionRecord.decode(bytes, 0, HPM_ACTION_SIZE);
  // The checksum is over the record's own three bytes, or, as some builders read the specification, over all
  // 34 before the firmware.
  const good =
    zeroChecksum(bytes.subarray(0, HPM_ACTION_SIZE)) === 0 ||
    (action === HpmAction.Upload && zeroChecksum(bytes) === 0);
  if (!good) throw new HpmImageError(`${where} has a wrong checksum`);
  if (action === HpmAction.Backup || action === HpmAction.Prepare)
    return { record: { action, components }, end: at + HPM_ACTION_SIZE };
  if (action !== HpmAction.Upload) throw new HpmImageError(`${where} has action ${action}, which is unknown`);
  const position = at + HPM_ACTION_SIZE + HPM_FIRMWARE_SIZE;
  if (position > limit) throw new HpmImageError(`${where} is cut`);
  const { major, minor, aux, description, length } = HpmFirmware.decode(bytes, HPM_ACTION_SIZE);
  if (position + length > limit)
    throw new HpmImageError(`${where} says ${length} bytes of firmware, ${limit - position} are there`);
  const component = Math.log2(components);
  if (!Number.isInteger(component)) throw new HpmImageError(`${where} is for no component, or for several`);
  const tail = await file.readAt(
    position + Math.max(0, length - DESCRIPTOR_SIZE),
    Math.min(length, DESCRIPTOR_SIZE),
  );
  const firmware = {
    component,
    version: { major, minor, aux: hexText(aux) },
    description,
    position,
    length,
    descriptor: readDescriptor(tail),
  };
  return { record: { action, components, firmware }, end: position + length };
}

async function checkMd5(file: OpenFile, size: number): Promise<void> {
  const digest = new Digest(hashes.md5);
  for (let at = 0; at < size - MD5_SIZE; at += READ)
    digest.update(await file.readAt(at, Math.min(READ, size - MD5_SIZE - at)));
  if (hexText(digest.finish()) !== hexText(await file.readAt(size - MD5_SIZE, MD5_SIZE)))
    throw new HpmImageError('its MD5 is wrong: it is damaged');
}

export interface HpmContent {
  readonly deviceId: number;
  readonly manufacturerId: number;
  readonly productId: number;
  /** Seconds since 1970. */
  readonly time: number;
  readonly version: Version;
  readonly earliest: Pick<Version, 'major' | 'minor'>;
  readonly parts: readonly HpmContentPart[];
  /** Each part ends with a descriptor; false: with nothing that is not in its file. */
  readonly describe: boolean;
  /** Makes an Ed25519 signature. */
  readonly sign?: (message: Uint8Array) => Uint8Array;
}

export interface HpmContentPart {
  readonly component: number;
  readonly version: Version;
  /** At most 21 characters. */
  readonly description: string;
  readonly file: string;
}

/** Writes an image, a piece at a time. Returns its size. */
export async function writeHpmImage(files: Files, path: string, content: HpmContent): Promise<number> {
  const { deviceId, manufacturerId, productId, time, version, earliest, parts, describe, sign } = content;
  const out = await files.open(path, 'write');
  const md5 = new Digest(hashes.md5);
  let at = 0;
  const put = async (data: Uint8Array): Promise<void> => {
    md5.update(data);
    await out.writeAt(at, data);
    at += data.length;
  };
  try {
    await out.truncate(0);
    const components = parts.reduce((mask, { component }) => mask | (1 << component), 0);
    const flags = { selfTest: true, automaticRollback: true, manualRollback: true, servicesAffected: false };
    const timeouts = { selfTestTimeout: 0, rollbackTimeout: 0, inaccessibilityTimeout: 0 };
    const versions = {
      ...version,
      aux: hexBytes(version.aux),
      earliestMajor: earliest.major,
      earliestMinor: earliest.minor,
    };
    const who = { signature: HPM_SIGNATURE, formatVersion: 0, deviceId, manufacturerId, productId, time };
    await put(
      checksummed(HpmHeader.encode({ ...who, ...flags, components, ...timeouts, ...versions, oemLength: 0 })),
    );
    await put(checksummed(Uint8Array.of(HpmAction.Prepare, components)));
    for (const { component, version: own, description, file } of parts) {
      const size = (await files.stat(file))?.size ?? 0;
      await put(checksummed(Uint8Array.of(HpmAction.Upload, 1 << component)));
      const length = size + (describe ? DESCRIPTOR_SIZE : 0);
      await put(HpmFirmware.encode({ ...own, aux: hexBytes(own.aux), description, length }));
      const digest = await copy(files, file, size, put);
      if (describe)
        await put(
          writeDescriptor(
            { version: own, earliest, component, deviceId, manufacturerId, productId, size, digest },
            sign,
          ),
        );
    }
    await out.writeAt(at, md5.finish());
    await out.datasync();
    return at + MD5_SIZE;
  } finally {
    await out.close();
  }
}

async function copy(
  files: Files,
  path: string,
  size: number,
  put: (data: Uint8Array) => Promise<void>,
): Promise<Uint8Array> {
  const file = await files.open(path, 'read');
  const digest = new Digest(hashes.sha256);
  try {
    for (let at = 0; at < size; at += READ) {
      const piece = await file.readAt(at, Math.min(READ, size - at));
      digest.update(piece);
      await put(piece);
    }
  } finally {
    await file.close();
  }
  return digest.finish();
}

const checksummed = (data: Uint8Array): Uint8Array => Uint8Array.from([...data, zeroChecksum(data)]);
