// docs/control.md's list of routes and openapi.json, from the declarations of the routes.
import { readFileSync } from 'node:fs';
import { ALL_ROUTES } from '../src/control/all-routes.ts';
import { controlApp } from '../src/control/app.ts';
import { Daemon } from '../src/control/daemon.ts';
import { openApi } from '../src/control/openapi.ts';
import { requestBefore, type Route } from '../src/control/route.ts';
import { Fleet } from '../src/fleet/index.ts';
import { silent } from '../src/state/setup.ts';
import { simWorld } from '../src/world/index.ts';

const BEGIN = '<!-- routes: npm run docs -->';
const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

/** The file that the package carries. */
export function openApiText(): string {
  const world = simWorld(1);
  const nobody = (): never => {
    throw new Error('nothing is asked of it');
  };
  const settings = { read: nobody, whole: nobody, one: nobody };
  const daemon = new Daemon({ world, log: silent, fleet: new Fleet({ world }), version, pid: 1, settings });
  return `${JSON.stringify(openApi(controlApp(daemon), version), undefined, 1)}\n`;
}

/** What stands above the list is written by hand. */
export function controlPage(): string {
  const page = readFileSync(new URL('../docs/control.md', import.meta.url), 'utf8');
  const byHand = page.slice(0, page.indexOf(BEGIN));
  const tags = [...new Set(ALL_ROUTES.map(({ tag }) => tag))];
  const chapters = tags.map((tag) =>
    [`## ${tag}`, ...ALL_ROUTES.filter((one) => one.tag === tag).map(chapterOf)].join('\n\n'),
  );
  return `${byHand}${BEGIN}\n\n${chapters.join('\n\n')}\n`;
}

function chapterOf(route: Route): string {
  const { method, path, role, summary, query, body, gives } = route;
  const keys = Object.keys(query?.shape ?? {});
  const bodyKeys = body && 'shape' in body ? Object.keys((body as { shape: object }).shape) : [];
  const notes = [
    `Role ${role}.`,
    ...(keys.length > 0 ? [`Query: ${keys.map((key) => `\`${key}\``).join(', ')}.`] : []),
    ...(bodyKeys.length > 0 ? [`Body: ${bodyKeys.map((key) => `\`${key}\``).join(', ')}.`] : []),
    ...(gives === undefined ? [] : [`Answer: \`${gives}\`.`]),
  ];
  return [
    `### ${method.toUpperCase()} ${path}`,
    '',
    `${summary} ${notes.join(' ')}`,
    '',
    '```sh',
    curlOf(route),
    '```',
  ].join('\n');
}

/** `$SOCKET`: the process's socket. */
function curlOf({ method, takes, example }: Route): string {
  const { path, body, after = [], isEndless, needs } = example;
  const note = needs === undefined ? [] : [`# where there is ${needs}:`];
  const before = after.map((text) => {
    return lineOf({ ...requestBefore(text), type: 'application/json' });
  });
  const type = takes?.[0] ?? 'application/json';
  return [...note, ...before, lineOf({ method, path, body, type, isEndless })].join('\n');
}

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly type: string;
  readonly isEndless?: boolean;
}

function lineOf({ method, path, body, type, isEndless }: Asked): string {
  const words = [`curl ${isEndless ? '-N --max-time 1 ' : ''}--fail-with-body -sS --unix-socket "$SOCKET"`];
  if (method.toUpperCase() !== 'GET') words.push(`-X ${method.toUpperCase()}`);
  if (body !== undefined) {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    words.push(`-H 'Content-Type: ${type}'`, `-d '${text}'`);
  }
  return `${words.join(' ')} 'http://localhost${path}'`;
}
