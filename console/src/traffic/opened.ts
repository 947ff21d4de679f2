// A request and its answer opened into the fields of its declaration.
import * as declarations from 'ipmi-bmc/commands';
import { NetFn, type Command } from 'ipmi-bmc/commands';
import { plainText } from '../parts/layout.tsx';
import type { Asked } from './passed.ts';

/** A message opened: each field with its value. */
export interface Opened {
  readonly name: string;
  /** Where the specification has it. */
  readonly spec: string;
  readonly request: readonly Field[];
  readonly response: readonly Field[];
  readonly code: string;
}

export type Field = readonly [name: string, value: string];

const isCommand = (value: unknown): value is Command =>
  typeof value === 'object' && value !== null && 'cmd' in value && 'request' in value && 'response' in value;
const keyOf = (netFn: number, cmd: number, body: number | undefined): string =>
  `${netFn} ${cmd} ${body ?? ''}`;
const COMMANDS: ReadonlyMap<string, Command> = new Map(
  Object.values(declarations)
    .filter(isCommand)
    .map((one) => [keyOf(one.netFn, one.cmd, one.body), one]),
);

export const bytesOf = (hex: string): Uint8Array =>
  Uint8Array.from(hex.match(/../g) ?? [], (digits) => Number.parseInt(digits, 16));

/** Bytes of a body or an IANA number in front of the data. */
function prefixOf({ netFn }: Asked, data: Uint8Array): { readonly size: number; readonly body?: number } {
  if (netFn === NetFn.Group) return { size: 1, body: data[0] };
  if (netFn === NetFn.OemGroup) return { size: 3, body: data[0] + data[1] * 256 + data[2] * 65_536 };
  return { size: 0 };
}

/** Undefined: nobody has declared it, and its bytes are all that is known. */
export function opened(asked: Asked): Opened | undefined {
  const data = bytesOf(asked.data);
  const reply = bytesOf(asked.reply);
  const { size, body } = prefixOf(asked, data);
  const command = COMMANDS.get(keyOf(asked.netFn, asked.cmd, body));
  if (command === undefined) return undefined;
  const secrets = new Set(command.secrets);
  const fields = (decode: () => unknown): Field[] => {
    try {
      return Object.entries(decode() as Record<string, unknown>).map(([name, value]) => [
        name,
        secrets.has(name) ? '(secret)' : plainText(value),
      ]);
    } catch (error) {
      return [['not as declared', error instanceof Error ? error.message : '']];
    }
  };
  const code = reply[0] ?? 0xff;
  return {
    name: command.name,
    spec: command.spec,
    request: fields(() => command.request.decode(data, size)),
    response: code === 0 ? fields(() => command.response.decode(reply, 1 + size)) : [],
    code: `${code.toString(16).toUpperCase().padStart(2, '0')}h${command.codes[code] ? `: ${command.codes[code]}` : ''}`,
  };
}
