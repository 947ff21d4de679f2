import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { problemOf, systemProblem } from './errors.ts';

/** Exit codes of a shell for what cannot be run. */
const NOT_FOUND = 127;
const NOT_EXECUTABLE = 126;
/** What a shell adds to the number of a signal. */
const SIGNALLED = 128;

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const;

/** How a program ended; without `why` it was not run, which was told. */
export interface Ended {
  readonly code: number;
  readonly why?: string;
}

/**
 * Runs it to its end; what it has left running in the background ends with it, where there is no terminal.
 */
export async function ran(
  [program, ...args]: readonly string[],
  env: Readonly<Record<string, string>>,
  signals: Signals,
): Promise<Ended> {
  // At a terminal it stays in the foreground, where a key's signal reaches it without us.
  const hasTerminal = process.stdin.isTTY;
  const child = spawn(program, args, {
    stdio: 'inherit',
    env: { ...process.env, ...env },
    detached: !hasTerminal,
  });
  signals.to(child, hasTerminal);
  try {
    const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
    return code === null
      ? { code: SIGNALLED + constants.signals[signal ?? 'SIGKILL'], why: `was ended by ${signal}` }
      : { code, why: `ended with ${code}` };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    process.stderr.write(`ipmi-bmc: ${systemProblem(error, program) ?? problemOf(error)}\n`);
    return { code: code === 'ENOENT' ? NOT_FOUND : NOT_EXECUTABLE };
  } finally {
    if (!hasTerminal) endGroup(child);
  }
}

function endGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // Nobody of the group is left.
  }
}

/** Signals of this process go to the command; the one that comes before there is one ends it at once. */
export class Signals {
  #child: ChildProcess | undefined;
  #hasTerminal = false;
  #early: NodeJS.Signals | undefined;
  #over: (() => void) | undefined;
  readonly #forward = (signal: NodeJS.Signals): void => {
    if (this.#over !== undefined) {
      if (signal === 'SIGTERM' || signal === 'SIGINT') this.#over();
    } else if (this.#child === undefined) this.#early = signal;
    // A terminal has sent it to the command as well.
    else if (!this.#hasTerminal || signal === 'SIGTERM' || signal === 'SIGHUP') this.#child.kill(signal);
  };

  constructor() {
    for (const signal of SIGNALS) process.on(signal, this.#forward);
  }

  to(child: ChildProcess, hasTerminal: boolean): void {
    this.#child = child;
    this.#hasTerminal = hasTerminal;
    if (this.#early !== undefined) child.kill(this.#early);
  }

  /** There is no command: what a signal that ends programs does. */
  endBy(over: () => void): void {
    this.#over = over;
  }

  off(): void {
    for (const signal of SIGNALS) process.off(signal, this.#forward);
  }
}
