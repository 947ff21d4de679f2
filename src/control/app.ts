import { createRoute, OpenAPIHono, z, type RouteConfig } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { CC, IpmiError } from '../codec/index.ts';
import { UpdateError } from '../services/update/index.ts';
import { SettingsError } from '../settings/errors.ts';
import { ALL_ROUTES } from './all-routes.ts';
import type { Daemon } from './daemon.ts';
import { inputOf } from './input.ts';
import { openApi, problemSchema } from './openapi.ts';
import { ControlError, refusal } from './problem.ts';
import { isAllowed, type Caller } from './caller.ts';
import type { Route } from './route.ts';
import { audited } from './audited.ts';
import { noRoute } from './unknown.ts';

/** What the server knows of a request besides itself. */
export interface Bindings {
  /** Throws ControlError: nobody, or by a name that is none of the server's. */
  readonly caller: (headers: Headers) => Caller;
  /** It comes from another host of the cluster, which knows that what it asks for is here. */
  readonly isForwarded?: boolean;
}

interface Env {
  readonly Bindings: Bindings;
}

export interface AppOptions {
  /** Answers are held against their declarations: for tests. */
  readonly checksAnswers?: boolean;
}

/** The control API over a daemon, as a function of requests: `app.fetch(request, bindings)`. */
export function controlApp(daemon: Daemon, { checksAnswers = false }: AppOptions = {}): OpenAPIHono<Env> {
  const app = new OpenAPIHono<Env>();
  // Whoever asks anything may ask for events next, and for those that were meanwhile.
  void daemon.events;
  const carried = async (context: Context<Env>, next: () => Promise<void>) => {
    const { elsewhere } = daemon;
    if (!elsewhere || context.env.isForwarded) return next();
    const caller = context.env.caller(context.req.raw.headers);
    const answer = isAllowed(caller, 'read')
      ? await elsewhere.answer(context.req.raw.clone(), caller)
      : undefined;
    return answer ?? next();
  };
  app.use('/v1/*', carried);
  app.use('/metrics', carried);
  for (const route of ALL_ROUTES) {
    const declared = createRoute(configOf(route));
    app.openAPIRegistry.registerPath(declared);
    app.on(route.method, declared.getRoutingPath(), async (context) => {
      const caller = callerOf(context, route);
      checkScope(caller, route, context.req.param('bmc'));
      const input = await inputOf(route, context.req, caller);
      const value: unknown = await audited(daemon, route, input, () => route.handle(daemon, input));
      const answer = answerOf(route, value, checksAnswers);
      // Of a stream nobody reads what comes: it would be kept open for ever.
      if (context.req.method === 'HEAD') await answer.body?.cancel();
      return answer;
    });
  }
  app.get('/openapi.json', (context) => {
    callerOf(context, { role: 'read' });
    return context.json(openApi(app, daemon.version));
  });
  app.notFound(({ req, env }) => {
    // Whoever comes by another name, or with a token of nobody, does not learn which routes there are.
    env.caller(req.raw.headers);
    throw noRoute([...ALL_ROUTES, { method: 'get', path: '/openapi.json' }], req.method, req.path);
  });
  app.onError((error, { req }) => problemOf(error, daemon, `${req.method} ${req.path}`));
  return app;
}

function callerOf(context: Context<Env>, { role }: Pick<Route, 'role'>): Caller {
  const caller = context.env.caller(context.req.raw.headers);
  if (isAllowed(caller, role)) return caller;
  if (caller.role === 'anybody')
    throw refusal('unauthorized', 'this needs a token', { next: 'Authorization: Bearer TOKEN' });
  throw refusal('forbidden', `'${caller.name}' has the role ${caller.role}; this needs ${role}`);
}

/** A user of one BMC has nothing to do with the others, nor with which there are. Throws ControlError. */
function checkScope({ name, bmc }: Caller, { scope }: Route, asked: string | undefined): void {
  if (bmc === undefined || scope === 'shows' || (scope === 'bmc' && asked === bmc)) return;
  throw refusal('forbidden', `'${name}' is a user of BMC '${bmc}', and of no other`);
}

/** A declaration in the words of OpenAPI. */
function configOf(route: Route): RouteConfig {
  const { method, path, tag, summary, params, query, body, takes, isRaw, answer, gives, role } = route;
  const status = route.status ?? (answer ? 200 : 204);
  const media = (types: readonly string[], schema: z.ZodType) =>
    Object.fromEntries(types.map((type) => [type, { schema: type.endsWith('json') ? schema : z.string() }]));
  // What is read as a text may be any object as far as JSON goes.
  const ofBody = isRaw && body ? z.record(z.string(), z.unknown()) : body;
  return {
    method,
    path,
    tags: [tag],
    summary,
    description: `Role: ${role}.`,
    ...(role === 'anybody' && { security: [] }),
    request: {
      ...(params && { params }),
      ...(query && { query }),
      ...(ofBody && { body: { required: true, content: media(takes ?? ['application/json'], ofBody) } }),
    },
    responses: {
      [status]: {
        description: 'Done.',
        ...(answer && { content: media([gives ?? 'application/json'], answer) }),
      },
      default: {
        description: 'Refused.',
        content: { 'application/problem+json': { schema: problemSchema } },
      },
    },
  };
}

function answerOf({ answer, status, gives }: Route, value: unknown, checks: boolean): Response {
  if (value instanceof Response) return value;
  if (answer === undefined) return new Response(null, { status: status ?? 204 });
  const checked = checks ? answer.parse(value) : value;
  const type = gives ?? 'application/json';
  return new Response(typeof checked === 'string' && gives ? checked : JSON.stringify(checked), {
    status: status ?? 200,
    headers: { 'content-type': type },
  });
}

/** Codes that say that the request is wrong, and not what is to be done it to. */
const BAD_REQUESTS: readonly number[] = [
  CC.ParameterOutOfRange,
  CC.InvalidDataField,
  CC.RequestLengthInvalid,
];

/** What was refused as a client's request would have been; undefined: nobody refused anything. */
function knownAs(error: unknown): ControlError | undefined {
  if (error instanceof ControlError) return error;
  if (error instanceof SettingsError)
    return refusal('bad-request', error.message, error.path.length > 0 ? { key: error.path.join('.') } : {});
  if (error instanceof UpdateError) return refusal('conflict', error.message);
  if (!(error instanceof IpmiError)) return undefined;
  if (error.cc === CC.NotPresent) return refusal('not-found', error.message);
  return refusal(BAD_REQUESTS.includes(error.cc) ? 'bad-request' : 'conflict', error.message);
}

/** An error as a problem document; what nobody expected is a line of the log too. */
function problemOf(error: unknown, daemon: Daemon, request: string): Response {
  const known = knownAs(error);
  if (known === undefined) daemon.log.error(`control: ${request}`, error);
  const { problem } = known ?? refusal('failed', 'it failed; the log says why');
  const allow = problem.type.endsWith('method-not-allowed') && problem.problems?.join(', ');
  return new Response(JSON.stringify(problem), {
    status: problem.status,
    headers: {
      'content-type': 'application/problem+json',
      ...(problem.status === 401 && { 'www-authenticate': 'Bearer' }),
      ...(allow && { allow }),
    },
  });
}
