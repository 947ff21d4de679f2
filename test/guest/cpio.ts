/** A file for an initramfs. */
export interface Entry {
  readonly name: string;
  readonly mode: number;
  readonly data: Uint8Array;
}

const DIRECTORY = 0o40755;
const FILE = 0o100000;

/** An archive as the kernel unpacks it at its start (cpio, "newc"), with the folders that its files need. */
export function archive(files: readonly Entry[]): Uint8Array {
  const folders = new Set(files.flatMap(({ name }) => parents(name)));
  const parts = [
    ...[...folders].sort().map((name) => entry(name, DIRECTORY, new Uint8Array(0))),
    ...files.map(({ name, mode, data }) => entry(name, FILE | mode, data)),
    entry('TRAILER!!!', 0, new Uint8Array(0)),
  ];
  return Buffer.concat(parts);
}

function parents(name: string): string[] {
  const words = name.split('/').slice(0, -1);
  return words.map((_, i) => words.slice(0, i + 1).join('/'));
}

function entry(name: string, mode: number, data: Uint8Array): Uint8Array {
  const fields = [0, mode, 0, 0, 1, 0, data.length, 0, 0, 0, 0, name.length + 1, 0];
  const head = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}${name}\0`;
  return Buffer.concat([padded(Buffer.from(head, 'latin1')), padded(data)]);
}

const padded = (data: Uint8Array): Uint8Array => Buffer.concat([data, new Uint8Array(-data.length & 3)]);
