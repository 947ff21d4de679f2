import type { IncomingMessage } from 'node:http';
import { refusal } from '../problem.ts';
import type { Credentials } from './log-in.ts';

/** Bytes of a log-in. */
const LONGEST = 4096;
const KEYS: readonly string[] = ['token', 'user', 'password', 'bmc'] satisfies (keyof Credentials)[];

/** What a log-in says. Rejects with ControlError for what is too long, or no such thing. */
export async function credentialsOf(request: IncomingMessage): Promise<Credentials> {
  const type = (request.headers['content-type'] ?? '').split(';', 1)[0].trim().toLowerCase();
  // A form of another page can send no JSON.
  if (type !== 'application/json') throw refusal('unsupported-media-type', 'a log-in is application/json');
  const value = parsed(await textOf(request));
  const isFit =
    typeof value === 'object' &&
    value !== null &&
    Object.entries(value).every(([key, text]) => KEYS.includes(key) && typeof text === 'string');
  if (!isFit) throw refusal('bad-request', `a log-in has texts ${KEYS.join(', ')}, and nothing else`);
  return value;
}

/**
 * What is too long is not kept, and read on until the answer has gone: what ends a stream ends its
 * connection.
 */
function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  return new Promise((resolve, reject) => {
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= LONGEST) chunks.push(chunk);
      else reject(refusal('too-large', `a log-in has at most ${LONGEST} bytes`));
    });
    request.on('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
    request.on('error', reject);
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // What is wrong with it would be told with its password.
    throw refusal('bad-request', 'the body is no JSON');
  }
}
