// `npm run docs`: writes docs/commands.md from the declarations; `--check` says whether it is fresh.
import { readFileSync, writeFileSync } from 'node:fs';
import { commandsPage } from '../src/cli/commands-page.ts';

const file = new URL('../docs/commands.md', import.meta.url);
const page = commandsPage();
if (process.argv.includes('--check')) process.exit(readFileSync(file, 'utf8') === page ? 0 : 1);
writeFileSync(file, page);
console.log('wrote docs/commands.md');
