import { spawn } from 'node:child_process';
import { hostname } from 'node:os';
import { basename } from 'node:path';
import { HandlerStream } from '../cluster/handler-stream.ts';
import { nodeWorld } from '../world/node.ts';
import { clusterToReach, connectCluster, type ClusterReach } from './cluster-place.ts';
import { CliError, systemProblem } from './errors.ts';

export interface BusWorkerOptions extends ClusterReach {
  readonly shared?: boolean;
  /** Names, a comma between them. */
  readonly bmcs?: string;
  readonly label?: readonly string[];
}

/**
 * Runs a program with the bus of a cluster as its standard input and output: the lines are those of a handler
 * socket. The exit code is the program's. Rejects with CliError.
 */
export async function busWorker(
  [program, ...args]: readonly string[],
  { shared, bmcs, label = [], ...reach }: BusWorkerOptions,
): Promise<number> {
  const labels = Object.fromEntries(label.map(pairOf));
  const world = nodeWorld();
  const bus = await connectCluster(clusterToReach(reach), {
    file: reach.config,
    world,
    name: program,
    isPlain: true,
    until: new Promise(() => undefined),
    warn: (message) => void process.stderr.write(`ipmi-bmc: ${message}\n`),
  });
  const stream = new HandlerStream(bus, world, {
    from: `${basename(program)} on ${hostname()}, pid ${process.pid}`.slice(0, 128),
    shared,
    bmcs: bmcs?.split(',').map((name) => name.trim()),
    labels: label.length > 0 ? labels : undefined,
  });
  try {
    return await new Promise<number>((resolve, reject) => {
      const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
      child.once('error', (error) =>
        reject(
          new CliError(`${systemProblem(error, program) ?? error.message}; name a program that can be run`),
        ),
      );
      child.once('close', (code) => resolve(code ?? 1));
      for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => child.kill(signal));
      // A program that ends while something is written to it is no error of ours.
      child.stdin.on('error', () => undefined);
      child.stdout.on('data', (data: Uint8Array) => void stream.write(data));
      stream.onData = (data) => void child.stdin.write(data);
      stream.onClose = () => child.stdin.end();
    });
  } finally {
    stream.end();
    await stream.ended;
    await bus.close();
  }
}

function pairOf(text: string): [string, string] {
  const at = text.indexOf('=');
  if (at < 1) throw new CliError(`--label ${text}: expected key=value`);
  return [text.slice(0, at), text.slice(at + 1)];
}
