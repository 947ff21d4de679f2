import { spawn } from 'node:child_process';
import { connect } from 'node:net';
import { CliError, systemProblem } from './errors.ts';

/**
 * Runs a program with the handler socket as its standard input and output, until either ends. The exit code
 * is the program's.
 */
export function worker(path: string, [program, ...args]: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path });
    socket.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        new CliError(
          `${error.code === 'ENOENT' ? `${path}: no such socket` : systemProblem(error, path)}; is the BMC running with --handler-socket ${path}?`,
        ),
      ),
    );
    socket.once('connect', () => {
      const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
      child.once('error', (error) =>
        reject(
          new CliError(`${systemProblem(error, program) ?? error.message}; name a program that can be run`),
        ),
      );
      child.once('close', (code) => {
        socket.destroy();
        resolve(code ?? 1);
      });
      // A program that ends while the BMC writes to it is no error of ours.
      child.stdin.on('error', () => undefined);
      socket.pipe(child.stdin);
      child.stdout.pipe(socket);
    });
  });
}
