import { byName, codesOf } from './table.ts';

/**
 * Unit types, IPMI 2.0 §43.17 table 43-15, as far as sensors of a server use them: code, and what settings
 * call it.
 */
const UNITS = {
  Unspecified: [0, 'unspecified'],
  DegreesC: [1, 'degrees C'],
  DegreesF: [2, 'degrees F'],
  DegreesK: [3, 'degrees K'],
  Volts: [4, 'Volts'],
  Amps: [5, 'Amps'],
  Watts: [6, 'Watts'],
  Joules: [7, 'Joules'],
  Rpm: [18, 'RPM'],
  Hertz: [19, 'Hz'],
  Seconds: [23, 'seconds'],
  Minutes: [24, 'minutes'],
  Hours: [25, 'hours'],
  Cfm: [17, 'CFM'],
  Percent: [0, 'percent'],
} as const;

export const Unit = codesOf(UNITS);
/** Codes by name. */
export const units: Readonly<Record<string, number>> = byName(UNITS);
