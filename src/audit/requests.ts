import type { BmcState } from '../bmc-state.ts';
import { completionCodeName } from '../codec/index.ts';
import { Privilege, type Command } from '../commands/command.ts';
import type { Answer, Context, Message } from '../joint/message.ts';
import type { Entry, Router } from '../router/index.ts';
import { nameOf, requestFields, type Asked, type ShownField } from '../taps/index.ts';
import type { Actor, Change } from './change.ts';

/** What the change is that a request was; undefined: it was none. */
export function changeBy(
  router: Pick<Router<BmcState>, 'find' | 'claims'>,
  { id, message, context }: Asked,
  answer: Answer,
): Omit<Change, 'bmc'> | undefined {
  const { number } = context.channel;
  const entry = router.find(message, number);
  if (!isChange(entry, message)) return undefined;
  const [cc] = answer;
  return {
    request: id,
    actor: actorOf(context),
    what: nameOf(router, message, number),
    fields: valuesOf(requestFields(router, message, number)),
    ...(cc === undefined ? { result: 'no answer' } : { cc, result: resultOf(cc, entry, context) }),
  };
}

function resultOf(cc: number, entry: Entry | undefined, context: Context): string {
  if (context.expired) return 'too late: the requester was told of a time-out';
  return cc === 0 ? 'ok' : completionCodeName(cc, commandOf(entry)?.codes);
}

/** The declaration behind an entry, or behind one that takes the bytes of a declared command in its place. */
function commandOf(entry: Entry | undefined): Command | undefined {
  for (let layer = entry; layer; layer = layer.below) if (layer.handler.command) return layer.handler.command;
  return undefined;
}

/** As the declaration says. Of what is not declared: everything that a user of the level User may not do. */
function isChange(entry: Entry | undefined, { data }: Message): boolean {
  if (entry === undefined) return false;
  const command = commandOf(entry);
  if (command === undefined) return entry.handler.privilege > Privilege.User;
  return command.isChange(data, entry.prefix.length);
}

/** In whose name a request acts, whichever way it came. */
export function actorOf({ origin }: Context): Actor {
  const { session, requester: peer } = origin;
  const { number: channel, medium } = origin.channel;
  if (session === undefined) return { by: 'channel', channel, medium, ...(peer !== '' && { peer }) };
  const { userName: user, userId, handle } = session;
  return { by: 'session', user, userId, session: handle, channel, peer };
}

/** The values as they are, where they are plain ones; bytes and secrets as people read them. */
function valuesOf(fields: readonly ShownField[]): Record<string, unknown> {
  return Object.fromEntries(fields.map(([name, value]) => [name === '' ? 'data' : name, plainOf(value)]));
}

function plainOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
