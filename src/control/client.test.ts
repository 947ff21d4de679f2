import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ControlClient } from './client.ts';

let folder: string;
let server: Server;
const sockets: Socket[] = [];
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'control-client-'))));
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true });
});

const ANSWER = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}';

/** A server that says to each request what `answer` has for its path; undefined: nothing, ever. */
async function served(answer: (path: string, socket: Socket) => string | undefined): Promise<string> {
  const path = join(folder, 'socket');
  server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    socket.on('data', (data) => {
      const text = answer(/^\w+ (\S+)/.exec(data.toString())?.[1] ?? '', socket);
      if (text !== undefined) socket.end(text);
    });
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return path;
}

test('17: who accepts and says nothing is away, not waited for for ever', async () => {
  const socket = await served(() => undefined);
  const asked = new ControlClient({ socket }, { patience: 50 }).get('/v1/bmcs');
  await expect(asked).rejects.toMatchObject({ code: 'ETIMEDOUT', syscall: 'connect', address: socket });
});

test('17: who is at work for long is waited for as long as he lives', async () => {
  let looks = 0;
  let working: Socket | undefined;
  const socket = await served((path, asking) => {
    if (path === '/healthz') {
      // The work is done after three looks.
      if (++looks === 3) working?.end(ANSWER);
      return ANSWER;
    }
    working = asking;
    return undefined;
  });
  expect(await new ControlClient({ socket }, { patience: 50 }).get('/v1/apply')).toEqual({});
  expect(looks).toBe(3);
});

test('17: what has begun to answer may pause', async () => {
  const head = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n';
  let looks = 0;
  const socket = await served((path, asking) => {
    if (path === '/healthz') looks++;
    else asking.write(head, () => setTimeout(() => asking.end('late'), 200));
    return undefined;
  });
  const body = await new ControlClient({ socket }, { patience: 50 }).open('/v1/events');
  let text = '';
  for await (const part of body) text += new TextDecoder().decode(part);
  expect([text, looks]).toEqual(['late', 0]);
});
