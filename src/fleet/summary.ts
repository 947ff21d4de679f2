import type { BmcOptions } from '../config/options.ts';
import type { Fleet } from './fleet.ts';
import { isSame, nameOf, planSteps, type Plan } from './plan.ts';

/**
 * A file that is written anew has another time, which is that of all its repositories. It is news for those
 * BMCs only that are made anew for another reason, which is what `plan` says: clients look at it to see
 * whether their copy still holds. A step a BMC.
 */
export function* sameTimes(
  { settings }: Pick<Fleet, 'settings'>,
  wanted: readonly BmcOptions[],
  written: string,
): Generator<undefined, { readonly plan: Plan; readonly bmcs: BmcOptions[] }> {
  const kept: BmcOptions[] = [];
  for (const options of wanted) {
    yield;
    const before = settings.get(nameOf(options))?.sdr;
    const isOther = before === undefined || options.sdr?.time !== written;
    kept.push(
      !isOther && isSame({ ...options.sdr, time: before.time }, before)
        ? { ...options, sdr: before }
        : options,
    );
  }
  const plan = yield* planSteps(settings, kept);
  const anew = new Set(plan.changed.filter(({ how }) => how === 'restart').map(({ name }) => name));
  return { plan, bmcs: wanted.map((options, i) => (anew.has(nameOf(options)) ? options : kept[i])) };
}

/** Most names of a kind in one line of the log. */
const NAMED = 10;

/** A plan as a line for people. */
export function summaryOf({
  added,
  removed,
  changed,
  unchanged,
}: Omit<Plan, 'unchanged'> & { readonly unchanged: { readonly length: number } }): string {
  const ofChanged = changed.map(
    ({ name, keys, how }) => `${name}: ${keys.map(({ key }) => key).join(' ')}, ${how}`,
  );
  return [
    part('added', added, ', '),
    part('removed', removed, ', '),
    part('changed', ofChanged, '; '),
    `${unchanged.length} unchanged`,
  ]
    .filter((text) => text !== undefined)
    .join(', ');
}

function part(change: string, names: readonly string[], between: string): string | undefined {
  if (names.length === 0) return undefined;
  const more = names.length > NAMED ? [`and ${names.length - NAMED} more`] : [];
  return `${names.length} ${change} (${[...names.slice(0, NAMED), ...more].join(between)})`;
}
