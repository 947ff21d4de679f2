import type { SensorState } from '../../control/answers.ts';
import { green, red, yellow } from '../colors.ts';
import { CliError } from '../errors.ts';
import { bmcNamed, daemonOf, pathOf } from './daemon.ts';
import type { Flags } from './flags.ts';
import { table, tell, type Column } from './tell.ts';
import { all, only, wordsOf } from './words.ts';

export interface SensorFlags extends Flags {
  /** A time: `5m`. */
  readonly over?: string;
}

const COLOURS: Readonly<Record<string, (text: string) => string>> = {
  ok: green,
  nc: yellow,
  cr: red,
  nr: red,
};
const THRESHOLDS = ['lnr', 'lc', 'lnc', 'unc', 'uc', 'unr'];

const valueOf = ({ value, unit, states }: SensorState): string => {
  if (value === null) return 'no reading';
  if (unit === null) return states.join(', ') || 'no state';
  return `${value} ${unit}`;
};

const COLUMNS: readonly Column<SensorState>[] = [
  { name: 'SENSOR', of: ({ name }) => name },
  { name: 'READING', of: valueOf },
  { name: 'STATUS', of: ({ status }) => status, colour: (text) => COLOURS[text]?.(text) ?? text },
  { name: 'TYPE', of: ({ type }) => type },
  {
    name: 'NUMBER',
    wide: true,
    right: true,
    of: ({ lun, number }) => (lun === 0 ? number : `${lun}:${number}`),
  },
  {
    name: 'THRESHOLDS',
    wide: true,
    of: ({ thresholds }) =>
      THRESHOLDS.filter((name) => name in thresholds)
        .map((name) => `${name}=${thresholds[name]}`)
        .join(' '),
  },
  { name: 'RAMP', wide: true, of: ({ ramps }) => (ramps ? 'yes' : undefined) },
];

export const SENSOR_VERBS = ['list', 'get', 'set', 'unset', 'unreadable', 'ramp'] as const;

/** Sensors of a BMC: read, and made to read something. */
export async function sensor(words: readonly string[], flags: SensorFlags): Promise<void> {
  const { bmc, verb, rest } = wordsOf(words, SENSOR_VERBS, 'list');
  if (flags.over !== undefined && verb !== 'ramp') throw new CliError('--over is for ramp');
  if (verb === 'list') only(rest, []);
  const needed = verb === 'set' || verb === 'ramp' ? ['SENSOR', 'VALUE'] : ['SENSOR'];
  const [name = '', text = ''] = verb === 'list' ? [] : all(rest, ...needed);
  const value = verb === 'set' || verb === 'ramp' ? numberOf(text) : null;
  const control = daemonOf(flags);
  const path = pathOf(await bmcNamed(control, bmc), '/sensors');
  if (verb === 'list') {
    const found = await control.get<{ sensors: SensorState[] }>(path);
    return tell(flags, found, () => table(COLUMNS, found.sensors, flags));
  }
  const sensorPath = `${path}/${encodeURIComponent(name)}`;
  const state = await (verb === 'get'
    ? control.get<SensorState>(sensorPath)
    : verb === 'unset'
      ? control.delete<SensorState>(sensorPath)
      : control.put<SensorState>(sensorPath, {
          value,
          ...(verb === 'ramp' && { ramp: flags.over ?? missing() }),
        }));
  return tell(flags, state, () => table(COLUMNS, [state], flags));
}

function missing(): never {
  throw new CliError('ramp needs --over, as --over 5m');
}

/** A reading, or states of a discrete sensor. */
function numberOf(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw new CliError(`${text}: expected a number`);
  return value;
}
