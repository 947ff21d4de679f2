import type { z } from '@hono/zod-openapi';
import type { Caller, Role } from './caller.ts';
import type { Daemon } from './daemon.ts';

/** A request as its declaration has it, checked. */
export interface Input<P, Q, B> {
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  readonly caller: Caller;
  readonly headers: Headers;
  /** Aborted when the caller goes away. */
  readonly signal: AbortSignal;
}

/** One request that works on a sample fleet, for the docs; a test sends each. */
export interface Example {
  /** Path and query: `/v1/bmcs/node-1/power`. */
  readonly path: string;
  readonly body?: unknown;
  /** Requests that have to go before it: `POST /v1/bmcs/node-2/stop`, a body in JSON behind. */
  readonly after?: readonly string[];
  /** What there has to be for it, that no request makes. */
  readonly needs?: string;
  /** Its answer has no end: whoever tries it looks at how it begins. */
  readonly isEndless?: boolean;
}

/** A request of `after`, taken apart. */
export function requestBefore(text: string) {
  const [method, path, ...body] = text.split(' ');
  return { method, path, ...(body.length > 0 && { body: JSON.parse(body.join(' ')) as unknown }) };
}

type Shape = z.ZodObject;
type Whatever = z.ZodType;

/** One method of one path: everything that checks, serves and documents it. */
export interface Route<
  P extends Shape = Shape,
  Q extends Shape = Shape,
  B extends Whatever = Whatever,
  A extends Whatever = Whatever,
> {
  readonly method: 'get' | 'post' | 'put' | 'delete';
  /** With parameters in braces. */
  readonly path: string;
  readonly role: Role;
  /** The chapter of the docs. */
  readonly tag: string;
  /** One line: what it does. */
  readonly summary: string;
  readonly params?: P;
  readonly query?: Q;
  /** Default: no body. */
  readonly body?: B;
  /** Media types of the body. Default `application/json`, which `handle` gets parsed; of others, the text. */
  readonly takes?: readonly string[];
  /** `handle` gets the text of the body as it is, JSON too. */
  readonly isRaw?: boolean;
  /** What `handle` gives. Default: nothing, status 204. */
  readonly answer?: A;
  /** Default 200, 204 without an answer. */
  readonly status?: 200 | 201 | 202 | 204;
  /** Of the answer, where it is a text. Default `application/json`. */
  readonly gives?: string;
  readonly example: Example;
  /** `bmc`: it is about the BMC in its path alone; `shows`: it shows to who has one BMC only that. */
  readonly scope?: 'bmc' | 'shows';
  /** Throws ControlError to refuse. */
  handle(
    daemon: Daemon,
    input: Input<z.infer<P>, z.infer<Q>, z.infer<B>>,
  ): z.input<A> | Response | Promise<z.input<A> | Response>;
}

/** Declares a route: only for its types. */
export const route = <P extends Shape, Q extends Shape, B extends Whatever, A extends Whatever>(
  declared: Route<P, Q, B, A>,
): Route => declared;
