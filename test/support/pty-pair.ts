import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** Two terminal devices joined back to back, until `close`. */
export async function ptyPair(): Promise<{ near: string; far: string; close(): void }> {
  const pair = spawn('python3', [fileURLToPath(new URL('pty-pair.py', import.meta.url))], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  for await (const line of createInterface(pair.stdout)) {
    const [near, far] = line.split(' ');
    return { near, far, close: () => pair.stdin.end() };
  }
  throw new Error('python3 made no terminal devices');
}
