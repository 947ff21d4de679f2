import { ERROR_CODES } from '../../codec/index.ts';

/** A mistake in a formula, and where: characters from its start. */
export class FormulaError extends Error {
  override name = 'FormulaError';
  readonly code = ERROR_CODES.FormulaError;
  readonly at: number;

  constructor(problem: string, at: number) {
    super(problem);
    this.at = at;
  }
}

/** A number for each time, in seconds since the BMC's start. */
export interface Formula {
  (t: number): number;
  /** It does not name `t`. */
  readonly isConstant: boolean;
}

type Node = (t: number) => number;

/** Names with their numbers of arguments. */
const functions: Readonly<
  Record<
    string,
    {
      readonly least: number;
      readonly most: number;
      readonly of: (args: readonly number[], t: number) => number;
    }
  >
> = {
  sin: { least: 1, most: 1, of: ([x]) => Math.sin(x) },
  cos: { least: 1, most: 1, of: ([x]) => Math.cos(x) },
  abs: { least: 1, most: 1, of: ([x]) => Math.abs(x) },
  floor: { least: 1, most: 1, of: ([x]) => Math.floor(x) },
  min: { least: 1, most: 8, of: (args) => Math.min(...args) },
  max: { least: 1, most: 8, of: (args) => Math.max(...args) },
  /** ramp(from, to, seconds): straight from one value to the other, and there it stays. */
  ramp: {
    least: 3,
    most: 3,
    of: ([from, to, seconds], t) =>
      from + (to - from) * Math.min(Math.max(seconds > 0 ? t / seconds : 1, 0), 1),
  },
  /** step(before, after, seconds): one value, and from that time on the other. */
  step: { least: 3, most: 3, of: ([before, after, seconds], t) => (t < seconds ? before : after) },
};
const OF_TIME: readonly string[] = ['ramp', 'step'];
const CONSTANTS: Readonly<Record<string, number>> = { pi: Math.PI };
/** Characters, and nesting: a formula is a line in a config file. */
const LONGEST = 500;
const DEEPEST = 32;

/**
 * Reads `45 + 10*sin(t/60)`: numbers, `t`, `pi`, + - * / % ^ and parentheses, sin cos abs floor min max ramp
 * step. Throws FormulaError.
 */
export function parseFormula(text: string): Formula {
  const parser = new Parser(text);
  const node = parser.whole();
  return Object.assign((t: number) => node(t), { isConstant: !parser.usesTime });
}

class Parser {
  usesTime = false;
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
    if (text.length > LONGEST) throw new FormulaError(`expected at most ${LONGEST} characters`, LONGEST);
  }

  whole(): Node {
    const node = this.#sum();
    if (this.#peek() !== '') throw this.#wrong('an operator or the end');
    return node;
  }

  #sum(): Node {
    let left = this.#product();
    for (;;) {
      const before = left;
      if (this.#take('+')) {
        const right = this.#product();
        left = (t) => before(t) + right(t);
      } else if (this.#take('-')) {
        const right = this.#product();
        left = (t) => before(t) - right(t);
      } else return left;
    }
  }

  #product(): Node {
    let left = this.#signed();
    for (;;) {
      const before = left;
      if (this.#take('*')) {
        const right = this.#signed();
        left = (t) => before(t) * right(t);
      } else if (this.#take('/')) {
        const right = this.#signed();
        left = (t) => before(t) / right(t);
      } else if (this.#take('%')) {
        const right = this.#signed();
        left = (t) => before(t) % right(t);
      } else return left;
    }
  }

  #signed(): Node {
    if (++this.#depth > DEEPEST) throw new FormulaError('nested too deeply', this.#at);
    const node = this.#take('-') ? negative(this.#signed()) : this.#power();
    this.#depth--;
    return node;
  }

  #power(): Node {
    const base = this.#atom();
    if (!this.#take('^')) return base;
    const exponent = this.#signed();
    return (t) => base(t) ** exponent(t);
  }

  #atom(): Node {
    if (this.#take('(')) {
      const node = this.#sum();
      if (!this.#take(')')) throw this.#wrong("')'");
      return node;
    }
    this.#peek();
    const start = this.#at;
    const number = this.#match(/^\d+(?:\.\d*)?(?:e[+-]?\d+)?|^\.\d+(?:e[+-]?\d+)?/i);
    if (number !== undefined) {
      const value = Number(number);
      return () => value;
    }
    const name = this.#match(/^[a-z]\w*/i);
    if (name === undefined) throw this.#wrong("a number, 't', a function or '('");
    if (name === 't') {
      this.usesTime = true;
      return (t) => t;
    }
    if (Object.hasOwn(CONSTANTS, name)) return () => CONSTANTS[name];
    if (!Object.hasOwn(functions, name))
      throw new FormulaError(
        `there is no '${name}' (${[...Object.keys(functions), 't', 'pi'].join(', ')})`,
        start,
      );
    return this.#call(name, start);
  }

  #call(name: string, start: number): Node {
    const { least, most, of } = functions[name];
    if (!this.#take('(')) throw this.#wrong(`'(' after ${name}`);
    const args: Node[] = [];
    do args.push(this.#sum());
    while (this.#take(','));
    if (!this.#take(')')) throw this.#wrong("',' or ')'");
    if (args.length < least || args.length > most)
      throw new FormulaError(
        `${name} takes ${least === most ? least : `${least} to ${most}`} argument(s), not ${args.length}`,
        start,
      );
    if (OF_TIME.includes(name)) this.usesTime = true;
    return (t) =>
      of(
        args.map((arg) => arg(t)),
        t,
      );
  }

  #wrong(expected: string): FormulaError {
    const rest = this.#peek();
    return new FormulaError(
      `expected ${expected}, received ${rest === '' ? 'the end' : `'${rest}'`}`,
      this.#at,
    );
  }

  /** The next character that is not a space; '' at the end. */
  #peek(): string {
    while (/\s/.test(this.#text.charAt(this.#at))) this.#at++;
    return this.#text.charAt(this.#at);
  }

  #take(character: string): boolean {
    if (this.#peek() !== character) return false;
    this.#at++;
    return true;
  }

  #match(pattern: RegExp): string | undefined {
    const [found] = pattern.exec(this.#text.slice(this.#at)) ?? [];
    if (found !== undefined) this.#at += found.length;
    return found;
  }
}

const negative =
  (node: Node): Node =>
  (t) =>
    -node(t);
