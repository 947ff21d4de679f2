import { z } from '@hono/zod-openapi';
import type { Bmc } from '../../bmc.ts';
import { Privilege } from '../../commands/command.ts';
import type { Session } from '../../state/app/sessions.ts';
import { PRIVILEGES, type PrivilegeName } from '../../codec/index.ts';
import { utf8Bytes } from '../../codec/utf8.ts';
import { endpointName } from '../../world/world.ts';
import { bmcRoute } from '../bmc-route.ts';
import { refusal } from '../problem.ts';
import { wholeNumber } from '../whole-number.ts';

const NO_ACCESS = 0x0f;
/** Numbers that a channel with sessions can have. */
const CHANNELS = Array.from({ length: 12 }, (_, number) => number);
const levelName = (level: number): PrivilegeName => PRIVILEGES[level] ?? 'none';

const user = z
  .strictObject({
    id: z.int(),
    name: z.string(),
    enabled: z.boolean(),
    hasPassword: z.boolean(),
    channels: z.array(
      z.strictObject({
        channel: z.int(),
        privilege: z.enum(PRIVILEGES),
        messaging: z.boolean(),
        sessionLimit: z.int(),
      }),
    ),
  })
  .openapi('User');
export type UserState = z.infer<typeof user>;

const withUsers = ({ channels }: Bmc): number[] => CHANNELS.filter((number) => channels.hasSessions(number));

/** Throws ControlError: nobody logs in there. */
function knownChannel(bmc: Bmc, number: number): number {
  const known = withUsers(bmc);
  if (known.includes(number)) return number;
  throw refusal('bad-request', `channel: nobody logs in by channel ${number}`, {
    key: 'channel',
    next: `channels with users: ${known.join(', ') || 'none'}`,
  });
}

function shownUser(bmc: Bmc, id: number): UserState {
  const { users } = bmc;
  return {
    id,
    name: users.name(id),
    enabled: users.enabled(id),
    hasPassword: users.password(id)?.some((byte) => byte !== 0) ?? false,
    channels: withUsers(bmc).map((number) => {
      const { privilegeLimit, messaging, sessionLimit } = users.access(id, number);
      return { channel: number, privilege: levelName(privilegeLimit), messaging, sessionLimit };
    }),
  };
}

const session = z
  .strictObject({
    handle: z.int(),
    user: z.string(),
    userId: z.int(),
    peer: z.string(),
    channel: z.int(),
    kind: z.enum(['ipmi-1.5', 'rmcp+']),
    suite: z.int().nullable(),
    privilege: z.enum(PRIVILEGES),
    maxPrivilege: z.enum(PRIVILEGES),
    age: z.number().openapi({ description: 'Seconds since its log-in began.' }),
    silent: z.number().openapi({ description: 'Seconds since its last message.' }),
  })
  .openapi('Session');
export type SessionState = z.infer<typeof session>;

const seconds = (milliseconds: number): number => Math.round(milliseconds) / 1000;

function shownSession(session: Session, now: number): SessionState {
  const { handle, userName, userId, peer, channel, kind, suite, privilege, maxPrivilege } = session;
  return {
    handle,
    user: userName,
    userId,
    peer: endpointName({ host: peer.address, port: peer.port }),
    channel: channel.number,
    kind,
    suite: suite ?? null,
    privilege: levelName(privilege),
    maxPrivilege: levelName(maxPrivilege),
    age: seconds(now - session.began),
    silent: seconds(now - session.lastHeard),
  };
}

const userId = z.object({
  user: wholeNumber(1, 63, 'Id of the user.'),
});
const handle = z.object({
  session: wholeNumber(1, 255, 'Its handle.'),
});
const bytesAtMost = (most: number) =>
  z
    .string()
    .max(most, `expected at most ${most} bytes in UTF-8`)
    .refine(
      (text) => utf8Bytes(text, most) !== undefined && !text.includes('\0'),
      `expected at most ${most} bytes in UTF-8`,
    );

export const accessRoutes = [
  bmcRoute({
    method: 'get',
    path: '/users',
    role: 'read',
    tag: 'Users and sessions',
    summary: 'Users that have a name, a password or access; never a password.',
    answer: z.strictObject({ users: z.array(user), slots: z.int() }).openapi('UserList'),
    example: { path: '/v1/bmcs/node-1/users' },
    handle(bmc) {
      const { users } = bmc;
      const all = Array.from({ length: users.slots }, (_, i) => shownUser(bmc, i + 1));
      return {
        users: all.filter(({ name, enabled, hasPassword }) => name || enabled || hasPassword),
        slots: users.slots,
      };
    },
  }),
  bmcRoute({
    method: 'put',
    path: '/users/{user}',
    role: 'admin',
    tag: 'Users and sessions',
    summary:
      'Changes a user: what is not said stays. Privilege is that of a channel, or of all channels with users.',
    params: userId,
    body: z
      .strictObject({
        name: bytesAtMost(16).optional(),
        password: bytesAtMost(20).optional(),
        enabled: z.boolean().optional(),
        privilege: z.enum(PRIVILEGES).optional(),
        channel: z.int().min(0).max(15).optional(),
      })
      .refine(({ privilege, channel }) => channel === undefined || privilege !== undefined, {
        message: 'expected with privilege',
        path: ['channel'],
      }),
    answer: user,
    example: {
      path: '/v1/bmcs/node-1/users/5',
      body: { name: 'kim', password: 'secret-enough', enabled: true, privilege: 'operator' },
    },
    async handle(bmc, { params, body: { name, password, enabled, privilege, channel } }) {
      const { users } = bmc;
      const id = params.user;
      if (id > users.slots)
        throw refusal('not-found', `there is no user ${id}: ids are 1 to ${users.slots}`, { key: 'user' });
      const on = channel === undefined ? withUsers(bmc) : [knownChannel(bmc, channel)];
      if (name !== undefined) await users.setName(id, checkedName(bmc, id, name));
      if (password !== undefined) await users.setPassword(id, padded(password));
      if (privilege !== undefined) {
        const level = privilege === 'none' ? NO_ACCESS : Privilege[capital(privilege)];
        for (const number of on) {
          const access = users.access(id, number);
          await users.setAccess(id, number, {
            ...access,
            privilegeLimit: level,
            messaging: privilege !== 'none',
          });
        }
      }
      if (enabled !== undefined) await users.setEnabled(id, enabled);
      return shownUser(bmc, id);
    },
  }),
  bmcRoute({
    method: 'get',
    path: '/sessions',
    role: 'read',
    tag: 'Users and sessions',
    summary: 'Sessions that are open.',
    answer: z.strictObject({ sessions: z.array(session), limit: z.int() }).openapi('SessionList'),
    example: { path: '/v1/bmcs/node-1/sessions' },
    handle({ sessions, setup }) {
      const now = setup.clock.monotonic();
      return { sessions: sessions.active.map((active) => shownSession(active, now)), limit: sessions.limit };
    },
  }),
  bmcRoute({
    method: 'delete',
    path: '/sessions/{session}',
    role: 'operate',
    tag: 'Users and sessions',
    summary: 'Closes a session.',
    params: handle,
    status: 204,
    example: { path: '/v1/bmcs/node-1/sessions/1', needs: 'an open session' },
    handle({ sessions }, { params }) {
      const found = sessions.byHandle(params.session);
      if (found?.active !== true) {
        const open = sessions.active.map(({ handle: number }) => number).join(', ');
        throw refusal('not-found', `there is no session ${params.session}`, {
          key: 'session',
          next: open === '' ? 'none is open' : `open are ${open}`,
        });
      }
      sessions.close(found, 'closed');
    },
  }),
];

/** Two users of one name could not be told apart at log-in, and user 1 has none. Throws ControlError. */
function checkedName({ users }: Bmc, id: number, name: string): string {
  if (name === '') return name;
  if (id === 1) throw refusal('bad-request', 'name: user 1 is the null user and has none', { key: 'name' });
  for (let other = 1; other <= users.slots; other++)
    if (other !== id && users.name(other) === name)
      throw refusal('conflict', `user ${other} is called '${name}' already`, { key: 'name' });
  return name;
}

/** As Set User Password stores it: 16 bytes, or 20. */
function padded(password: string): Uint8Array {
  const bytes = new TextEncoder().encode(password);
  const whole = new Uint8Array(bytes.length > 16 ? 20 : 16);
  whole.set(bytes);
  return whole;
}

const capital = (level: Exclude<PrivilegeName, 'none'>) =>
  (level.charAt(0).toUpperCase() + level.slice(1)) as Exclude<keyof typeof Privilege, 'None'>;
