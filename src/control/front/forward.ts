import { request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { refusal } from '../problem.ts';
import type { Caller } from '../caller.ts';
import { CALLER } from '../caller-header.ts';

/** Of one connection, and not of what is asked. */
const HOP = new Set(['connection', 'host', 'keep-alive', 'transfer-encoding', 'upgrade', CALLER]);

export const absent = (shard: number) =>
  refusal('unavailable', `shard ${shard} is not there just now: it is being started again`, {
    next: 'ask again',
  });

/** Gives a request to the shard whose it is, and its answer back as it comes. Rejects with ControlError. */
export function forward(
  { method, url, headers }: IncomingMessage,
  body: Buffer,
  response: ServerResponse,
  to: { readonly socket: string; readonly shard: number },
  caller: Caller,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const own = Object.entries(headers).filter(([name]) => !HOP.has(name));
    const asked = httpRequest(
      {
        socketPath: to.socket,
        method,
        path: url,
        headers: {
          ...Object.fromEntries(own),
          'content-length': body.length,
          host: 'localhost',
          [CALLER]: JSON.stringify(caller),
        },
        agent: false,
      },
      (answer) => {
        const headers = Object.entries(answer.headers).filter(([name]) => !HOP.has(name));
        response.writeHead(answer.statusCode ?? 500, Object.fromEntries(headers));
        answer.pipe(response);
        // What is cut off there is cut off here.
        answer.once('error', () => response.destroy());
        response.once('close', () => {
          answer.destroy();
          resolve();
        });
      },
    );
    asked.once('error', () => (response.headersSent ? response.destroy() : reject(absent(to.shard))));
    response.once('close', () => asked.destroy());
    asked.end(body);
  });
}

/** A connection that is to be something else (a console): from here on bytes go both ways. */
export function forwardUpgrade(
  { method, url, headers }: IncomingMessage,
  socket: Socket,
  head: Uint8Array,
  to: string,
  caller: Caller,
): void {
  const far = connect({ path: to });
  const lines = Object.entries({ ...headers, [CALLER]: JSON.stringify(caller) }).map(
    ([name, value]) => `${name}: ${String(value)}`,
  );
  far.write(`${method} ${url} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
  if (head.length > 0) far.write(head);
  socket.pipe(far).pipe(socket);
  const end = (): void => {
    far.destroy();
    socket.destroy();
  };
  for (const side of [far, socket]) side.on('error', end).on('close', end);
}
