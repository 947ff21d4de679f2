import { createConnection } from 'node:net';
import { CliError, systemProblem } from './errors.ts';

/**
 * Presses a button of the front panel of a running BMC, by its handler socket. 0: it did something; 1: it is
 * disabled or means nothing now.
 */
export function press(path: string, button: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ path });
    let text = '';
    socket.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        new CliError(
          `${error.code === 'ENOENT' ? `${path}: no such socket` : systemProblem(error, path)}; is the BMC running with --handler-socket ${path}?`,
        ),
      ),
    );
    socket.once('close', () => reject(new CliError(`${path}: the BMC ended the connection`)));
    socket.once('connect', () =>
      socket.write(`{"type":"hello","protocol":1}\n${JSON.stringify({ type: 'press', id: 1, button })}\n`),
    );
    socket.on('data', (data: Buffer) => {
      text += String(data);
      const [, pressed] = /"type":"pressed","id":1,"done":(true|false)/.exec(text) ?? [];
      const [, problem] = /"type":"error","problem":("(?:[^"\\]|\\.)*")/.exec(text) ?? [];
      if (problem !== undefined) reject(new CliError(JSON.parse(problem) as string));
      else if (pressed !== undefined) resolve(pressed === 'true' ? 0 : 1);
      else return;
      socket.destroy();
    });
  });
}
