import { units } from '../commands/codes/units.ts';
import type { Bmc } from '../bmc.ts';
import { spanOf, type AnalogDeclaration } from '../machine/sensors/sensor-declaration.ts';
import type { Sensor } from '../machine/sensors/sensor.ts';
import { refusal } from './problem.ts';

/** The bits of a discrete sensor's states (IPMI 2.0 §35.14). */
const ALL_STATES = 0x7fff;

export const nameOfCode = (table: Readonly<Record<string, number>>, code: number): string | undefined =>
  Object.keys(table).find((name) => table[name] === code);

export const unitOf = ({ percentage, unit }: AnalogDeclaration): string =>
  percentage ? 'percent' : (nameOfCode(units, unit) ?? `unit ${unit}`);

/**
 * Whoever says what a sensor is to read means that and no other value: one that it cannot read is refused
 * with its range, and nothing is changed. Throws ControlError.
 */
export function checkReadable({ sensors }: Bmc, sensor: Sensor, value: number, key: string): void {
  const expected = expectedOf(sensor, value);
  if (expected === undefined) return;
  const name = sensors.nameOf(sensor);
  throw refusal('bad-request', `${key}: '${name}' cannot read ${value}: expected ${expected}`, { key });
}

/** Undefined: it can read the value. */
function expectedOf({ declaration }: Sensor, value: number): string | undefined {
  const { analog } = declaration;
  if (!analog)
    return Number.isInteger(value) && value >= 0 && value <= ALL_STATES
      ? undefined
      : 'its states, a bit each: a whole number of 0 to 32767 (7FFFh)';
  const [least, most] = spanOf(declaration, analog);
  return value >= least && value <= most ? undefined : `${least} to ${most} ${unitOf(analog)}`;
}

/** The same of a sensor by its name; who has none of that name says so itself. Throws ControlError. */
export function checkReadableOf(bmc: Bmc, name: string, value: number, key: string): void {
  const found = bmc.sensors.named(name);
  if (typeof found !== 'string') checkReadable(bmc, found, value, key);
}
