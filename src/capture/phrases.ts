import type { Answer, Message } from '../joint/message.ts';
import type { Entry } from '../router/index.ts';
import { answerText, nameOf, requestText } from '../taps/index.ts';
import type { Names } from './mask.ts';

/** Phrases that are remembered; then all are forgotten. */
const MOST = 4096;
/** Bytes of a message of which words are remembered. */
const LONGEST = 256;
const TEXT = new TextEncoder();

interface Phrase {
  readonly data: Uint8Array;
  /** Of a request: what the answer is about. */
  readonly asked: Uint8Array | undefined;
  readonly words: Uint8Array;
}

/** Of one handler. */
interface Page {
  readonly requests: Map<number, Phrase>;
  readonly answers: Map<number, Phrase>;
}

/**
 * Messages in words, as the bytes of a comment. A client asks the same again and again and mostly gets the
 * same answer: what was said once is not put together anew. Many BMCs share one.
 *
 * What a declaration has secrets for is never remembered, and neither is what bytes alone tell: whether
 * those may be shown depends on who else is registered.
 */
export class Phrases {
  readonly #pages = new Map<Entry, Page>();
  readonly #texts = new Map<string, Uint8Array>();
  #count = 0;

  /** What was asked, with its values; who answers. */
  request(names: Names, entry: Entry | undefined, message: Message, channel: number): Uint8Array {
    if (!isPlain(entry) || message.data.length > LONGEST) return requestWords(names, entry, message, channel);
    const { requests } = this.#page(entry);
    const { data } = message;
    const hash = hashOf(data, START);
    const known = requests.get(hash);
    if (known !== undefined && isSame(known.data, data)) return known.words;
    const words = requestWords(names, entry, message, channel);
    return this.#remember(requests, hash, { data: data.slice(), asked: undefined, words });
  }

  /** How it ended. */
  answer(
    names: Names,
    entry: Entry | undefined,
    message: Message,
    channel: number,
    answer: Answer,
  ): Uint8Array {
    if (!isPlain(entry) || answer.length + message.data.length > LONGEST)
      return answerWords(names, message, channel, answer);
    const { answers } = this.#page(entry);
    // Only of configuration parameters the request says what the answer is about.
    const asked = entry.handler.command?.parameters === undefined ? undefined : message.data;
    const hash = hashOf(answer, asked === undefined ? START : hashOf(asked, START));
    const known = answers.get(hash);
    if (known !== undefined && isSame(known.data, answer) && isSameAsked(known.asked, asked))
      return known.words;
    const words = answerWords(names, message, channel, answer);
    return this.#remember(answers, hash, { data: answer.slice(), asked: asked?.slice(), words });
  }

  /** A text that is said often. */
  text(text: string): Uint8Array {
    const known = this.#texts.get(text);
    if (known !== undefined) return known;
    if (this.#texts.size >= MOST) this.#texts.clear();
    const bytes = TEXT.encode(text);
    this.#texts.set(text, bytes);
    return bytes;
  }

  #page(entry: Entry): Page {
    const known = this.#pages.get(entry);
    if (known !== undefined) return known;
    const page: Page = { requests: new Map(), answers: new Map() };
    this.#pages.set(entry, page);
    return page;
  }

  #remember(on: Map<number, Phrase>, hash: number, phrase: Phrase): Uint8Array {
    if (++this.#count > MOST) {
      this.#pages.clear();
      this.#count = 0;
    } else on.set(hash, phrase);
    return phrase.words;
  }
}

/** Its messages may be shown and remembered: they are declared, and nothing in them is secret. */
export function isPlain(entry: Entry | undefined): entry is Entry {
  const command = entry?.handler.command;
  if (command === undefined || command.secrets.length + command.carried.length > 0) return false;
  return command.parameters?.all.some(({ secret }) => secret) !== true;
}

function requestWords(names: Names, entry: Entry | undefined, message: Message, channel: number): Uint8Array {
  const spec = entry?.handler.command?.spec;
  const by =
    entry === undefined ? "nobody's" : `answered by ${entry.owner}${spec === undefined ? '' : `; ${spec}`}`;
  return TEXT.encode(`${requestText(names, message, channel, true)}\n${by}`);
}

const answerWords = (names: Names, message: Message, channel: number, answer: Answer): Uint8Array =>
  TEXT.encode(`${nameOf(names, message, channel)}  ->  ${answerText(names, message, channel, answer)}`);

const START = 0x811c9dc5;

/** FNV-1a. */
function hashOf(bytes: Uint8Array, start: number): number {
  let hash = start;
  for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ bytes[i], 0x01000193);
  return hash;
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

const isSameAsked = (a: Uint8Array | undefined, b: Uint8Array | undefined): boolean =>
  a === undefined || b === undefined ? a === b : isSame(a, b);
