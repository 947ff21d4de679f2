// Where the CPU of a row goes: a .cpuprofile of Node as a flame graph (SVG), and the functions that took
// most.
import { readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';

interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
    readonly children?: readonly number[];
  }[];
  /** Microseconds of the monotonic clock. */
  readonly startTime: number;
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

interface Frame {
  readonly name: string;
  /** Microseconds in it and below, and in itself. */
  total: number;
  self: number;
  readonly below: Frame[];
}

/** `(program)`, which stays, is what runs below JavaScript: the event loop and its receiving. */
const IDLE = '(idle)';

/** What ran since `from` (microseconds of the monotonic clock), as a tree; what waits is left out. */
export function flames(profile: CpuProfile, from: number): Frame {
  const byId = new Map(profile.nodes.map((node) => [node.id, node]));
  const own = new Map<number, number>();
  let at = profile.startTime;
  for (const [i, id] of profile.samples.entries()) {
    at += profile.timeDeltas[i];
    if (at >= from) own.set(id, (own.get(id) ?? 0) + profile.timeDeltas[i]);
  }
  const frame = (id: number): Frame => {
    const { callFrame, children = [] } = byId.get(id)!;
    const place = callFrame.url === '' ? '' : ` ${basename(callFrame.url)}:${callFrame.lineNumber + 1}`;
    const below = children
      .map(frame)
      .filter(({ name, total }) => total > 0 && name !== IDLE)
      .sort((a, b) => b.total - a.total);
    const self = Math.max(own.get(id) ?? 0, 0);
    return {
      name: `${callFrame.functionName || '(anonymous)'}${place}`,
      self,
      total: below.reduce((sum, { total }) => sum + total, self),
      below,
    };
  };
  return frame(profile.nodes[0].id);
}

export interface Share {
  readonly name: string;
  /** Of the whole, 0..1. */
  readonly share: number;
}

/** The functions that took most themselves, wherever they were called. */
export function hottest(root: Frame, count: number): Share[] {
  const own = new Map<string, number>();
  const visit = ({ name, self, below }: Frame): void => {
    own.set(name, (own.get(name) ?? 0) + self);
    for (const frame of below) visit(frame);
  };
  visit(root);
  const shares = [...own].map(([name, self]) => ({ name, share: root.total > 0 ? self / root.total : 0 }));
  return shares.sort((a, b) => b.share - a.share).slice(0, count);
}

const WIDTH = 1400;
const HEIGHT = 17;
const escaped = (text: string): string => text.replace(/[&<>"]/g, (one) => `&#${one.charCodeAt(0)};`);

/** A flame graph: a row a depth, callers below; titles tell names and shares. */
export function flameGraph(title: string, root: Frame): string {
  const boxes: string[] = [];
  let deepest = 0;
  const draw = (frame: Frame, depth: number, x: number): void => {
    const width = (frame.total / root.total) * WIDTH;
    if (width < 0.5) return;
    deepest = Math.max(deepest, depth);
    const label = escaped(frame.name);
    const fits = Math.floor(width / 6.5);
    // The hue follows the name, so that a function has one colour in all graphs.
    const hue = Buffer.from(frame.name).reduce((sum, byte) => (sum * 31 + byte) % 50, 0);
    const text =
      fits < 3
        ? ''
        : `<text x="${(x + 2).toFixed(1)}" y="${depth * HEIGHT + 12}">${escaped(frame.name.slice(0, fits))}</text>`;
    boxes.push(
      `<g><title>${label} ${((frame.total / root.total) * 100).toFixed(1)} %</title><rect x="${x.toFixed(1)}" y="${depth * HEIGHT}" ` +
        `width="${width.toFixed(1)}" height="${HEIGHT - 1}" fill="hsl(${hue} 85% 65%)"/>${text}</g>`,
    );
    let next = x;
    for (const below of frame.below) {
      draw(below, depth + 1, next);
      next += (below.total / root.total) * WIDTH;
    }
  };
  draw({ ...root, name: title }, 0, 0);
  const size = `width="${WIDTH}" height="${(deepest + 1) * HEIGHT}"`;
  const font = 'font-family="monospace" font-size="11"';
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} ${font}>\n${boxes.join('\n')}\n</svg>\n`;
}

/** Writes the flame graph beside the profile; the hottest functions of what ran since `from`. */
export function profiled(file: string, title: string, from: number): Share[] {
  const root = flames(JSON.parse(readFileSync(file, 'utf8')) as CpuProfile, from);
  writeFileSync(file.replace(/\.cpuprofile$/, '.svg'), flameGraph(title, root));
  return hottest(root, 8);
}
