import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './cli.ts';

/** docs/cli.md. */
export const page = readFileSync(join(root, 'docs/cli.md'), 'utf8');

/** The file with which its examples run. */
export const [, rack] = /^```yaml\n([\s\S]*?)^```/m.exec(page) ?? [];

/** With ports that the system chooses. */
export const anyPort = (text: string): string => text.replace(/127\.0\.0\.1:\d+/g, '127.0.0.1:0');
