import { hexText, levelNamed } from '../codec/index.ts';
import { Privilege } from '../commands/command.ts';
import { handleRaw, type HandlerSet, type RawHandler } from '../router/index.ts';
import { LINE_LIMIT, type WireClaim } from '../wire/userland.ts';
import { workerLine } from '../wire/worker-lines.ts';
import type { BucketEntry } from './bus.ts';
import { nameOfToken, tokenOf } from './names.ts';

/** Handlers of one owner, as a process on the bus registered them. */
export interface HandlerEntry {
  readonly owner: string;
  /** The process, unlike all others. */
  readonly instance: string;
  /** The process in words, for messages. */
  readonly from: string;
  readonly handlers: readonly WireClaim[] | 'default';
  /** Several processes share its requests. */
  readonly shared: boolean;
  /** Names of BMCs, with `*` for any text. Undefined: all. */
  readonly bmcs?: readonly string[];
  /** BMCs that have all of these. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Who was first has the claim: the change of the bucket that it began with. */
  readonly epoch: number;
}

/** A BMC that handlers may be for. */
export interface Handled {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
}

/** Milliseconds in which a process says again that its handlers are there, and after which they are not. */
export const HANDLER_TIMES = { renewal: 5000, ttl: 15_000 };

export const handlerSubjects = {
  register: (owner: string): string => `handlers.register.${tokenOf(owner)}`,
  unregister: (owner: string): string => `handlers.unregister.${tokenOf(owner)}`,
  /** All requests for an owner. */
  calls: (owner: string): string => `handler.${tokenOf(owner)}.call.*.*`,
  call: (owner: string, netFn: number, cmd: number): string =>
    `handler.${tokenOf(owner)}.call.${hexText(Uint8Array.of(netFn))}.${hexText(Uint8Array.of(cmd))}`,
  ping: (owner: string, instance: string): string => `handler.${tokenOf(owner)}.ping.${tokenOf(instance)}`,
  /** Asks a host for the handler below an override. */
  below: (host: string): string => `handlers.below.${tokenOf(host)}`,
  /** What a host thinks of all of them. */
  state: (host: string): string => `handlers.state.${tokenOf(host)}`,
};

const NAME = /^[^\p{Cc}]{1,128}$/u;
const isName = (value: unknown): value is string => typeof value === 'string' && NAME.test(value);
const MOST_PATTERNS = 1000;

export interface Asked {
  readonly id: number;
  readonly entry: Omit<HandlerEntry, 'epoch'>;
}

/** What a process asks for; a text: what is wrong with it. Never throws. */
export function askedIn(bytes: Uint8Array, token: string): Asked | string {
  if (bytes.length > LINE_LIMIT) return `longer than ${LINE_LIMIT} bytes`;
  const fields = fieldsIn(bytes);
  if (!fields) return 'expected an object in JSON';
  const line = workerLine(fields);
  if (line.type === 'bad') return line.problem;
  if (line.type !== 'register') return 'expected type "register"';
  const { id, owner, handlers } = line;
  if (tokenOf(owner) !== token) return `owner: expected ${nameOfToken(token)}, as the subject has it`;
  const { instance, from = 'a process', shared = false, bmcs, labels } = fields;
  if (!isName(instance)) return 'instance: expected a text that no other process has';
  if (!isName(from)) return 'from: expected a text of at most 128 characters';
  if (typeof shared !== 'boolean') return 'shared: expected true or false';
  if (bmcs !== undefined && !(Array.isArray(bmcs) && bmcs.length <= MOST_PATTERNS && bmcs.every(isName)))
    return `bmcs: expected a list of names, at most ${MOST_PATTERNS}`;
  if (labels !== undefined && !isLabels(labels)) return 'labels: expected texts by name';
  // What handleRaw finds wrong with a claim it finds here, before anything is written.
  const entry = { owner, instance, from, handlers, shared, bmcs, labels };
  try {
    setOf(entry, () => () => Uint8Array.of(0));
  } catch (error) {
    return (error as Error).message;
  }
  return { id, entry };
}

const isLabels = (value: unknown): value is Record<string, string> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && Object.values(value).every(isName);

export function fieldsIn(bytes: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

export const bytesOf = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

/** Its first entry is its epoch; the later ones say it. */
export function handlerEntryOf({ value, revision }: BucketEntry): HandlerEntry {
  const text = new TextDecoder().decode(value);
  const written = JSON.parse(text) as Omit<HandlerEntry, 'epoch'> & { readonly epoch?: number };
  return { ...written, epoch: written.epoch ?? revision };
}

/** The same for the same claims on the same BMCs. */
export const claimsText = ({ handlers, shared, bmcs, labels }: Omit<HandlerEntry, 'epoch'>): string =>
  JSON.stringify([
    handlers,
    shared,
    bmcs,
    labels &&
      Object.keys(labels)
        .toSorted()
        .map((key) => [key, labels[key]]),
  ]);

export function isFor({ bmcs, labels = {} }: HandlerEntry | Asked['entry'], bmc: Handled): boolean {
  return (
    Object.entries(labels).every(([key, value]) => bmc.labels?.[key] === value) &&
    (bmcs === undefined || bmcs.some((pattern) => fits(pattern, bmc.name)))
  );
}

function fits(pattern: string, name: string): boolean {
  if (!pattern.includes('*')) return pattern === name;
  const [first, ...others] = pattern.split('*');
  const last = others.pop() ?? '';
  if (!name.startsWith(first) || name.length < first.length + last.length || !name.endsWith(last))
    return false;
  let at = first.length;
  for (const part of others) {
    const found = name.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return at <= name.length - last.length;
}

/** What a router takes: each claim is asked by what `raw` makes of it. Throws RangeError for what is no claim. */
export function setOf<B>(
  { owner, from, handlers }: Pick<HandlerEntry, 'owner' | 'from' | 'handlers'>,
  raw: (claim: WireClaim) => RawHandler<B>,
): HandlerSet<B> {
  const claims = handlers === 'default' ? [] : handlers;
  return {
    owner,
    site: from,
    handlers: claims.map((wire) => {
      const { name, privilege, override, manufacturer, ...claim } = wire;
      const level = privilege === undefined ? Privilege.Administrator : levelNamed(privilege);
      return handleRaw<B>(claim, raw(wire), { name, privilege: level, override, manufacturer });
    }),
  };
}
