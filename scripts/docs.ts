// `npm run docs`: writes docs/commands.md and docs/parameters.md from the declarations, docs/config.md and
// the schema for editors from the schema of the settings, docs/control.md and openapi.json from the routes, and the sections of docs/performance.md from the results
// that `npm run bench -- lan --docs`, `-- fleet --docs` and `-- cluster --docs` kept; `--check` says whether they are fresh.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { withClusterSection } from '../bench/cluster/page.ts';
import { withFleetSection } from '../bench/fleet/page.ts';
import { performancePage } from '../bench/lan/page.ts';
import { commandsPage } from '../src/cli/commands-page.ts';
import { parametersPage } from '../src/cli/parameters-page.ts';
import { controlPage, openApiText } from './control-docs.ts';
import { configPage, configSchemaText } from './config-docs.ts';

const pages = {
  'docs/commands.md': commandsPage(),
  'docs/config.md': configPage(),
  'docs/control.md': controlPage(),
  'docs/parameters.md': parametersPage(),
  'docs/performance.md': withClusterSection(withFleetSection(performancePage())),
  'openapi.json': openApiText(),
  'schema/config.schema.json': configSchemaText(),
};
mkdirSync(new URL('../schema', import.meta.url), { recursive: true });
for (const [name, page] of Object.entries(pages)) {
  const file = new URL(`../${name}`, import.meta.url);
  if (existsSync(file) && readFileSync(file, 'utf8') === page) continue;
  if (process.argv.includes('--check')) process.exit(1);
  writeFileSync(file, page);
  console.log(`wrote ${name}`);
}
// The same as types for Python, where it is.
if (!process.argv.includes('--check'))
  spawnSync('python3', [fileURLToPath(new URL('../python/generate.py', import.meta.url))], {
    stdio: 'inherit',
  });
