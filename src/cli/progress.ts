import type { Fleet } from '../fleet/index.ts';

/** Fewer are there before anybody has read the line. */
const WORTH_IT = 100;
const WIDTH = 30;

/** A bar on a terminal while many BMCs are opened. Returns what takes it away. */
export function showProgress(
  fleet: Pick<Fleet, 'onProgress'>,
  count: number,
  terminal: { readonly isTTY?: boolean; write(text: string): unknown } = process.stderr,
): () => void {
  if (!terminal.isTTY || count < WORTH_IT) return () => undefined;
  let shown = '';
  const off = fleet.onProgress((done, all) => {
    const full = Math.floor((done / all) * WIDTH);
    const bar = `${'#'.repeat(full)}${'.'.repeat(WIDTH - full)}`;
    if (bar === shown) return;
    shown = bar;
    terminal.write(`\r[${bar}] ${done} of ${all} BMCs`);
  });
  return () => {
    off();
    terminal.write('\r\x1b[K');
  };
}
