// The file keeps the contract of a store: `node --import tsx --test examples/own-stores/contract.ts`.
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { storeContract } from 'ipmi-bmc/testing';
import { simWorld } from 'ipmi-bmc/world';
import { SelFile } from './sel-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'sel-file-'));
let opened = 0;

const cases = storeContract({
  world: () => simWorld(1),
  name: 'sel',
  open: () => new SelFile(join(folder, `${++opened}.log`)),
  reopen: () => new SelFile(join(folder, `${opened}.log`)),
  samples: {
    1: Uint8Array.of(1, 0, 2, 0, 0, 0, 0, 0x20, 0, 4, 1, 1, 0x6f, 1, 0xff, 0xff),
    2: Uint8Array.of(2, 0, 2, 1, 0, 0, 0, 0x20, 0, 4, 1, 2, 0x6f, 0, 0xff, 0xff),
  },
});

for (const { name, run } of cases) void test(name, run);
