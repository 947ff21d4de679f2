import {
  add,
  and,
  get,
  load,
  loadByte,
  loop,
  set,
  shiftLeft,
  shiftRight,
  store,
  word,
  xor,
  type Code,
  type Procedure,
} from './assembler.ts';

/**
 * Where in memory: four tables of 256 words each way, which do substitution and mixing of a byte of a column
 * in one step, and both substitutions alone.
 */
export const TABLES = { encrypt: 0, decrypt: 0x1000, substitute: 0x2000, inverse: 0x2100, end: 0x2200 };
export const ROUNDS = 10;

/** Its parameters: where the expanded key is, where the block before the first one is, how many follow. */
const KEY = 0;
const BEFORE = 1;
const COUNT = 2;
/** The four columns, and what becomes of them. */
const COLUMNS = [3, 7];

/**
 * AES-128 in CBC mode (FIPS 197 §5.1, §5.3.5), in place: each block is mixed with the one before it,
 * encrypted from the first to the last, decrypted from the last to the first.
 */
function cipher(name: 'encrypt' | 'decrypt'): Procedure {
  const encrypts = name === 'encrypt';
  const tables = TABLES[name];
  const box = encrypts ? TABLES.substitute : TABLES.inverse;
  /** The column from which byte `row` moves to this one. */
  const shifted = (column: number, row: number): number => (column + (encrypts ? row : 4 - row)) & 3;
  /** Four times byte `row`, as an offset into a table of words. */
  const offset = (column: Code, row: number): Code =>
    and(row === 0 ? shiftLeft(column, 2) : shiftRight(column, 8 * row - 2), word(0x3fc));
  const byte = (column: Code, row: number): Code => and(shiftRight(column, 8 * row), word(0xff));
  const rows = [0, 1, 2, 3];
  const columns = rows;
  const key = (round: number, column: number): Code => load(get(KEY), 16 * round + 4 * column);
  const body: Code[] = columns.map((i) => {
    const block = load(get(BEFORE), 16 + 4 * i);
    const mixed = encrypts ? xor(block, load(get(BEFORE), 4 * i)) : block;
    return set(COLUMNS[0] + i, xor(mixed, key(0, i)));
  });
  let [from, to] = COLUMNS;
  for (let round = 1; round < ROUNDS; round++) {
    for (const i of columns) {
      const parts = rows.map((row) => load(offset(get(from + shifted(i, row)), row), tables + 0x400 * row));
      body.push(set(to + i, xor(...parts, key(round, i))));
    }
    [from, to] = [to, from];
  }
  for (const i of columns) {
    const parts = rows.map((row) =>
      shiftLeft(loadByte(byte(get(from + shifted(i, row)), row), box), 8 * row),
    );
    const block = xor(...parts, key(ROUNDS, i));
    body.push(store(get(BEFORE), 16 + 4 * i, encrypts ? block : xor(block, load(get(BEFORE), 4 * i))));
  }
  body.push(set(BEFORE, add(get(BEFORE), word(encrypts ? 16 : -16))), set(COUNT, add(get(COUNT), word(-1))));
  return { name, parameters: 3, locals: 8, body: loop(body, get(COUNT)) };
}

export const ciphers = (): readonly Procedure[] => [cipher('encrypt'), cipher('decrypt')];

const double = (x: number): number => ((x << 1) ^ (x & 0x80 ? 0x1b : 0)) & 0xff;

function times(x: number, factor: number): number {
  let product = 0;
  for (let power = x, rest = factor; rest > 0; rest >>= 1, power = double(power))
    if (rest & 1) product ^= power;
  return product;
}

/** Fills a memory with the tables. */
export function putTables(bytes: Uint8Array, words: Int32Array): void {
  const substitute = bytes.subarray(TABLES.substitute, TABLES.inverse);
  const inverse = bytes.subarray(TABLES.inverse, TABLES.end);
  // p runs over the powers of 3, q over those of its inverse.
  let p = 1;
  let q = 1;
  do {
    p = p ^ double(p);
    q ^= q << 1;
    q ^= q << 2;
    q ^= q << 4;
    q &= 0xff;
    if (q & 0x80) q ^= 0x09;
    const turned = (bits: number): number => ((q << bits) | (q >> (8 - bits))) & 0xff;
    substitute[p] = q ^ turned(1) ^ turned(2) ^ turned(3) ^ turned(4) ^ 0x63;
  } while (p !== 1);
  substitute[0] = 0x63;
  for (let i = 0; i < 256; i++) inverse[substitute[i]] = i;
  const fill = (table: number, from: Uint8Array, factors: readonly number[]): void => {
    for (let i = 0; i < 256; i++) {
      const column = factors.reduce((sum, factor, row) => sum | (times(from[i], factor) << (8 * row)), 0);
      for (let row = 0; row < 4; row++)
        words[(table >> 2) + 256 * row + i] =
          row === 0 ? column : (column << (8 * row)) | (column >>> (32 - 8 * row));
    }
  };
  fill(TABLES.encrypt, substitute, [2, 1, 1, 3]);
  fill(TABLES.decrypt, inverse, [14, 9, 13, 11]);
}
