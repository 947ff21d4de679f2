import { describe, expect, test } from 'vitest';
import type { Bmc } from '../../bmc.ts';
import type { BmcState } from '../../bmc-state.ts';
import { Privilege } from '../../commands/command.ts';
import { handleRaw } from '../../router/index.ts';
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
    [
      'a user without access to the line',
      ({ users }) => users.setAccess(2, 2, { ...users.access(2, 2), messaging: false }),
    ],
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
    expect(bmc.sessions.active.map(({ privilege, maxPrivilege }) => [privilege, maxPrivilege])).toEqual([
      [2, 2],
    ]);
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

describe('C1: a text command is the command that does the same', () => {
  const deny = (...commands: string[]) => ({ firewall: [{ channel: 2, deny: commands }] });
  test.each([
    ['Set Serial/Modem Configuration', 'SYS SET TCFG -V 0F 11'],
    ['Get Serial/Modem Configuration', 'SYS SET TCFG'],
    ['Get Chassis Status', 'SYS HEALTH QUERY'],
    ['Get Sensor Reading', 'SYS HEALTH QUERY -V'],
    ['Chassis Control', 'SYS POWER OFF'],
    ['Get System Boot Options', 'SYS GET BOOTOPT 05 00 00'],
  ])('what keeps %s from the line keeps %s', async (command, line) => {
    const open = await serialBench();
    await open.sys('SYS PWD -U admin secret');
    expect(await open.sys(line)).toMatch(/^\[OK/);
    const { sys, bmc } = await serialBench({}, deny(command));
    await sys('SYS PWD -U admin secret');
    const before = bmc.serial.get(2)!.terminalBytes('volatile');
    expect(await sys(line)).toBe('[ERR D4]');
    expect(bmc.serial.get(2)!.terminalBytes('volatile')).toEqual(before);
  });

  test('and a log-in too', async () => {
    const { sys, bmc } = await serialBench({}, deny('Activate Session'));
    expect(await sys('SYS PWD -U admin secret')).toBe('[ERR D4]');
    expect(bmc.sessions.active).toEqual([]);
  });
});

test('I2: a late answer is for who asked, and not for the next one at the line', async () => {
  const { sys, bmc, console, world } = await serialBench();
  let answer: (body: Uint8Array) => void = () => undefined;
  const slow = handleRaw<BmcState>(
    { netFn: 0x30, cmd: 1 },
    () => new Promise((resolve) => (answer = resolve)),
    {
      privilege: Privilege.Administrator,
    },
  );
  bmc.router.register({ owner: 'slow', handlers: [slow] });
  await sys('SYS PWD -U admin secret');
  await sys('C0 00 01');
  await sys('SYS PWD -U oper secret');
  console.seen = '';
  answer(Uint8Array.of(0, 0x5e, 0xc2));
  await world.run(200);
  expect(console.seen).toBe('');
});
