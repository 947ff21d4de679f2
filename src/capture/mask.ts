import type { Command } from '../commands/command.ts';
import type { Message } from '../joint/message.ts';
import type { Entry, Router } from '../router/index.ts';
import { parseMessage, type IpmiMessage } from '../wire/index.ts';
import { resum } from './carriers.ts';

/** What says which fields of a message are secret. */
export type Names = Pick<Router, 'find' | 'claims'>;

type Asked = Pick<Message, 'netFn' | 'cmd' | 'lun' | 'data'>;

/**
 * Puts zeros where passwords, keys and challenges stand in a message that is written down, in place, and
 * sums it anew; what it carries for others is looked through as well. `request`: the one that a response
 * answers, where it is known.
 */
export function maskMessage(names: Names, channel: number, bytes: Uint8Array, request?: Message): boolean {
  const message = parseMessage(bytes);
  if (message === undefined) return false;
  maskData(names, channel, message, request);
  resum(bytes);
  return true;
}

/** The same for a message without a frame; `data` is a window that may be written to. */
export function maskData(
  names: Names,
  channel: number,
  { netFn, cmd, toLun, data }: Pick<IpmiMessage, 'netFn' | 'cmd' | 'toLun' | 'data'>,
  request?: Message,
): void {
  const isResponse = netFn % 2 === 1;
  // Of a refusal nothing but the code is there.
  if (isResponse && (data.length < 2 || data[0] !== 0)) return;
  const asked: Asked = request ?? {
    netFn: netFn & ~1,
    cmd,
    lun: toLun,
    data: isResponse ? data.subarray(1) : data,
  };
  const entry = names.find(asked, channel);
  const start = (isResponse ? 1 : 0) + (entry?.prefix.length ?? 0);
  const command = commandOf(entry);
  if (command === undefined) {
    if (isGuarded(names, asked)) data.fill(0, start);
    return;
  }
  const { secrets, carried, parameters } = command;
  if (secrets.length === 0 && carried.length === 0 && parameters === undefined) return;
  let values: Record<string, unknown>;
  try {
    values = (isResponse ? command.response : command.request).decode(data, start) as Record<string, unknown>;
  } catch {
    // Nobody knows what it is, so it may be the secret.
    data.fill(0, start);
    return;
  }
  for (const name of secrets) hide(data, start, values[name]);
  for (const name of carried) unfold(names, channel, data, start, values[name]);
  if (parameters !== undefined) {
    const selector = isResponse
      ? request && selectorOf(command, request, entry)
      : (values.parameter as number | undefined);
    const isSecret =
      selector === undefined
        ? parameters.all.some(({ secret }) => secret)
        : parameters.bySelector[selector]?.secret;
    if (isSecret === true) hide(data, start, values.data);
  }
}

/** A handler of bytes may stand over a declared command: the declaration still says what is secret. */
function commandOf(entry: Entry | undefined): Command | undefined {
  for (let layer = entry; layer !== undefined; layer = layer.below) {
    if (layer.handler.command !== undefined) return layer.handler.command;
  }
  return undefined;
}

/** Somebody declares the command on another channel, with a secret in it. */
function isGuarded(names: Names, { netFn, cmd }: Asked): boolean {
  for (const entry of names.claims()) {
    const { claim } = entry.handler;
    if (claim.netFn !== netFn || claim.cmd !== cmd) continue;
    const command = commandOf(entry);
    if (command !== undefined && command.secrets.length + command.carried.length > 0) return true;
    if (command?.parameters?.all.some(({ secret }) => secret) === true) return true;
  }
  return false;
}

/** The parameter that a request is about. */
function selectorOf(command: Command, { data }: Message, entry: Entry | undefined): number | undefined {
  try {
    const { parameter } = command.request.decode(data, entry?.prefix.length ?? 0) as { parameter?: number };
    return parameter;
  } catch {
    return undefined;
  }
}

/** Zeros in place of a decoded value; of what is no run of bytes everything that could be it. */
function hide(data: Uint8Array, start: number, value: unknown): void {
  if (value === undefined || typeof value === 'boolean') return;
  const at = value instanceof Uint8Array ? placeOf(data, start, value) : start;
  data.fill(0, at, value instanceof Uint8Array ? at + value.length : data.length);
}

/** Where the value was taken from: it stands nearer to the end than any that only looks like it. */
function placeOf(data: Uint8Array, start: number, value: Uint8Array): number {
  for (let at = data.length - value.length; at >= start; at--) {
    if (value.every((byte, i) => data[at + i] === byte)) return at;
  }
  return start;
}

/**
 * What a message carries is a message with or without its first byte, or behind a handle; else it is
 * hidden.
 */
function unfold(names: Names, channel: number, data: Uint8Array, start: number, value: unknown): void {
  if (!(value instanceof Uint8Array) || value.length === 0) return;
  const at = placeOf(data, start, value);
  const inside = data.subarray(at, at + value.length);
  if (maskMessage(names, channel, inside) || maskMessage(names, channel, inside.subarray(1))) return;
  // The address that makes its first checksum right is the one that was left out.
  const whole = Uint8Array.of(-(inside[0] + inside[1]), ...inside);
  if (maskMessage(names, channel, whole)) inside.set(whole.subarray(1));
  else inside.fill(0);
}
