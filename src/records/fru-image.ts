import { ERROR_CODES } from '../codec/index.ts';
import { checksum, spacedHex, multirecordArea, type FruRecord } from './fru-multirecord.ts';
import { ENGLISH, languageCode, languageOf, textField } from './fru-text.ts';

const FORMAT = 0x01;
const END = 0xc1;
/** Areas begin at, and are long, so many units of eight bytes at most. */
const MOST_UNITS = 0xff;
/** Manufacturing dates count minutes from here; 0 is a date that nobody gave. */
const EPOCH = Date.UTC(1996, 0, 1);
const MINUTE = 60_000;
const MOST_MINUTES = 0xff_ffff;

/** Content that a FRU device cannot hold, and where in it. */
export class FruError extends RangeError {
  override name = 'FruError';
  readonly code = ERROR_CODES.FruError;
  readonly path: readonly (string | number)[];

  constructor(message: string, path: readonly (string | number)[]) {
    super(message);
    this.path = path;
  }
}

export interface FruChassis {
  /** SMBIOS chassis type; 23: rack mount. */
  readonly type?: number;
  /** At most 63 characters of Latin-1. */
  readonly partNumber?: string;
  /** Its serial number. */
  readonly serial?: string;
  /** More texts. */
  readonly custom?: readonly string[];
}

export interface FruBoard {
  /**
   * ISO 639 code of the texts' language (`ja`). Default: English, or one that the letters need: then two
   * bytes a character.
   */
  readonly language?: string;
  /** Who made it; at most 63 characters of Latin-1, or 31 of Unicode. */
  readonly manufacturer?: string;
  /** What the board is called. */
  readonly product?: string;
  /** Its serial number. */
  readonly serial?: string;
  /** Its part number. */
  readonly partNumber?: string;
  /** ISO 8601, to the minute, 1996-01-01T00:01 to 2027-11-24T20:15; without an offset it is UTC. */
  readonly date?: string;
  /** The version of the file that this was written from. */
  readonly fruFile?: string;
  /** More texts. */
  readonly custom?: readonly string[];
}

export interface FruProduct {
  /** As the board's. */
  readonly language?: string;
  /** Who made it. */
  readonly manufacturer?: string;
  /** What the product is called. */
  readonly name?: string;
  /** Its part or model number. */
  readonly partNumber?: string;
  /** Its version. */
  readonly version?: string;
  /** Its serial number. */
  readonly serial?: string;
  /** Its asset tag. */
  readonly assetTag?: string;
  /** The version of the file that this was written from. */
  readonly fruFile?: string;
  /** More texts. */
  readonly custom?: readonly string[];
}

export interface FruContent {
  /** Bytes that the BMC's firmware keeps for itself, in hex digits. */
  readonly internalUse?: string;
  /** The Chassis Info area. */
  readonly chassis?: FruChassis;
  /** The Board Info area. */
  readonly board?: FruBoard;
  /** The Product Info area. */
  readonly product?: FruProduct;
  /** Records, in this order; each with one of the keys below. */
  readonly multirecord?: readonly FruRecord[];
}

/**
 * The bytes of a FRU device: common header and the areas that there are, in `size` bytes. Throws FruError if
 * they do not fit.
 */
export function fruImage(
  { internalUse, chassis, board, product, multirecord }: FruContent,
  size: number,
): Uint8Array {
  const areas: readonly (readonly [keyof FruContent, Uint8Array | undefined])[] = [
    ['internalUse', internalUse === undefined ? undefined : internalUseArea(spacedHex(internalUse))],
    ['chassis', chassis && chassisArea(chassis)],
    ['board', board && boardArea(board)],
    ['product', product && productArea(product)],
    ['multirecord', multirecord && multirecord.length > 0 ? multirecordArea(multirecord) : undefined],
  ];
  const header = new Uint8Array(8);
  header[0] = FORMAT;
  const image = new Uint8Array(size);
  let at = header.length;
  for (const [i, [name, area]] of areas.entries()) {
    if (!area) continue;
    if (at + area.length > size) throw new FruError(`the FRU's areas take more than its ${size} bytes`, []);
    if (at / 8 > MOST_UNITS)
      throw new FruError(`an area begins at byte ${MOST_UNITS * 8} at the latest, this one at ${at}`, [name]);
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
  area('chassis', [type], { partNumber, serial }, custom, ENGLISH);

function boardArea({
  language,
  manufacturer = '',
  product = '',
  serial = '',
  partNumber = '',
  date,
  fruFile = '',
  custom = [],
}: FruBoard): Uint8Array {
  const texts = { manufacturer, product, serial, partNumber, fruFile };
  const code = languageFor('board', language, [...Object.values(texts), ...custom]);
  const minutes = date === undefined ? 0 : minutesOf(date);
  return area(
    'board',
    [code, minutes & 0xff, (minutes >> 8) & 0xff, (minutes >> 16) & 0xff],
    texts,
    custom,
    code,
  );
}

function productArea({
  language,
  manufacturer = '',
  name = '',
  partNumber = '',
  version = '',
  serial = '',
  assetTag = '',
  fruFile = '',
  custom = [],
}: FruProduct): Uint8Array {
  const texts = { manufacturer, name, partNumber, version, serial, assetTag, fruFile };
  const code = languageFor('product', language, [...Object.values(texts), ...custom]);
  return area('product', [code], texts, custom, code);
}

function languageFor(where: 'board' | 'product', name: string | undefined, texts: readonly string[]): number {
  if (name === undefined) return languageOf(texts);
  const code = languageCode(name);
  if (code === undefined)
    throw new FruError(`'${name}' is no language that FRU areas have a code for`, [where, 'language']);
  return code;
}

function minutesOf(date: string): number {
  const wrong = (message: string): FruError => new FruError(`${date}: ${message}`, ['board', 'date']);
  // What says no offset means the same on every machine.
  const time = Date.parse(/T.*(Z|[-+]\d\d:?\d\d)$/i.test(date) || !date.includes('T') ? date : `${date}Z`);
  const minutes = (time - EPOCH) / MINUTE;
  if (Number.isNaN(minutes))
    throw wrong('expected a date (2026-01-15) or a date and time (2026-01-15T12:30)');
  if (!Number.isInteger(minutes)) throw wrong('a FRU has its date to the minute, without seconds');
  if (minutes < 1 || minutes > MOST_MINUTES)
    throw wrong('a FRU can hold 1996-01-01T00:01 to 2027-11-24T20:15');
  return minutes;
}

/** Format, length in units of eight, fixed fields, texts, end mark, zeros, checksum. */
function area(
  where: 'chassis' | 'board' | 'product',
  fixed: readonly number[],
  texts: Readonly<Record<string, string>>,
  custom: readonly string[],
  language: number,
): Uint8Array {
  const field = (text: string, path: readonly (string | number)[]): number[] => {
    try {
      return textField(text, language);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw new FruError(error.message, [where, ...path]);
    }
  };
  const fields = [
    ...Object.entries(texts).flatMap(([name, text]) => field(text, [name])),
    ...custom.flatMap((text, i) => field(text, ['custom', i])),
  ];
  const units = Math.ceil((2 + fixed.length + fields.length + 2) / 8);
  if (units > MOST_UNITS)
    throw new FruError(`its texts take ${units * 8} bytes, of ${MOST_UNITS * 8} at most`, [where]);
  const out = new Uint8Array(units * 8);
  out.set([FORMAT, units, ...fixed, ...fields, END]);
  out[out.length - 1] = checksum(out);
  return out;
}
