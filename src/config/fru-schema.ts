import { z } from 'zod';

const text = (most: number) => z.string().max(most);
const byte = z.int().min(0).max(255);
const custom = z.array(text(63)).optional();
const hex = z.string().regex(/^(\s*[\da-f]{2})*\s*$/i, 'expected hex digits, two a byte');
const volts = z.number().min(-327).max(327);
const range = z.tuple([z.number(), z.number()]);
const milliamps = z.number().min(0).max(65.535);

const powerSupply = z.strictObject({
  capacity: z.int().min(0).max(4095),
  peakVa: z.int().min(0).max(65535).optional(),
  inrush: byte.optional(),
  inrushInterval: byte.optional(),
  input: range.optional(),
  input2: range.optional(),
  frequency: z.tuple([byte, byte]).optional(),
  dropout: byte.optional(),
  hotSwap: z.boolean().optional(),
  autoswitch: z.boolean().optional(),
  powerFactorCorrection: z.boolean().optional(),
  predictiveFail: z.boolean().optional(),
  peak: z.strictObject({ watts: z.int().min(0).max(4095), seconds: z.int().min(0).max(15) }).optional(),
});
const dcLoad = {
  output: z.int().min(0).max(15),
  nominal: volts,
  low: volts.optional(),
  high: volts.optional(),
  ripple: z.number().min(0).max(65).optional(),
  current: z.tuple([milliamps, milliamps]).optional(),
};
const managementAccess = z.strictObject({
  systemUrl: text(250).optional(),
  systemName: text(64).optional(),
  systemPing: text(64).optional(),
  componentUrl: text(250).optional(),
  componentName: text(250).optional(),
  componentPing: text(64).optional(),
});
const oem = z.strictObject({ type: z.int().min(0xc0).max(0xff), manufacturerId: z.int().min(0).max(0xffffff), data: hex });

const record = z.strictObject({
  powerSupply: powerSupply.optional(),
  dcOutput: z.strictObject({ ...dcLoad, standby: z.boolean().optional() }).optional(),
  dcLoad: z.strictObject(dcLoad).optional(),
  managementAccess: managementAccess.optional(),
  oem: oem.optional(),
});

/** What a FRU device holds, area by area, or as a file. */
export const fruContent = {
  internalUse: hex.optional(),
  chassis: z.strictObject({ type: byte.optional(), partNumber: text(63).optional(), serial: text(63).optional(), custom }).optional(),
  board: z
    .strictObject({
      manufacturer: text(63).optional(),
      product: text(63).optional(),
      serial: text(63).optional(),
      partNumber: text(63).optional(),
      date: z.iso
        .datetime({ local: true, offset: true, error: 'expected a date (2026-01-15)' })
        .or(z.iso.date('expected a date and time (2026-01-15T12:30)'))
        .optional(),
      fruFile: text(63).optional(),
      custom,
    })
    .optional(),
  product: z
    .strictObject({
      manufacturer: text(63).optional(),
      name: text(63).optional(),
      partNumber: text(63).optional(),
      version: text(63).optional(),
      serial: text(63).optional(),
      assetTag: text(63).optional(),
      fruFile: text(63).optional(),
      custom,
    })
    .optional(),
  multirecord: z.array(record).optional(),
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
    .optional(),
};
