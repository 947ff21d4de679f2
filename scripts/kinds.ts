// `npm run docs`, first: writes the lists of src/kinds/ (`list.ts` of each folder) from the files beside them, so that a
// kind is one file. What a list has keeps its place, which is the order in which messages name them; what is new comes
// last. test/kind-lists.test.ts says when one is not fresh.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { foldersOfKinds, kindsIn, listed, listText, withNew } from './kind-lists.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const kinds = join(root, 'src', 'kinds');
for (const folder of foldersOfKinds(kinds)) {
  const path = join(kinds, folder, 'list.ts');
  const before = readFileSync(path, 'utf8');
  const all = withNew(before, kindsIn(join(kinds, folder)));
  if (all.map(({ file }) => file).join() === listed(before).join()) continue;
  writeFileSync(path, listText(all));
  spawnSync(join(root, 'node_modules', '.bin', 'oxfmt'), [path], { stdio: 'inherit' });
  console.log(`wrote src/kinds/${folder}/list.ts`);
}
