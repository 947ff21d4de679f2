import { z } from '@hono/zod-openapi';
import { CC, completionCodeName, levelNamed, PRIVILEGES } from '../../codec/index.ts';
import { Privilege, spokenName } from '../../commands/command.ts';
import type { Bmc } from '../../bmc.ts';
import { Context, type Channel, type SessionView } from '../../joint/message.ts';
import { nearest } from '../../config/wording.ts';
import { bmcRoute } from '../bmc-route.ts';
import { refusal } from '../problem.ts';
import { findCommand, requestData, responseValues } from '../raw-values.ts';
import { bytesOfHex, hexText } from '../hex-text.ts';
import { hexOf } from '../sel-text.ts';

const SYSTEM_INTERFACE = 15;
/** Of a host's driver, where no interface says otherwise. */
const MAX_ANSWER = 248;

const byte = z.int().min(0).max(0xff);
const body = z
  .strictObject({
    command: z.string().optional().openapi({ description: "The specification's name: `get-device-id`." }),
    fields: z
      .record(z.string(), z.unknown())
      .optional()
      .openapi({ description: 'With `command`: values by name; bytes as hex digits.' }),
    netFn: z.int().min(0).max(0x3e).optional(),
    cmd: byte.optional(),
    data: z
      .union([hexText, z.array(byte)])
      .optional()
      .openapi({ description: 'With `netFn`: with a body or an IANA number in front.' }),
    lun: z.int().min(0).max(3).default(0),
    channel: z.int().min(0).max(15).default(SYSTEM_INTERFACE),
    privilege: z.enum(PRIVILEGES).default('administrator'),
    user: z
      .string()
      .optional()
      .openapi({ description: 'In the name of this user, at most with its rights.' }),
  })
  .superRefine(({ command, fields, netFn, cmd, data }, context) => {
    const add = (key: string, message: string): void =>
      context.addIssue({ code: 'custom', message, path: [key] });
    if ((command === undefined) === (netFn === undefined)) add('command', 'expected either command or netFn');
    if (netFn !== undefined && netFn % 2 === 1) add('netFn', 'expected an even number: that of a request');
    if (netFn !== undefined && cmd === undefined) add('cmd', 'expected a number beside netFn');
    if (command !== undefined && (cmd !== undefined || data !== undefined))
      add(cmd === undefined ? 'data' : 'cmd', 'expected with netFn: a command has fields');
    if (fields !== undefined && command === undefined) add('fields', 'expected with command');
  });

const answer = z
  .strictObject({
    request: z.int().openapi({ description: 'By which trace, log, audit and events speak of it.' }),
    command: z.string(),
    code: byte,
    codeName: z.string(),
    data: z.string().openapi({ description: 'Behind the completion code, in hex digits.' }),
    response: z
      .record(z.string(), z.unknown())
      .optional()
      .openapi({ description: 'The values by name, where the command is declared and it was carried out.' }),
  })
  .openapi('RawAnswer');
export type RawAnswer = z.infer<typeof answer>;

function channelOf({ router }: Bmc, number: number): Channel {
  const open = [...router.attachments].map(({ interface: way }) => way.channel);
  const found = open.find((channel) => channel.number === number);
  if (found) return found;
  if (number === SYSTEM_INTERFACE) return { number, medium: 'system-interface', maxAnswer: MAX_ANSWER };
  throw refusal('not-found', `channel ${number} has no interface`, {
    key: 'channel',
    next: `channels: ${[...new Set([...open.map((channel) => channel.number), SYSTEM_INTERFACE])].join(', ')}`,
  });
}

/** The session that a user would have. */
function sessionOf({ users }: Bmc, name: string, channel: Channel, privilege: Privilege): SessionView {
  const names = Array.from({ length: users.slots }, (_, i) => users.name(i + 1));
  const userId = names.indexOf(name) + 1;
  if (userId === 0) {
    const near = nearest(name, names.filter(Boolean));
    throw refusal('not-found', `there is no user '${name}'`, {
      key: 'user',
      ...(near !== undefined && { nearest: near }),
    });
  }
  const limit = users.access(userId, channel.number).privilegeLimit;
  const level = Math.min(privilege, limit > Privilege.Oem ? Privilege.None : limit);
  return { handle: 0, id: 0, userId, userName: name, privilege: level, maxPrivilege: level, channel };
}

export const rawRoutes = [
  bmcRoute({
    method: 'post',
    path: '/raw',
    role: 'admin',
    tag: 'Raw',
    summary:
      'Any IPMI request, as if it came by a channel with a privilege: by its name and fields, or by numbers. The answer is decoded.',
    body,
    answer,
    example: {
      path: '/v1/bmcs/node-1/raw',
      body: { command: 'get-device-id', channel: 1, privilege: 'user' },
    },
    async handle(bmc, { body: asked, caller }) {
      const channel = channelOf(bmc, asked.channel);
      const level = levelNamed(asked.privilege);
      const found = asked.command === undefined ? undefined : findCommand(bmc, asked.command);
      const message = {
        netFn: found?.netFn ?? asked.netFn ?? 0,
        cmd: found?.cmd ?? asked.cmd ?? 0,
        lun: asked.lun,
        data: found ? requestData(found, asked.fields ?? {}) : bytesOf(asked.data ?? ''),
      };
      const session = asked.user === undefined ? undefined : sessionOf(bmc, asked.user, channel, level);
      const requester = `control: ${caller.name}`;
      const context = new Context<Bmc>(bmc, channel, level, asked.lun, session, requester);
      const entry = bmc.router.find(message, channel.number);
      const declared = entry?.handler.command;
      const answer = await bmc.router.enterBy(message, context);
      const code = answer[0] ?? CC.Unspecified;
      const prefix = entry?.prefix.length ?? 0;
      const response = declared && code === CC.Ok ? responseValues(declared, answer, 1 + prefix) : undefined;
      return {
        request: bmc.router.idOf(context),
        command: entry ? spokenName(entry.handler.name) : 'unknown',
        code,
        codeName: completionCodeName(code, declared?.codes),
        data: hexOf(answer.subarray(1)),
        ...(response && { response }),
      };
    },
  }),
];

const bytesOf = (data: string | readonly number[]): Uint8Array =>
  typeof data === 'string' ? bytesOfHex(data) : Uint8Array.from(data);
