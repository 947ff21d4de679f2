// docs/fleet.md, from its first block to its last, in a network of its own.
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { bin, root } from './support/cli.ts';
import { CAPTURE, runTool, toolTest } from './support/tools.ts';

const page = readFileSync(join(root, 'docs/fleet.md'), 'utf8');
const [rack, site] = [...page.matchAll(/^```yaml\n([\s\S]*?)^```/gm)].map(([, text]) => text);
const blocks = [...page.matchAll(/^```sh(?: root)?\n([\s\S]*?)^```/gm)].map(([, block]) => block);

toolTest(
  'I16: the examples of docs/fleet.md work, one after the other',
  ['ipmitool', 'ip', 'unshare', CAPTURE],
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'f-'));
    writeFileSync(join(folder, 'rack.yaml'), rack);
    writeFileSync(join(folder, 'site.yaml'), site);
    const bins = join(folder, 'bin');
    mkdirSync(bins);
    writeFileSync(join(bins, 'ipmi-bmc'), `#!/bin/sh\nexec '${process.execPath}' '${bin}' "$@"\n`, {
      mode: 0o755,
    });
    const script = [
      'set -e -o pipefail',
      `cd '${folder}'`,
      'ip link set lo up',
      `trap 'kill $(jobs -p) 2>/dev/null; wait' EXIT`,
      ...blocks.flatMap((block, i) => [`echo '== block ${i}'`, block]),
      'echo all done',
    ].join('\n');
    const { code, out } = await runTool('unshare', ['-n', 'bash', '-c', script], {
      env: {
        PATH: `${bins}:${process.env.PATH}`,
        IPMI_BMC_RUNTIME_DIRECTORY: join(folder, 'run'),
        NO_COLOR: '1',
      },
      timeout: 110_000,
    });
    expect(out).toContain('all done');
    expect(code).toBe(0);
    expect(out).toMatch(/Product Serial +: A-1007\n/);
    expect(out).toMatch(/store-150 [\s\S]*store-199 /);
    expect(out).toMatch(/System GUID/);
    expect(out).toMatch(/blade-17: moved from shard \d to shard 0|blade-17: is with shard 0 already/);
    expect(out).toMatch(/Upper Critical going high/);
  },
  180_000,
);
