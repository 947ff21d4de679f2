import type { Names } from '../capture/index.ts';
import { CC, hexText } from '../codec/index.ts';
import { NetFn } from '../commands/command.ts';
import { SESSION_COMMANDS } from '../commands/app/sessions.ts';
import { ActivatePayload, DeactivatePayload } from '../commands/app/payloads.ts';
import { SendMessage } from '../commands/app/bridging.ts';
import { refuse, type Answer, type Context, type Dispatch, type Message } from '../router/index.ts';
import { buildResponse, parseMessage, type IpmiMessage } from '../wire/index.ts';
import { isRequest, type RequestEntry, type Tape } from './entry.ts';
import { spokenName } from '../commands/command.ts';
import { commandOf, requestValues } from './names.ts';
import { natureOf } from './nature.ts';

export interface TapeAnswersOptions {
  /** What answers a request that the tape does not have. Default: C1h. */
  readonly extra?: 'refuse' | 'pass';
}

/** Answers to one request, in the order of the tape. */
interface Answers {
  readonly recorded: RequestEntry[];
  /** The next one's place; the last one stays. */
  next: number;
}

/** Sessions are of the BMC that serves, and so is what they carry. */
const PASSED: ReadonlySet<number> = new Set([
  ...SESSION_COMMANDS,
  ActivatePayload.cmd,
  DeactivatePayload.cmd,
]);

/**
 * Answers from a tape in place of handlers: the n-th same request gets the n-th answer, then the last one
 * again and again.
 *
 *   const remove = bmc.router.wrap(new TapeAnswers(tape, bmc.router).wrapper);
 */
export class TapeAnswers {
  /** Requests that the tape does not have. */
  unknown = 0;
  readonly #names: Names;
  readonly #extra: 'refuse' | 'pass';
  readonly #byRequest = new Map<string, Answers>();
  /** Where times and reservations in a request are others than on the tape. */
  readonly #byShape = new Map<string, Answers>();

  constructor(tape: Tape, names: Names, { extra = 'refuse' }: TapeAnswersOptions = {}) {
    this.#names = names;
    this.#extra = extra;
    for (const entry of tape.entries.filter(isRequest)) {
      if (isOfSession(entry.message)) continue;
      // A secret that is not on the tape can have been any.
      if (!entry.hidesRequest) put(this.#byRequest, requestKey(entry.message), entry);
      put(this.#byShape, this.#shape(entry.message, entry.hidesRequest), entry);
      if (entry.hidesRequest) put(this.#byShape, this.#shape(entry.message, false), entry);
    }
  }

  /** Nothing is kept of what passes but how often each request of the tape was asked. */
  readonly wrapper =
    <B>(dispatch: Dispatch<B>): Dispatch<B> =>
    (message, context) => {
      if (isOfSession(message)) return dispatch(message, context);
      const answers =
        this.#byRequest.get(requestKey(message)) ??
        this.#byShape.get(this.#shape(message, false)) ??
        this.#byShape.get(this.#shape(message, true));
      if (answers === undefined) {
        this.unknown++;
        return this.#extra === 'pass' ? dispatch(message, context) : refuse(message, CC.InvalidCommand);
      }
      return this.#answer(answers, message, context);
    };

  #answer(answers: Answers, message: Message, context: Context): Answer {
    const entry = answers.recorded[Math.min(answers.next, answers.recorded.length - 1)];
    const needed = this.#names.find(message, context.channel.number)?.handler.privilege ?? entry.privilege;
    if (context.privilege < needed) return refuse(message, CC.InsufficientPrivilege);
    answers.next++;
    const carried = entry.bridged && carriedIn(message);
    if (carried) context.followUp = Promise.resolve(responseTo(carried, entry.bridged));
    return entry.answer;
  }

  /** `any`: whatever its data are, as long as there are so many. */
  #shape({ netFn, lun, cmd, data }: Message, any: boolean): string {
    const message = { netFn, lun, cmd, data };
    if (any) return `${netFn} ${lun} ${cmd} ${data.length} any`;
    const values = requestValues(this.#names, message);
    const found = commandOf(this.#names, message);
    if (values === undefined || found === undefined) return requestKey(message);
    const carried = carriedIn(message);
    // Its sequence number, and who asks, are others each time.
    if (carried) {
      const { to, toLun, netFn: inside, cmd: command, data: own } = carried;
      return `${lun} carried ${data[0]} ${to} ${toLun} ${inside} ${command} ${hexText(own)}`;
    }
    const name = spokenName(found.command.name);
    const fields = Object.entries(values).map(([field, value]) => {
      const nature = natureOf(name, field);
      // Which record it is, is the question.
      if (nature !== undefined && nature !== 'record') return '';
      return value instanceof Uint8Array ? hexText(value) : JSON.stringify(value);
    });
    return `${netFn} ${lun} ${cmd} ${found.command.name} ${fields.join(' ')}`;
  }
}

const isOfSession = ({ netFn, cmd }: Message): boolean => netFn === NetFn.App && PASSED.has(cmd);

const requestKey = ({ netFn, lun, cmd, data }: Message): string => `${netFn} ${lun} ${cmd} ${hexText(data)}`;

/** The message in a Send Message, behind the byte of the channel. */
const carriedIn = ({ netFn, cmd, data }: Message): IpmiMessage | undefined =>
  netFn === SendMessage.netFn && cmd === SendMessage.cmd ? parseMessage(data, 1) : undefined;

/** The recorded response, to the one who asks now. */
function responseTo(request: IpmiMessage, recorded: Uint8Array): Uint8Array {
  const response = parseMessage(recorded);
  return response === undefined ? recorded : buildResponse(request, response.data);
}

function put(table: Map<string, Answers>, key: string, entry: RequestEntry): void {
  const answers = table.get(key) ?? { recorded: [], next: 0 };
  answers.recorded.push(entry);
  table.set(key, answers);
}
