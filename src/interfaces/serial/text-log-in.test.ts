import { describe, expect, test } from 'vitest';
import type { Bmc } from '../../bmc.ts';
import { serialBench } from '../../../test/support/serial-bench.ts';

describe('a log-in by text', () => {
  test('wants the whole password: each byte of it, and none more', async () => {
    for (const password of ['', 's', 'secre', 'Secret', 'secreu', 'secretx']) {
      const { sys, bmc } = await serialBench();
      expect(await sys(`SYS PWD -U admin ${password}`), password).toBe('[ERR CC]');
      expect(bmc.sessions.active).toEqual([]);
      expect(await sys('SYS POWER OFF')).toBe('[ERR D4]');
    }
    const long = await serialBench({}, { users: [{ id: 2, name: 'admin', password: 'sixteenbytes0123' }] });
    for (const password of ['sixteenbytes012', 'sixteenbytes012x', 'sixteenbytes01234']) {
      expect(await long.sys(`SYS PWD -U admin ${password}`), password).toBe('[ERR CC]');
      await long.world.run(1100);
    }
    expect(await long.sys('SYS PWD -U admin sixteenbytes0123')).toBe('[OK]');
  });

  test.each<[string, (bmc: Bmc) => unknown]>([
    ['a disabled user', ({ users }) => users.setEnabled(2, false)],
    ['a user without access to the line', ({ users }) => users.setAccess(2, 2, { ...users.access(2, 2), messaging: false })],
    ['another name', ({ users }) => users.setName(2, 'root')],
  ])('is refused to %s, though the password is right', async (_name, change) => {
    const { sys, bmc } = await serialBench();
    await change(bmc);
    expect(await sys('SYS PWD -U admin secret')).toBe('[ERR CC]');
    expect(bmc.sessions.active).toEqual([]);
  });

  test('gives the level of the user, and at most that of the channel', async () => {
    const { sys, bmc } = await serialBench();
    await sys('SYS PWD -U oper secret');
    expect(bmc.sessions.active[0].privilege).toBe(3);
    bmc.channels.setPresentAccess(2, { ...bmc.channels.access(2, 'present'), privilegeLimit: 2 });
    await sys('SYS PWD -U admin secret');
    expect(bmc.sessions.active.map(({ privilege, maxPrivilege }) => [privilege, maxPrivilege])).toEqual([[2, 2]]);
    expect(await sys('SYS POWER OFF')).toBe('[ERR D4]');
  });

  test('replaces whoever was there, even where it fails', async () => {
    const { sys, bmc } = await serialBench();
    await sys('SYS PWD -U admin secret');
    expect(await sys('SYS PWD -U oper wrong')).toBe('[ERR CC]');
    expect(bmc.sessions.active).toEqual([]);
    expect(await sys('SYS POWER OFF')).toBe('[ERR D4]');
  });
});
