import type { z } from '@hono/zod-openapi';
import type { HonoRequest } from 'hono';
import { narrowed, nearest, wording, type Problem } from '../config/wording.ts';
import { bodyText } from './body.ts';
import { ControlError, refusal } from './problem.ts';
import type { Caller } from './caller.ts';
import type { Input, Route } from './route.ts';

/** What a request says, held against its declaration. Rejects with ControlError. */
export async function inputOf(
  route: Route,
  req: HonoRequest,
  caller: Caller,
): Promise<Input<Record<string, unknown>, Record<string, unknown>, unknown>> {
  const params = parsed(route.params, req.param(), 'the path') ?? {};
  const query = queryOf(route, req);
  return {
    params,
    query,
    body: await bodyOf(route, req),
    caller,
    headers: req.raw.headers,
    signal: req.raw.signal,
  };
}

function queryOf({ query, method, path }: Route, req: HonoRequest): Record<string, unknown> {
  const queries = Object.entries(req.queries());
  const twice = queries.find(([, values]) => values.length > 1);
  if (twice) throw refusal('bad-request', `${twice[0]}: expected once in the query`, { key: twice[0] });
  const values = Object.fromEntries(queries.map(([key, [value]]) => [key, value]));
  if (query) return parsed(query, values, 'the query') ?? {};
  const [key] = Object.keys(values);
  if (key === undefined) return {};
  throw refusal('bad-request', `${key}: ${method.toUpperCase()} ${path} has no query`, { key });
}

async function bodyOf(
  { body, takes = ['application/json'], isRaw, method, path }: Route,
  req: HonoRequest,
): Promise<unknown> {
  if (body === undefined) return undefined;
  const type = (req.header('content-type') ?? '').split(';', 1)[0].trim().toLowerCase();
  if (!takes.includes(type))
    throw refusal(
      'unsupported-media-type',
      `${method.toUpperCase()} ${path} takes ${takes.join(' or ')}${type === '' ? '' : `, and no ${type}`}`,
      { next: `Content-Type: ${takes[0]}` },
    );
  checkCoding(req, takes[0]);
  const text = await bodyText(req.raw);
  if (isRaw || !type.endsWith('json')) return text;
  return parsed(body, jsonOf(text), 'the body');
}

/** Throws ControlError: a body is UTF-8, as it is. */
function checkCoding(req: HonoRequest, type: string): void {
  const [, charset] = /;\s*charset\s*=\s*"?([^\s";]+)/i.exec(req.header('content-type') ?? '') ?? [];
  const coding = req.header('content-encoding')?.trim().toLowerCase() ?? 'identity';
  const wrong =
    charset !== undefined && !/^(utf-?8|us-ascii)$/i.test(charset)
      ? `a body is UTF-8, and no ${charset}`
      : coding !== 'identity' && coding !== ''
        ? `a body comes as it is, and not in ${coding}`
        : undefined;
  if (wrong !== undefined)
    throw refusal('unsupported-media-type', wrong, { next: `Content-Type: ${type}; charset=utf-8` });
}

function jsonOf(text: string): unknown {
  if (text.trim() === '') throw refusal('bad-request', 'the body is empty: expected JSON');
  try {
    return JSON.parse(text);
  } catch (error) {
    throw refusal(
      'bad-request',
      `the body is no JSON: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

/** Throws ControlError with the first problem, and a line for each where there are more. */
function parsed<S extends z.ZodType>(schema: S | undefined, value: unknown, where: string) {
  if (schema === undefined) return undefined;
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw refused(result.error.issues, schema, where);
}

function refused(issues: readonly z.core.$ZodIssue[], schema: z.ZodType, where: string): ControlError {
  const told = issues.flatMap((issue) => narrowed(issue)).map((problem) => lineOf(problem, schema, where));
  const lines = [...new Set(told.map(({ detail }) => detail))];
  const [{ detail, key, near }] = told;
  return refusal('bad-request', detail, {
    ...(key !== '' && { key }),
    ...(near !== undefined && { nearest: near }),
    ...(lines.length > 1 && { problems: lines }),
  });
}

function lineOf({ issue, path: steps }: Problem, schema: z.ZodType, where: string) {
  const path = steps.map(String);
  if (issue.code !== 'unrecognized_keys') {
    const key = path.join('.');
    return { key, detail: `${key === '' ? where : key}: ${wording(issue)}`, near: undefined };
  }
  const [unknown] = issue.keys;
  const known = keysOf(schema, path);
  const near = nearest(unknown, known);
  const instead =
    near !== undefined
      ? `; did you mean ${near}?`
      : known.length > 0
        ? `; expected one of ${known.join(', ')}`
        : '';
  const key = [...path, unknown].join('.');
  return { key, detail: `${key}: unknown in ${where}${instead}`, near };
}

/** Keys of the object at a path of a schema, as far as objects go. */
function keysOf(schema: z.ZodType, path: readonly string[]): string[] {
  let at: unknown = schema;
  for (const step of path) at = shapeOf(at)?.[step];
  return Object.keys(shapeOf(at) ?? {});
}

function shapeOf(schema: unknown): Readonly<Record<string, unknown>> | undefined {
  let at = schema as
    | { readonly unwrap?: () => unknown; readonly shape?: Record<string, unknown> }
    | undefined;
  while (at?.shape === undefined && at?.unwrap) at = at.unwrap() as typeof at;
  return at?.shape;
}
