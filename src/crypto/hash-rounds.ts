import {
  add,
  and,
  get,
  load,
  loop,
  or,
  rotateLeft,
  set,
  shiftRight,
  store,
  word,
  xor,
  type Code,
  type Procedure,
} from './assembler.ts';

/** Its parameters: where the state is, where the blocks are, and how many. */
const STATE = 0;
const DATA = 1;
const COUNT = 2;
/** The working variables, and behind them the sixteen words of the schedule that are still needed. */
const FIRST = 3;

/** A hash of 64-byte blocks, as its standard tells it. */
interface Rounds {
  readonly name: string;
  /** Working variables. */
  readonly size: number;
  /** Words come most significant byte first. */
  readonly bigEndian: boolean;
  readonly count: number;
  /** The word of the schedule that takes the place of the sixteenth before it. */
  readonly schedule?: (word: (round: number) => Code, round: number) => Code;
  /** `scratch`: a local of its own. Returns the variables as the next round names them. */
  readonly round: (
    variables: readonly number[],
    word: (round: number) => Code,
    round: number,
    scratch: number,
  ) => { readonly code: Code; readonly next: readonly number[] };
}

/** Every round one after the other, in which variables change their names and not their places. */
function compression({ name, size, bigEndian, count, schedule, round }: Rounds): Procedure {
  const place = (i: number): number => FIRST + size + (i & 15);
  const inWord = (i: number): Code => get(place(i));
  const scratch = FIRST + size + 16;
  const swapped = (local: number): Code =>
    or(and(rotateLeft(get(local), 8), word(0x00ff00ff)), and(rotateLeft(get(local), 24), word(0xff00ff00)));
  const body: Code[] = [];
  let variables: readonly number[] = Array.from({ length: size }, (_, i) => FIRST + i);
  for (const [i, variable] of variables.entries()) body.push(set(variable, load(get(STATE), 4 * i)));
  for (let i = 0; i < 16; i++) {
    body.push(set(place(i), load(get(DATA), 4 * i)));
    if (bigEndian) body.push(set(place(i), swapped(place(i))));
  }
  for (let i = 0; i < count; i++) {
    if (i >= 16 && schedule !== undefined) body.push(set(place(i), schedule(inWord, i)));
    const { code, next } = round(variables, inWord, i, scratch);
    body.push(code);
    variables = next;
  }
  for (const [i, variable] of variables.entries())
    body.push(store(get(STATE), 4 * i, add(load(get(STATE), 4 * i), get(variable))));
  body.push(set(DATA, add(get(DATA), word(64))), set(COUNT, add(get(COUNT), word(-1))));
  return { name, parameters: 3, locals: size + 16 + 1, body: loop(body, get(COUNT)) };
}

const choice = (x: number, y: number, z: number): Code => xor(get(z), and(get(x), xor(get(y), get(z))));
const majority = (x: number, y: number, z: number): Code =>
  or(and(get(x), get(y)), and(get(z), or(get(x), get(y))));
const parity = (x: number, y: number, z: number): Code => xor(get(x), get(y), get(z));
const rotateRight = (value: Code, bits: number): Code => rotateLeft(value, 32 - bits);

const SHA1 = [
  { f: choice, k: 0x5a827999 },
  { f: parity, k: 0x6ed9eba1 },
  { f: majority, k: 0x8f1bbcdc },
  { f: parity, k: 0xca62c1d6 },
];

/** FIPS 180-4 §6.1.2. */
const sha1: Rounds = {
  name: 'sha1',
  size: 5,
  bigEndian: true,
  count: 80,
  schedule: (w, t) => rotateLeft(xor(w(t - 3), w(t - 8), w(t - 14), w(t - 16)), 1),
  round([a, b, c, d, e], w, t) {
    const { f, k } = SHA1[Math.floor(t / 20)];
    const code = [
      set(e, add(get(e), rotateLeft(get(a), 5), f(b, c, d), word(k), w(t))),
      set(b, rotateLeft(get(b), 30)),
    ];
    return { code, next: [e, a, b, c, d] };
  },
};

/** The first 32 bits of the fraction. */
const fraction = (value: number): number => Math.floor((value % 1) * 2 ** 32);

function primes(count: number): number[] {
  const found: number[] = [];
  for (let n = 2; found.length < count; n++) if (found.every((prime) => n % prime !== 0)) found.push(n);
  return found;
}

/** FIPS 180-4 §4.2.2. */
const SHA256 = primes(64).map((prime) => fraction(Math.cbrt(prime)));

/** FIPS 180-4 §6.2.2. */
const sha256: Rounds = {
  name: 'sha256',
  size: 8,
  bigEndian: true,
  count: 64,
  schedule(w, t) {
    const [early, late] = [w(t - 15), w(t - 2)];
    return add(
      xor(rotateRight(late, 17), rotateRight(late, 19), shiftRight(late, 10)),
      w(t - 7),
      xor(rotateRight(early, 7), rotateRight(early, 18), shiftRight(early, 3)),
      w(t - 16),
    );
  },
  round([a, b, c, d, e, f, g, h], w, t, scratch) {
    const sum = (x: number, ...by: readonly number[]): Code =>
      xor(...by.map((bits) => rotateRight(get(x), bits)));
    const code = [
      set(scratch, add(get(h), sum(e, 6, 11, 25), choice(e, f, g), word(SHA256[t]), w(t))),
      set(d, add(get(d), get(scratch))),
      set(h, add(get(scratch), sum(a, 2, 13, 22), majority(a, b, c))),
    ];
    return { code, next: [h, a, b, c, d, e, f, g] };
  },
};

const MD5 = [
  { f: choice, by: [7, 12, 17, 22], k: (i: number) => i },
  {
    f: (x: number, y: number, z: number) => choice(z, x, y),
    by: [5, 9, 14, 20],
    k: (i: number) => 5 * i + 1,
  },
  { f: parity, by: [4, 11, 16, 23], k: (i: number) => 3 * i + 5 },
  {
    f: (x: number, y: number, z: number): Code => xor(get(y), or(get(x), xor(get(z), word(-1)))),
    by: [6, 10, 15, 21],
    k: (i: number) => 7 * i,
  },
];

/** RFC 1321 §3.4. */
const md5: Rounds = {
  name: 'md5',
  size: 4,
  bigEndian: false,
  count: 64,
  round([a, b, c, d], w, i) {
    const { f, by, k } = MD5[i >> 4];
    const constant = Math.floor(Math.abs(Math.sin(i + 1)) * 2 ** 32);
    const sum = add(get(a), f(b, c, d), w(k(i)), word(constant));
    return { code: set(a, add(get(b), rotateLeft(sum, by[i & 3]))), next: [d, a, b, c] };
  },
};

export const compressions = (): readonly Procedure[] => [sha1, sha256, md5].map(compression);
