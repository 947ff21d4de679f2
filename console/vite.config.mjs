// What `npm run build` makes dist/console of. Every file has its own address, and none is written into another: the
// pages' Content-Security-Policy lets nothing in a page run but what the server sent as a file.
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  root: here('.'),
  base: '/',
  logLevel: 'warn',
  publicDir: false,
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  // The package's own doors, without what of them is for Node.
  resolve: {
    alias: {
      'ipmi-bmc/commands': here('../src/commands/index.ts'),
      'ipmi-bmc/tape': here('../src/tape/entry.ts'),
    },
  },
  build: {
    outDir: here('../dist/console'),
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    license: { fileName: 'licenses.md' },
    rolldownOptions: { input: { index: here('index.html'), login: here('login.html') } },
  },
});
