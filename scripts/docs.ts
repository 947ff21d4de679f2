// `npm run docs`: writes docs/commands.md from the declarations, and the LAN section of docs/performance.md from the
// results that `npm run bench -- lan --docs` kept; `--check` says whether they are fresh.
import { readFileSync, writeFileSync } from 'node:fs';
import { performancePage } from '../bench/lan/page.ts';
import { commandsPage } from '../src/cli/commands-page.ts';

const pages = { 'docs/commands.md': commandsPage(), 'docs/performance.md': performancePage() };
for (const [name, page] of Object.entries(pages)) {
  const file = new URL(`../${name}`, import.meta.url);
  if (readFileSync(file, 'utf8') === page) continue;
  if (process.argv.includes('--check')) process.exit(1);
  writeFileSync(file, page);
  console.log(`wrote ${name}`);
}
