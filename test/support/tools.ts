import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { test } from 'vitest';

export { shortPort } from './ports.ts';

const found = (tool: string): boolean =>
  tool.startsWith('/')
    ? existsSync(tool)
    : spawnSync('sh', ['-c', `command -v ${tool}`], {
        env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` },
      }).status === 0;

/** Capturing packets is root's. */
export const CAPTURE = 'root to capture packets';

export interface ToolTestOptions {
  /** Milliseconds. Default: as of all tests. */
  readonly timeout?: number;
  /**
   * It mostly waits for a client's patience to end, by a BMC and files of its own: beside those before and
   * after it in the file that do the same, five at once.
   */
  readonly concurrent?: boolean;
}

/**
 * A test that needs real programs, or files by their path: skipped where one is missing, which the gate
 * counts as a failure.
 */
export function toolTest(
  name: string,
  tools: readonly string[],
  body: () => Promise<void>,
  options: number | ToolTestOptions = {},
): void {
  const missing = tools.filter((tool) => (tool === CAPTURE ? process.getuid?.() !== 0 : !found(tool)));
  const { timeout, concurrent = false } = typeof options === 'number' ? { timeout: options } : options;
  test.skipIf(missing.length > 0)(
    missing.length > 0 ? `${name} (missing ${missing.join(', ')})` : name,
    { concurrent, ...(timeout !== undefined && { timeout }) },
    body,
  );
}

/** The words that send ipmitool by RMCP+ to a BMC on loopback. */
export const lanplusTo = (port: number | string): readonly string[] => [
  '-I',
  'lanplus',
  '-H',
  '127.0.0.1',
  '-p',
  `${port}`,
];

/** The same, logged in: as the judged platform's administrator unless it is told another. */
export const lanplus = (
  port: number | string,
  password = 'AdminPass123',
  user = 'admin',
): readonly string[] => [...lanplusTo(port), '-U', user, '-P', password];

/** The words that log FreeIPMI's tools in to a BMC on loopback by RMCP+, as `lanplus` does. */
export const lan20 = (
  port: number | string,
  password = 'AdminPass123',
  user = 'admin',
): readonly string[] => ['-D', 'LAN_2_0', '-h', `127.0.0.1:${port}`, '-u', user, '-p', password];

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
      timeout: options.timeout ?? 150_000,
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

/**
 * Does it again and again until what looks on has ended: a program that has begun to listen says so to nobody,
 * and on a busy machine that is long after its start.
 */
export async function untilSeen<T>(looking: Promise<T>, act: () => Promise<unknown>): Promise<T> {
  let isOver = false;
  const over = looking.finally(() => (isOver = true));
  // Whoever awaits it has what went wrong.
  over.catch(() => undefined);
  while (!isOver) await act();
  return over;
}
