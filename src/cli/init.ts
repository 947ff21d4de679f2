import { writeFileSync } from 'node:fs';
import { CliError, systemProblem } from './errors.ts';
import { sample } from './sample.ts';

export function init(file: string): void {
  try {
    writeFileSync(file, sample, { flag: 'wx' });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new CliError(code === 'EEXIST' ? `${file} is there already; name another file` : (systemProblem(error) ?? message), { cause: error });
  }
  process.stdout.write(`wrote ${file}; next: ipmi-bmc run ${file}\n`);
}
