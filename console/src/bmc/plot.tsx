import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';

interface Props {
  readonly title: string;
  /** Seconds since 1970, and what was read then. */
  readonly points: { readonly times: readonly number[]; readonly values: readonly (number | null)[] };
  readonly thresholds: Readonly<Record<string, number>>;
}

const HEIGHT = 220;
const colour = (name: string): string =>
  getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** A value over time, with its thresholds as lines across. */
export function Plot({ title, points, thresholds }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const key = JSON.stringify(thresholds);
  const across = Object.entries(thresholds);
  const data: uPlot.AlignedData = [
    [...points.times],
    [...points.values],
    ...across.map(([, at]) => points.times.map(() => at)),
  ];
  useEffect(() => {
    const box = place.current;
    if (box === null) return undefined;
    const axis = {
      stroke: colour('--text'),
      grid: { stroke: colour('--line') },
      ticks: { stroke: colour('--line') },
    };
    plot.current = new uPlot(
      {
        width: box.clientWidth,
        height: HEIGHT,
        legend: { show: false },
        cursor: { drag: { x: false, y: false } },
        axes: [axis, { ...axis, size: 60 }],
        series: [
          {},
          { label: title, stroke: colour('--accent'), width: 2, spanGaps: false },
          ...across.map(([name]) => ({
            label: name,
            stroke: colour(name.endsWith('nc') ? '--warning' : '--critical'),
            width: 1,
            dash: [6, 4],
            points: { show: false },
          })),
        ],
      },
      data,
      box,
    );
    const resize = new ResizeObserver(() =>
      plot.current?.setSize({ width: box.clientWidth, height: HEIGHT }),
    );
    resize.observe(box);
    return () => {
      resize.disconnect();
      plot.current?.destroy();
    };
  }, [title, key]);
  useEffect(() => plot.current?.setData(data), [points]);
  const read = points.values.filter((value) => value !== null);
  const words =
    read.length === 0
      ? 'nothing read yet'
      : `${read.length} readings, from ${Math.min(...read)} to ${Math.max(...read)}`;
  return (
    <figure class="plot">
      <div ref={place} role="img" aria-label={`Plot of ${title}: ${words}`} />
      <figcaption class="hint">
        {words}
        {across.length > 0 && `; dashed: ${across.map(([name, at]) => `${name} ${at}`).join(', ')}`}
      </figcaption>
    </figure>
  );
}
