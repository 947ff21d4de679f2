// What one BMC with 100 sensors, 1,000 SEL entries and 3 FRU devices takes of the heap, part by part.
import { spawnSync } from 'node:child_process';
import { weight } from './fleet.ts';

const kilobytes = (bytes: number): string => `${(bytes / 1024).toFixed(1)} KiB`;

export function run(): void {
  const { stdout, stderr } = spawnSync(process.execPath, ['--expose-gc', 'bench/first.mjs'], {
    encoding: 'utf8',
  });
  if (stdout === '') throw new Error(stderr);
  const { library, first } = JSON.parse(stdout) as { library: number; first: number };
  const bare = weight('no-parts');
  const parts = (['sensors', 'sel', 'fru'] as const).map((kind) => [kind, weight(kind) - bare] as const);
  const names = {
    sensors: '100 sensors with their records',
    sel: '1,000 SEL entries',
    fru: '3 FRU devices of 1 KiB',
  };
  console.log('| what | heap |\n|---|---|');
  console.log(`| the library in an empty process | ${kilobytes(library)} |`);
  console.log(
    `| the first BMC with everything below, the code that runs for it included | ${kilobytes(first)} |`,
  );
  console.log(`| each further one | ${kilobytes(weight('whole'))} |`);
  console.log(`| of that: the BMC itself | ${kilobytes(bare)} |`);
  for (const [kind, bytes] of parts) console.log(`| of that: ${names[kind]} | ${kilobytes(bytes)} |`);
}
