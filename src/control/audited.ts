import type { Daemon } from './daemon.ts';
import type { Input, Route } from './route.ts';

/** What keys hold that nobody writes down: secrets, and bytes that may carry some. */
const SECRET = /password|secret|token|key|kg$|community|challenge|data|image/i;
/** Longer texts, and longer lists, are no names. */
const LONGEST = 200;
const DEEPEST = 4;

/** Does the work; what a caller has changed by it, or was refused, is told to the audit log. */
export async function audited<T>(
  daemon: Daemon,
  { method, path }: Pick<Route, 'method' | 'path'>,
  { params, query, body, caller }: Input<unknown, unknown, unknown>,
  work: () => T | Promise<T>,
): Promise<T> {
  const { audit } = daemon;
  if (audit === undefined || method === 'get' || isPlan(query)) return work();
  const { name, peer } = caller;
  const { bmc } = (params ?? {}) as { readonly bmc?: string };
  const tell = (result?: string): void =>
    audit.tell({
      ...(bmc !== undefined && { bmc }),
      actor: { by: 'control', name, ...(peer !== '' && { peer }) },
      what: `${method.toUpperCase()} ${path}`,
      // A text is settings, with passwords among them.
      fields: {
        params,
        query,
        body: typeof body === 'string' ? `${body.length} characters` : shown(body, 0),
      },
      ...(result !== undefined && { result }),
    });
  try {
    const value = await work();
    tell();
    return value;
  } catch (error) {
    tell(error instanceof Error ? error.message : String(error));
    throw error;
  }
}

/** What is only planned changes nothing. */
const isPlan = (query: unknown): boolean =>
  (query as { readonly plan?: string } | undefined)?.plan === 'true';

/** The same without secrets, and not too long. */
function shown(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return value.length > LONGEST ? `${value.length} characters` : value;
  if (typeof value !== 'object' || value === null) return value;
  if (depth === DEEPEST) return '...';
  if (Array.isArray(value)) return value.slice(0, LONGEST).map((item) => shown(item, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([key, field]) => [key, SECRET.test(key) ? '...' : shown(field, depth + 1)]),
  );
}
