import { completionCodeName, hex2, type Layout } from '../codec/index.ts';
import { bodyOf } from '../commands/body.ts';
import { keyName, type Command } from '../commands/command.ts';
import { oemName } from '../commands/oem-registry.ts';
import { parameterText } from '../commands/parameters/parameter-text.ts';
import type { Answer, Message } from '../joint/message.ts';
import type { Entry, Router } from '../router/index.ts';

/** What is asked of a router to put messages into words. */
export type Names = Pick<Router, 'find' | 'claims'>;

/** A field as people read it; a secret is dots. Without a name: several, with theirs in the value. */
export type ShownField = readonly [name: string, value: string];

/** The command's name, or the numbers of what nobody serves. */
export function nameOf(router: Names, message: Message, channel: number): string {
  const entry = router.find(message, channel);
  const key = { netFn: message.netFn, cmd: message.cmd, body: bodyOf(message) };
  const maker = oemName(key);
  return entry?.handler.name ?? `${keyName(key)} (${maker === undefined ? '' : `${maker}, `}nobody's)`;
}

/** What was asked, by name, with its values; no secret is in it. */
export function requestText(router: Names, message: Message, channel: number, withData: boolean): string {
  const name = nameOf(router, message, channel);
  if (!withData) return name;
  const values = textOf(requestFields(router, message, channel));
  return values ? `${name} ${values}` : name;
}

/** The values of a request; of what is not declared its bytes. */
export function requestFields(router: Names, message: Message, channel: number): ShownField[] {
  const entry = router.find(message, channel);
  const command = entry?.handler.command;
  if (command) return fields(command, command.request, message.data, entry?.prefix.length ?? 0);
  // A handler that takes bytes may have taken over a command that carries a secret, or be told of it on one
  // channel.
  return plain(isSecret(router, message) ? count(message.data.length) : bytesText(message.data));
}

/** How it ended: the completion code by name, or the values of the answer; no secret is in it. */
export function answerText(router: Names, message: Message, channel: number, answer: Answer): string {
  const [cc] = answer;
  if (cc === undefined) return 'no answer';
  if (cc !== 0) {
    const command = router.find(message, channel)?.handler.command;
    return `${completionCodeName(cc, command?.codes)} (${hex2(cc)}h)`;
  }
  return textOf(answerFields(router, message, channel, answer)) || 'ok';
}

/** The values behind the completion code, where it is 0. */
export function answerFields(router: Names, message: Message, channel: number, answer: Answer): ShownField[] {
  if (answer[0] !== 0) return [];
  const entry = router.find(message, channel);
  const command = entry?.handler.command;
  const prefix = entry?.prefix.length ?? 0;
  if (command) {
    const selector = selectorIn(command, message, prefix);
    return fields(command, command.response, answer, 1 + prefix, selector);
  }
  return plain(isSecret(router, message) ? count(answer.length - 1) : bytesText(answer.subarray(1)));
}

/** The parameter that a request is about; undefined: of none, or nobody can tell. */
function selectorIn({ parameters, request }: Command, { data }: Message, start: number): number | undefined {
  if (!parameters) return undefined;
  try {
    return (request.decode(data, start) as { parameter?: number }).parameter;
  } catch {
    return undefined;
  }
}

/** `selector`: the configuration parameter that a response is about, where only its request says so. */
function fields(
  command: Command,
  layout: Layout<Record<string, unknown>>,
  data: Uint8Array,
  start: number,
  selector?: number,
): ShownField[] {
  let values: Record<string, unknown>;
  try {
    values = layout.decode(data, start);
  } catch {
    // What cannot be decoded may still hold a secret.
    const bytes = isGuarded(command) ? '' : bytesText(data.subarray(start));
    return plain(bytes || count(data.length - start));
  }
  const { carried, secrets, parameters } = command;
  const parameter = parameters?.bySelector[(values.parameter as number | undefined) ?? selector ?? -1];
  const shown = (name: string, value: unknown): ShownField => {
    if (secrets.includes(name) && typeof value !== 'boolean') return [name, '...'];
    if (name === 'parameter' && parameter) return [name, `${parameter.selector} (${parameter.name})`];
    if (!(value instanceof Uint8Array)) return [name, JSON.stringify(value)];
    const text =
      name === 'data' && parameter && (value.length > 0 || parameter.secret)
        ? parameterText(parameter, value)
        : undefined;
    return text === undefined ? [name, bytesText(value)] : ['', text];
  };
  return (
    Object.entries(values)
      // A message for somebody else stands below, decoded: as bytes it would show the secrets that it may
      // hold.
      .filter(([name]) => !carried.includes(name))
      .map(([name, value]) => shown(name, value))
  );
}

const textOf = (all: readonly ShownField[]): string =>
  all.map(([name, value]) => (name === '' ? value : `${name}=${value}`)).join(' ');

const plain = (text: string): ShownField[] => (text === '' ? [] : [['', text]]);
const count = (length: number): string => `${length} byte(s)`;

function isSecret(router: Names, { netFn, cmd }: Message): boolean {
  for (const entry of router.claims()) {
    if (entry.handler.claim.netFn !== netFn || entry.handler.claim.cmd !== cmd) continue;
    for (let layer: Entry | undefined = entry; layer; layer = layer.below) {
      const { command } = layer.handler;
      if (command && isGuarded(command)) return true;
    }
  }
  return false;
}

/** It may carry a secret. */
const isGuarded = ({ secrets, carried, parameters }: Command): boolean =>
  secrets.length + carried.length > 0 || (parameters?.all.some(({ secret }) => secret) ?? false);

const bytesText = (data: Uint8Array): string =>
  data.length === 0 ? '' : `[${Array.from(data, hex2).join(' ')}]`;
