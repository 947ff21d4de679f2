import { nearest } from '../config/wording.ts';
import { refusal, type ControlError } from './problem.ts';

/** In the order of docs. */
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE'] as const;

interface Place {
  readonly method: string;
  readonly path: string;
}

/** Why a request has met no route: the path has another method, or which path is nearly the same. */
export function noRoute(routes: readonly Place[], method: string, path: string): ControlError {
  // A path that has no parameter where another has one is another resource, with its own methods.
  const fitting = routes.filter((place) => patternOf(place.path).test(path));
  const fewest = Math.min(...fitting.map(parametersOf));
  const here = fitting.filter((place) => parametersOf(place) === fewest);
  if (here.length > 0) {
    const own = here.map((place) => place.method.toUpperCase());
    // What can be got has a head too.
    const methods = METHODS.filter((known) => own.includes(known === 'HEAD' ? 'GET' : known));
    return refusal('method-not-allowed', `${path} has no ${method}; it has ${methods.join(', ')}`, {
      problems: methods,
    });
  }
  // What stands for a parameter is as good as any: the names are held against each other.
  const known = [...new Set(routes.map((place) => alike(place.path, path)))];
  const near = nearest(
    path,
    known.filter((place) => place !== path),
  );
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

/** There is to be one of that name, and nobody serves it. */
export const notRunning = (name: string, why: string | undefined): ControlError =>
  refusal('conflict', `BMC '${name}' does not run${why === undefined ? '' : `: ${why}`}`, {
    next: `POST /v1/bmcs/${encodeURIComponent(name)}/start`,
  });
