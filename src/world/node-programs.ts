import { spawn, type ChildProcessByStdio } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import type { Program, Programs, Ran, RunOptions } from './world.ts';

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

const OUTPUT_LIMIT = 1 << 20;

/** Programs of the real world. */
export const nodePrograms: Programs = {
  async run(command, args, { timeout = 10_000, ...options } = {}) {
    const child = await started(command, args, options);
    const stdout = collected(child.stdout);
    const stderr = collected(child.stderr);
    return new Promise<Ran>((resolve) => {
      const timer = setTimeout(() => {
        child.kill('SIGKILL');
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

  async start(command, args, options = {}) {
    return new NodeProgram(await started(command, args, options));
  },
};

function started(command: string, args: readonly string[], { input = '', env, cwd }: RunOptions): Promise<Child> {
  return new Promise((resolve, reject) => {
    const child: Child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], cwd, env: { ...process.env, ...env } });
    child.once('error', reject);
    child.once('spawn', () => {
      child.off('error', reject);
      child.on('error', () => {}); // a signal that cannot be delivered any more
      resolve(child);
    });
    child.stdin.on('error', () => {}); // it need not read what it is given
    child.stdin.end(input);
  });
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
  readonly #child: Child;

  constructor(child: Child) {
    this.#child = child;
    this.pid = child.pid!;
    const killed = (): void => void child.kill('SIGKILL');
    process.once('exit', killed);
    child.on('close', (code) => {
      process.off('exit', killed);
      this.onExit?.(code);
    });
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => this.onOutput?.(data.toString('utf8')));
  }

  kill(how: 'term' | 'kill' = 'term'): void {
    this.#child.kill(how === 'term' ? 'SIGTERM' : 'SIGKILL');
  }
}
