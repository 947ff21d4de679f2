import { defineConfig } from 'vitest/config';

/** What real clients say to a BMC over LAN: the engine that `run` takes by itself, and the other one. */
const overLan = ['lan', 'logins', 'sol', 'bridging'].map((name) => `test/${name}.test.ts`);

export default defineConfig({
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'all',
          include: ['src/**/*.test.ts', 'test/**/*.test.ts', 'examples/**/*.test.ts'],
        },
      },
      { extends: true, test: { name: 'dgram', include: overLan, env: { IPMI_BMC_ENGINE: 'dgram' } } },
    ],
    isolate: false,
    pool: 'threads',
    // Most of the time is spent waiting for clients that wait: two files at a time, on two cores as well.
    maxWorkers: 2,
    // It ends what hangs, and says nothing of speed: machines are busy with other things.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    // A poll that is over too early fails a slow machine; one that fails is late at worst.
    expect: { poll: { timeout: 60_000 } },
    globalSetup: ['test/support/temporary.ts'],
  },
});
