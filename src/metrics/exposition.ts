/** Values by label names; undefined: no labels. */
export type Labels = Readonly<Record<string, string>>;

export interface Sample {
  readonly labels?: Labels;
  readonly value: number;
  /** Of a histogram: `_bucket`, `_sum`, `_count`. Of a counter nothing: `_total` follows from the type. */
  readonly suffix?: '_bucket' | '_sum' | '_count';
}

/** One metric with all its samples. */
export interface Family {
  /** Without the suffix of its type. */
  readonly name: string;
  readonly type: 'gauge' | 'counter' | 'histogram' | 'summary';
  readonly help: string;
  readonly samples: readonly Sample[];
}

/** Media types of the two forms. */
export const OPEN_METRICS = 'application/openmetrics-text; version=1.0.0; charset=utf-8';
export const PROMETHEUS = 'text/plain; version=0.0.4; charset=utf-8';

/** The form that a scraper asks for by its Accept header: OpenMetrics where it is named, and not as `q=0`. */
export function formFor(accept: string | null): typeof OPEN_METRICS | typeof PROMETHEUS {
  const wanted = (accept ?? '').split(',').some((range) => {
    const [type, ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    return (
      type === 'application/openmetrics-text' &&
      !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter))
    );
  });
  return wanted ? OPEN_METRICS : PROMETHEUS;
}

/** Families as a text that a scraper reads. Those without samples are left out. */
export function textOf(families: readonly Family[], form: string): string {
  const isOpen = form === OPEN_METRICS;
  const blocks = families
    .filter(({ samples }) => samples.length > 0)
    .map((family) => {
      // The older form knows a counter by its whole name.
      const head = family.type === 'counter' && !isOpen ? `${family.name}_total` : family.name;
      return [
        `# HELP ${head} ${escaped(family.help, isOpen)}`,
        `# TYPE ${head} ${family.type}`,
        ...family.samples.map((sample) => line(family, sample)),
      ].join('\n');
    });
  return [...blocks, ...(isOpen ? ['# EOF'] : [])].map((block) => `${block}\n`).join('');
}

function line({ name, type }: Family, { labels, value, suffix }: Sample): string {
  const pairs = Object.entries(labels ?? {}).map(([label, text]) => `${label}="${escaped(text, true)}"`);
  const whole = `${name}${suffix ?? (type === 'counter' ? '_total' : '')}`;
  return `${whole}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''} ${numberText(value)}`;
}

const escaped = (text: string, quotes: boolean): string => {
  const lines = text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
  return quotes ? lines.replaceAll('"', '\\"') : lines;
};

export function numberText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  return String(value);
}
