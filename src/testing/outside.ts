import { hex2 } from '../codec/index.ts';
import type { Expectations, SeenEntry, SeenRequest } from '../control/expectations.ts';
import type { TestRequest } from './requests.ts';
import type { SelEntry } from './sel.ts';
import type { TestBmc } from './test-bmc.ts';

/** What a test in another process sees of a BMC, and expects of who asks it. */
export const expectationsOf = (bmc: TestBmc): Expectations => ({
  get requests() {
    return bmc.requests.map(seen);
  },
  get entries() {
    return bmc.sel.entries.map(entry);
  },
  get report() {
    return bmc.report;
  },
  clearRequests: () => bmc.clearRequests(),
  async expectRequest({ command, fields, ...options }) {
    return seen(await bmc.expectRequest(command, fields, options));
  },
  expectNoOther: (except) => bmc.expectNoOther({ except }),
  async expectEntry({ within, ...wanted }) {
    return entry(await bmc.sel.expect(wanted, { within }));
  },
});

const seen = (request: TestRequest): SeenRequest => ({
  id: request.id,
  name: request.name,
  time: request.time,
  values: plain(request.values),
  chosen: request.chosen,
  parameter: plain(request.parameter),
  user: request.user,
  channel: request.channel,
  medium: request.medium,
  privilege: request.privilege,
  answer: request.answer && {
    cc: request.answer.cc,
    name: request.answer.name,
    values: plain(request.answer.values),
  },
  text: request.text,
});

const entry = ({ id, sensor, type, event, asserted, text }: SelEntry): SeenEntry => ({
  id,
  sensor,
  type,
  event,
  asserted,
  text,
});

type Values = Readonly<Record<string, unknown>>;

/** As JSON has values: bytes are hex digits. */
function plain(values: Values | undefined): Values | undefined {
  return values && (json(values) as Values);
}

function json(value: unknown): unknown {
  if (value instanceof Uint8Array) return Array.from(value, hex2).join(' ');
  if (Array.isArray(value)) return value.map(json);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, json(part)]));
}
