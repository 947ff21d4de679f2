import { privilegeName } from '../codec/index.ts';
import type { BmcState } from '../bmc-state.ts';
import type { Peer } from '../state/app/half-open.ts';
import { LogIns } from '../state/app/log-ins.ts';
import { Sessions, type CloseReason, type Session } from '../state/app/sessions.ts';
import type { Reactions } from '../state/occasions.ts';
import { endpointName } from '../world/world.ts';

const ENDS: Readonly<Record<CloseReason, string>> = {
  closed: 'closed by its console, or by an administrator',
  timeout: 'silent too long',
  evicted: 'its place was needed',
  'user-changed': 'the user was changed',
  revoked: 'what it was opened with no longer holds',
  reset: 'the BMC or its interface ends',
  failed: 'the log-in failed',
};

/** A line for each log-in, refused log-in and log-out: who, from where, and why. Never a secret. */
export function tellOfLogIns<B extends BmcState>(reactions: Reactions<B>): void {
  reactions.on(Sessions.opened, ({ setup }, session) => {
    const { maxPrivilege, suite, terms15 } = session;
    const how =
      suite !== undefined
        ? `RMCP+ cipher suite ${suite}`
        : terms15
          ? `IPMI 1.5 authentication type ${terms15.authType}`
          : 'terminal mode';
    setup.log.info(
      `${whence(session.peer, session.channel.number)} log-in of ${who(session.userName)}: up to ${privilegeName(maxPrivilege)}, ${how}`,
      {
        event: 'log-in',
        ...fieldsOf(session),
        privilege: privilegeName(maxPrivilege),
        suite,
      },
    );
  });
  reactions.on(Sessions.ended, ({ setup }, session, reason) => {
    // A challenge that came to nothing was no session.
    if (session.handle === 0) return;
    setup.log.info(
      `${whence(session.peer, session.channel.number)} log-out of ${who(session.userName)}: ${ENDS[reason]}`,
      {
        event: 'log-out',
        ...fieldsOf(session),
        reason,
      },
    );
  });
  reactions.on(LogIns.refused, ({ logIns, setup: { log } }, refused) => {
    const unsaid = logIns.lineFor(refused);
    if (unsaid === undefined) return;
    const { peer, channel, name, problem, step } = refused;
    const user = name === undefined ? '' : ` for ${who(name)}`;
    const more = unsaid === 0 ? '' : `; ${unsaid} more since the last line`;
    log.warn(`${whence(peer, channel)} log-in refused: ${problem}${user} (${step})${more}`, {
      event: 'log-in refused',
      peer: peerName(peer),
      channel,
      user: name,
      reason: problem,
      unsaid: unsaid || undefined,
    });
  });
}

const peerName = ({ address, port }: Peer): string | undefined =>
  port === 0 ? undefined : endpointName({ host: address, port });
const whence = (peer: Peer, channel: number): string => peerName(peer) ?? `channel ${channel}`;
/** Names are what somebody sent: nothing in one may end the line or move the cursor. */
const who = (name: string): string =>
  name === '' ? 'the null user' : `user '${name.replace(/[\p{C}\p{Zl}\p{Zp}'\\]/gu, escaped)}'`;
const escaped = (character: string): string =>
  Array.from(character, (unit) =>
    unit === "'" || unit === '\\' ? `\\${unit}` : `\\u{${(unit.codePointAt(0) ?? 0).toString(16)}}`,
  ).join('');

const fieldsOf = ({ peer, channel, userName, userId, handle }: Session) => ({
  peer: peerName(peer),
  channel: channel.number,
  user: userName,
  userId,
  session: handle,
});
