// `npm run planted -- [--only REGEXP] [--near] [--json]`: plants each defect of test/planted/ in a copy of
// the tree and says which test noticed.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { copyTree, misfit, planted, tryOne, type Planted } from './planted.ts';

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    /** Only the tests that each patch names: quick, while a test is being written. */
    near: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});
const wanted = new RegExp(values.only);
const tree = mkdtempSync(join(tmpdir(), 'ipmi-bmc-planted-'));
let wrong = 0;
const rows: Row[] = [];
try {
  copyTree(tree);
  // Those of the copy: whoever works on in the tree meanwhile does not disturb the run.
  const defects = planted(tree).filter(({ name }) => wanted.test(name));
  if (defects.length === 0)
    console.error(`no planted defect is called like ${wanted}; the names are those of test/planted/*.patch`);
  for (const [index, defect] of defects.entries()) {
    if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${index + 1}/${defects.length} ${defect.name}`);
    const row = { name: defect.name, ...attempt(defect) };
    if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
    if (row.result !== 'noticed' && row.result !== 'survives') wrong++;
    rows.push(row);
    if (!values.json)
      console.log(
        `${row.result.padEnd(9)} ${row.name}${row.seconds > 0 ? ` (${row.seconds.toFixed(0)} s)` : ''}: ${row.text}`,
      );
  }
} finally {
  rmSync(tree, { recursive: true, force: true });
}
if (values.json) console.log(JSON.stringify(rows, undefined, 2));
else
  console.log(
    `${rows.length} planted, ${rows.filter(({ result }) => result === 'noticed').length} noticed, ${wrong} to be looked at`,
  );
process.exit(rows.length === 0 ? 2 : wrong > 0 ? 1 : 0);

interface Row {
  readonly name: string;
  /**
   * In capitals what is not to be: a patch that does not fit, code that does not load, a defect that nobody
   * noticed or explained.
   */
  readonly result: 'noticed' | 'survives' | 'STALE' | 'BROKEN' | 'SURVIVES';
  /** The test that failed first, the reason, or what is wrong. */
  readonly text: string;
  readonly seconds: number;
}

function attempt(defect: Planted): Omit<Row, 'name'> {
  const stale = misfit(defect, tree);
  if (stale !== undefined)
    return { result: 'STALE', text: `the patch does not fit the tree any more: ${stale}`, seconds: 0 };
  try {
    const { by, seconds } = tryOne(defect, tree, values.near);
    if (by !== undefined) return { result: 'noticed', text: by, seconds };
    if (defect.survives !== undefined) return { result: 'survives', text: defect.survives, seconds };
    return { result: 'SURVIVES', text: defect.what, seconds };
  } catch (error) {
    return { result: 'BROKEN', text: (error as Error).message, seconds: 0 };
  }
}
