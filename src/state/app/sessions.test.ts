import { expect, test } from 'vitest';
import { rig, LAN } from '../../../test/support/bmc.ts';
import { Privilege } from '../../commands/command.ts';
import { Context } from '../../router/index.ts';

test('a handle moves on: an old one does not mean the next session', () => {
  const { bmc } = rig();
  const begin = () => {
    const session = bmc.sessions.make(
      { kind: 'rmcp+', channel: LAN, peer: { address: '127.0.0.1', port: 1 } },
      bmc.sessions.freshId(),
    );
    bmc.sessions.activate(session, 4);
    return session;
  };
  const first = begin();
  bmc.sessions.close(first, 'closed');
  expect(bmc.sessions.byHandle(first.handle)).toBeUndefined();
  const handles = Array.from({ length: 300 }, () => {
    const session = begin();
    bmc.sessions.close(session, 'closed');
    return session.handle;
  });
  expect(handles.slice(0, 3)).toEqual([2, 3, 4]);
  expect(Math.min(...handles)).toBe(1);
  expect(Math.max(...handles)).toBe(0xfe);
});

test('a session that has ended has no level, whoever still holds it', () => {
  const { bmc } = rig();
  const session = bmc.sessions.make(
    { kind: 'rmcp+', channel: LAN, peer: { address: '127.0.0.1', port: 1 } },
    bmc.sessions.freshId(),
  );
  bmc.sessions.activate(session, 4);
  session.maxPrivilege = 4;
  const context = new Context(bmc, LAN, Privilege.Administrator, 0, session);
  expect(context.privilege).toBe(Privilege.Administrator);
  bmc.sessions.close(session, 'user-changed');
  expect([
    session.active,
    context.privilege,
    bmc.sessions.byId(session.id),
    bmc.sessions.byHandle(session.handle),
  ]).toEqual([false, Privilege.None, undefined, undefined]);
});

test('an id is never 0, nor that of another session', () => {
  const { bmc, world } = rig();
  const drawn = [7, 0, 7, 0, 8];
  world.random.u32 = () => drawn.shift()!;
  const first = bmc.sessions.make(
    { kind: 'rmcp+', channel: LAN, peer: { address: '127.0.0.1', port: 1 } },
    bmc.sessions.freshId(),
  );
  expect(first.id).toBe(7);
  bmc.sessions.activate(first, 4);
  expect(bmc.sessions.freshId()).toBe(8);
});
