// A reporter of vitest for scripts/vitest.mjs: counts, failures by file, name and cause, and the errors that no test
// is to blame for (thrown after the end of the one that caused them), which vitest's own JSON leaves out.
import { writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import { root } from './programs.mjs';

export default class Report {
  onTestRunEnd(modules, unhandled) {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const count = (state) => tests.filter((test) => test.result().state === state).length;
    const failures = modules.flatMap((module) => [
      ...module.errors().map(({ message }) => ({
        file: fileOf(module),
        name: 'the file itself',
        why: firstLine(message),
      })),
      ...[...module.children.allTests('failed')].map((test) => ({
        file: fileOf(module),
        name: test.fullName,
        why: whyOf(test.result().errors[0]),
      })),
    ]);
    const report = {
      passed: count('passed'),
      skipped: count('skipped'),
      failures,
      unhandled: unhandled.map(({ message, stack }) => `${firstLine(message)}${placeIn(stack)}`),
    };
    writeFileSync(process.env.IPMI_BMC_TEST_REPORT, JSON.stringify(report));
  }
}

const fileOf = ({ moduleId }) => relative(root, moduleId);
const firstLine = (text = '') => text.split('\n')[0].slice(0, 300);
const whyOf = (error) => (error ? `${firstLine(error.message)}${placeIn(error.stack)}` : 'no error was told');

/** The first place of the stack that is ours. */
function placeIn(stack = '') {
  const line = stack.split('\n').find((text) => text.includes(root) && !text.includes('node_modules'));
  return line === undefined ? '' : ` (${line.trim().replaceAll(root, '')})`;
}
