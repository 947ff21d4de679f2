import type { SensorDeclaration } from './sensor-declaration.ts';

/** What tells a sensor from others. */
export type NamedSensor = Pick<SensorDeclaration, 'name' | 'number' | 'lun' | 'entityId' | 'entityInstance'>;

/**
 * The sensors that a text names: `Temp`, `Temp@3.1` (by its entity, as `ipmitool sdr elist` shows it), `@3.1`
 * or `3.1`, `#14` or `14` (by its number; that of LUN 0 where other LUNs have it too), `#1:14` (by LUN and
 * number). A name as it is goes before all others.
 */
export function sensorsNamed<T>(sensors: Iterable<T>, text: string, of: (sensor: T) => NamedSensor): T[] {
  const all = [...sensors];
  const matching = (test: (sensor: NamedSensor) => boolean): T[] => all.filter((sensor) => test(of(sensor)));
  const whole = matching(({ name }) => name === text);
  if (whole.length > 0) return whole;
  const [, name = '', id, instance] = /^(?:(.*)@)?(\d{1,3})\.(\d{1,3})$/.exec(text) ?? [];
  if (id !== undefined)
    return matching(
      (declaration) =>
        declaration.entityId === Number(id) &&
        declaration.entityInstance === Number(instance) &&
        (name === '' || declaration.name === name),
    );
  const [, lun, digits] = /^#?(?:([0-3]):)?(\d+|0x[\da-f]+)$/i.exec(text) ?? [];
  if (digits === undefined) return [];
  const numbered = matching(
    (declaration) =>
      declaration.number === Number(digits) && (lun === undefined || (declaration.lun ?? 0) === Number(lun)),
  );
  const first = numbered.filter((sensor) => (of(sensor).lun ?? 0) === 0);
  return first.length > 0 ? first : numbered;
}

/** What is wrong with a text that names no sensor, or several of them. */
export function unclearName(text: string, found: readonly NamedSensor[]): string {
  if (found.length === 0) return `there is no sensor '${text}'`;
  const places = found.map(
    (sensor) => `${sensor.name}@${sensor.entityId}.${sensor.entityInstance} (${numberText(sensor)})`,
  );
  return `${found.length} sensors are '${text}': name one of ${places.join(', ')}`;
}

/** `#14`, or `#1:14` on another LUN than 0: names one sensor alone. */
export const numberText = ({ number, lun = 0 }: NamedSensor): string =>
  lun === 0 ? `#${number}` : `#${lun}:${number}`;

/** The shortest text that names one sensor and no other. */
export function shortName<T>(sensors: Iterable<T>, sensor: T, of: (sensor: T) => NamedSensor): string {
  const all = [...sensors];
  const { name, entityId, entityInstance } = of(sensor);
  const isAlone = (text: string): boolean =>
    sensorsNamed(all, text, of).length === 1 && sensorsNamed(all, text, of)[0] === sensor;
  return [name, `${name}@${entityId}.${entityInstance}`].find(isAlone) ?? numberText(of(sensor));
}
