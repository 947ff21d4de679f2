import { CC, hex2, IpmiError, utf8Text } from '../../codec/index.ts';
import { Privilege } from '../../commands/command.ts';
import {
  ActivateSession,
  CloseSession,
  GetAuthCode,
  GetChannelAuthenticationCapabilities,
  GetChannelCipherSuites,
  GetSessionChallenge,
  GetSessionInfo,
  SessionInfo,
  SetSessionPrivilegeLevel,
} from '../../commands/app/sessions.ts';
import type { Context, Handler } from '../../router/index.ts';
import type { BmcState } from '../../bmc-state.ts';
import { sourceOf } from '../../state/app/half-open.ts';
import type { LogInProblem } from '../../state/app/log-ins.ts';
import { Session } from '../../state/app/sessions.ts';
import {
  authCode15,
  AuthType,
  cipherSuiteRecords,
  equalBytes,
  hmac,
  singleAuthCode,
} from '../../wire/index.ts';
import { handle } from '../handle.ts';

const BY_HANDLE = 0xfe;
const BY_ID = 0xff;
const RECORDS_PER_BLOCK = 16;

export const sessionHandlers: readonly Handler<BmcState>[] = [
  handle(GetChannelAuthenticationCapabilities, (request, context) => {
    const { bmc } = context;
    const channel = sessionChannel(context, request.channel);
    if (request.privilege < Privilege.Callback || request.privilege > Privilege.Oem)
      throw new IpmiError(CC.InvalidDataField, `privilege level ${request.privilege}`);
    const { perMessageDisabled, userLevelDisabled } = bmc.channels.access(channel, 'present');
    const types = bmc.channels.enabledAuthTypes(channel, request.privilege);
    const { nonNullUsers, nullUsers, anonymousLogin } = bmc.users.loginKinds(channel);
    return {
      channel,
      extendedCapabilities: request.extended,
      oem: false,
      password: types.includes(AuthType.Password),
      md5: types.includes(AuthType.Md5),
      md2: types.includes(AuthType.Md2),
      none: types.includes(AuthType.None),
      kgSet: bmc.channels.kg(channel) !== undefined,
      perMessageDisabled,
      userLevelDisabled,
      nonNullUsers,
      nullUsers,
      anonymousLogin,
      // Meant only for consoles that asked for it: reserved for those of IPMI 1.5.
      ipmi20: request.extended && bmc.channels.cipherSuites(channel).length > 0,
      ipmi15: request.extended && types.length > 0,
      oemId: 0,
      oemData: 0,
    };
  }),

  handle(GetChannelCipherSuites, ({ channel, bySuite, index }, context) => {
    const number = sessionChannel(context, channel);
    const records = cipherSuiteRecords(context.bmc.channels.lan(number).cipherSuites, bySuite);
    // A block shorter than 16 bytes, or an empty one, tells the console that this was the last.
    return {
      channel: number,
      records: records.slice(index * RECORDS_PER_BLOCK, (index + 1) * RECORDS_PER_BLOCK),
    };
  }),

  handle(GetSessionChallenge, ({ authType, userName }, context) => {
    const { bmc, channel, requester } = context;
    refuseWithoutSessions(context);
    const { number } = channel;
    const peer = peerOf(requester);
    const name = nameIn(userName);
    const refuse = (problem: LogInProblem, cc: number): IpmiError => {
      bmc.logIns.refused({
        channel: number,
        peer,
        name,
        problem,
        step: `Get Session Challenge, ${hex2(cc)}h`,
      });
      return new IpmiError(cc, problem);
    };
    const user =
      name === undefined ? 'unknown user' : bmc.logIns.find(name, number, undefined, sourceOf(peer.address));
    if (user === 'too many wrong passwords' || user === 'channel not available')
      throw refuse(user, CC.NodeBusy);
    if (typeof user === 'string') throw refuse(user, name === '' ? 0x82 : 0x81);
    // Cut to what 1.5 can carry, it would be another password.
    if (user.long) throw refuse('password of 20 bytes', 0x81);
    const { authTypes } = bmc.channels.authentication(number);
    if (!authTypes(Privilege.User).includes(authType) && !authTypes(user.privilegeLimit).includes(authType))
      throw refuse('authentication type', CC.InvalidDataField);
    const session = bmc.sessions.challenge({ kind: 'ipmi-1.5', channel, peer });
    session.userId = user.id;
    session.userName = name ?? '';
    const challenge = bmc.setup.random.bytes(16);
    session.terms15 = { authType, password: user.password.slice(0, 16), challenge };
    return { temporarySessionId: session.id, challenge };
  }),

  handle(ActivateSession, (request, context) => {
    const { bmc, channel } = context;
    refuseWithoutSessions(context);
    // On a serial line there is one session at most, and messages do not say which.
    const single = channel.medium === 'serial';
    const session = single ? bmc.sessions.begunOn(channel.number) : context.session;
    if (!(session instanceof Session) || !session.terms15 || session.active)
      throw ActivateSession.refuse('invalidSessionId', 'no challenge was given for this session');
    const { terms15, userId, userName: name, source, peer } = session;
    const { number } = channel;
    const refuse = (problem: LogInProblem, cc: number): IpmiError => {
      bmc.logIns.refused({ channel: number, peer, name, problem, step: `Activate Session, ${hex2(cc)}h` });
      return new IpmiError(cc, problem);
    };
    const obstacle = bmc.logIns.obstacle(name, number, source);
    if (obstacle) {
      bmc.sessions.close(session, 'failed');
      throw refuse(obstacle, 0x85);
    }
    const proof = single
      ? singleAuthCode(terms15.authType, terms15.password, session.id, terms15.challenge)
      : terms15.challenge;
    if (request.authType !== terms15.authType || !equalBytes(request.challenge, 0, proof, 0, proof.length)) {
      // A challenge ends at its first wrong answer.
      bmc.sessions.close(session, 'failed');
      if (single) bmc.logIns.wrong(userId, number, source);
      throw refuse(single ? 'wrong password' : 'wrong challenge', CC.InvalidDataField);
    }
    const { maxPrivilege: role } = request;
    if (role < Privilege.Callback || role > Privilege.Oem)
      throw refuse('malformed log-in', CC.InvalidDataField);
    const password = new Uint8Array(20);
    password.set(terms15.password);
    const { authType } = terms15;
    const problem = bmc.logIns.check(
      { name, lookUp: undefined, role, userId, password, authType },
      number,
      source,
    );
    if (problem) throw refuse(problem, ACTIVATE_CODES[problem] ?? 0x85);
    session.maxPrivilege = role;
    const before = single ? bmc.sessions.activeOn(number) : undefined;
    if (before) bmc.sessions.close(before, 'evicted');
    if (single) session.inactivity = bmc.serial.get(number)?.inactivity;
    // 0 belongs to messages outside of a session.
    const initialInbound = bmc.setup.random.u32() || 1;
    session.terms15 = { ...terms15, initialInbound, initialOutbound: request.initialOutboundSequence };
    const full = bmc.logIns.admit(session, Math.min(role, Privilege.User));
    if (full) throw refuse(full, 0x81);
    const { perMessageDisabled } = bmc.channels.authentication(number);
    return {
      authTypeForSession: perMessageDisabled ? AuthType.None : authType,
      sessionId: session.id,
      initialInboundSequence: initialInbound,
      maxPrivilegeAllowed: role,
    };
  }),

  handle(SetSessionPrivilegeLevel, ({ privilege }, { session }) => {
    if (!session) throw new IpmiError(CC.NotSupportedInState, 'there is no session on this channel');
    if (privilege === 0) return { newPrivilege: session.privilege };
    if (privilege === Privilege.Callback || privilege > Privilege.Oem)
      throw new IpmiError(CC.InvalidDataField, `privilege level ${privilege}`);
    if (privilege > session.maxPrivilege) throw SetSessionPrivilegeLevel.refuse('exceedsLimit');
    session.privilege = privilege;
    return { newPrivilege: privilege };
  }),

  handle(CloseSession, ({ sessionId, sessionHandle }, { bmc, session, privilege }) => {
    const found = sessionId !== 0 ? bmc.sessions.byId(sessionId) : bmc.sessions.byHandle(sessionHandle ?? 0);
    if (!found?.active) throw new IpmiError(sessionId !== 0 || sessionHandle === undefined ? 0x87 : 0x88);
    // Another's session may be closed by an administrator only (IPMI 2.0 §22.19).
    if (found !== session && privilege < Privilege.Administrator)
      throw new IpmiError(CC.InsufficientPrivilege);
    bmc.sessions.close(found, 'closed');
  }),

  handle(GetSessionInfo, ({ index, handleOrId }, { bmc, session }) => {
    const { sessions } = bmc;
    const { active } = sessions;
    const counts = { possible: Math.min(sessions.limit, 63), active: Math.min(active.length, 63) };
    const wanted = handleOrId.length === (index === BY_HANDLE ? 1 : index === BY_ID ? 4 : 0);
    if (!wanted) throw new IpmiError(CC.RequestLengthInvalid);
    const found = findSession(bmc, index, handleOrId, session);
    if (!found) return { handle: 0, ...counts, session: new Uint8Array(0) };
    const peer = found instanceof Session ? found.peer : { address: '0.0.0.0', port: 0 };
    return {
      handle: found.handle,
      ...counts,
      session: SessionInfo.encode({
        userId: found.userId,
        privilege: found.privilege,
        protocol: found instanceof Session && found.kind === 'rmcp+' ? 1 : 0,
        channel: found.channel.number,
        address: peer.address.includes(':') ? '0.0.0.0' : peer.address,
        // A console's MAC is not seen through a socket.
        mac: '00:00:00:00:00:00',
        port: peer.port,
      }),
    };
  }),

  handle(GetAuthCode, ({ integrity, authType, channel, userId, data }, context) => {
    const { bmc } = context;
    sessionChannel(context, channel);
    const password = bmc.users.password(userId);
    if (!password) throw new IpmiError(CC.ParameterOutOfRange, `user ${userId}`);
    // Integrity 01b: the 1.5 hash of password and data; 10b: HMAC-SHA1-96's whole digest with the password as
    // K_uid (§22.21).
    if (integrity === 1) return { authCode: hmac('sha1', password, data) };
    if (integrity !== 0 || (authType !== AuthType.Md2 && authType !== AuthType.Md5))
      throw new IpmiError(CC.InvalidDataField, `authentication type ${authType}`);
    if (bmc.users.hasLongPassword(userId))
      throw new IpmiError(CC.InvalidDataField, 'a password of 20 bytes has no code of IPMI 1.5');
    return { authCode: authCode15(authType, password.subarray(0, 16), 0, 0, data, 0, data.length) };
  }),
];

/** The channel a request means, which has to have sessions. 0Eh: the one that it came by. */
export function sessionChannel(context: Context<BmcState>, number: number): number {
  const channel = context.bmc.channels.resolve(number, context);
  if (!context.bmc.channels.hasSessions(channel))
    throw new IpmiError(CC.InvalidDataField, `channel ${channel} has no sessions`);
  return channel;
}

/**
 * A session is begun on the channel that it is for: on a system interface there is no such command (IPMI 2.0
 * §6.12).
 */
function refuseWithoutSessions({ bmc, channel }: Context<BmcState>): void {
  if (!bmc.channels.hasSessions(channel.number))
    throw new IpmiError(CC.InvalidCommand, `channel ${channel.number} has no sessions`);
}

function findSession(
  bmc: BmcState,
  index: number,
  handleOrId: Uint8Array,
  own: Context['session'],
): Context['session'] {
  if (index === 0) return own;
  if (index === BY_HANDLE) return active(bmc.sessions.byHandle(handleOrId[0]));
  if (index === BY_ID)
    return active(
      bmc.sessions.byId(new DataView(handleOrId.buffer, handleOrId.byteOffset).getUint32(0, true)),
    );
  return bmc.sessions.active[index - 1];
}

const active = (session: Session | undefined): Session | undefined => (session?.active ? session : undefined);

/**
 * The name in a field that zeros fill; undefined: there is something behind the zeros, or it is no UTF-8, so
 * nobody has that name.
 */
function nameIn(field: Uint8Array): string | undefined {
  const end = field.indexOf(0);
  return end >= 0 && field.subarray(end).some((byte) => byte !== 0)
    ? undefined
    : utf8Text(end < 0 ? field : field.subarray(0, end));
}

/** §22.17, where the problem has a code of its own; 85h, as for a challenge that there is not, otherwise. */
const ACTIVATE_CODES: Partial<Record<LogInProblem, number>> = {
  'session limit of the user': 0x82,
  'privilege level': 0x86,
  'authentication type': 0x86,
};

function peerOf(requester: string): { address: string; port: number } {
  const colon = requester.lastIndexOf(':');
  // A serial line has no address.
  if (colon < 0) return { address: '0.0.0.0', port: 0 };
  return {
    address: requester.slice(0, colon).replace(/^\[|\]$/g, ''),
    port: Number(requester.slice(colon + 1)),
  };
}
