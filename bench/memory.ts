import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Bytes of heap that one of many takes; all of them are alive when it is measured. */
export function bytesEach(count: number, make: (n: number) => unknown): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  make(-1);
  collect();
  const before = process.memoryUsage().heapUsed;
  const all = Array.from({ length: count }, (_, n) => make(n));
  collect();
  return (process.memoryUsage().heapUsed - before) / all.length;
}
