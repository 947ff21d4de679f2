import { readFileSync } from 'node:fs';
import { CliError, reading } from '../errors.ts';

/** What a file says, or standard input (`-`): YAML, or JSON, which is YAML too. Rejects with CliError. */
export async function settingsIn(file: string): Promise<unknown> {
  const text = file === '-' ? readFileSync(0, 'utf8') : reading(file, () => readFileSync(file, 'utf8'));
  const { parse } = await import('yaml');
  try {
    return parse(text) as unknown;
  } catch (error) {
    const [line] = (error instanceof Error ? error.message : String(error)).split('\n', 1);
    throw new CliError(`${file}: ${line}`, { cause: error });
  }
}
