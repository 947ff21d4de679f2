import type { Bmc } from '../bmc.ts';
import { traced, traceLines, type Traced } from '../taps/index.ts';
import type { World } from '../world/world.ts';
import { filterOption } from './filter-option.ts';
import { localTime } from './log.ts';
import type { Onlooker } from './onlooker.ts';
import { plain } from './output.ts';

export interface TraceOptions {
  readonly trace?: boolean;
  /** Terms that all have to hold. */
  readonly traceFilter?: string;
  /** Lines are JSON. */
  readonly json?: boolean;
  readonly logFormat?: string;
}

/**
 * Prints what passes, if that is asked for.
 *
 * @throws CliError for a filter that is none, with its column.
 */
export function openTrace(
  { trace, traceFilter, json, logFormat }: TraceOptions,
  { clock }: World,
  write: (line: string) => void,
): Onlooker | undefined {
  const filter = filterOption('--trace-filter', traceFilter);
  if (trace !== true && filter === undefined) return undefined;
  const isJson = (logFormat ?? (json === true ? 'json' : 'text')) === 'json';
  const add = ({ name, router, taps, satellites }: Bmc): void => {
    const tell = (seen: Traced): void => {
      if (filter !== undefined && !filter(seen)) return;
      // The wall clock may be set meanwhile: what is written is the time of now, less what has passed.
      const time = clock.now() - (clock.monotonic() - seen.at);
      write(isJson ? jsonLine(name, time, seen) : textLines(name, time, seen));
    };
    taps.add(traced(router, clock, tell));
    satellites.forEach(add);
  };
  return {
    add,
    close: () => Promise.resolve(),
  };
}

function jsonLine(bmc: string, time: number, entry: Traced): string {
  const { at: _at, ...rest } = entry;
  return `${JSON.stringify({ time: new Date(time).toISOString(), bmc, trace: rest })}\n`;
}

/** Time, BMC, request, who asked from where, what, how it ended; whose handler it was, and faults. */
function textLines(bmc: string, time: number, entry: Traced): string {
  const [clockTime] = localTime(time).split(' ').slice(1);
  const [id, peer, more] =
    entry.kind === 'request'
      ? [`#${entry.id}  `, entry.peer && `${entry.peer}  `, moreOf(entry)]
      : [entry.kind === 'carried' ? `#${entry.id}  ` : '', '', ''];
  return traceLines(entry)
    .map((line) => `${clockTime}  ${bmc}  ${plain(`${id}${peer}${line}${more}`)}\n`)
    .join('');
}

function moreOf({ owner, faults }: Traced & { readonly kind: 'request' }): string {
  const by = owner === undefined ? '' : `  by ${owner}`;
  return faults.length === 0 ? by : `${by}  fault ${faults.join(', ')}`;
}
