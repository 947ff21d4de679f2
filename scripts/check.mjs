// `npm run check`: types, lint and format, in the order in which they are cheapest to mend.
import { join } from 'node:path';
import { bin, compile, ensurePackages, root, run } from './setup.mjs';

const node = process.execPath;
ensurePackages();
// The examples import the package as its users do, so that it has to be there.
compile();
run(node, [bin('typescript', 'tsc'), '-p', 'tsconfig.check.json', '--noEmit']);
run(node, [bin('oxlint'), '--type-aware', '--deny-warnings', 'src', 'test', 'examples', 'bench', 'scripts'], {
  env: { ...process.env, PATH: `${join(root, 'node_modules', '.bin')}:${process.env.PATH}` },
});
run(node, [bin('oxfmt'), '--check', 'src', 'test', 'examples', 'bench', 'scripts']);
