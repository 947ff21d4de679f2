import type { IncomingMessage, ServerResponse } from 'node:http';
import { BODY_LIMIT, tooLarge } from '../body.ts';
import { refusal } from '../problem.ts';
import { isAllowed, type Caller, type Role } from '../caller.ts';

/** Throws ControlError for who may not. */
export function allow(caller: Caller, role: Role): void {
  if (isAllowed(caller, role)) return;
  if (caller.role === 'anybody')
    throw refusal('unauthorized', 'this needs a token', { next: 'Authorization: Bearer TOKEN' });
  throw refusal('forbidden', `'${caller.name}' has the role ${caller.role}; this needs ${role}`);
}

const urlOf = ({ url = '/' }: IncomingMessage): URL => new URL(url, 'http://localhost');
export const pathOf = (request: IncomingMessage): string => urlOf(request).pathname;
export const queryOf = (request: IncomingMessage): URLSearchParams => urlOf(request).searchParams;

/** The BMC that a path is of. */
export function bmcIn(path: string): string | undefined {
  const [, name] = /^\/v1\/bmcs\/([^/]+)/.exec(path) ?? [];
  try {
    return name === undefined ? undefined : decodeURIComponent(name);
  } catch {
    return name;
  }
}

export const send = (response: ServerResponse, value: unknown): void =>
  void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));

/** Whole, so that a shard gets it in one piece. Rejects with ControlError for one that is too long. */
export async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > BODY_LIMIT) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

export function jsonIn(text: string): object {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value;
  } catch {
    // Told below.
  }
  throw refusal('bad-request', 'the body is no JSON object');
}
