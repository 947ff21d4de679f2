import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts', 'examples/**/*.test.ts'],
    isolate: false,
    pool: 'threads',
    // Most of the time is spent waiting for clients that wait: two files at a time, on two cores as well.
    maxWorkers: 2,
    testTimeout: 20_000,
    globalSetup: ['test/support/temporary.ts'],
  },
});
