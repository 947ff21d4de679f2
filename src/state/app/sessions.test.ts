import { expect, test } from 'vitest';
import { rig, LAN } from '../../../test/support/bmc.ts';

test('a handle moves on: an old one does not mean the next session', () => {
  const { bmc } = rig();
  const begin = () => {
    const session = bmc.sessions.make({ kind: 'rmcp+', channel: LAN, peer: { address: '127.0.0.1', port: 1 } }, bmc.sessions.freshId());
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
