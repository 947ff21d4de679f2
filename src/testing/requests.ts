import { completionCodeName } from '../codec/index.ts';
import type { Command } from '../commands/command.ts';
import { selectorsOf } from '../commands/parameters/parameter.ts';
import type { Answer, Message } from '../joint/message.ts';
import type { Entry, Router } from '../router/index.ts';
import { answerText, requestText, type Asked, type Dropped, type Tap } from '../taps/index.ts';
import { endpointName } from '../world/world.ts';
import { isAside } from './asides.ts';

/** Characters of a line in a report. */
const LONGEST_LINE = 160;

/** Fields by name. */
type Values = Readonly<Record<string, unknown>>;

/** How a request ended. */
export interface TestAnswer {
  readonly cc: number;
  /** `ok`, or what the specification calls the completion code. */
  readonly name: string;
  /** The response's fields; undefined where it was refused, or nobody has declared them. */
  readonly values: Values | undefined;
  /** Response data, without the completion code. */
  readonly data: Uint8Array;
}

type Names = Pick<Router, 'find' | 'claims'>;

/** A request that came to the BMC, whichever way, as its declaration has it. */
export class TestRequest {
  /** Counts the requests of its BMC. */
  readonly id: number;
  /** The specification's name, or the numbers of what nobody serves. */
  readonly name: string;
  /** What it was declared as; undefined: nobody has. */
  readonly command: Command | undefined;
  readonly message: Message;
  /** Milliseconds since the BMC was started. */
  readonly time: number;
  /** Of its session; undefined: it came without one. */
  readonly user: string | undefined;
  readonly channel: number;
  readonly medium: string;
  /** The level that it was served at. */
  readonly privilege: number;
  /** Where it came from, as an interface names it. */
  readonly from: string;
  /** Request data, with the body or IANA number where it has one. */
  readonly data: Uint8Array;
  /** The fields of the request; undefined where they do not fit, or nobody has declared them. */
  readonly values: Values | undefined;
  /** What the field that chooses among functions says, in words: `power cycle` of Chassis Control. */
  readonly chosen: string | undefined;
  /** Of a configuration parameter that it sets: its values by name. */
  readonly parameter: Values | undefined;
  /** Undefined: it is still being worked on, or nobody is answered. */
  answer: TestAnswer | undefined = undefined;
  readonly #router: Names;
  readonly #prefix: number;
  #bytes: Answer | undefined;

  constructor(router: Names, { id, name, message, context }: Asked, time: number) {
    const entry: Entry | undefined = router.find(message, context.channel.number);
    this.id = id;
    this.name = name;
    this.command = entry?.handler.command;
    // Copied: the bytes are another datagram's when the answer is given.
    this.message = { ...message, data: message.data.slice() };
    this.time = time;
    this.user = context.session?.userName;
    this.channel = context.channel.number;
    this.medium = context.channel.medium;
    this.privilege = context.privilege;
    this.from = context.requester;
    this.#router = router;
    this.#prefix = entry?.prefix.length ?? 0;
    this.data = this.message.data;
    const { command, data } = this;
    this.values = command && decoded(() => command.request.decode(data, this.#prefix));
    this.chosen = chosenOf(command, this.values);
    this.parameter = parameterOf(command, this.values);
  }

  /** Somebody has answered, or decided that nobody does. */
  get isAnswered(): boolean {
    return this.#bytes !== undefined;
  }

  /** One line: who, what, and how it ended. No secret is in it. */
  get text(): string {
    const chosen = this.chosen === undefined ? '' : ` (${this.chosen})`;
    const asked = `${requestText(this.#router, this.message, this.channel, true)}${chosen}`;
    const came = this.#bytes
      ? answerText(this.#router, this.message, this.channel, this.#bytes)
      : 'not answered yet';
    return `${this.#who}${this.medium}  ${asked}  ->  ${came}`;
  }

  /** It in a list: no longer than a reader likes, and short where it is what every client sends. */
  get line(): string {
    if (isAside(this.message))
      return `${this.#who}${this.medium}  ${this.name}  ->  ${this.answer?.name ?? 'no answer'}`;
    const { text } = this;
    return text.length > LONGEST_LINE ? `${text.slice(0, LONGEST_LINE)} ...` : text;
  }

  get #who(): string {
    return this.user === undefined ? '' : `${this.user || 'null user'}@`;
  }

  /** Called with the answer, by who records. */
  answered(answer: Answer): void {
    const bytes = answer.slice();
    this.#bytes = bytes;
    if (bytes.length === 0) return;
    const { command } = this;
    this.answer = {
      cc: bytes[0],
      name: bytes[0] === 0 ? 'ok' : completionCodeName(bytes[0], command?.codes),
      values:
        bytes[0] === 0 && command
          ? decoded(() => command.response.decode(bytes, 1 + this.#prefix))
          : undefined,
      data: bytes.slice(1),
    };
  }
}

function chosenOf(command: Command | undefined, values: Values | undefined): string | undefined {
  const { subFunctions } = command ?? {};
  return subFunctions?.names[Number(values?.[subFunctions.field])];
}

function parameterOf(command: Command | undefined, values: Values | undefined): Values | undefined {
  const parameter = command?.parameters?.bySelector[Number(values?.parameter)];
  const data = values?.data;
  if (parameter === undefined || !(data instanceof Uint8Array)) return undefined;
  return decoded(() => parameter.layout.decode(data, selectorsOf(parameter)));
}

function decoded(decode: () => unknown): Values | undefined {
  try {
    return decode() as Values;
  } catch {
    return undefined;
  }
}

/** What passed, and when: milliseconds since the BMC was started. */
interface Line {
  readonly time: number;
  readonly request?: TestRequest;
  readonly text?: string;
}

/** Requests that are kept; of more, the oldest are forgotten. */
const KEPT = 10_000;
/** Lines of a report. */
const SHOWN = 60;

/** Keeps what a BMC was asked, for a test to look at. */
export class Recorder implements Tap {
  readonly #router: Names;
  readonly #now: () => number;
  readonly #told: () => void;
  readonly #pending = new Map<number, TestRequest>();
  #lines: Line[] = [];
  #forgotten = 0;

  /** `now`: milliseconds since the BMC was started; `told`: something happened. */
  constructor(router: Names, now: () => number, told: () => void) {
    this.#router = router;
    this.#now = now;
    this.#told = told;
  }

  message(asked: Asked): void {
    const request = new TestRequest(this.#router, asked, this.#now());
    this.#pending.set(asked.id, request);
    this.#keep({ time: request.time, request });
  }

  answer({ id }: Asked, answer: Answer): void {
    const request = this.#pending.get(id);
    this.#pending.delete(id);
    request?.answered(answer);
    this.#told();
  }

  dropped({ reason, peer: { address: host, port } }: Dropped): void {
    this.note(`${endpointName({ host, port })}  datagram dropped: ${reason}`);
  }

  /** A line between the requests. */
  note(text: string): void {
    this.#keep({ time: this.#now(), text });
    this.#told();
  }

  /** Oldest first. */
  get requests(): readonly TestRequest[] {
    return this.#lines.flatMap(({ request }) => request ?? []);
  }

  clear(): void {
    this.#lines = [];
    this.#forgotten = 0;
  }

  /** What passed, a line each, the last of them. */
  get report(): string {
    const lines = this.#lines.slice(-SHOWN);
    const left = this.#lines.length - lines.length + this.#forgotten;
    return [
      ...(left > 0 ? [`  ... ${left} before these`] : []),
      ...lines.map(({ time, request, text }) => `${seconds(time)}  ${request?.line ?? text ?? ''}`),
    ].join('\n');
  }

  #keep(line: Line): void {
    this.#lines.push(line);
    if (this.#lines.length <= KEPT) return;
    // A hundredth at a time: to take the first of a long list is to move all others.
    this.#forgotten += this.#lines.splice(0, KEPT / 100).length;
  }
}

const seconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(3).padStart(9)} s`;
