import type { SensorHistoryShown, SensorState } from '../../control/answers.ts';
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

/** What one has read, in short. */
interface Past {
  readonly name: string;
  readonly count: number;
  readonly lowest: number | undefined;
  readonly mean: number | undefined;
  readonly highest: number | undefined;
  readonly last: number | undefined;
}

const PAST: readonly Column<Past>[] = [
  { name: 'SENSOR', of: ({ name }) => name },
  { name: 'VALUES', right: true, of: ({ count }) => count },
  { name: 'LOWEST', right: true, of: ({ lowest }) => lowest },
  { name: 'MEAN', right: true, of: ({ mean }) => mean },
  { name: 'HIGHEST', right: true, of: ({ highest }) => highest },
  { name: 'LAST', right: true, of: ({ last }) => last },
];

function pastOf({ name, values }: SensorHistoryShown['sensors'][number]): Past {
  const read = values.filter((value) => value !== null);
  const isNone = read.length === 0;
  const mean = read.reduce((sum, value) => sum + value, 0) / read.length;
  return {
    name,
    count: read.length,
    lowest: isNone ? undefined : Math.min(...read),
    mean: isNone ? undefined : Math.round(mean * 100) / 100,
    highest: isNone ? undefined : Math.max(...read),
    last: values.at(-1) ?? undefined,
  };
}

export const SENSOR_VERBS = ['list', 'get', 'set', 'unset', 'unreadable', 'ramp', 'history'] as const;

/** Sensors of a BMC: read, and made to read something. */
export async function sensor(words: readonly string[], flags: SensorFlags): Promise<void> {
  const { bmc, verb, rest } = wordsOf(words, SENSOR_VERBS, 'list');
  if (flags.over !== undefined && verb !== 'ramp') throw new CliError('--over is for ramp');
  const isOfAll = verb === 'list' || verb === 'history';
  if (isOfAll) only(rest, []);
  const needed = verb === 'set' || verb === 'ramp' ? ['SENSOR', 'VALUE'] : ['SENSOR'];
  const [name = '', text = ''] = isOfAll ? [] : all(rest, ...needed);
  const value = verb === 'set' || verb === 'ramp' ? numberOf(text) : null;
  const control = daemonOf(flags);
  const named = await bmcNamed(control, bmc);
  const path = pathOf(named, '/sensors');
  if (verb === 'history') {
    const past = await control.get<SensorHistoryShown>(pathOf(named, '/sensor-history'));
    return tell(flags, past, () => table(PAST, past.sensors.map(pastOf), flags));
  }
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
