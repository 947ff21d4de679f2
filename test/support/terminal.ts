import { spawn } from 'node:child_process';

/** A program on a terminal of its own, of which somebody types and reads. */
export interface Terminal {
  /** Waits for a text behind what was waited for before; false: the program has ended without it. */
  readonly shows: (wanted: RegExp) => Promise<boolean>;
  readonly type: (text: string) => void;
  readonly ended: Promise<number | null>;
  /** All that it has said. */
  readonly said: () => string;
  /** Ends it, if it has not ended. */
  readonly kill: () => void;
}

/** A command line of the shell, on a terminal of its own (`script`). */
export function onTerminal(command: string, env: Readonly<Record<string, string>> = {}): Terminal {
  const child = spawn('script', ['-qefc', command, '/dev/null'], {
    env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin`, ...env },
  });
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  let out = '';
  let from = 0;
  let heard: () => void = () => undefined;
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data: Buffer) => {
      out += data.toString('latin1');
      heard();
    });
  // Who types may be late: the program is gone.
  child.stdin.on('error', () => {});
  return {
    async shows(wanted) {
      const found = new Promise<true>((resolve) => {
        heard = () => {
          const match = wanted.exec(out.slice(from));
          if (!match) return;
          from += match.index + match[0].length;
          heard = () => undefined;
          resolve(true);
        };
        heard();
      });
      return (await Promise.race([found, ended])) === true;
    },
    type: (text) => void child.stdin.write(text),
    ended,
    said: () => out,
    kill: () => void child.kill(),
  };
}

/**
 * Runs a client on a terminal of its own; each step waits for a text and then types what it says or returns.
 */
export async function converse(
  command: string,
  steps: readonly (readonly [RegExp, string | (() => Promise<string>)])[],
): Promise<{ code: number | null; out: string }> {
  const terminal = onTerminal(command);
  for (const [wanted, typed] of steps) {
    if (!(await terminal.shows(wanted))) break;
    terminal.type(typeof typed === 'string' ? typed : await typed());
  }
  const code = await terminal.ended;
  return { code, out: terminal.said() };
}
