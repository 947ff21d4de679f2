import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts', 'examples/**/*.test.ts'],
    isolate: false,
    pool: 'threads',
    testTimeout: 20_000,
    globalSetup: ['test/support/temporary.ts'],
  },
});
