import { DecodeError } from '../codec/index.ts';
import type { FruBoard, FruChassis, FruContent, FruProduct } from './fru-image.ts';
import { checksum, readMultirecords, type FruRecord } from './fru-multirecord.ts';
import { fruTexts, languageName } from './fru-text.ts';

const HEADER = 8;
const UNIT = 8;
const EPOCH = Date.UTC(1996, 0, 1);
const MINUTE = 60_000;
const AREAS = ['internal use', 'chassis', 'board', 'product', 'multirecord'] as const;

/**
 * What a FRU device says (FRU Information Storage Definition §8-§16): `fruImage` turned round. Texts that are
 * empty are left out. Throws DecodeError where a header, an area or a record is cut, or its checksum is
 * wrong.
 */
export function readFru(image: Uint8Array): FruContent {
  if (image.length < HEADER || checksum(image.subarray(0, HEADER)) !== 0)
    throw wrong('header', 0, 'no FRU header, or its checksum is wrong');
  const starts = Array.from(image.subarray(1, 1 + AREAS.length), (units) => units * UNIT);
  const [internalUse, chassis, board, product, multirecord] = starts.map((start, i) => {
    if (start === 0) return undefined;
    if (start >= image.length) throw wrong(AREAS[i], 1 + i, `begins at byte ${start} of ${image.length}`);
    if (i === 0)
      return image.subarray(start, Math.min(...starts.filter((other) => other > start), image.length));
    return i === AREAS.length - 1 ? image.subarray(start) : areaAt(image, start, AREAS[i]);
  });
  return {
    ...(internalUse && { internalUse: Array.from(internalUse.subarray(1), hex).join('') }),
    ...(chassis && { chassis: chassisOf(chassis) }),
    ...(board && { board: boardOf(board) }),
    ...(product && { product: productOf(product) }),
    ...(multirecord && { multirecord: readMultirecords(multirecord) satisfies readonly FruRecord[] }),
  };
}

const hex = (byte: number): string => byte.toString(16).padStart(2, '0');
const wrong = (field: string, offset: number, problem: string): DecodeError =>
  new DecodeError('FRU', field, offset, problem);

function areaAt(image: Uint8Array, start: number, name: string): Uint8Array {
  const length = (image[start + 1] ?? 0) * UNIT;
  const area = image.subarray(start, start + length);
  if (length === 0 || area.length < length)
    throw wrong(name, start, `${length} bytes, of which ${area.length} are there`);
  if (checksum(area) !== 0) throw wrong(name, start, 'its checksum is wrong');
  return area;
}

const ENGLISH = 0;

function chassisOf(area: Uint8Array): FruChassis {
  return { type: area[2], ...named(['partNumber', 'serial'], fruTexts(area, 3, ENGLISH)) };
}

function boardOf(area: Uint8Array): FruBoard {
  const minutes = area[3] | (area[4] << 8) | (area[5] << 16);
  const date =
    minutes === 0 ? {} : { date: new Date(EPOCH + minutes * MINUTE).toISOString().replace(':00.000Z', 'Z') };
  const texts = named(
    ['manufacturer', 'product', 'serial', 'partNumber', 'fruFile'],
    fruTexts(area, 6, area[2]),
  );
  return { language: languageName(area[2]), ...date, ...texts };
}

function productOf(area: Uint8Array): FruProduct {
  const names = ['manufacturer', 'name', 'partNumber', 'version', 'serial', 'assetTag', 'fruFile'] as const;
  return { language: languageName(area[2]), ...named(names, fruTexts(area, 3, area[2])) };
}

/** Texts by name, the rest of them as `custom`. */
function named<N extends string>(
  names: readonly N[],
  texts: readonly string[],
): { [K in N]?: string } & { custom?: readonly string[] } {
  const own = names.flatMap((name, i) => (texts[i] ? [[name, texts[i]] as const] : []));
  const custom = texts.slice(names.length);
  return { ...Object.fromEntries(own), ...(custom.length > 0 && { custom }) } as { [K in N]?: string } & {
    custom?: readonly string[];
  };
}
