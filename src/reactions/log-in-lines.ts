import { privilegeName } from '../codec/index.ts';
import type { BmcState } from '../bmc-state.ts';
import { sourceOf, type Peer } from '../state/app/half-open.ts';
import type { RefusedLogIn } from '../state/app/log-ins.ts';
import type { CloseReason, Session } from '../state/app/sessions.ts';
import { endpointName } from '../world/world.ts';

/**
 * Milliseconds in which a source has one line of log-ins refused for one reason, and all sources together
 * have so many.
 */
const INTERVAL = 1000;
const LINES = 20;
/** Sources with a reason whose last line is remembered; the oldest make way. */
const REMEMBERED = 256;

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
export function tellOfLogIns(bmc: BmcState): void {
  const { log, clock } = bmc.setup;
  const refusals = new Refusals();
  bmc.sessions.onOpen((session) => {
    const { maxPrivilege, suite, terms15 } = session;
    const how =
      suite !== undefined
        ? `RMCP+ cipher suite ${suite}`
        : terms15
          ? `IPMI 1.5 authentication type ${terms15.authType}`
          : 'terminal mode';
    log.info(
      `${whence(session.peer, session.channel.number)} log-in of ${who(session.userName)}: up to ${privilegeName(maxPrivilege)}, ${how}`,
      {
        event: 'log-in',
        ...fieldsOf(session),
        privilege: privilegeName(maxPrivilege),
        suite,
      },
    );
  });
  bmc.sessions.onClose((session, reason) => {
    // A challenge that came to nothing was no session.
    if (session.handle === 0) return;
    log.info(
      `${whence(session.peer, session.channel.number)} log-out of ${who(session.userName)}: ${ENDS[reason]}`,
      {
        event: 'log-out',
        ...fieldsOf(session),
        reason,
      },
    );
  });
  bmc.logIns.onRefused((refused) => {
    const unsaid = refusals.lineFor(refused, clock.monotonic());
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

/**
 * Which refused log-ins have a line: one a second for each source and reason, so that a guesser fills no disk
 * and hides nothing of another kind.
 */
class Refusals {
  /** By source and reason: when its last line was, and what came since without one. Made with the first. */
  #sources: Map<string, { at: number; unsaid: number }> | undefined;
  #second = 0;
  #lines = 0;

  /** How many such had no line since the last that had; undefined: this has none either. */
  lineFor({ peer, problem }: RefusedLogIn, now: number): number | undefined {
    const sources = (this.#sources ??= new Map());
    const source = `${sourceOf(peer.address)} ${problem}`;
    const known = sources.get(source);
    if (now - this.#second >= INTERVAL) {
      this.#second = now;
      this.#lines = 0;
    }
    if (this.#lines >= LINES || (known && now - known.at < INTERVAL)) {
      if (known) known.unsaid++;
      return undefined;
    }
    this.#lines++;
    sources.delete(source);
    sources.set(source, { at: now, unsaid: 0 });
    if (sources.size > REMEMBERED) {
      const [oldest] = sources.keys();
      sources.delete(oldest);
    }
    return known?.unsaid ?? 0;
  }
}
