import { spawn, spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { existsSync } from 'node:fs';
import { test } from 'vitest';

const found = (tool: string): boolean =>
  tool.startsWith('/')
    ? existsSync(tool)
    : spawnSync('sh', ['-c', `command -v ${tool}`], {
        env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` },
      }).status === 0;

/** Capturing packets is root's. */
export const CAPTURE = 'root to capture packets';

/**
 * A test that needs real programs, or files by their path: skipped where one is missing, which the gate
 * counts as a failure.
 */
export function toolTest(
  name: string,
  tools: readonly string[],
  body: () => Promise<void>,
  timeout = 60_000,
): void {
  const missing = tools.filter((tool) => (tool === CAPTURE ? process.getuid?.() !== 0 : !found(tool)));
  test.skipIf(missing.length > 0)(
    missing.length > 0 ? `${name} (missing ${missing.join(', ')})` : name,
    { timeout },
    body,
  );
}

/**
 * A free UDP port of four digits: libipmiconsole (ipmiconsole, conman) has no room for a fifth one and then
 * says that the host name is invalid.
 */
export async function shortPort(): Promise<number> {
  for (;;) {
    const port = 2000 + Math.floor(Math.random() * 8000);
    const socket = createSocket('udp4');
    const free = await new Promise<boolean>((resolve) => {
      socket.once('error', () => resolve(false));
      socket.bind(port, '127.0.0.1', () => resolve(true));
    });
    socket.close();
    if (free) return port;
  }
}

export interface Ran {
  readonly code: number | null;
  /** Standard output and standard error together. */
  readonly out: string;
  readonly ms: number;
}

export function runTool(
  tool: string,
  args: readonly string[],
  options: { env?: Record<string, string>; input?: string; timeout?: number } = {},
): Promise<Ran> {
  const began = performance.now();
  return new Promise((resolve, reject) => {
    const child = spawn(tool, args, {
      env: {
        ...process.env,
        LC_ALL: 'C',
        TZ: 'UTC',
        PATH: `${process.env.PATH}:/usr/sbin:/sbin`,
        ...options.env,
      },
      timeout: options.timeout ?? 30_000,
    });
    let out = '';
    child.stdout.on('data', (data: Buffer) => (out += data.toString('latin1')));
    child.stderr.on('data', (data: Buffer) => (out += data.toString('latin1')));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, out, ms: performance.now() - began }));
    child.stdin.on('error', () => {}); // a tool may be gone before it has read what it is given
    child.stdin.end(options.input);
  });
}
