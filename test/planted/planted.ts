import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** One line of context is enough, so that a neighbour's change leaves a patch as it is. */
const LOOSELY = ['--recount', '-C1'];

/** A defect on paper: a patch with a head of `Key: text` lines. */
export interface Planted {
  readonly name: string;
  /** What is wrong once the patch is applied. */
  readonly what: string;
  /** Files or folders whose tests are tried first; all unit tests are tried after them. */
  readonly tests: readonly string[];
  /** Why no test can notice, where none can. */
  readonly survives: string | undefined;
  readonly file: string;
}

/** The planted defects of a tree, by name. */
export function planted(tree = root): Planted[] {
  const folder = join(tree, 'test', 'planted');
  const names = readdirSync(folder).filter((name) => name.endsWith('.patch'));
  return names.sort().map((name) => {
    const file = join(folder, name);
    const head = readFileSync(file, 'utf8').split(/^(?:diff |--- )/m)[0];
    const of = (key: string): string | undefined => new RegExp(`^${key}: (.*)$`, 'm').exec(head)?.[1].trim();
    const tests = of('Tests')?.split(/\s+/) ?? [];
    return {
      name: name.replace(/\.patch$/, ''),
      what: of('What') ?? '',
      tests,
      survives: of('Survives'),
      file,
    };
  });
}

const git = (cwd: string, ...words: string[]): { ok: boolean; out: string } => {
  const { status, stdout, stderr } = spawnSync('git', words, { cwd, encoding: 'utf8', maxBuffer: 1 << 26 });
  return { ok: status === 0, out: `${stdout}${stderr}`.trim() };
};

/** Undefined where the patch fits the tree; what `git apply` says otherwise. */
export function misfit({ file }: Planted, tree = root): string | undefined {
  const { ok, out } = git(tree, 'apply', '--check', ...LOOSELY, file);
  return ok ? undefined : out;
}

/**
 * A copy of the tree's files as they are now, with the packages linked: the place where defects are planted.
 */
export function copyTree(to: string): void {
  const { out } = git(root, 'ls-files', '--cached', '--others', '--exclude-standard');
  for (const file of out.split('\n')) {
    // A file that the working tree has removed is still in the index.
    if (!existsSync(join(root, file))) continue;
    mkdirSync(dirname(join(to, file)), { recursive: true });
    cpSync(join(root, file), join(to, file));
  }
  symlinkSync(join(root, 'node_modules'), join(to, 'node_modules'));
  // An empty repository, so that `git apply` takes the copy for its tree and not a repository around it.
  git(to, 'init', '-q');
}

export interface Noticed {
  /** The test that failed first; undefined where all passed. */
  readonly by: string | undefined;
  readonly seconds: number;
}

interface Report {
  readonly testResults?: readonly {
    readonly name: string;
    readonly message?: string;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

/**
 * Plants one defect in the copy, runs the tests, and takes it out again. `near`: only the tests that the
 * patch names.
 */
export function tryOne(defect: Planted, tree: string, near = false): Noticed {
  const began = performance.now();
  const { ok, out } = git(tree, 'apply', ...LOOSELY, defect.file);
  if (!ok) throw new Error(`${defect.name} does not apply: ${out}`);
  try {
    // The neighbours are tried first: most defects are noticed within seconds there.
    const rounds = near ? [defect.tests] : [defect.tests, ['src']];
    let by: string | undefined;
    for (const files of rounds) if (files.length > 0) by ??= firstFailure(tree, files);
    return { by, seconds: (performance.now() - began) / 1000 };
  } finally {
    takeOut(defect, tree);
  }
}

function takeOut({ name, file }: Planted, tree: string): void {
  const { ok, out } = git(tree, 'apply', ...LOOSELY, '--reverse', file);
  if (!ok) throw new Error(`${name} cannot be taken out: ${out}`);
}

/** Tests that look at the planted defects themselves would notice each of them. */
const NOT_PLANTED = ['--exclude', 'test/planted.test.ts'];
const LONGEST = 240_000;

function firstFailure(tree: string, files: readonly string[]): string | undefined {
  const report = join(tree, '.report.json');
  writeFileSync(report, '{}');
  const words = ['run', '--bail=1', '--reporter=json', `--outputFile=${report}`, ...NOT_PLANTED, ...files];
  const vitest = join(tree, 'node_modules', 'vitest', 'vitest.mjs');
  const { status, signal, error } = spawnSync(process.execPath, [vitest, ...words], {
    cwd: tree,
    stdio: 'ignore',
    timeout: LONGEST,
    killSignal: 'SIGKILL',
  });
  if (error && 'code' in error && error.code === 'ETIMEDOUT') return `no end within ${LONGEST / 1000} s`;
  if (signal) throw new Error(`vitest was ended by ${signal}`);
  const { testResults = [] } = JSON.parse(readFileSync(report, 'utf8')) as Report;
  rmSync(report);
  if (status === 0) return undefined;
  for (const { name, assertionResults } of testResults) {
    const failed = assertionResults.find((result) => result.status === 'failed');
    if (failed) return `${name.slice(tree.length + 1)}: ${failed.fullName.trim()}`;
  }
  // Code that does not even load proves nothing of the tests: the patch is to be mended.
  const why = testResults.find(({ message }) => message)?.message?.split('\n')[0];
  throw new Error(`no test failed, but vitest ended with ${status}: ${why ?? 'it says nothing more'}`);
}
