import { createHash, timingSafeEqual } from 'node:crypto';
import type { Caller, Role } from './caller.ts';

/** Bytes of a token, at least: shorter ones can be tried out. */
const SHORTEST = 16;
const GRANTED: readonly string[] = ['read', 'operate', 'admin'] satisfies Role[];

interface Known {
  readonly name: string;
  readonly role: Role;
  readonly digest: Uint8Array;
}

/** Who may come by TCP, and as what. */
export class Tokens {
  readonly #known: readonly Known[];

  /** Text of a file: `NAME ROLE TOKEN` a line, `#` begins a comment. Throws Error that names the line. */
  constructor(text: string, file: string) {
    const names = new Set<string>();
    this.#known = text.split('\n').flatMap((line, i) => {
      const words = line
        .replace(/^\s*#.*/, '')
        .trim()
        .split(/\s+/);
      if (words[0] === '') return [];
      const [name, role, token = ''] = words;
      const refuse = (why: string): never => {
        throw new Error(`${file}:${i + 1}: ${why}`);
      };
      if (words.length !== 3) refuse('expected NAME ROLE TOKEN');
      if (!GRANTED.includes(role)) refuse(`expected a role of ${GRANTED.join(', ')}`);
      if (token.length < SHORTEST) refuse(`a token has at least ${SHORTEST} characters`);
      if (names.size === names.add(name).size) refuse(`'${name}' has a token already`);
      return [{ name, role: role as Role, digest: digestOf(token) }];
    });
    if (this.#known.length === 0) throw new Error(`${file}: nobody has a token in it`);
  }

  /**
   * Who has this token; undefined: nobody. Every known token is looked at, whichever fits, and in constant
   * time, so that time tells nothing of any.
   */
  caller(token: string, peer: string): Caller | undefined {
    const digest = digestOf(token);
    let found: Known | undefined;
    for (const known of this.#known) if (timingSafeEqual(known.digest, digest)) found = known;
    return found && { name: found.name, role: found.role, peer };
  }
}

/** Of one length, whatever the token's is. */
const digestOf = (token: string): Uint8Array => createHash('sha256').update(token).digest();
