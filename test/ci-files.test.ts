// The files of ci/ and of the project's own workflow: they parse, what they name is there, and their steps run in a
// shell as the services run them. The services themselves have not been tried.
import { chmodSync, existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { parseConfig } from '../src/config/index.ts';
import { root } from './support/cli.ts';
import { runTool, toolTest } from './support/tools.ts';

interface Step {
  readonly name?: string;
  readonly uses?: string;
  readonly run?: string;
  readonly shell?: string;
  readonly if?: string;
  readonly env?: Readonly<Record<string, string>>;
}
const file = (path: string): string => readFileSync(join(root, path), 'utf8');
const action = parse(file('ci/action.yml')) as {
  inputs: Record<string, { default: string; description: string }>;
  runs: { using: string; steps: Step[] };
};
const gitlab = parse(file('ci/gitlab.yml')) as Record<
  string,
  { variables: Record<string, string>; before_script: string[] }
>;
const workflow = parse(file('.github/workflows/test.yml')) as {
  jobs: Record<string, { 'runs-on': string; steps: Step[]; strategy?: { matrix: { node: string[] } } }>;
};

/** A folder of programs that write down how they were called, first on PATH. */
function witnesses(...names: string[]): { readonly PATH: string; readonly calls: () => string } {
  const folder = mkdtempSync(join(tmpdir(), 'ci-'));
  const log = join(folder, 'log');
  writeFileSync(log, '');
  for (const name of names) {
    // sudo goes on with what it is to run, without its own options.
    const then = name === 'sudo' ? 'exec "$@"' : 'exit 0';
    writeFileSync(join(folder, name), `#!/bin/sh\necho "${name} $*" >> ${log}\n${then}\n`);
    chmodSync(join(folder, name), 0o755);
  }
  return { PATH: `${folder}:${process.env.PATH}`, calls: () => readFileSync(log, 'utf8') };
}

/** Runs the steps of the action in turn, its inputs put in. */
async function runAction(given: Readonly<Record<string, string>>): Promise<string> {
  const inputs = Object.fromEntries(Object.entries(action.inputs).map(([key, one]) => [key, one.default]));
  const { PATH, calls } = witnesses('sudo', 'apt-get', 'npm', 'install', 'ipmi-bmc');
  const put = (text: string): string =>
    text.replace(/\$\{\{ inputs\.(\w+) \}\}/g, (_, key: string) => ({ ...inputs, ...given })[key]);
  for (const step of action.runs.steps) {
    if (step.if !== undefined) {
      const [, key, wanted] = /^inputs\.(\w+) == '(.*)'$/.exec(step.if) ?? [];
      expect(Object.keys(action.inputs)).toContain(key);
      if ({ ...inputs, ...given }[key] !== wanted) continue;
    }
    const env = Object.fromEntries(Object.entries(step.env ?? {}).map(([key, text]) => [key, put(text)]));
    expect(step.shell).toBe('bash');
    // As GitHub runs `shell: bash`.
    const ran = await runTool('bash', ['--noprofile', '--norc', '-eo', 'pipefail', '-c', step.run ?? ''], {
      env: { ...env, PATH },
    });
    expect(ran.code, ran.out).toBe(0);
  }
  return calls();
}

toolTest('ci: the action installs the package, or the binary that is named', ['bash'], async () => {
  expect(action.runs.using).toBe('composite');
  expect(await runAction({})).toContain('npm install --global ipmi-bmc\nipmi-bmc --version\n');
  const binary = await runAction({ binary: './a b/ipmi-bmc', ipmitool: 'false' });
  expect(binary).toContain('install -m 755 ./a b/ipmi-bmc /usr/local/bin/ipmi-bmc\n');
  expect(binary).not.toContain('apt-get');
});

toolTest('ci: every input of the action is used, and none that it does not have', ['bash'], async () => {
  const used = new Set([...file('ci/action.yml').matchAll(/inputs\.(\w+)/g)].map(([, key]) => key));
  expect([...used].sort()).toEqual(Object.keys(action.inputs).sort());
});

toolTest('ci: the script of the GitLab template runs', ['sh'], async () => {
  const { variables, before_script: script } = gitlab['.ipmi-bmc'];
  const { PATH, calls } = witnesses('apt-get', 'npm');
  const ran = await runTool('sh', ['-ec', script.join('\n')], { env: { ...variables, PATH } });
  expect(ran.code, ran.out).toBe(0);
  expect(calls()).toContain('npm install --global ipmi-bmc\n');
});

toolTest('ci: every step of the workflow is good shell, and what it runs is there', ['bash'], async () => {
  const steps = Object.values(workflow.jobs).flatMap((job) => job.steps);
  for (const { run } of steps.filter((step) => step.run !== undefined)) {
    const ran = await runTool('bash', ['-n', '-c', run ?? '']);
    expect(ran.code, `${run}\n${ran.out}`).toBe(0);
    for (const [, path] of (run ?? '').matchAll(/(?:^|\s|')(\.[\w/.-]+)/g))
      expect(existsSync(join(root, path)), path).toBe(true);
  }
  const lines = (JSON.parse(file('package.json')) as { engines: { node: string } }).engines.node;
  expect(lines).toBe('>=20.19');
  expect(workflow.jobs.gate.strategy?.matrix.node).toEqual(['20', '22', '24']);
});

toolTest(
  "ci: the workflow's step for tools runs as sudo's user, on the Node of the job",
  ['bash', 'node'],
  async () => {
    const { run } = workflow.jobs.gate.steps.find(({ name }) => name === 'tools that tests need')!;
    const { PATH, calls } = witnesses('sudo');
    const ran = await runTool('bash', ['-ec', `cd ${root} && ${run}`], {
      env: { PATH, SKIP_SYSTEM_TOOLS: '1' },
    });
    expect(ran.code, ran.out).toBe(0);
    // The PATH of sudo has no Node of setup-node.
    expect(calls()).toMatch(/^sudo \/\S+\/node -e /);
  },
);

test('ci: what the compose file mounts is a config that is right, on an address that others reach', () => {
  const { services } = parse(file('ci/compose.yaml')) as {
    services: Record<
      string,
      {
        build: { context: string; dockerfile: string };
        volumes: string[];
        ports: string[];
        command: string[];
      }
    >;
  };
  const { build, volumes, ports, command } = services.bmc;
  expect(existsSync(join(root, 'ci', build.context, build.dockerfile))).toBe(true);
  const [from, to] = volumes[0].split(':');
  expect(command).toEqual(['run', to]);
  const [bmc] = parseConfig(file(join('ci', from)), from);
  expect(bmc.interfaces?.[0]).toMatchObject({ type: 'lan', listen: '0.0.0.0:9623' });
  expect(ports).toEqual(['9623:9623/udp']);
});

test('ci: the Containerfile copies what npm run package makes, and nothing that is ignored', () => {
  const text = file('Containerfile');
  const [, copied] = /^COPY (\S+) \/usr\/bin\/ipmi-bmc$/m.exec(text) ?? [];
  const pattern = new RegExp(`^${copied.replaceAll('*', '.*')}$`);
  expect('out/ipmi-bmc-0.1.0-linux-x64').toMatch(pattern);
  expect('out/ipmi-bmc_0.1.0_amd64.deb').not.toMatch(pattern);
  // Everything is ignored but that.
  const ignored = file('.containerignore').trim().split('\n');
  expect(ignored).toContain('*');
  expect(ignored.some((line) => line.startsWith('!out'))).toBe(true);
  expect(text).toMatch(/^ENTRYPOINT \["\/usr\/bin\/ipmi-bmc"\]$/m);
  expect(text).toMatch(/^USER ipmi-bmc$/m);
});
