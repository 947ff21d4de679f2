import { z } from '@hono/zod-openapi';
import { ERROR_CODES, errorCodeOf } from '../../codec/error-codes.ts';
import { bmcRoute } from '../bmc-route.ts';
import type { Daemon } from '../daemon.ts';
import type { Expectations } from '../expectations.ts';
import { refusal } from '../problem.ts';
import { wholeNumber } from '../whole-number.ts';

const values = z.record(z.string(), z.unknown());
const within = z.union([z.number().min(0), z.string()]).optional();

const request = z
  .strictObject({
    id: z.int(),
    name: z.string(),
    time: z.number(),
    values: values.optional(),
    chosen: z.string().optional(),
    parameter: values.optional(),
    user: z.string().optional(),
    channel: z.int(),
    medium: z.string(),
    privilege: z.int(),
    answer: z.strictObject({ cc: z.int(), name: z.string(), values: values.optional() }).optional(),
    text: z.string(),
  })
  .openapi('Request');

const entry = z
  .strictObject({
    id: z.int(),
    sensor: z.string().optional(),
    type: z.string().optional(),
    event: z.string().optional(),
    asserted: z.boolean(),
    text: z.string(),
  })
  .openapi('ExpectedEntry');

const requests = z.strictObject({ requests: z.array(request) }).openapi('Requests');

const tag = 'Expectations of tests';
const needs = 'a process of `ipmi-bmc with`';
const LIMIT = 1000;

export const expectationRoutes = [
  bmcRoute({
    method: 'get',
    path: '/requests',
    role: 'read',
    tag,
    summary: 'What came, decoded, oldest first: behind the one with the id `after`, as many as `limit`.',
    query: z.strictObject({
      after: wholeNumber(0, Number.MAX_SAFE_INTEGER).optional(),
      limit: wholeNumber(1, LIMIT).optional(),
    }),
    answer: requests,
    example: { needs, path: '/v1/bmcs/node-1/requests' },
    handle: ({ name }, { query: { after = 0, limit = LIMIT } }, daemon) => ({
      requests: expectationsOf(daemon, name)
        .requests.filter(({ id }) => id > after)
        .slice(0, limit),
    }),
  }),
  bmcRoute({
    method: 'delete',
    path: '/requests',
    role: 'operate',
    tag,
    summary: 'Forgets what came: an expectation is about what comes from now on.',
    example: { needs, path: '/v1/bmcs/node-1/requests' },
    handle: ({ name }, _input, daemon) => expectationsOf(daemon, name).clearRequests(),
  }),
  bmcRoute({
    method: 'post',
    path: '/expectations/request',
    role: 'operate',
    tag,
    summary:
      'The oldest request of this kind that no earlier call was about, as soon as it is answered; 409 with what came instead, where none comes `within` that time (default `5s`).',
    body: z.strictObject({
      command: z.string(),
      fields: values.optional(),
      user: z.string().optional(),
      cc: z.int().min(0).max(0xff).optional(),
      within,
    }),
    answer: request,
    example: {
      needs,
      path: '/v1/bmcs/node-1/expectations/request',
      body: { command: 'get-device-id', within: '1s' },
    },
    handle: ({ name }, { body }, daemon) => told(() => expectationsOf(daemon, name).expectRequest(body)),
  }),
  bmcRoute({
    method: 'post',
    path: '/expectations/no-other',
    role: 'operate',
    tag,
    summary:
      'Nothing came but what expectations were about, what clients send to log in and out, and commands of `except`; else 409 with what did.',
    body: z.strictObject({ except: z.array(z.string()).optional() }),
    example: { needs, path: '/v1/bmcs/node-1/expectations/no-other', body: { except: ['get-device-id'] } },
    handle: ({ name }, { body }, daemon) =>
      told(() => expectationsOf(daemon, name).expectNoOther(body.except ?? [])),
  }),
  bmcRoute({
    method: 'post',
    path: '/expectations/entry',
    role: 'operate',
    tag,
    summary:
      'The oldest entry of the event log of this kind, as soon as there is one; 409 with what there is, where there is none `within` that time.',
    body: z.strictObject({
      sensor: z.string().optional(),
      type: z.union([z.string(), z.int()]).optional(),
      event: z.union([z.string(), z.int()]).optional(),
      asserted: z.boolean().optional(),
      within,
    }),
    answer: entry,
    example: { needs, path: '/v1/bmcs/node-1/expectations/entry', body: { type: 'system boot initiated' } },
    handle: ({ name }, { body }, daemon) => told(() => expectationsOf(daemon, name).expectEntry(body)),
  }),
  bmcRoute({
    method: 'get',
    path: '/report',
    role: 'read',
    tag,
    summary: 'What passed, as a text for whom a test has failed.',
    answer: z.string(),
    gives: 'text/plain',
    example: { needs, path: '/v1/bmcs/node-1/report' },
    handle: ({ name }, _input, daemon) => expectationsOf(daemon, name).report,
  }),
];

function expectationsOf(daemon: Daemon, bmc: string): Expectations {
  const found = daemon.expectations?.(bmc);
  if (found) return found;
  throw refusal('conflict', 'this process does not keep what came', {
    next: 'ipmi-bmc with runs BMCs for a test',
  });
}

/** What was expected and did not come is no bug of ours. */
async function told<T>(expect: () => T | Promise<T>): Promise<T> {
  try {
    return await expect();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    if (errorCodeOf(error) === ERROR_CODES.ExpectationError) throw refusal('unmet', error.message);
    if (error instanceof RangeError) throw refusal('bad-request', error.message);
    throw error;
  }
}
