import { bodyOf } from '../commands/body.ts';
import { keyName, NetFn, type CommandKey } from '../commands/command.ts';
import { hexText } from '../codec/index.ts';
import type { Answer, Message } from '../joint/message.ts';

/** The version of the format that is written, and the newest that is read. */
export const TAPE_VERSION = 1;

/** What is never on a tape, in the words of its first line. */
export const REDACTED: readonly string[] = ['passwords', 'keys', 'challenges', 'typed characters'];

/** The first line of a tape. */
export interface TapeHeader {
  readonly tape: typeof TAPE_VERSION;
  /** Name of the BMC that was recorded. */
  readonly bmc: string;
  /** When the recording began, ISO 8601. */
  readonly created: string;
  /** Who wrote it. */
  readonly tool: string;
  readonly redacted: readonly string[];
  /** What `t` of an entry is. */
  readonly clock: string;
}

interface Timed {
  /** Milliseconds since the tape began. */
  readonly t: number;
}

/** A request and its answer, above the session layer. */
export interface RequestEntry extends Timed {
  readonly kind: 'request';
  readonly channel: number;
  /** The session's handle; undefined: outside of any. */
  readonly session?: number;
  readonly user?: string;
  /** Of the session, or of the channel, when the request came. */
  readonly privilege: number;
  /** Data with the body or IANA in front, as it was sent; zeros where it was secret. */
  readonly message: Message;
  /** Completion code and data, as it was sent; empty: nobody was answered. */
  readonly answer: Answer;
  /** The response to the message that it carried, which followed the answer. */
  readonly bridged?: Uint8Array;
  /** Microseconds from request to answer. */
  readonly us?: number;
  readonly name?: string;
  /** Zeros stand in it where a secret was. */
  readonly hidesRequest: boolean;
  readonly hidesAnswer: boolean;
}

/** Characters of a console. What is typed is told by its length alone. */
export interface SolEntry extends Timed {
  readonly kind: 'sol';
  readonly channel: number;
  readonly session?: number;
  /** Seen from the BMC. */
  readonly direction: 'in' | 'out';
  readonly count: number;
  readonly data?: Uint8Array;
}

/** An event as it was raised. */
export interface EventEntry extends Timed {
  readonly kind: 'event';
  /** Of the SEL; 0: not logged. */
  readonly record: number;
  readonly generator: number;
  readonly sensorType: number;
  readonly sensorNumber: number;
  readonly eventType: number;
  readonly deassertion: boolean;
  readonly data: Uint8Array;
}

/** The recorder could not keep up. */
export interface GapEntry extends Timed {
  readonly kind: 'gap';
  /** Entries that are missing here. */
  readonly count: number;
}

/** Of a kind that this version does not know: kept as it is. */
export interface OtherEntry {
  readonly kind: 'other';
  readonly value: Readonly<Record<string, unknown>>;
}

export type TapeEntry = RequestEntry | SolEntry | EventEntry | GapEntry | OtherEntry;

/** A tape as it lies in memory. */
export interface Tape {
  readonly header: TapeHeader;
  readonly entries: readonly TapeEntry[];
  /** The last line of its file had no end, and is left out. */
  readonly isCut?: boolean;
}

export const isRequest = (entry: TapeEntry): entry is RequestEntry => entry.kind === 'request';

/** `created`: milliseconds since 1970. */
export const tapeHeader = (bmc: string, created: number, tool = 'ipmi-bmc'): TapeHeader => ({
  tape: TAPE_VERSION,
  bmc,
  created: new Date(created).toISOString(),
  tool,
  redacted: REDACTED,
  clock: 'milliseconds since created',
});

/** The command of a message, as declarations and claims have it. */
export const keyOf = (message: Message): CommandKey => ({
  netFn: message.netFn,
  cmd: message.cmd,
  body: bodyOf(message),
});

/** What people call the request of an entry. */
export const nameOf = ({ name, message }: Pick<RequestEntry, 'name' | 'message'>): string =>
  name ?? keyName(keyOf(message));

/** One line, without its end. */
export const headerLine = (header: TapeHeader): string => JSON.stringify(header);

/** One line, without its end. */
export function entryLine(entry: TapeEntry): string {
  switch (entry.kind) {
    case 'request':
      return requestLine(entry);
    case 'sol': {
      const { t, channel: ch, session: sess, direction: dir, count, data } = entry;
      return JSON.stringify({ t, kind: 'sol', ch, sess, dir, count, data: data && hexText(data) });
    }
    case 'event': {
      const { kind, t, data, ...event } = entry;
      return JSON.stringify({ t, kind, ...event, data: hexText(data) });
    }
    case 'gap': {
      const { kind, t, count } = entry;
      return JSON.stringify({ t, kind, count });
    }
    default:
      return JSON.stringify(entry.value);
  }
}

/** Put together by hand: most of what a recording costs would be an object that is made to be written. */
function requestLine(entry: RequestEntry): string {
  const { t, channel, session, user, privilege, message, answer, bridged, us, name } = entry;
  const { netFn, lun, cmd, data } = message;
  // For people and their filters: both stand in front of `req` as well.
  const body = member(netFn === NetFn.OemGroup ? 'iana' : 'body', bodyOf(message));
  const asked = `"ch":${channel}${member('sess', session)}${member('user', user)},"priv":${privilege}`;
  const request = `"lun":${lun},"netfn":${netFn},"cmd":${cmd}${body},"req":"${hexText(data)}"`;
  const response = `"cc":${answer[0] ?? null},"rsp":"${hexText(answer.subarray(1))}"`;
  const more = bridged === undefined ? '' : `,"bridged":"${hexText(bridged)}"`;
  const redacted = `${entry.hidesRequest ? '"req"' : ''}${entry.hidesAnswer ? '"rsp"' : ''}`.replace(
    '""',
    '","',
  );
  const hides = redacted === '' ? '' : `,"redacted":[${redacted}]`;
  return `{"t":${t},${asked},${request},${response}${more}${member('us', us)}${member('name', name)}${hides}}`;
}

/** Nothing, for what is not known. */
function member(key: string, value: number | string | undefined): string {
  if (value === undefined) return '';
  return `,"${key}":${typeof value === 'number' ? value : JSON.stringify(value)}`;
}
