import { spawn, type ChildProcess, type ChildProcessByStdio } from 'node:child_process';
import { open } from 'node:fs/promises';
import type { Readable, Writable } from 'node:stream';
import { inherited } from './environment.ts';
import type { Wall } from './wall.ts';
import type { Program, Programs, Ran, RunOptions, StartOptions } from './world.ts';

/** One that has been started, and so has a number. */
type Child = ChildProcessByStdio<Writable, Readable, Readable> & { readonly pid: number };
type Outliving = ChildProcess & { readonly pid: number };

const OUTPUT_LIMIT = 1 << 20;

/**
 * Programs of the real world, each the first of a process group of its own: what it starts can be ended with
 * it.
 */
export function nodePrograms(wall: Wall): Programs {
  /** Groups whose program runs; they end with this process. */
  const living = new Set<number>();
  const endAll = (): void => {
    for (const pid of living) signalGroup(pid, 'SIGKILL');
  };
  const started = async (command: string, args: readonly string[], options: RunOptions): Promise<Child> => {
    const child = await spawned(command, args, options);
    const { pid } = child;
    if (living.size === 0) process.once('exit', endAll);
    living.add(pid);
    child.once('exit', () => {
      living.delete(pid);
      if (living.size === 0) process.off('exit', endAll);
    });
    return child;
  };
  return {
    async run(command, args, { timeout = 10_000, ...options } = {}) {
      const child = await started(command, args, options);
      const stdout = collected(child.stdout);
      const stderr = collected(child.stderr);
      return new Promise<Ran>((resolve) => {
        const timer = setTimeout(() => {
          // A program that has done its work may have left a machine running; one that has not is ended with
          // all that it began.
          if (child.exitCode === null && child.signalCode === null) signalGroup(child.pid, 'SIGKILL');
          // What it has started may hold its output open for ever.
          child.stdout.destroy();
          child.stderr.destroy();
        }, timeout);
        child.on('close', (code) => {
          clearTimeout(timer);
          resolve({ code, stdout: stdout(), stderr: stderr() });
        });
      });
    },

    async start(command, args, { outlives, ...options }: StartOptions = {}) {
      const child =
        outlives === undefined
          ? await started(command, args, options)
          : await outliving(command, args, options, outlives);
      return new NodeProgram(child, command, wall);
    },
  };
}

function spawned(
  command: string,
  args: readonly string[],
  { input = '', env, cwd }: RunOptions,
): Promise<Child> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
      cwd,
      env: { ...inherited(), ...env },
    });
    child.once('error', reject);
    child.once('spawn', () => {
      child.off('error', reject);
      child.on('error', () => {}); // a signal that cannot be delivered any more
      resolve(child as Child);
    });
    child.stdin.on('error', () => {}); // it need not read what it is given
    child.stdin.end(input);
  });
}

/** One that goes on whatever becomes of this process. */
async function outliving(
  command: string,
  args: readonly string[],
  { env, cwd }: RunOptions,
  output: string,
): Promise<Outliving> {
  const file = await open(output, 'w', 0o600);
  try {
    return await new Promise((resolve, reject) => {
      const child = spawn(command, args, {
        stdio: ['ignore', file.fd, file.fd],
        detached: true,
        cwd,
        env: { ...inherited(), ...env },
      });
      child.once('error', reject);
      child.once('spawn', () => {
        child.off('error', reject);
        child.on('error', () => {}); // a signal that cannot be delivered any more
        resolve(child as Outliving);
      });
    });
  } finally {
    await file.close();
  }
}

/** A program and all that it has started, less what has made itself a session of its own. */
function signalGroup(pid: number, signal: 'SIGTERM' | 'SIGKILL'): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // Nobody of the group is left.
  }
}

function collected(stream: Readable): () => string {
  const chunks: Buffer[] = [];
  let size = 0;
  stream.on('data', (chunk: Buffer) => {
    if (size < OUTPUT_LIMIT) chunks.push(chunk.subarray(0, OUTPUT_LIMIT - size));
    size += chunk.length;
  });
  return () => Buffer.concat(chunks).toString('utf8');
}

class NodeProgram implements Program {
  readonly pid: number;
  onOutput: ((text: string) => void) | undefined;
  onExit: ((code: number | null) => void) | undefined;
  readonly #child: Child | Outliving;

  constructor(child: Child | Outliving, command: string, wall: Wall) {
    this.#child = child;
    this.pid = child.pid;
    child.on('close', (code) => wall.call('program end', command, this.onExit, code, undefined));
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (data: Buffer) =>
        wall.call('program output', command, this.onOutput, data.toString('utf8'), undefined, stream),
      );
  }

  kill(how: 'term' | 'kill' = 'term'): void {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    signalGroup(this.pid, how === 'term' ? 'SIGTERM' : 'SIGKILL');
  }

  release(): void {
    this.#child.unref();
  }
}
