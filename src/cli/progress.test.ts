import { expect, test } from 'vitest';
import { showProgress } from './progress.ts';

test('F12: a bar on a terminal while many BMCs are opened, and nothing anywhere else', () => {
  for (const [isTTY, count, shown] of [
    [true, 1000, true],
    [false, 1000, false],
    [true, 5, false],
  ] as const) {
    let tell: (done: number, all: number) => void = () => undefined;
    const fleet = {
      onProgress(listener: (done: number, all: number) => void) {
        tell = listener;
        return () => void (tell = () => undefined);
      },
    };
    const written: string[] = [];
    const end = showProgress(fleet, count, { isTTY, write: (text: string) => written.push(text) });
    for (let done = 1; done <= count / 2; done++) tell(done, count);
    if (shown) expect(written.at(-1)).toBe(`\r[${'#'.repeat(15)}${'.'.repeat(15)}] 500 of 1000 BMCs`);
    // Not a line a BMC.
    expect(written.length).toBeLessThan(20);
    end();
    tell(count, count);
    expect(written.at(-1)).toBe(shown ? '\r\x1b[K' : undefined);
  }
});
