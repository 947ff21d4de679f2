import type { Answer, Message } from '../joint/message.ts';
import type { Entry } from '../router/index.ts';
import { answerText, nameOf, requestText } from '../taps/index.ts';
import type { Names } from './mask.ts';
import type { Pair } from './pair.ts';

/** Phrases that are remembered; then all are forgotten. */
const MOST = 4096;
/** Bytes of a message of which words are remembered. */
const LONGEST = 256;
const TEXT = new TextEncoder();
const NONE = new Uint8Array(0);

/** What is said of a message. */
export class Words {
  /** Of a comment. */
  readonly bytes: Uint8Array;
  /** Packets that were made with them, by the digits of the microseconds that stand under them; 0: none. */
  readonly pairs: (Pair | undefined)[] = [];

  constructor(text: string) {
    this.bytes = TEXT.encode(text);
  }
}

interface Phrase {
  readonly data: Uint8Array;
  /** Of an answer: the request, where that says what it is about. */
  readonly asked: Uint8Array;
  readonly words: Words;
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
  #latest = NOBODY;
  #count = 0;

  /** Where the messages of one handler stand. */
  page(entry: Entry | undefined): Page {
    if (entry === undefined) return NOBODY;
    // Who polls asks the same again: that is found without a look into any map.
    if (this.#latest.entry === entry) return this.#latest;
    return (this.#latest = this.#page(entry));
  }

  #page(entry: Entry): Page {
    const known = this.#pages.get(entry);
    if (known !== undefined) return known;
    if (this.#pages.size >= MOST) this.#pages.clear();
    const page = new Page(entry, this.#remembered);
    this.#pages.set(entry, page);
    return page;
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

  /** False: that was one too many, and all are forgotten. */
  readonly #remembered = (): boolean => {
    if (++this.#count <= MOST) return true;
    for (const page of this.#pages.values()) page.forget();
    this.#count = 0;
    return false;
  };
}

/** The messages of one handler in words. */
export class Page {
  readonly entry: Entry | undefined;
  /** They may be shown and remembered: they are declared, and nothing in them is secret. */
  readonly isPlain: boolean;
  /** Only of configuration parameters the request says what the answer is about. */
  readonly #isAbout: boolean;
  readonly #requests = new Map<number, Phrase>();
  readonly #answers = new Map<number, Phrase>();
  #asked: Phrase | undefined;
  #answered: Phrase | undefined;
  readonly #remembered: () => boolean;

  constructor(entry: Entry | undefined, remembered: () => boolean) {
    this.entry = entry;
    this.isPlain = isPlain(entry);
    this.#isAbout = entry?.handler.command?.parameters !== undefined;
    this.#remembered = remembered;
  }

  /** What was asked, with its values; who answers. */
  request(names: Names, message: Message, channel: number): Words {
    const { data } = message;
    if (!this.isPlain || data.length > LONGEST) return requestWords(names, this.entry, message, channel);
    const latest = this.#asked;
    if (latest !== undefined && isSame(latest.data, data)) return latest.words;
    const hash = hashOf(data, START);
    const known = this.#requests.get(hash);
    if (known !== undefined && isSame(known.data, data)) return (this.#asked = known).words;
    const words = requestWords(names, this.entry, message, channel);
    if (this.#remembered()) this.#requests.set(hash, { data: data.slice(), asked: NONE, words });
    return words;
  }

  /** How it ended. */
  answer(names: Names, message: Message, channel: number, answer: Answer): Words {
    if (!this.isPlain || answer.length + message.data.length > LONGEST)
      return answerWords(names, message, channel, answer);
    const asked = this.#isAbout ? message.data : NONE;
    const latest = this.#answered;
    if (latest !== undefined && isSame(latest.data, answer) && isSame(latest.asked, asked))
      return latest.words;
    const hash = hashOf(answer, hashOf(asked, START));
    const known = this.#answers.get(hash);
    if (known !== undefined && isSame(known.data, answer) && isSame(known.asked, asked))
      return (this.#answered = known).words;
    const words = answerWords(names, message, channel, answer);
    if (this.#remembered()) this.#answers.set(hash, { data: answer.slice(), asked: asked.slice(), words });
    return words;
  }

  forget(): void {
    this.#requests.clear();
    this.#answers.clear();
    this.#asked = this.#answered = undefined;
  }
}

const NOBODY = new Page(undefined, () => false);

function isPlain(entry: Entry | undefined): boolean {
  const command = entry?.handler.command;
  if (command === undefined || command.secrets.length + command.carried.length > 0) return false;
  return command.parameters?.all.some(({ secret }) => secret) !== true;
}

function requestWords(names: Names, entry: Entry | undefined, message: Message, channel: number): Words {
  const spec = entry?.handler.command?.spec;
  const by =
    entry === undefined ? "nobody's" : `answered by ${entry.owner}${spec === undefined ? '' : `; ${spec}`}`;
  return new Words(`${requestText(names, message, channel, true)}\n${by}`);
}

const answerWords = (names: Names, message: Message, channel: number, answer: Answer): Words =>
  new Words(`${nameOf(names, message, channel)}  ->  ${answerText(names, message, channel, answer)}`);

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
