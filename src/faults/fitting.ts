import { bodyOf } from '../commands/body.ts';
import type { Channel, Message } from '../joint/message.ts';
import type { Armed } from './armed.ts';
import type { FaultWhen } from './rule.ts';

/** What passes: a request, or a packet of a session. */
export interface Passing {
  readonly channel: Channel;
  /** Whose session, or log-in under way. */
  readonly user: string | undefined;
  /** Milliseconds since its session began; undefined: it has none. */
  readonly age: number | undefined;
  readonly isOn: boolean;
}

/** The request is one of those that the rule is about; every one, where it names none. */
export function isAbout({ selectors }: Armed, { netFn, cmd }: Pick<Message, 'netFn' | 'cmd'>): boolean {
  return (
    selectors === undefined ||
    selectors.some((selector) => selector.netFn === netFn && (selector.cmd === '*' || selector.cmd === cmd))
  );
}

/** The body or IANA of the request, and its first bytes, are as the rule wants them. */
export function hasData(rule: Armed, message: Message): boolean {
  const { selectors, prefix } = rule;
  if (selectors?.some(({ body }) => body !== undefined) === true) {
    const own = bodyOf(message);
    const named = selectors.some(
      ({ netFn, cmd, body }) =>
        netFn === message.netFn &&
        (cmd === '*' || cmd === message.cmd) &&
        (body === undefined || body === own),
    );
    if (!named) return false;
  }
  return (
    prefix === undefined ||
    (message.data.length >= prefix.length &&
      prefix.every((byte, i) => byte === -1 || byte === message.data[i]))
  );
}

/** Way, session and machine are as the rule wants them. */
export function isPassing({ rule: { when }, sessionAge }: Armed, passing: () => Passing): boolean {
  if (when === undefined) return true;
  const { channel, user, power } = when;
  if (channel === undefined && user === undefined && power === undefined && sessionAge === undefined)
    return true;
  const { channel: way, user: own, age, isOn } = passing();
  if (channel !== undefined && !isWay(channel, way)) return false;
  if (user !== undefined && own !== user) return false;
  if (power !== undefined && (power === 'on') !== isOn) return false;
  return sessionAge === undefined || (age !== undefined && age >= sessionAge.from && age <= sessionAge.to);
}

function isWay(wanted: NonNullable<FaultWhen['channel']>, { number, medium }: Channel): boolean {
  if (typeof wanted === 'number') return wanted === number;
  return wanted === 'host' ? medium === 'system-interface' || medium === 'smbus' : wanted === medium;
}

/** Users whose rules are known at once. */
const MOST_USERS = 64;

/** Rules that a user's requests can meet: others' need not be looked at one by one. */
export class RulesByUser {
  readonly #all: readonly Armed[];
  readonly #areAll: boolean;
  readonly #byUser = new Map<string | undefined, readonly Armed[]>();

  constructor(all: readonly Armed[]) {
    this.#all = all;
    this.#areAll = all.every(({ when }) => when.user === undefined);
  }

  of(user: string | undefined): readonly Armed[] {
    if (this.#areAll) return this.#all;
    let rules = this.#byUser.get(user);
    if (rules === undefined) {
      rules = this.#all.filter(({ when }) => when.user === undefined || when.user === user);
      if (this.#byUser.size >= MOST_USERS) this.#byUser.clear();
      this.#byUser.set(user, rules);
    }
    return rules;
  }
}
