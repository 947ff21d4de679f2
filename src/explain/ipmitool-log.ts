import { hexBytes } from '../codec/index.ts';
import type { Message } from '../joint/message.ts';
import {
  Authentication,
  cipherSuite,
  Confidentiality,
  Integrity,
  OpenSessionRequest,
  OpenSessionResponse,
  PayloadType,
  Rakp1,
  Rakp2,
  Rakp3,
  Rakp4,
  RakpStatus,
  type CipherSuite,
  type IpmiMessage,
} from '../wire/index.ts';
import type { Candidates } from './candidates.ts';
import type { CapturedDatagram } from './conversations.ts';
import { LogIn20 } from './log-in-20.ts';

/** What a log of `ipmitool -vvv` holds. */
export interface ToolLog {
  /** Where it has dumps of them (`-I lan -vvv`, `-I lanplus -vvvvv`): everything else follows from these. */
  readonly datagrams: readonly CapturedDatagram[];
  /** Where it has none: requests, each with its answer's completion code. */
  readonly exchanges: readonly { readonly request: Message; readonly response: IpmiMessage | undefined }[];
  /** Where it has none: log-ins as far as the log tells them. */
  readonly logIns: readonly LogIn20[];
}

/** Who speaks in a log, which has no addresses. */
export const LOG_CONSOLE = { host: 'console', port: 0 };
export const LOG_BMC = { host: 'bmc', port: 623 };

/** Lines of which `ipmitool -vvv` writes at least one. */
const TELLING = [
  />> Sending IPMI command payload/,
  />> IPMI Request (?:Session|Message) Header/,
  /(?:send_packet|>> sending packet) \(\d+ bytes\)/,
  />> SENDING AN OPEN SESSION REQUEST/,
];

/** True for what `ipmitool -vvv` writes. */
export const isToolLog = (text: string): boolean => TELLING.some((line) => line.test(text));

/** Dumps by the line above them; the bytes follow, sixteen a line. */
const DUMP = /^(?:[<>]+ ?)?([\w .()-]*?) \((\d+) bytes\)$/;
const BYTES = /^(?: [\da-f]{2})+$/;
const SENT: ReadonlySet<string> = new Set(['send_packet', 'sending packet']);
const RECEIVED: ReadonlySet<string> = new Set(['recv_packet', 'received packet']);

interface Dump {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/**
 * Reads a log. Its two streams may be mixed in any order, so that the n-th of a kind belongs to the n-th
 * log-in. The console's own password stands in it: it is a candidate, besides those given.
 */
export function readToolLog(text: string, candidates: Candidates): ToolLog {
  const lines = text.split(/\r?\n/).map((line) => line.trimEnd());
  const dumps = dumpsIn(lines);
  const datagrams = dumps
    .filter(({ name }) => SENT.has(name) || RECEIVED.has(name))
    .map(({ name, bytes }, i): CapturedDatagram => {
      const isSent = SENT.has(name);
      const [from, to] = isSent ? [LOG_CONSOLE, LOG_BMC] : [LOG_BMC, LOG_CONSOLE];
      return { number: i + 1, time: 0, from, to, bytes };
    });
  if (datagrams.length > 0) return { datagrams, exchanges: [], logIns: [] };
  return { datagrams, exchanges: exchangesIn(lines), logIns: logInsIn(lines, dumps, candidates) };
}

/** The password that the console in a log works with: what it says of its own keys. */
export function passwordsIn(text: string): Uint8Array[] {
  const dumps = dumpsIn(text.split(/\r?\n/).map((line) => line.trimEnd()));
  return dumps.filter(({ name }) => name === 'rakp2 mac key').map(({ bytes }) => trimmed(bytes));
}

const trimmed = (key: Uint8Array): Uint8Array => {
  let end = key.length;
  while (end > 0 && key[end - 1] === 0) end--;
  return key.slice(0, end);
};

function dumpsIn(lines: readonly string[]): Dump[] {
  const dumps: Dump[] = [];
  for (let i = 0; i < lines.length; i++) {
    const [, name, count] = DUMP.exec(lines[i]) ?? [];
    if (name === undefined) continue;
    const bytes: number[] = [];
    while (i + 1 < lines.length && BYTES.test(lines[i + 1]) && bytes.length < Number(count))
      bytes.push(...bytesOf(lines[++i]));
    if (bytes.length === Number(count)) dumps.push({ name, bytes: Uint8Array.from(bytes) });
  }
  return dumps;
}

const bytesOf = (words: string): number[] =>
  words
    .trim()
    .split(/\s+/)
    .filter(Boolean)
    .map((word) => parseInt(word, 16));

function exchangesIn(lines: readonly string[]): ToolLog['exchanges'] {
  const exchanges: { request: Message; response: IpmiMessage | undefined }[] = [];
  let netFn: number | undefined;
  let cmd: number | undefined;
  for (const line of lines) {
    const [, arrow, key, value] = /^(>>|<<) {2,}([\w ]+?) *: *(.*)$/.exec(line) ?? [];
    if (arrow === '>>' && key === 'netfn') netFn = parseInt(value, 16);
    if (arrow === '>>' && key === 'command') cmd = parseInt(value, 16);
    if (arrow === '>>' && key === 'data' && netFn !== undefined && cmd !== undefined) {
      const data = Uint8Array.from(bytesOf(value.replaceAll('0x', '')));
      exchanges.push({ request: { netFn, lun: 0, cmd, data }, response: undefined });
      netFn = cmd = undefined;
    }
    const last = exchanges.at(-1);
    if (arrow === '<<' && key === 'Compl Code' && last !== undefined && last.response === undefined) {
      const { request } = last;
      // Of what came the log has the completion code alone.
      last.response = {
        to: 0x81,
        toLun: 0,
        netFn: request.netFn | 1,
        from: 0x20,
        fromLun: request.lun,
        seq: 0,
        cmd: request.cmd,
        data: Uint8Array.of(parseInt(value, 16)),
      };
    }
  }
  return exchanges;
}

const ALGORITHMS: Readonly<Record<string, number>> = {
  none: Authentication.None,
  hmac_sha1: Authentication.HmacSha1,
  hmac_md5: Authentication.HmacMd5,
  hmac_sha256: Authentication.HmacSha256,
  hmac_sha1_96: Integrity.HmacSha1_96,
  hmac_md5_128: Integrity.HmacMd5_128,
  md5_128: Integrity.Md5_128,
  sha256_128: Integrity.HmacSha256_128,
  aes_cbc_128: Confidentiality.AesCbc128,
};

/** What each status is called in a log. */
const STATUS: Readonly<Record<string, number>> = {
  'no errors': RakpStatus.Ok,
  'insufficient resources for session': RakpStatus.InsufficientResources,
  'invalid session ID': RakpStatus.InvalidSessionId,
  'invalid payload type': RakpStatus.InvalidPayloadType,
  'no matching authentication algorithm': RakpStatus.NoMatchingAuthenticationPayload,
  'no matching integrity payload': RakpStatus.NoMatchingIntegrityPayload,
  'inactive session ID': RakpStatus.InactiveSessionId,
  'invalid authentication algorithm': RakpStatus.InvalidAuthenticationAlgorithm,
  'invalid integrity algorithm': RakpStatus.InvalidIntegrityAlgorithm,
  'invalid confidentiality algorithm': RakpStatus.InvalidConfidentialityAlgorithm,
  'no matching cipher suite': RakpStatus.NoCipherSuiteMatch,
  'invalid role': RakpStatus.InvalidRole,
  'unauthorized role requested': RakpStatus.UnauthorizedRole,
  'insufficient resources for role': RakpStatus.InsufficientResourcesForRole,
  'invalid name length': RakpStatus.InvalidNameLength,
  'unauthorized name': RakpStatus.UnauthorizedName,
  'unauthorized GUID': RakpStatus.UnauthorizedGuid,
  'invalid integrity check value': RakpStatus.InvalidIntegrityCheckValue,
  'illegal parameter': RakpStatus.IllegalParameter,
};

/** The messages of a kind that came: their lines, by their keys. */
function received(lines: readonly string[], title: string): Map<string, string>[] {
  const all: Map<string, string>[] = [];
  lines.forEach((line, i) => {
    if (line !== title) return;
    const fields = new Map<string, string>();
    for (let at = i + 1; at < lines.length && lines[at].startsWith('<< '); at++) {
      const [, key, value] = /^<< +(.*?) *: *(.*)$/.exec(lines[at]) ?? [];
      if (key !== undefined) fields.set(key.replace(/ \[.*\]$/, ''), value);
    }
    all.push(fields);
  });
  return all;
}

function logInsIn(lines: readonly string[], dumps: readonly Dump[], candidates: Candidates): LogIn20[] {
  const begun = lines.filter((line) => line === '>> SENDING AN OPEN SESSION REQUEST').length;
  const opened = received(lines, '<<OPEN SESSION RESPONSE');
  const [second, fourth] = [received(lines, '<<RAKP 2 MESSAGE'), received(lines, '<<RAKP 4 MESSAGE')];
  const nth = (name: string): Uint8Array[] =>
    dumps.filter((dump) => dump.name === name).map(({ bytes }) => bytes);
  const [randoms, inputs, thirds] = [
    'Console generated random number',
    'rakp2 mac input buffer',
    'generated rakp3 mac',
  ].map(nth);
  const suites = lines.flatMap((line) => {
    const [, id] = /^Using best available cipher suite (\d+)$/.exec(line) ?? [];
    return id === undefined ? [] : [cipherSuite(Number(id))];
  });
  return Array.from({ length: Math.max(begun, opened.length) }, (_, i) => {
    const logIn = new LogIn20('console:0', 'bmc:623', candidates);
    let number = 0;
    const take = (type: number, payload: Uint8Array): void => {
      const hasStatus = type !== PayloadType.OpenSessionRequest && type !== PayloadType.Rakp1;
      logIn.take(type, { number: ++number, time: 0, payload, status: hasStatus ? payload[1] : undefined });
    };
    const open = opened[i];
    const algorithms = algorithmsOf(open, suites[i]);
    const [consoleId, bmcId] = [idOf(open?.get('Console Session ID')), idOf(open?.get('BMC Session ID'))];
    if (algorithms !== undefined)
      take(
        PayloadType.OpenSessionRequest,
        OpenSessionRequest.encode({ tag: 0, maxPrivilege: 0, consoleId, ...algorithms }),
      );
    if (open === undefined) return logIn;
    const status = statusOf(open);
    take(
      PayloadType.OpenSessionResponse,
      OpenSessionResponse.encode({
        tag: 0,
        status,
        maxPrivilege: 4,
        consoleId,
        bmcId,
        ...(algorithms ?? records(0, 0, 0)),
      }),
    );
    // Ids and both random numbers, the GUID; then the role, the name's length, and the name. A refused RAKP 1
    // leaves no such input, and nothing tells whose it was.
    const identity = inputs[i]?.subarray(56);
    if (identity !== undefined && randoms[i] !== undefined) {
      const [role, nameLength] = identity;
      take(
        PayloadType.Rakp1,
        Rakp1.encode({
          tag: 0,
          bmcId,
          consoleRandom: randoms[i],
          nameOnly: (role & 0x10) !== 0,
          role: role & 0x0f,
          nameLength,
          name: identity.subarray(2, 2 + nameLength),
        }),
      );
    }
    const two = second[i];
    if (two === undefined) return logIn;
    const bytes = (fields: Map<string, string>, key: string, size: number): Uint8Array => {
      const digits = (fields.get(key) ?? '').replace(/^0x/, '');
      return hexBytes(digits.padEnd(size * 2, '0'));
    };
    take(
      PayloadType.Rakp2,
      Rakp2.encode({
        tag: 0,
        status: statusOf(two),
        consoleId,
        bmcRandom: bytes(two, 'BMC random number', 16),
        bmcGuid: bytes(two, 'BMC GUID', 16),
        code: bytes(two, 'Key exchange auth code', 0),
      }),
    );
    if (thirds[i] === undefined) return logIn;
    take(PayloadType.Rakp3, Rakp3.encode({ tag: 0, status: 0, bmcId, code: thirds[i] }));
    const four = fourth[i];
    if (four === undefined) return logIn;
    take(
      PayloadType.Rakp4,
      Rakp4.encode({
        tag: 0,
        status: statusOf(four),
        consoleId,
        code: bytes(four, 'Key exchange auth code', 0),
      }),
    );
    const isIn = lines.filter((line) => line === 'IPMIv2 / RMCP+ SESSION OPENED SUCCESSFULLY').length > i;
    if (isIn) logIn.packets = { in: 1, out: 1, unauthentic: 0 };
    return logIn;
  });
}

const record = (type: number, algorithm: number) => ({ type, length: 8, algorithm });

const records = (authentication: number, integrity: number, confidentiality: number) => ({
  authentication: record(0, authentication),
  integrity: record(1, integrity),
  confidentiality: record(2, confidentiality),
});

/** Undefined: the log does not say what was asked for. */
function algorithmsOf(open: Map<string, string> | undefined, suite: CipherSuite | undefined) {
  // As it is spelt there.
  if (open?.has('Negotiated authenticatin algorithm') === true) {
    const of = (key: string): number => ALGORITHMS[open.get(key) ?? ''] ?? 0;
    return records(
      of('Negotiated authenticatin algorithm'),
      of('Negotiated integrity algorithm'),
      of('Negotiated encryption algorithm'),
    );
  }
  return suite && records(suite.authentication, suite.integrity, suite.confidentiality);
}

const idOf = (text: string | undefined): number => parseInt(text ?? '0', 16) || 0;

function statusOf(fields: Map<string, string>): number {
  const text = fields.get('RMCP+ status') ?? '';
  return STATUS[text] ?? (Number(/0x[\da-f]+/i.exec(text)?.[0]) || RakpStatus.IllegalParameter);
}
