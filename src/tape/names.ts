import type { Names } from '../capture/index.ts';
import type { Layout } from '../codec/index.ts';
import { GetSelEntry } from '../commands/storage/sel.ts';
import { GetSdr } from '../commands/storage/sdr.ts';
import { GetDeviceSdr } from '../commands/sensor/device-sdr.ts';
import { GetSessionInfo, SessionInfo } from '../commands/app/sessions.ts';
import { keyName, spokenName, type Command } from '../commands/command.ts';
import { selectorsOf } from '../commands/parameters/parameter.ts';
import type { Message } from '../joint/message.ts';
import { readSelRecord, SelEventRecord, SelOemStampedRecord, SEL_RECORD_SIZE } from '../records/sel.ts';
import { handle, standardTable } from '../router/index.ts';
import { declaredCommands } from '../state/app/command-selector.ts';
import { keyOf } from './entry.ts';

/** Values by the names of their fields. */
export type Values = Readonly<Record<string, unknown>>;

/** Every command that is declared, for who has a tape and no BMC. */
export function declaredNames(): Names {
  const known = new Map(declaredCommands.map((command) => [keyName(command), command]));
  const refuse = (): never => {
    throw new TypeError('these handlers have names alone');
  };
  const handlers = [...known.values()].map((command) => handle(command, refuse));
  const table = standardTable([{ owner: 'declared', handlers }]);
  return { find: (message, channel) => table.find(message, channel), claims: () => table.entries() };
}

/** The handler's name, or the numbers of what nobody serves. */
export const nameIn = (names: Names, message: Message, channel: number): string =>
  names.find(message, channel)?.handler.name ?? keyName(keyOf(message));

/** What a tape calls the command of a message, where nobody declared it: `30h-01h`. */
export const commandWord = (names: Names, message: Message): string =>
  spokenName(commandOf(names, message)?.command.name ?? keyName(keyOf(message)));

/** The declaration, and where the values begin, after body or IANA. */
export function commandOf(
  names: Names,
  message: Message,
): { readonly command: Command; readonly start: number } | undefined {
  for (let entry = names.find(message, 0); entry !== undefined; entry = entry.below) {
    const { command } = entry.handler;
    if (command !== undefined) return { command, start: entry.prefix.length };
  }
  return undefined;
}

/** Undefined: nobody declared it, or the data do not fit. */
export const requestValues = (names: Names, message: Message): Values | undefined => {
  const found = commandOf(names, message);
  return found && decoded(found.command.request, message.data, found.start);
};

/**
 * The values of an answer, with those inside of configuration parameters, of SEL records and of sessions by
 * their own names. Undefined: as `requestValues`.
 */
export function answerValues(names: Names, message: Message, answer: Uint8Array): Values | undefined {
  const found = commandOf(names, message);
  if (found === undefined) return undefined;
  const { command, start } = found;
  const values = decoded(command.response, answer, 1 + start);
  return values && unfolded(command, decoded(command.request, message.data, start) ?? {}, values);
}

/** The names that a value of the command's answer can have, for who writes them down. */
export function answerNames({ name, response, parameters }: Command): ReadonlySet<string> {
  const inside: Readonly<Record<string, readonly string[]>> = {
    [GetSessionInfo.name]: SessionInfo.names,
    [GetSelEntry.name]: ['eventData', 'kind', ...SelEventRecord.names, ...SelOemStampedRecord.names],
    [GetSdr.name]: ['recordId'],
    [GetDeviceSdr.name]: ['recordId'],
  };
  const parametric = (parameters?.all ?? []).flatMap(({ layout }) => layout.names);
  return new Set(['cc', 'data', ...response.names, ...(inside[name] ?? []), ...parametric]);
}

function decoded(layout: Layout<unknown>, data: Uint8Array, start: number): Values | undefined {
  try {
    return layout.decode(data, start) as Values;
  } catch {
    return undefined;
  }
}

function unfolded(command: Command, request: Values, values: Values): Values {
  const { data, session } = values;
  if (command.name === GetSessionInfo.name && session instanceof Uint8Array)
    return { ...values, ...(session.length > 0 ? decoded(SessionInfo, session, 0) : {}) };
  if (!(data instanceof Uint8Array)) return values;
  if (command.parameters !== undefined) {
    const parameter = command.parameters.bySelector[Number(request.parameter)];
    const inside = parameter && decoded(parameter.layout, data, selectorsOf(parameter));
    return inside === undefined ? values : { ...values, data: undefined, ...inside };
  }
  if (command.name === GetSelEntry.name && data.length === SEL_RECORD_SIZE)
    return { ...values, data: undefined, ...renamed(readSelRecord(data)) };
  // A record of the SDR repository begins with its id.
  const isSdr = command.name === GetSdr.name || command.name === GetDeviceSdr.name;
  if (isSdr && request.offset === 0 && data.length >= 2)
    return { ...values, recordId: data[0] | (data[1] << 8), data: data.subarray(2) };
  return values;
}

/** `data` of a record are its event data; those of the answer are the record. */
const renamed = ({ data, ...record }: ReturnType<typeof readSelRecord>): Values => ({
  ...record,
  eventData: data,
});
