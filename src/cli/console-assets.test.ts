import { expect, test } from 'vitest';
import { consoleAssets } from './console-assets.ts';

test('21.1: the built console is there, packed as well, and nothing but it', () => {
  const assets = consoleAssets();
  for (const page of ['login.html', 'index.html', 'licenses.md']) {
    const { bytes = [], packed = [] } = assets.file(page) ?? {};
    expect([page, bytes.length > 0, packed.length > 0]).toEqual([page, true, true]);
  }
  const [, script = ''] =
    /src="\/(assets\/login-[^"]+)"/.exec(new TextDecoder().decode(assets.file('login.html')?.bytes)) ?? [];
  expect(assets.file(script)?.bytes.length).toBeGreaterThan(100);
  for (const path of ['../cli/run.js', '/login.html', 'assets', '', './login.html'])
    expect(assets.file(path)).toBeUndefined();
});
