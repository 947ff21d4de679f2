import { fromLatin1 } from '../../codec/index.ts';
import { checksum, spacedHex, multirecordArea, type FruRecord } from './fru-records.ts';

/** Text of a FRU area; type/length bytes have six bits for the length (FRU Information Storage Definition §13). */
const LONGEST = 63;
const FORMAT = 0x01;
const ENGLISH = 25;
const END = 0xc1;
/** Manufacturing dates count minutes from here. */
const EPOCH = Date.UTC(1996, 0, 1);

export interface FruChassis {
  /** SMBIOS chassis type; 23: rack mount. */
  readonly type?: number;
  readonly partNumber?: string;
  readonly serial?: string;
  readonly custom?: readonly string[];
}

export interface FruBoard {
  readonly manufacturer?: string;
  readonly product?: string;
  readonly serial?: string;
  readonly partNumber?: string;
  /** ISO 8601. */
  readonly date?: string;
  readonly fruFile?: string;
  readonly custom?: readonly string[];
}

export interface FruProduct {
  readonly manufacturer?: string;
  readonly name?: string;
  readonly partNumber?: string;
  readonly version?: string;
  readonly serial?: string;
  readonly assetTag?: string;
  readonly fruFile?: string;
  readonly custom?: readonly string[];
}

export interface FruContent {
  /** Bytes that the BMC's firmware keeps for itself, in hex digits. */
  readonly internalUse?: string;
  readonly chassis?: FruChassis;
  readonly board?: FruBoard;
  readonly product?: FruProduct;
  readonly multirecord?: readonly FruRecord[];
}

/** The bytes of a FRU device: common header and the areas that there are, in `size` bytes. Throws RangeError if they do not fit. */
export function fruImage({ internalUse, chassis, board, product, multirecord }: FruContent, size: number): Uint8Array {
  const areas = [
    internalUse === undefined ? undefined : internalUseArea(spacedHex(internalUse)),
    chassis && chassisArea(chassis),
    board && boardArea(board),
    product && productArea(product),
    multirecord && multirecord.length > 0 ? multirecordArea(multirecord) : undefined,
  ];
  const header = new Uint8Array(8);
  header[0] = FORMAT;
  const image = new Uint8Array(size);
  let at = header.length;
  for (const [i, area] of areas.entries()) {
    if (!area) continue;
    if (at + area.length > size) throw new RangeError(`the FRU's areas take more than its ${size} bytes`);
    header[1 + i] = at / 8;
    image.set(area, at);
    at += area.length;
  }
  header[7] = checksum(header);
  image.set(header);
  return image;
}

/** Format, and bytes whose meaning is the firmware's. */
function internalUseArea(data: Uint8Array): Uint8Array {
  const area = new Uint8Array(Math.ceil((1 + data.length) / 8) * 8);
  area[0] = FORMAT;
  area.set(data, 1);
  return area;
}

const chassisArea = ({ type = 23, partNumber = '', serial = '', custom = [] }: FruChassis): Uint8Array =>
  area([type], [partNumber, serial, ...custom]);

function boardArea({ manufacturer = '', product = '', serial = '', partNumber = '', date, fruFile = '', custom = [] }: FruBoard): Uint8Array {
  const minutes = date === undefined ? 0 : Math.max(0, Math.floor((Date.parse(date) - EPOCH) / 60_000));
  return area(
    [ENGLISH, minutes & 0xff, (minutes >> 8) & 0xff, (minutes >> 16) & 0xff],
    [manufacturer, product, serial, partNumber, fruFile, ...custom],
  );
}

function productArea({
  manufacturer = '',
  name = '',
  partNumber = '',
  version = '',
  serial = '',
  assetTag = '',
  fruFile = '',
  custom = [],
}: FruProduct): Uint8Array {
  return area([ENGLISH], [manufacturer, name, partNumber, version, serial, assetTag, fruFile, ...custom]);
}

/** Format, length in units of eight, fixed fields, texts, end mark, zeros, checksum. */
function area(fixed: readonly number[], texts: readonly string[]): Uint8Array {
  const fields = texts.flatMap((text) => {
    if (text.length > LONGEST) throw new RangeError(`'${text}' is longer than ${LONGEST} characters`);
    // A length of 1 in type 3 would be the end mark: one character gets a blank behind it.
    const bytes = fromLatin1(text.length === 1 ? `${text} ` : text);
    return [0xc0 | bytes.length, ...bytes];
  });
  const used = 2 + fixed.length + fields.length + 2;
  const out = new Uint8Array(Math.ceil(used / 8) * 8);
  out.set([FORMAT, out.length / 8, ...fixed, ...fields, END]);
  out[out.length - 1] = checksum(out);
  return out;
}
