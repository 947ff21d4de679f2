/**
 * Enough of WebAssembly's binary format for functions over 32-bit words in one memory. Code is lists of bytes
 * within lists, so that a function is written as its formulas are.
 */
export type Code = number | readonly Code[];

/** A number of as many bytes as it needs (LEB128). */
function unsigned(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  bytes.push(rest);
  return bytes;
}

function signed(value: number): number[] {
  const bytes: number[] = [];
  let rest = value | 0;
  for (; rest < -0x40 || rest > 0x3f; rest >>= 7) bytes.push((rest & 0x7f) | 0x80);
  bytes.push(rest & 0x7f);
  return bytes;
}

const every = (opcode: number, [first, ...others]: readonly Code[]): Code => [
  first,
  others.map((value) => [value, opcode]),
];

export const get = (local: number): Code => [0x20, unsigned(local)];
export const set = (local: number, value: Code): Code => [value, 0x21, unsigned(local)];
export const word = (value: number): Code => [0x41, signed(value)];
export const add = (...values: readonly Code[]): Code => every(0x6a, values);
export const and = (...values: readonly Code[]): Code => every(0x71, values);
export const or = (...values: readonly Code[]): Code => every(0x72, values);
export const xor = (...values: readonly Code[]): Code => every(0x73, values);
export const shiftLeft = (value: Code, bits: number): Code => [value, word(bits), 0x74];
export const shiftRight = (value: Code, bits: number): Code => [value, word(bits), 0x76];
export const rotateLeft = (value: Code, bits: number): Code => [value, word(bits), 0x77];
/** Words lie in memory least significant byte first. */
export const load = (address: Code, offset = 0): Code => [address, 0x28, 0, unsigned(offset)];
export const loadByte = (address: Code, offset = 0): Code => [address, 0x2d, 0, unsigned(offset)];
export const store = (address: Code, offset: number, value: Code): Code => [
  address,
  value,
  0x36,
  0,
  unsigned(offset),
];
/** Once, and again for as long as `goesOn` is not 0. */
export const loop = (body: Code, goesOn: Code): Code => [0x03, 0x40, body, goesOn, 0x0d, 0, 0x0b];

/** It takes words, which are its first locals, and gives nothing back. */
export interface Procedure {
  readonly name: string;
  readonly parameters: number;
  /** Locals besides. */
  readonly locals: number;
  readonly body: Code;
}

const I32 = 0x7f;
const PROCEDURE = 0x60;
const EXPORTED = { procedure: 0, memory: 2 };

function written(code: Code, bytes: number[] = []): number[] {
  if (typeof code === 'number') bytes.push(code);
  else for (const part of code) written(part, bytes);
  return bytes;
}

function sized(code: Code): Code {
  const bytes = written(code);
  return [unsigned(bytes.length), bytes];
}

const text = (value: string): Code => sized(Array.from(value, (letter) => letter.charCodeAt(0)));
const list = (parts: readonly Code[]): Code => [unsigned(parts.length), parts];
const section = (id: number, content: Code): Code => [id, sized(content)];

/** A module that exports the procedures by their names, and a memory of 64 KiB as `memory`. */
export function assemble(procedures: readonly Procedure[]): Uint8Array {
  const types = procedures.map(({ parameters }) => [
    PROCEDURE,
    list(Array.from({ length: parameters }, () => I32)),
    0,
  ]);
  const names = procedures.map(({ name }, i): Code => [text(name), EXPORTED.procedure, unsigned(i)]);
  const bodies = procedures.map(({ locals, body }) => sized([1, unsigned(locals), I32, body, 0x0b]));
  return new Uint8Array(
    written([
      [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
      section(1, list(types)),
      section(3, list(procedures.map((_, i) => unsigned(i)))),
      section(5, list([[0, 1]])),
      section(7, list([...names, [text('memory'), EXPORTED.memory, 0]])),
      section(10, list(bodies)),
    ]),
  );
}
