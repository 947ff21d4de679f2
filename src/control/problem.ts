import { ERROR_CODES } from '../codec/error-codes.ts';

/** What can be wrong with a request, by the last word of its `type`: status and title. */
export const PROBLEMS = {
  'bad-request': [400, 'The request makes no sense'],
  'refused-settings': [400, 'The settings make no sense; nothing is changed'],
  unauthorized: [401, 'Nobody is known by this token'],
  forbidden: [403, 'The role does not allow it'],
  'unknown-route': [404, 'There is no such route'],
  'unknown-bmc': [404, 'There is no such BMC'],
  'not-found': [404, 'There is no such thing'],
  'method-not-allowed': [405, 'The route has no such method'],
  unmet: [409, 'What was expected did not come'],
  conflict: [409, 'It cannot be done in this state'],
  'too-large': [413, 'The body is too large'],
  'unsupported-media-type': [415, 'The body is of a type that the route does not take'],
  'too-many': [429, 'Too many tries'],
  'wrong-host': [421, 'The Host header is none of this server'],
  failed: [500, 'A bug of the server; its log has the stack'],
  unavailable: [503, 'Not now'],
} as const satisfies Readonly<Record<string, readonly [status: number, title: string]>>;

export type ProblemKind = keyof typeof PROBLEMS;

/** `application/problem+json` (RFC 9457), as every refusal of the control API is. */
export interface ProblemDocument {
  /** `urn:ipmi-bmc:` and a `ProblemKind`. */
  readonly type: string;
  readonly title: string;
  readonly status: number;
  /** What is wrong with this request, as a sentence. */
  readonly detail: string;
  /** The key of the body or the query, or the parameter of the path, that is wrong. */
  readonly key?: string;
  /** The known name that is nearly the same. */
  readonly nearest?: string;
  /** What to do instead. */
  readonly next?: string;
  /** Where there are several: a line each. */
  readonly problems?: readonly string[];
}

/** What a problem may say besides its detail. */
export type ProblemHints = Pick<ProblemDocument, 'key' | 'nearest' | 'next' | 'problems'>;

/** A refusal of the control API: thrown by what serves a route, and by the client that gets it. */
export class ControlError extends Error {
  override name = 'ControlError';
  readonly code = ERROR_CODES.ControlError;
  readonly problem: ProblemDocument;

  constructor(problem: ProblemDocument, options?: ErrorOptions) {
    super(problem.detail, options);
    this.problem = problem;
  }
}

/** A refusal of this kind. */
export function refusal(kind: ProblemKind, detail: string, hints: ProblemHints = {}): ControlError {
  const [status, title] = PROBLEMS[kind];
  return new ControlError({ type: `urn:ipmi-bmc:${kind}`, title, status, detail, ...hints });
}
