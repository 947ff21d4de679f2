import { writeFileSync } from 'node:fs';
import { nodeWorld } from '../world/node.ts';
import type { Random } from '../world/world.ts';
import { randomPassword } from './default-server.ts';
import { CliError, problemOf } from './errors.ts';
import { program } from './output.ts';
import { sample } from './sample.ts';

/** The sample with passwords of its own: those that stand in it everybody knows. */
export const freshSample = (random: Random): string =>
  sample.replace(/\bpassword: change-me-\w+/g, () => `password: ${randomPassword(random)}`);

/** Writes the sample to a file that is not there yet and that this user alone may read. */
export function init(file: string): void {
  try {
    writeFileSync(file, freshSample(nodeWorld().random), { flag: 'wx', mode: 0o600 });
  } catch (error) {
    const taken = (error as NodeJS.ErrnoException).code === 'EEXIST';
    throw new CliError(taken ? `${file} is there already; name another file` : problemOf(error), {
      cause: error,
    });
  }
  process.stdout.write(`wrote ${file}, with random passwords; next: ${program()} run ${file}\n`);
}
