import { privilegeName } from '../codec/index.ts';
import { SetChannelAccess, SetChannelSecurityKeys } from '../commands/app/channels.ts';
import { ColdReset, WarmReset } from '../commands/app/device.ts';
import { SetUserPayloadAccess } from '../commands/app/payloads.ts';
import { SetUserAccess, SetUserName, SetUserPassword } from '../commands/app/users.ts';
import { ChassisControl, ChassisReset } from '../commands/chassis/chassis.ts';
import type { Command } from '../commands/command.ts';
import type { Answer, Context, Router } from '../router/index.ts';
import type { BmcState } from '../bmc-state.ts';
import type { LogFields } from '../state/setup.ts';

/** What a command that was carried out has done, in words; undefined: nothing that anybody has to know. */
interface Act {
  readonly event: string;
  readonly text: string;
  readonly fields?: LogFields;
}

type Tell = (data: Uint8Array, bmc: BmcState) => Act | undefined;

const POWER = ['off', 'on', 'cycle', 'reset', 'diagnostic interrupt', 'soft shutdown'];

const user = (id: number, bmc: BmcState): string =>
  `user ${id}${bmc.users.name(id) === '' ? '' : ` '${bmc.users.name(id)}'`}`;

function telling<C extends Command>(
  command: C,
  tell: (values: ReturnType<C['request']['decode']>, bmc: BmcState) => Act | undefined,
): [number, Tell] {
  const decode = (data: Uint8Array) => command.request.decode(data) as ReturnType<C['request']['decode']>;
  return [keyOf(command), (data, bmc) => tell(decode(data), bmc)];
}

const keyOf = ({ netFn, cmd }: { readonly netFn: number; readonly cmd: number }): number =>
  (netFn << 8) | cmd;

/**
 * The commands that change who may do what, or what the machine does. What they carry of secrets stays in
 * them.
 */
const ACTS: ReadonlyMap<number, Tell> = new Map([
  telling(ChassisControl, ({ action }) => ({
    event: 'power',
    text: `power ${POWER[action] ?? action}`,
    fields: { action: POWER[action] },
  })),
  telling(ChassisReset, () => ({ event: 'power', text: 'power reset', fields: { action: 'reset' } })),
  telling(ColdReset, () => ({ event: 'reset', text: 'cold reset', fields: { reset: 'cold' } })),
  telling(WarmReset, () => ({ event: 'reset', text: 'warm reset', fields: { reset: 'warm' } })),
  telling(SetUserName, ({ userId, name }, bmc) => ({
    event: 'user',
    text: name === '' ? `name of ${user(userId, bmc)} cleared` : `${user(userId, bmc)} named '${name}'`,
    fields: { changed: userId },
  })),
  telling(SetUserPassword, ({ userId, operation }, bmc) => {
    const done = ['disabled', 'enabled', 'given a new password'][operation];
    return done === undefined
      ? undefined
      : { event: 'user', text: `${user(userId, bmc)} ${done}`, fields: { changed: userId } };
  }),
  telling(SetUserAccess, ({ userId, channel, privilegeLimit }, bmc) => ({
    event: 'user',
    text: `access of ${user(userId, bmc)} on channel ${channel} changed, up to ${privilegeName(privilegeLimit)}`,
    fields: { changed: userId },
  })),
  telling(SetUserPayloadAccess, ({ userId, channel }, bmc) => ({
    event: 'user',
    text: `payloads of ${user(userId, bmc)} on channel ${channel} changed`,
    fields: { changed: userId },
  })),
  telling(SetChannelAccess, ({ channel }) => ({
    event: 'channel',
    text: `access to channel ${channel} changed`,
  })),
  telling(SetChannelSecurityKeys, ({ channel, operation }) =>
    operation === 0
      ? undefined
      : { event: 'channel', text: `keys of channel ${channel} ${operation === 1 ? 'changed' : 'locked'}` },
  ),
]);

/**
 * `user 'admin' at 192.0.2.7:40712`, whichever way round the request came, or the way by which somebody
 * without a session did.
 */
function by({ origin: { session, requester, channel } }: Context): string {
  const way = requester === '' ? `channel ${channel.number}` : requester;
  if (session === undefined) return `channel ${channel.number}${requester === '' ? '' : `, ${requester}`}`;
  return `${session.userName === '' ? 'the null user' : `user '${session.userName}'`} at ${way}`;
}

/**
 * A line of the log for each power action, reset, and change of users and channels that a command made: what,
 * who, from where.
 */
export function tellOfActs(bmc: BmcState & { readonly router: Router<BmcState> }): () => void {
  return bmc.router.wrap((dispatch) => (message, context) => {
    const tell = ACTS.get(keyOf(message));
    if (tell === undefined) return dispatch(message, context);
    // Before it is carried out: its bytes may be somebody else's afterwards, and a user who is cleared has no
    // name.
    const act = actIn(tell, message.data, bmc);
    const done = (answer: Answer): Answer => {
      if (answer[0] === 0 && act) {
        const request = bmc.router.idOf(context);
        const fields = { event: act.event, request, ...act.fields, ...whoOf(context) };
        bmc.setup.log.info(`${act.text} by ${by(context)} (request ${request})`, fields);
      }
      return answer;
    };
    const answer = dispatch(message, context);
    return answer instanceof Promise ? answer.then(done) : done(answer);
  });
}

const whoOf = ({ origin: { session, requester, channel } }: Context): LogFields => ({
  user: session?.userName,
  peer: requester,
  channel: channel.number,
});

function actIn(tell: Tell, data: Uint8Array, bmc: BmcState): Act | undefined {
  try {
    return tell(data, bmc);
  } catch {
    // Bytes that are no such request: it will be refused.
    return undefined;
  }
}
