import type { Msg, NatsConnection } from '@nats-io/nats-core';
import type { Bus, Inbox } from './bus.ts';

/** Answers a request; one that cannot be read, or fails, is answered as services of NATS do. */
export async function served(
  message: Msg,
  prefix: string,
  answer: Parameters<Bus['serve']>[1],
): Promise<void> {
  const headers: Record<string, string> = {};
  for (const key of message.headers?.keys() ?? []) headers[key] = message.headers?.get(key) ?? '';
  const subject = message.subject.startsWith(`${prefix}.`)
    ? message.subject.slice(prefix.length + 1)
    : message.subject;
  try {
    const respond = (more: Uint8Array): void => void message.respond(more);
    const data = await answer({ subject, bytes: message.data, headers, respond });
    if (data !== undefined) message.respond(data);
  } catch (error) {
    const { headers: made } = await import('@nats-io/nats-core');
    const told = made();
    told.set('Nats-Service-Error-Code', '500');
    told.set('Nats-Service-Error', error instanceof Error ? error.message.replaceAll(/\s+/g, ' ') : 'failed');
    message.respond(new Uint8Array(0), { headers: told });
  }
}

/** The status of an answer that the server gives itself where nobody serves the subject. */
const NO_RESPONDERS = 503;

export function natsInbox(
  connection: NatsConnection,
  core: Pick<typeof import('@nats-io/nats-core'), 'createInbox' | 'headers'>,
  { inbox, prefix }: { readonly inbox: string; readonly prefix: string },
  hear: (token: number, answer: Uint8Array | undefined) => void,
): Inbox {
  const place = core.createInbox(inbox);
  const subscription = connection.subscribe(`${place}.*`, {
    callback: (error, message) => {
      if (error) return;
      const token = Number(message.subject.slice(place.length + 1));
      hear(token, message.headers?.code === NO_RESPONDERS ? undefined : message.data);
    },
  });
  return {
    ask(token, subject, bytes, told = {}) {
      const headers = core.headers();
      for (const [key, value] of Object.entries(told)) headers.set(key, value);
      connection.publish(`${prefix}.${subject}`, bytes, { reply: `${place}.${token}`, headers });
    },
    close: () => subscription.unsubscribe(),
  };
}

/** Subjects that are told once. */
const MOST_REFUSED = 256;

/** Says once of each subject that this user of NATS may not use it. */
export async function tellRefusals(
  connection: NatsConnection,
  warn: ((message: string) => void) | undefined,
): Promise<void> {
  const told = new Set<string>();
  for await (const status of connection.status()) {
    if (status.type !== 'error' || told.size >= MOST_REFUSED) continue;
    const { message, name } = status.error;
    if (name !== 'PermissionViolationError' || told.has(message)) continue;
    told.add(message);
    warn?.(message);
  }
}
