import { z } from 'zod';
import { languageCode } from '../records/fru-text.ts';
import { dateTime, latin1Text, plainText } from '../settings/texts.ts';

/** Of an area without a language of its own. */
const latin1 = latin1Text(z, 63);
const text = plainText(z, 63);
/** A field holds whole units of such a size: what lies between two is refused, and not rounded. */
const inUnitsOf = (unit: number, least: number, most: number) =>
  z
    .number()
    .min(least)
    .max(most)
    .refine(
      (value) => Math.abs(value / unit - Math.round(value / unit)) < 1e-6,
      `expected a multiple of ${unit}`,
    );
const rising = <T extends number>(pair: z.ZodType<[T, T]>) =>
  pair.refine(([low, high]) => low <= high, 'expected the lower one first');
const byte = z.int().min(0).max(255);
const custom = z.array(text).optional();
const language = z
  .string()
  .refine(
    (name) => languageCode(name) !== undefined,
    'expected a language of ISO 639 in two letters (de, ja, zh ...)',
  )
  .optional();
const hex = z.string().regex(/^(\s*[\da-f]{2})*\s*$/i, 'expected hex digits, two a byte');
const volts = inUnitsOf(0.01, -327.68, 327.67);
const range = rising(z.tuple([volts, volts]));
const thousandths = inUnitsOf(0.001, 0, 65.535);
/** FFh and the like say that nothing is said. */
const SAID = { byte: 0xfe, word: 0xfffe, twelveBits: 0xffe };

const powerSupply = z.strictObject({
  capacity: z.int().min(0).max(4095),
  peakVa: z.int().min(0).max(SAID.word).optional(),
  inrush: z.int().min(0).max(SAID.byte).optional(),
  inrushInterval: byte.optional(),
  input: range.optional(),
  input2: range.optional(),
  frequency: rising(z.tuple([byte, byte])).optional(),
  dropout: byte.optional(),
  hotSwap: z.boolean().optional(),
  autoswitch: z.boolean().optional(),
  powerFactorCorrection: z.boolean().optional(),
  predictiveFail: z.boolean().optional(),
  peak: z
    .strictObject({ watts: z.int().min(0).max(SAID.twelveBits), seconds: z.int().min(0).max(15) })
    .optional(),
});
const dcLoad = {
  output: z.int().min(0).max(15),
  nominal: volts,
  low: volts.optional(),
  high: volts.optional(),
  ripple: thousandths.optional(),
  current: rising(z.tuple([thousandths, thousandths])).optional(),
};
const LIMITS = 'expected low, nominal and high in this order';
const inOrder = ({ low, nominal, high }: { low?: number; nominal: number; high?: number }): boolean =>
  (low ?? nominal) <= nominal && nominal <= (high ?? nominal);
const managementAccess = z
  .strictObject({
    systemUrl: latin1Text(z, 250).optional(),
    systemName: latin1Text(z, 64).optional(),
    systemPing: latin1Text(z, 64).optional(),
    componentUrl: latin1Text(z, 250).optional(),
    componentName: latin1Text(z, 250).optional(),
    componentPing: latin1Text(z, 64).optional(),
  })
  .refine((texts) => Object.keys(texts).length > 0, 'expected at least one of its texts');
/** A record's length is a byte, and the maker's number comes first. */
const MOST_DATA = 252;
const oem = z.strictObject({
  type: z.int().min(0xc0).max(0xff),
  manufacturerId: z.int().min(0).max(0xffffff),
  data: hex.refine(
    (data) => data.replace(/\s/g, '').length <= 2 * MOST_DATA,
    `expected at most ${MOST_DATA} bytes`,
  ),
});

const record = z
  .strictObject({
    powerSupply: powerSupply.optional(),
    dcOutput: z
      .strictObject({ ...dcLoad, standby: z.boolean().optional() })
      .refine(inOrder, LIMITS)
      .optional(),
    dcLoad: z.strictObject(dcLoad).refine(inOrder, LIMITS).optional(),
    managementAccess: managementAccess.optional(),
    oem: oem.optional(),
  })
  .refine(
    (record) => Object.keys(record).length === 1,
    'expected one of powerSupply, dcOutput, dcLoad, managementAccess, oem',
  );

/** What a FRU device holds, area by area, or as a file. */
export const fruContent = {
  internalUse: hex.optional(),
  chassis: z
    .strictObject({
      type: byte.optional(),
      partNumber: latin1.optional(),
      serial: latin1.optional(),
      custom: z.array(latin1).optional(),
    })
    .optional(),
  board: z
    .strictObject({
      language,
      manufacturer: text.optional(),
      product: text.optional(),
      serial: text.optional(),
      partNumber: text.optional(),
      date: dateTime(z).or(z.iso.date('expected a date and time (2026-01-15T12:30)')).optional(),
      fruFile: text.optional(),
      custom,
    })
    .optional(),
  product: z
    .strictObject({
      language,
      manufacturer: text.optional(),
      name: text.optional(),
      partNumber: text.optional(),
      version: text.optional(),
      serial: text.optional(),
      assetTag: text.optional(),
      fruFile: text.optional(),
      custom,
    })
    .optional(),
  multirecord: z.array(record).optional(),
  deviceType: byte.optional(),
  deviceTypeModifier: byte.optional(),
  size: z.int().min(64).max(65535).optional(),
  file: z.string().min(1).optional(),
  byWords: z.boolean().optional(),
  readOnly: z.boolean().optional(),
  i2c: z
    .strictObject({
      address: z
        .int()
        .min(2)
        .max(0xfe)
        .refine((address) => address % 2 === 0, 'expected an even slave address'),
      bus: z.int().min(0).max(7).optional(),
      channel: z.int().min(0).max(11).optional(),
    })
    .refine(
      ({ bus, channel }) => bus === undefined || channel === undefined,
      'expected bus or channel, and not both',
    )
    .optional(),
};
