import { expect, test } from 'vitest';
import { GetChannelAccess } from './app/channels.ts';
import { ActivateSession } from './app/sessions.ts';
import { command, NetFn, Privilege, refused, type Command } from './command.ts';
import * as declared from './index.ts';
import { parameterCodes } from './parameters/requests.ts';

const busy = command({
  name: 'Test',
  spec: 'none',
  netFn: NetFn.App,
  cmd: 1,
  privilege: Privilege.User,
  codes: { busy: [0x82, 'it is busy'] },
  request: {},
  response: {},
});

test('P3: a command refuses by the name of a code, with its meaning or with why', () => {
  expect(busy.refuse('busy')).toMatchObject({ cc: 0x82, message: 'it is busy (cc 82h)' });
  expect(busy.refuse('busy', 'three are waiting', { data: Uint8Array.of(1) })).toMatchObject({
    message: 'three are waiting (cc 82h)',
    data: Uint8Array.of(1),
  });
  expect(refused(parameterCodes, 'readOnly').cc).toBe(0x82);
  // @ts-expect-error -- the command has no code of this name
  expect(busy.refuse('tired').cc).toBe(0xff);
  expect([ActivateSession.codes[0x85], GetChannelAccess.codes[0x82]]).toEqual([
    'invalid session ID',
    'command not supported for selected channel',
  ]);
});

const commands = Object.values<unknown>(declared).filter(
  (value): value is Command =>
    typeof value === 'object' && value !== null && 'netFn' in value && 'refuse' in value,
);

test('P3: codes of a command lie between 80h and BEh, each with a meaning', () => {
  const all = commands.flatMap(({ name, codes }) =>
    Object.entries(codes).map(([code, meaning]) => ({ name, code: Number(code), meaning })),
  );
  expect(all.length).toBeGreaterThan(60);
  expect(
    all.filter(
      ({ code, meaning }) => code < 0x80 || code > 0xbe || typeof meaning !== 'string' || meaning === '',
    ),
  ).toEqual([]);
});
