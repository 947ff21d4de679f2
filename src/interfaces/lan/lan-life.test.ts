// A LAN interface through the life of its BMC: locked-out users, and a reset that goes dark.
import { expect, test } from 'vitest';
import { Bmc, type BmcOptions } from '../../bmc.ts';
import { connectLan, LogInError, TimeoutError } from '../../client/index.ts';
import { NetFn, Privilege } from '../../commands/command.ts';
import { ColdReset, GetDeviceId } from '../../commands/app/device.ts';
import { SetLanConfigurationParameters } from '../../commands/transport/lan.ts';
import { hex, toHex } from '../../../test/support/vectors.ts';
import { buildPresencePing, RakpStatus } from '../../wire/index.ts';
import { simWorld } from '../../world/index.ts';

const SERVER = { host: '10.0.0.1', port: 623 };

async function net(options: BmcOptions = {}) {
  const world = simWorld(7);
  const users = [
    { id: 2, name: 'admin', password: 'AdminPass123' },
    { id: 3, name: 'oper', password: 'OperPass123' },
  ] as const;
  const bmc = new Bmc(
    { interfaces: [{ type: 'lan', listen: '10.0.0.1:623' }], users, sel: { bootEvents: false }, ...options },
    { world },
  );
  await bmc.open();
  const connect = (user = 'admin', password = 'AdminPass123') =>
    connectLan(world, { ...SERVER, user, password });
  /** 'in', or the status that the log-in was refused with. */
  const logIn = (user: string, password: string): Promise<unknown> =>
    world.until(
      connect(user, password)
        .then((client) => client.close())
        .then(() => 'in')
        .catch((error: unknown) => (error instanceof LogInError ? error.status : error)),
    );
  /**
   * Bad password threshold: event, failures, tens of seconds until they are forgotten, and of the lock-out.
   */
  const rule = async (event: number, threshold: number, forget: number, lock: number): Promise<void> => {
    const admin = await world.until(connect());
    const data = Uint8Array.of(event, threshold, forget & 0xff, forget >> 8, lock & 0xff, lock >> 8);
    await world.until(admin.send(SetLanConfigurationParameters, { channel: 1, parameter: 26, data }));
    await world.until(admin.close());
  };
  return { world, bmc, connect, logIn, rule };
}

test('three wrong passwords lock a user out for a while; other users and right passwords are not counted', async () => {
  const { world, bmc, logIn, rule } = await net();
  await rule(1, 3, 0, 2);
  const wrong = (): Promise<unknown> => logIn('oper', 'wrong');
  expect([
    await wrong(),
    await wrong(),
    await logIn('oper', 'OperPass123'),
    await wrong(),
    await wrong(),
  ]).toEqual([15, 15, 'in', 15, 15]);
  expect(await wrong()).toBe(RakpStatus.InvalidIntegrityCheckValue);
  expect(await logIn('oper', 'OperPass123')).toBe(RakpStatus.UnauthorizedName);
  expect(await logIn('admin', 'AdminPass123')).toBe('in');
  // Session audit: invalid password disable, user 3, channel 1.
  expect(toHex(bmc.sel.get(0xffff).record.slice(10))).toBe('2a 00 6f f3 03 01');
  await world.run(21_000);
  expect(await logIn('oper', 'OperPass123')).toBe('in');
});

test('failures far apart are forgotten; a lock-out without end needs an administrator', async () => {
  const { world, bmc, logIn, rule } = await net();
  await rule(0, 2, 1, 0);
  await logIn('oper', 'wrong');
  await world.run(11_000);
  await logIn('oper', 'wrong');
  expect(await logIn('oper', 'OperPass123')).toBe('in');
  await logIn('oper', 'wrong');
  await logIn('oper', 'wrong');
  await world.run(3_600_000);
  expect(await logIn('oper', 'OperPass123')).toBe(RakpStatus.UnauthorizedName);
  expect(bmc.users.access(3, 1).messaging).toBe(false);
  await bmc.users.setAccess(3, 1, { ...bmc.users.access(3, 1), messaging: true });
  expect(await logIn('oper', 'OperPass123')).toBe('in');
  expect(bmc.sel.count).toBe(0);
});

test('a cold reset: its answer, then silence even to pings, then another session', async () => {
  const { world, bmc, connect } = await net({ reset: { dark: 5 } });
  const client = await world.until(connect());
  const socket = await world.udp.bind({ host: '10.0.0.2', port: 1 });
  let pongs = 0;
  socket.onDatagram = () => void pongs++;
  const ping = async (): Promise<number> => {
    socket.send(buildPresencePing(1), SERVER);
    await world.run(100);
    return pongs;
  };
  expect(await ping()).toBe(1);
  const before = bmc.sessions.active.map(({ id }) => id);
  await world.until(client.send(ColdReset));
  await world.run(50);
  expect([await ping(), bmc.sessions.active.length]).toEqual([1, 0]);
  await expect(
    world.until(connectLan(world, { ...SERVER, user: 'admin', password: 'AdminPass123', tries: 2 })),
  ).rejects.toThrow(TimeoutError);
  await world.run(5000);
  expect(await ping()).toBe(2);
  // What was sealed for the old session is nothing to the new BMC.
  await expect(world.until(client.send(GetDeviceId))).rejects.toThrow(TimeoutError);
  const again = await world.until(connect());
  expect((await world.until(again.send(GetDeviceId))).ipmiMajor).toBe(2);
  expect(before).not.toContain(bmc.sessions.active[0].id);
});

test('ARPs are suspended until the next reset', async () => {
  const { world, bmc, connect } = await net();
  const client = await world.until(connect());
  const raw = async (cmd: number, data: string): Promise<string> =>
    toHex(await world.until(client.raw(0x0c, cmd, hex(data))));
  await raw(1, '01 0a 03');
  expect([await raw(3, '01 00'), await raw(3, '01 02'), await raw(3, '01 03')]).toEqual([
    '00 03',
    '00 01',
    '00 00',
  ]);
  bmc.lan.reset();
  expect(await raw(3, '01 00')).toBe('00 03');
});

test('below User, nobody reaches system software by LUN 10b: D4h', async () => {
  const { world, bmc, connect } = await net();
  const client = await world.until(connect());
  bmc.sessions.active[0].privilege = Privilege.Callback;
  expect(toHex(await world.until(client.raw(NetFn.App, GetDeviceId.cmd, new Uint8Array(0), 2)))).toBe('d4');
});
