import type { Signals } from './with-program.ts';

/**
 * Resolves when standard input has ended, or at a signal that ends programs. False: a line of it said
 * `failed`, so that the capture is wanted.
 */
export function onEndOfInput(signals: Signals): Promise<boolean> {
  return new Promise((resolve) => {
    let isGood = true;
    let rest = '';
    const over = (): void => {
      process.stdin.destroy();
      resolve(isGood);
    };
    signals.endBy(over);
    process.stdin.setEncoding('utf8');
    process.stdin.on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = (lines.pop() ?? '').slice(0, 80);
      if (lines.includes('failed')) isGood = false;
    });
    process.stdin.once('end', over);
    process.stdin.once('error', over);
  });
}
