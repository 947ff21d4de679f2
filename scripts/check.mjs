// `npm run check`: types, lint and format, in the order in which they are cheapest to mend.
import { join } from 'node:path';
import { bin, root, run } from './programs.mjs';
import { compile, ensurePackages } from './setup.mjs';

const node = process.execPath;
const folders = ['src', 'console', 'test', 'examples', 'bench', 'scripts'];
ensurePackages();
// The examples import the package as its users do, so that it has to be there.
compile();
run(node, [bin('typescript', 'tsc'), '-p', 'tsconfig.check.json', '--noEmit']);
run(node, [bin('typescript', 'tsc'), '-p', join('console', 'tsconfig.json')]);
run(node, [bin('oxlint'), '--type-aware', '--deny-warnings', ...folders], {
  env: { ...process.env, PATH: `${join(root, 'node_modules', '.bin')}:${process.env.PATH}` },
});
run(node, [bin('oxfmt'), '--check', ...folders]);
