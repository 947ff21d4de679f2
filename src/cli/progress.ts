import type { Fleet } from '../fleet/index.ts';

/** Fewer are there before anybody has read the line. */
const WORTH_IT = 100;
const WIDTH = 30;

type Terminal = { readonly isTTY?: boolean; write(text: string): unknown };

/** A bar on a terminal that is written over again and again; nothing where nobody watches. */
export function showCount(
  subject: string,
  terminal: Terminal | undefined,
): { readonly show: (done: number, all: number) => void; readonly end: () => void } {
  if (!terminal?.isTTY) return { show: () => undefined, end: () => undefined };
  let shown = '';
  return {
    show(done, all) {
      const full = Math.floor((done / all) * WIDTH);
      const bar = `${'#'.repeat(full)}${'.'.repeat(WIDTH - full)}`;
      if (bar === shown) return;
      shown = bar;
      terminal.write(`\r[${bar}] ${done} of ${all} ${subject}`);
    },
    end: () => void terminal.write('\r\x1b[K'),
  };
}

/** A bar on a terminal while many BMCs are opened. Returns what takes it away. */
export function showProgress(
  fleet: Pick<Fleet, 'onProgress'>,
  count: number,
  terminal: Terminal = process.stderr,
): () => void {
  if (!terminal.isTTY || count < WORTH_IT) return () => undefined;
  const { show, end } = showCount('BMCs', terminal);
  const off = fleet.onProgress(show);
  return () => {
    off();
    end();
  };
}
