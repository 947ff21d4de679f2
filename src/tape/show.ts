import type { Names } from '../capture/index.ts';
import { hex2, latin1 } from '../codec/index.ts';
import { answerText, requestText } from '../taps/index.ts';
import { nameOf, type RequestEntry, type TapeEntry } from './entry.ts';

/** A line for people: when, who, what, and how it ended. No secret is in it. */
export function entryText(names: Names, entry: TapeEntry): string {
  switch (entry.kind) {
    case 'request':
      return `${time(entry.t)}  ${who(entry)}  ${asked(names, entry)}  ->  ${answered(names, entry)}`;
    case 'sol': {
      const text = entry.data === undefined ? 'typed' : JSON.stringify(latin1(entry.data));
      return `${time(entry.t)}  channel ${entry.channel}  SOL ${entry.direction}, ${entry.count} character(s): ${text}`;
    }
    case 'event': {
      const { sensorNumber, sensorType, eventType, deassertion, data, record } = entry;
      const how = deassertion ? 'deasserted' : 'asserted';
      const logged = record === 0 ? 'not logged' : `record ${record}`;
      return `${time(entry.t)}  event of sensor ${hex2(sensorNumber)}h, type ${hex2(sensorType)}h/${hex2(eventType)}h, ${how}, [${Array.from(data, hex2).join(' ')}], ${logged}`;
    }
    case 'gap':
      return `${time(entry.t)}  ${entry.count} entries are missing`;
    default:
      return `an entry of another kind, ${JSON.stringify(entry.value.kind)}`;
  }
}

const time = (t: number): string => `${(t / 1000).toFixed(3)} s`;

const who = ({ user, session, channel }: RequestEntry): string =>
  `${session === undefined ? '' : `${user || 'null user'}@`}channel ${channel}`;

function asked(names: Names, entry: RequestEntry): string {
  const { message, hidesRequest } = entry;
  // The name that the recorded BMC had for it: it may have had handlers of its own.
  if (names.find(message, 0) === undefined || hidesRequest)
    return `${nameOf(entry)} ${hidesRequest ? '(secret)' : bytes(message.data)}`;
  return requestText(names, message, 0, true);
}

function answered(names: Names, { message, answer, hidesAnswer, us }: RequestEntry): string {
  const took = us === undefined ? '' : `  ${us} us`;
  if (hidesAnswer && answer[0] === 0) return `ok (secret)${took}`;
  return `${answerText(names, message, 0, answer)}${took}`;
}

const bytes = (data: Uint8Array): string =>
  data.length === 0 ? '' : `[${Array.from(data, hex2).join(' ')}]`;
