import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { listenAt } from './node-listen.ts';
import { systemError } from './system-error.ts';
import type { Wall } from './wall.ts';
import type { Http, HttpAnswer, HttpRequest, StreamAddress, StreamServer } from './world.ts';

const BODY_LIMIT = 1 << 20;

/** HTTP of the real world. */
export const nodeHttp = (wall: Wall): Http => ({
  request(url, { method = 'GET', headers = {}, body, timeout = 10_000 } = {}) {
    return new Promise((resolve, reject) => {
      const send = url.startsWith('https:') ? httpsRequest : httpRequest;
      // A connection of its own: one kept for later may have been closed meanwhile.
      const request = send(url, { method, headers, agent: false }, (response) => {
        void bodyOf(response).then((text) => {
          clearTimeout(timer);
          if (text === undefined) reject(systemError('EMSGSIZE', 'request', hostOf(url)));
          else resolve({ status: response.statusCode ?? 0, body: text });
        }, failed);
      });
      const timer = setTimeout(
        () => request.destroy(systemError('ETIMEDOUT', 'request', hostOf(url))),
        timeout,
      );
      const failed = (error: Error): void => {
        clearTimeout(timer);
        reject(error);
      };
      request.on('error', failed);
      request.end(body);
    });
  },

  listen(
    at: StreamAddress,
    answer: (request: HttpRequest) => HttpAnswer | Promise<HttpAnswer>,
  ): Promise<StreamServer> {
    const server = createServer((request, response) => void serve(request, response, answer, wall));
    return listenAt(server, at, () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    });
  },
});

/** All of a URL that an error may show: the rest may hold a name, a password or a token. */
const hostOf = (url: string): string => new URL(url).host;

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  answer: (request: HttpRequest) => HttpAnswer | Promise<HttpAnswer>,
  wall: Wall,
): Promise<void> {
  const path = (request.url ?? '/').split('?', 1)[0];
  let reply: HttpAnswer;
  try {
    const body = await bodyOf(request);
    reply =
      body === undefined
        ? { status: 413, body: 'too long' }
        : await answer({
            method: request.method ?? 'GET',
            path: request.url ?? '/',
            headers: request.headers as Record<string, string | undefined>,
            body,
          });
  } catch (error) {
    // A client that went away in the middle of its request is no failure of ours.
    if (!request.errored) wall.failed('HTTP request', `${request.method} ${path}`, error);
    reply = { status: 500, body: 'failed' };
  }
  try {
    response
      .writeHead(reply.status, { 'content-type': reply.type ?? 'text/plain; charset=utf-8' })
      .end(reply.body ?? '');
  } catch (error) {
    wall.failed('HTTP answer', `${request.method} ${path}`, error);
    response.destroy();
  }
}

/** Undefined: longer than anybody should have to keep. */
async function bodyOf(message: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= BODY_LIMIT) chunks.push(chunk);
  }
  return size > BODY_LIMIT ? undefined : Buffer.concat(chunks).toString('utf8');
}
