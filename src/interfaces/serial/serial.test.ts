import { describe, expect, test } from 'vitest';
import { answersIn, BMC, Console, serialBench as bench } from '../../../test/support/serial-bench.ts';
import { Bmc } from '../../bmc.ts';
import {
  ActivateSession,
  GetSessionChallenge,
  SetSessionPrivilegeLevel,
} from '../../commands/app/sessions.ts';
import { GetDeviceId } from '../../commands/app/device.ts';
import { ChassisControl } from '../../commands/chassis/chassis.ts';
import {
  MuxSetting,
  SetSerialModemConfiguration,
  SetSerialModemMux,
} from '../../commands/transport/serial.ts';
import { loopback } from '../../client/index.ts';
import { Context } from '../../router/index.ts';
import { AuthType, buildMessage, singleAuthCode } from '../../wire/index.ts';
import { encodeBasic } from '../../wire/serial-basic.ts';
import { hexPairs } from '../../wire/serial-terminal.ts';
import { simWorld } from '../../world/index.ts';
import { SerialInterface } from './serial.ts';

describe('terminal mode', () => {
  test('nothing is served before a log-in but the log-in itself', async () => {
    const { sys } = await bench();
    expect(await sys('SYS TMODE')).toBe('[OK TMODE]');
    expect(await sys('SYS POWER OFF')).toBe('[ERR D4]');
    expect(await sys('SYS HEALTH QUERY')).toBe('[ERR D4]');
    expect(await sys('18 04 01')).toBe('[1C 04 01 D4]');
    expect(await sys('sys blah')).toBe('[ERR C1]');
  });

  test('a wrong password, then none for a second, then the right one; log-out', async () => {
    const { world, sys, bmc } = await bench();
    expect(await sys('SYS PWD -U admin guess')).toBe('[ERR CC]');
    expect(await sys('SYS PWD -U admin secret')).toBe('[ERR C0]');
    await world.run(1100);
    expect(await sys('SYS PWD -N')).toBe('[ERR CC]');
    await world.run(1100);
    expect(await sys('SYS PWD -U admin secret')).toBe('[OK]');
    expect(bmc.sessions.active.map(({ userName, privilege }) => [userName, privilege])).toEqual([
      ['admin', 4],
    ]);
    expect(await sys('SYS PWD -X')).toBe('[OK]');
    expect(bmc.sessions.active).toEqual([]);
  });

  test("the machine's power, with the user's rights", async () => {
    const { sys, bmc, world } = await bench();
    await sys('SYS PWD -U oper secret');
    expect(await sys('SYS POWER OFF')).toBe('[OK]');
    await world.run(10_000);
    expect(bmc.chassis.isOn).toBe(false);
    expect(await sys('SYS HEALTH QUERY')).toMatch(/^\[OK PWR:OFF H:\S\S T:/);
    expect(await sys('SYS POWER ON')).toBe('[OK]');
    expect(await sys('SYS IDENTIFY -ON 20')).toBe('[OK]');
    expect(await sys('SYS IDENTIFY -OFF')).toBe('[OK]');
    expect(await sys('SYS SET TCFG -V 00 11')).toBe('[ERR D4]');
  });

  test('health of the machine by its sensors', async () => {
    const hot = {
      name: 'Temp',
      entity: '3.1',
      type: 'temperature',
      unit: 'degrees C',
      range: [0, 127] as const,
      value: 90,
      thresholds: { uc: 80 },
    };
    const { sys } = await bench(
      { withoutLogIn: 'user' },
      { sensors: [{ ...hot }, { ...hot, name: 'Fan', type: 'fan', unit: 'RPM', value: 50 }] },
    );
    expect(await sys('SYS HEALTH QUERY')).toBe('[OK PWR:ON H:cr T:cr V:?? PS:?? C:ok D:?? S:?? O:??]');
    expect((await sys('sys health query -V')).split('\r\n')).toEqual([
      '[OK SYS Health:Critical',
      'Power:ON',
      'Temperature:Critical',
      'Voltage:Unknown',
      'PowerSystem:Unknown',
      'Cooling:OK',
      'Drives:Unknown',
      'Security:Unknown',
      'Other:Unknown]',
    ]);
  });

  test('boot flags and boot options as text', async () => {
    const { sys, bmc } = await bench({ withoutLogIn: 'administrator' });
    expect(await sys('SYS SET BOOT 40 04 00 00 00')).toBe('[OK]');
    expect(bmc.bootOptions.flags).toMatchObject({ valid: true, persistent: true, device: 1 });
    expect((await sys('SYS GET BOOTOPT 05 00 00')).split('\r\n')).toEqual([
      '[OK',
      '01 05 C0 04',
      '00 00 00]',
    ]);
    expect(await sys('SYS SET BOOTOPT 05 80 08 00 00 00')).toBe('[OK]');
    expect(bmc.bootOptions.flags.device).toBe(2);
    expect(await sys('SYS SET BOOT 40 04')).toBe('[ERR C7]');
    expect(await sys('SYS GET BOOTOPT zz 00 00')).toBe('[ERR CC]');
  });

  test('terminal configuration: the volatile half ends with carrier, the stored one stays', async () => {
    const { sys, say, console, world } = await bench({ withoutLogIn: 'administrator' });
    expect((await sys('SYS SET TCFG')).split('\r\n')).toEqual(['[OK V:26 11', 'N:26 11]']);
    await say('[SYS SET TCFG -V 00 31]\r');
    expect(await say('[SYS TMODE]\r')).toBe('[OK TMODE]\r');
    await world.until(console.pull());
    await world.until(console.plug());
    expect(await say('[SYS TMODE]\r')).toBe('[SYS TMODE]\r\n[OK TMODE]\r\n');
    expect(await say('[SYS SET TCFG -N 01 11]\r')).toMatch(/N:01 11\]\r\n\[SYS\]\r\n$/);
    expect(await say('[SYS SET TCFG -N 01 16]\r')).toBe('[ERR CC]\r\n[SYS]\r\n');
  });
});

describe('sessions', () => {
  test.each([
    ['md5', AuthType.Md5] as const,
    ['md2', AuthType.Md2] as const,
    ['password', AuthType.Password] as const,
  ])('basic mode, %s: challenge, activation, privilege', async (_name, authType) => {
    const { basic, bmc, world } = await bench();
    const password = Uint8Array.from({ length: 16 }, (_, i) => 'secret'.charCodeAt(i) || 0);
    expect(await basic(GetDeviceId, {})).toEqual([0xd4]);
    const userName = Uint8Array.from({ length: 16 }, (_, i) => 'admin'.charCodeAt(i) || 0);
    const begin = async () => {
      const answer = Uint8Array.from(await basic(GetSessionChallenge, { authType, userName }));
      return GetSessionChallenge.response.decode(answer, 1);
    };
    const activate = async (key: Uint8Array) => {
      const { temporarySessionId, challenge } = await begin();
      const proof = singleAuthCode(authType, key, temporarySessionId, challenge);
      return basic(ActivateSession, {
        authType,
        maxPrivilege: 4,
        challenge: proof,
        initialOutboundSequence: 1,
      });
    };
    expect(await activate(password.map((byte) => byte ^ 1))).toEqual([0xcc]);
    expect((await activate(password))[0]).toBe(0);
    expect((await basic(GetDeviceId, {}))[0]).toBe(0);
    expect(await basic(ChassisControl, { action: 0 })).toEqual([0xd4]);
    expect(await basic(SetSessionPrivilegeLevel, { privilege: 4 })).toEqual([0, 4]);
    // A second log-in takes the place of the first: there is one line.
    expect((await activate(password))[0]).toBe(0);
    expect(bmc.sessions.active.length).toBe(1);
    await world.run(5 * 60_000 + 2000);
    expect(bmc.sessions.active).toEqual([]);
  });

  test('a session ends with its carrier, unless parameter 6 says otherwise', async () => {
    const { sys, console, world, bmc } = await bench();
    await sys('SYS PWD -U admin secret');
    await world.until(console.pull());
    expect(bmc.sessions.active).toEqual([]);
    await world.until(console.plug());
    await sys('SYS PWD -U admin secret');
    expect(await sys('30 00 10 02 06 00')).toBe('[34 00 10 00]');
    await world.until(console.pull());
    expect(bmc.sessions.active.length).toBe(1);
  });
});

describe('a shared connector', () => {
  const shared = async () => {
    const world = simWorld(3);
    const bmc = new Bmc(
      {
        interfaces: [
          { type: 'serial', listen: '10.0.0.1:2000', withoutLogIn: 'administrator', shared: 'system' },
        ],
      },
      { world },
    );
    await world.until(bmc.open());
    return { world, bmc };
  };

  test('escape sequences give the line to the BMC and back', async () => {
    const { world, bmc } = await shared();
    const console = new Console(world);
    await world.until(console.plug());
    expect(await world.until(console.answer('[SYS TMODE]\r'))).not.toMatch(/OK TMODE/);
    expect(await world.until(console.answer('\x1b('))).toBe('\x1b*[TMODE OK]\r\n');
    expect(await world.until(console.answer('[SYS TMODE]\r'))).toMatch(/\[OK TMODE\]/);
    expect(await world.until(console.answer('\x1bQ'))).toBe('\x1b*');
    expect(bmc.serial.get(2)?.mux).toBe('system');
  });

  test('while the system has the line, its console is what is seen and typed at', async () => {
    const world = simWorld(3);
    const bmc = new Bmc(
      {
        interfaces: [
          { type: 'serial', listen: '10.0.0.1:2000', withoutLogIn: 'administrator', shared: 'system' },
        ],
        sol: { console: { type: 'simulated' } },
      },
      { world },
    );
    await world.until(bmc.open());
    const console = new Console(world);
    await world.until(console.plug());
    expect(await world.until(console.answer('\r', 2000))).toMatch(/login:/);
    expect(await world.until(console.answer('who', 100))).toBe('who');
    await world.until(console.answer('\x1b('));
    expect(await world.until(console.answer('who', 100))).toBe('who');
    console.seen = '';
    bmc.console.write(Uint8Array.of(0x0d));
    await world.run(2000);
    expect(console.seen).toBe('');
  });

  test('Set Serial/Modem Mux: requests may be blocked, force may not; what was reset by a button unblocks', async () => {
    const { bmc } = await shared();
    const serial = bmc.serial.get(2)!;
    expect(serial.setMux(MuxSetting.BlockBmc)).toBe(true);
    expect(serial.setMux(MuxSetting.RequestBmc)).toBe(false);
    expect(serial.setMux(MuxSetting.ForceBmc)).toBe(true);
    expect(serial.mux).toBe('bmc');
    await bmc.chassis.control('reset');
    expect(serial.muxBlocked.bmc).toBe(true);
    expect(serial.setMux(MuxSetting.AllowBmc)).toBe(true);
    expect(serial.muxBlocked).toEqual({ system: false, bmc: false });
  });

  test('a switch waits for the console to acknowledge it, for three seconds', async () => {
    const { world, bmc } = await shared();
    const serial = bmc.serial.get(2)!;
    const console = new Console(world);
    await world.until(console.plug());
    serial.setMux(MuxSetting.ForceBmc);
    await serial.parameters.set(8, Uint8Array.of(0x16, 0x09), 'test');
    console.seen = '';
    serial.setMux(MuxSetting.RequestSystem);
    await world.run(500);
    expect(answersIn(console.seen).map(({ cmd, data }) => [cmd, ...data])).toEqual(
      Array.from({ length: 4 }, () => [0x18, 2, 0x02]),
    );
    expect(serial.mux).toBe('bmc');
    await world.run(3000);
    expect(serial.mux).toBe('system');
    serial.setMux(MuxSetting.ForceBmc);
    serial.setMux(MuxSetting.RequestSystem);
    await world.run(100);
    await world.until(
      console.answer(
        encodeBasic(buildMessage({ ...BMC, netFn: 0x0c, cmd: 0x18, data: Uint8Array.of(2, 0x51) })),
      ),
    );
    expect(serial.mux).toBe('system');
  });

  test('a line that is not shared cannot be switched', async () => {
    const { basic } = await bench({ withoutLogIn: 'administrator' });
    expect(await basic(SetSerialModemMux, { channel: 0x0e, setting: MuxSetting.ForceSystem })).toEqual([
      0, 0x01,
    ]);
  });
});

test('pings run while they are wanted', async () => {
  const { world, basic, console } = await bench({ withoutLogIn: 'administrator' });
  await world.run(10_000);
  console.seen = '';
  expect(
    await basic(SetSerialModemConfiguration, { channel: 2, parameter: 8, data: Uint8Array.of(0, 2) }),
  ).toEqual([0]);
  await world.run(6100);
  expect(answersIn(console.seen).filter(({ cmd }) => cmd === 0x18).length).toBe(4);
  await basic(SetSerialModemConfiguration, { channel: 2, parameter: 8, data: Uint8Array.of(0, 0) });
  await world.run(2100);
  console.seen = '';
  await world.run(10_000);
  expect(console.seen).toBe('');
});

test('callback: a modem is told to hang up and to dial', async () => {
  const { world, sys, console } = await bench({ modem: true });
  await sys('SYS PWD -U admin secret');
  const set = (...bytes: number[]): Promise<string> =>
    sys(hexPairs(Uint8Array.of(0x30, 0, 0x10, 2, ...bytes)));
  const phone = Array.from('5551234', (c) => c.charCodeAt(0));
  expect(await sys('30 00 19 02 01')).toBe('[34 00 19 D5]');
  expect(await set(5, 1, 0, 0xff, 0xff, 0xff)).toBe('[34 00 10 00]');
  expect(await sys('30 00 1A 02 02 01 00 FF FF FF')).toBe('[34 00 1A 00]');
  expect(await sys('30 00 1B 02 02')).toBe('[34 00 1B 00 01 00 FF FF FF]');
  expect(await sys('30 00 19 02 01')).toBe('[34 00 19 CC]');
  await set(17, 1, 3, 4, 0, 0x20);
  await set(21, 2, 1, ...phone, 0);
  console.seen = '';
  console.write('[30 00 19 02 01]\r');
  await world.run(50);
  expect(console.seen).toContain('ATH\rATD5551234\r');
});

test('parameters are set and read back with their selectors; codes for what cannot be', async () => {
  const { send } = await (async () => {
    const { sys } = await bench({ withoutLogIn: 'administrator' });
    return {
      send: async (...bytes: number[]) =>
        (await sys(hexPairs(Uint8Array.of(0x30, 0, ...bytes)))).slice(10, -1),
    };
  })();
  expect(await send(0x11, 2, 0, 0, 0)).toBe('00 11 00');
  expect(await send(0x11, 0x82, 0, 0, 0)).toBe('00 11');
  expect(await send(0x11, 2, 1, 0, 0)).toBe('00 11 16');
  expect(await send(0x10, 2, 23, 3, 10, 1, 2, 3)).toBe('00');
  expect(await send(0x11, 2, 23, 3, 0)).toBe('00 11 03 0A 01 02 03');
  expect(await send(0x11, 2, 23, 9, 0)).toBe('C9');
  expect(await send(0x10, 2, 16, 1)).toBe('82');
  expect(await send(0x11, 2, 26, 1, 0)).toBe('83');
  expect(await send(0x11, 2, 99, 0, 0)).toBe('80');
  expect(await send(0x10, 2, 4, 1, 2)).toBe('C7');
  expect(await send(0x10, 2, 3, 0x82)).toBe('CC');
  expect(await send(0x11, 1, 0, 0, 0)).toBe('CC');
  expect(await send(0x14, 2, 1, 7)).toBe('D4');
});

test('LUN 10b is system software: the message waits for it', async () => {
  const { console, world, bmc } = await bench({ withoutLogIn: 'administrator' });
  const request = { ...BMC, toLun: 2, seq: 7, netFn: 0x30, cmd: 0x11, data: Uint8Array.of(1) };
  await world.until(console.answer(encodeBasic(buildMessage(request))));
  expect(bmc.messages.attention.set).toBe(true);
  const host = loopback(
    bmc.router.dispatch,
    new Context(bmc, { number: 15, medium: 'system-interface', maxAnswer: 248 }, 4),
  );
  const [cc, channel, ...message] = await host.raw(0x06, 0x33);
  expect([cc, channel & 0x0f]).toEqual([0, 2]);
  expect(hexPairs(Uint8Array.from(message))).toContain('11 01');
});

test('system software answers with Send Message to the session; nobody writes to it before a log-in', async () => {
  const { console, world, bmc, say, sys } = await bench();
  expect(await sys('1A 24 01')).toBe('[1E 24 01 D4]');
  await sys('SYS PWD -U admin secret');
  await say('[1A 24 01]\r');
  const [{ handle }] = bmc.sessions.active;
  expect(bmc.messages.take()?.data[0]).toBe(handle);
  const host = loopback(
    bmc.router.dispatch,
    new Context(bmc, { number: 15, medium: 'system-interface', maxAnswer: 248 }, 4),
  );
  const answer = buildMessage({
    to: 0x81,
    toLun: 0,
    from: 0x20,
    fromLun: 2,
    seq: 9,
    netFn: 7,
    cmd: 1,
    data: Uint8Array.of(0, 0xab),
  });
  console.seen = '';
  expect([...(await host.raw(0x06, 0x34, Uint8Array.of(2, handle, ...answer)))]).toEqual([0]);
  await world.run(20);
  expect(console.seen).toBe('[1E 24 01 00 AB]\r\n');
  expect([...(await host.raw(0x06, 0x34, Uint8Array.of(2, handle + 1, ...answer)))]).toEqual([0x80]);
});

test('what cannot be a serial interface is refused by name', () => {
  expect(
    () =>
      new SerialInterface({ channel: 9, bmc: new Bmc(), clock: simWorld(1).clock, line: undefined as never }),
  ).toThrow(/channel 9/);
});
