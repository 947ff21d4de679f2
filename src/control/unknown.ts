import { nearest } from '../config/wording.ts';
import { refusal, type ControlError } from './problem.ts';
import type { Route } from './route.ts';

type Place = Pick<Route, 'method' | 'path'>;

/** Why a request has met no route: the path has another method, or which path is nearly the same. */
export function noRoute(routes: readonly Place[], method: string, path: string): ControlError {
  // A path that has no parameter where another has one is another resource, with its own methods.
  const fitting = routes.filter((one) => patternOf(one.path).test(path));
  const fewest = Math.min(...fitting.map(parametersOf));
  const here = fitting.filter((one) => parametersOf(one) === fewest);
  if (here.length > 0) {
    const methods = [...new Set(here.map((one) => one.method.toUpperCase()))];
    return refusal('method-not-allowed', `${path} has no ${method}; it has ${methods.join(', ')}`, {
      problems: methods,
    });
  }
  // What stands for a parameter is as good as any: the names are held against each other.
  const known = [...new Set(routes.map((one) => alike(one.path, path)))];
  const near = nearest(path, known);
  return refusal('unknown-route', `there is no ${path}`, {
    ...(near !== undefined && { nearest: near }),
    next: 'GET /openapi.json has them all',
  });
}

const parametersOf = ({ path }: Place): number => path.split('{').length;

const patternOf = (path: string): RegExp =>
  new RegExp(`^${path.replaceAll('.', '\\.').replace(/\{\w+\}/g, '[^/]+')}$`);

/** A declared path with what was asked for in place of its parameters. */
function alike(declared: string, asked: string): string {
  const parts = asked.split('/');
  return declared
    .split('/')
    .map((part, i) => (part.startsWith('{') ? (parts[i] ?? part) : part))
    .join('/');
}

/** There is none of that name among those. */
export function noBmc(name: string, names: Iterable<string>): ControlError {
  const near = nearest(name, names);
  return refusal('unknown-bmc', `there is no BMC '${name}'`, {
    key: 'bmc',
    ...(near !== undefined && { nearest: near }),
    next: 'GET /v1/bmcs lists them',
  });
}
