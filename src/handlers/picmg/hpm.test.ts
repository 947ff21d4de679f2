import { describe, expect, test } from 'vitest';
import {
  ActivateFirmware,
  GetComponentProperties,
  GetHpmxCapabilities,
  GetPicmgProperties,
  GetTargetUpgradeCapabilities,
  GetUpgradeStatus,
  InitiateUpgradeAction,
  FinishFirmwareUpload,
  QueryRollbackStatus,
  QuerySelfTestResults,
  UploadFirmwareBlock,
  UploadProgress,
  UploadStatus,
} from '../../commands/index.ts';
import { Privilege } from '../../commands/command.ts';
import { fromLatin1, latin1 } from '../../codec/index.ts';
import { Context, type Channel } from '../../router/index.ts';
import { HOST, LAN, rig } from '../../../test/support/bmc.ts';
import { bytes, COMPONENTS, HPM, target, upload, word, type Target } from '../../../test/support/hpm-rig.ts';
import { vectors } from '../../../test/support/vectors.ts';

// Request data -> response data as ipmitool's hpm commands and a carrier manager exchange them.
vectors(GetTargetUpgradeCapabilities, { 'everything but undesirable': ' -> 00 57 0c 0c 0c 0c 07' });
vectors(GetComponentProperties, {
  general: '00 00 -> 16',
  version: '00 01 -> 02 35 01 02 03 04',
  description: '01 02 -> 42 49 4f 53 00 00 00 00 00 00 00 00',
});
vectors(InitiateUpgradeAction, { 'upload for upgrade': '04 02 -> ' });
vectors(UploadFirmwareBlock, {
  'a block': 'ff 01 02 03 -> ',
  'go on elsewhere': '00 01 -> 00 10 00 00 00 20 00 00',
});
vectors(FinishFirmwareUpload, { '300 bytes': '00 2c 01 00 00 -> ' });
vectors(GetUpgradeStatus, { 'without percentage': ' -> 33 80', 'with it': ' -> 33 80 32' });
vectors(ActivateFirmware, { plain: ' -> ', 'what fails stays': '01 -> ' });
vectors(QuerySelfTestResults, { 'component 1 failed': ' -> 60 02' });
vectors(QueryRollbackStatus, { 'component 0': ' -> 01' });
vectors(GetPicmgProperties, { 'no ATCA': ' -> 00 02 00' });
vectors(GetHpmxCapabilities, { 'LAN channel 1': '02 -> 02 01 02 00 00 c0 01 c0 01' });

test('target and component capabilities', async () => {
  const { hpm } = await target();
  expect(await hpm(HPM.caps)).toEqual([0, 0, 0x57, 12, 12, 12, 12, 0x07]);
  expect(await hpm(HPM.property, 0, 0)).toEqual([0, 0x1e]);
  expect(await hpm(HPM.property, 1, 0)).toEqual([0, 0x3e]);
  expect(await hpm(HPM.property, 2, 0)).toEqual([0, 0x1c]);
  expect(await hpm(HPM.property, 0, 1)).toEqual([0, 2, 0x35, 1, 2, 3, 4]);
  expect(await hpm(HPM.property, 1, 2)).toEqual([0, ...fromLatin1('BIOS', 12)]);
  expect(await hpm(HPM.property, 1, 3)).toEqual([0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
  expect(await hpm(HPM.property, 1, 4)).toEqual([0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
  expect(await hpm(HPM.property, 3, 0)).toEqual([0x82]);
  expect(await hpm(HPM.property, 0, 5)).toEqual([0x83]);
  expect(await hpm(0x3e, 2)).toEqual([0, 2, 1, 2, 0, 0, 0xc0, 1, 0xc0, 1]);
  expect(await hpm(0x3e, 1)).toEqual([0xcc]);
});

test('HPM.2 tells how much a LAN message carries; other LAN parameters are as ever', async () => {
  const { send } = await target({ lanPayload: 4000 });
  expect(await send(0x0c, 2, 0x0e, 0xc0, 0, 0)).toEqual([0, 0x11, 0, 0, 0, 0xa0, 0x0f, 0xff, 0]);
  expect((await send(0x0c, 2, 0x0e, 0xc1, 0, 0))[0]).toBe(0x80);
  expect((await send(0x0c, 2, 0x0e, 4, 0, 0))[0]).toBe(0);
});

test('without components nothing of it is there', async () => {
  const { send } = rig();
  for (const cmd of [0x00, 0x2e, 0x31, 0x3e]) expect((await send(0x2c, cmd, 0, 0))[0]).toBe(0xc1);
  expect((await send(0x0c, 2, 0x0e, 0xc0, 0, 0))[0]).toBe(0x80);
});

test('upload, blocks that wrap and come twice, activation with a cold reset, rollback', async () => {
  const one = await target();
  const { hpm, world, bmc } = one;
  const data = bytes(30_000);
  expect(await hpm(HPM.initiate, 1, 2)).toEqual([0]);
  for (let at = 0, block = 0; at < data.length; at += 100, block = (block + 1) & 0xff) {
    expect(await hpm(HPM.block, block, ...data.slice(at, at + 100))).toEqual([0]);
    expect(await hpm(HPM.block, block, ...data.slice(at, at + 100))).toEqual([0]);
    if (at % 7000 === 0) expect(await hpm(HPM.block, (block + 2) & 0xff, 1, 2, 3)).toEqual([0x82]);
  }
  expect(await hpm(HPM.finish, 0, ...word(data.length))).toEqual([0]);
  expect(await hpm(HPM.property, 0, 4)).toEqual([0, 3, 0, 0, 0, 0, 0]);
  expect(await hpm(HPM.activate)).toEqual([0x80]);
  expect(await hpm(HPM.status)).toEqual([0, HPM.activate, 0x80, 0]);
  expect(await hpm(HPM.selfTest)).toEqual([0x80]);
  expect(await hpm(HPM.abort)).toEqual([0x80]);
  await world.run(400);
  // Its sessions are gone, and the host is told to ask again.
  expect(await hpm(HPM.status)).toEqual([0xc0]);
  await world.run(3000);
  expect(await hpm(HPM.status)).toEqual([0, HPM.activate, 0, 100]);
  expect(await hpm(HPM.selfTest)).toEqual([0, 0x55, 0]);
  expect(bmc.identity.firmware).toMatchObject({ major: 3, minor: 0 });
  expect(await hpm(HPM.property, 0, 3)).toEqual([0, 2, 0x35, 1, 2, 3, 4]);
  expect(await hpm(HPM.rollback)).toEqual([0x80]);
  expect(await hpm(HPM.rollbackStatus)).toEqual([0x80, 0]);
  await world.run(4000);
  expect(await hpm(HPM.rollbackStatus)).toEqual([0, 1]);
  expect(await hpm(HPM.rollback)).toEqual([0xd5]);
  expect(bmc.identity.firmware).toMatchObject({ major: 2, minor: 35 });
});

test('a self test that fails rolls back: every status says so', async () => {
  const one = await target({
    components: [{ id: 1, name: 'BIOS', selfTest: { result: 'fail', time: 5000 } }],
  });
  const { hpm, world } = one;
  expect(await upload(one, 2, bytes(500))).toEqual([0]);
  expect(await hpm(HPM.activate)).toEqual([0x80]);
  await world.run(6000);
  expect(await hpm(HPM.status)).toEqual([0, HPM.activate, 0xd5, 100]);
  expect(await hpm(HPM.selfTest)).toEqual([0, 0x60, 0x02]);
  expect(await hpm(HPM.rollbackStatus)).toEqual([0, 0x02]);
});

test('refusals have their codes', async () => {
  const one = await target({
    components: [
      ...COMPONENTS.slice(0, 2),
      { ...COMPONENTS[2], maxSize: 1000, downgrade: false, version: '5.00', assumeVersion: '4.00' },
    ],
  });
  const { hpm } = one;
  expect(await hpm(HPM.initiate, 0, 2)).toEqual([0x81]);
  expect(await hpm(HPM.initiate, 8, 2)).toEqual([0x81]);
  expect(await hpm(HPM.initiate, 3, 2)).toEqual([0x81]);
  expect(await hpm(HPM.initiate, 1, 4)).toEqual([0xcc]);
  expect(await hpm(HPM.initiate, 4, 0)).toEqual([0x81]);
  expect(await hpm(HPM.initiate, 3, 0)).toEqual([0]);
  expect(await hpm(HPM.initiate, 7, 1)).toEqual([0]);
  expect(await hpm(HPM.block, 0, 1)).toEqual([0xd5]);
  expect(await hpm(HPM.block, 0)).toEqual([0xc7]);
  expect(await hpm(HPM.finish, 0, 1, 0, 0, 0)).toEqual([0xd5]);
  expect(await hpm(HPM.activate)).toEqual([0xd5]);
  expect(await hpm(HPM.activate, 2)).toEqual([0xcc]);
  expect(await hpm(HPM.initiate, 1, 2)).toEqual([0]);
  expect(await hpm(HPM.block, 0, 1, 2, 3)).toEqual([0]);
  expect(await hpm(HPM.finish, 1, 3, 0, 0, 0)).toEqual([0xcc]);
  expect(await hpm(HPM.finish, 0, 4, 0, 0, 0)).toEqual([0x81]);
  expect(await upload(one, 4, bytes(500))).toEqual([0xc9]);
  expect(latin1(Uint8Array.from((await hpm(HPM.property, 2, 0xc6)).slice(1)))).toContain(
    '4.00 is older than 5.00',
  );
  expect(await hpm(HPM.initiate, 4, 2)).toEqual([0]);
  expect(await hpm(HPM.block, 0, ...bytes(200))).toEqual([0]);
  for (const block of [1, 2, 3, 4]) expect(await hpm(HPM.block, block, ...bytes(200))).toEqual([0]);
  expect(await hpm(HPM.block, 5, 1)).toEqual([0xc4]);
  expect(await hpm(HPM.block, 5, 1)).toEqual([0xd5]);
});

test('comparison', async () => {
  const one = await target();
  const { hpm, world } = one;
  await upload(one, 2, bytes(500));
  await hpm(HPM.activate);
  await world.run(1000);
  for (const [data, code] of [
    [bytes(500), 0],
    [bytes(499), 0x83],
  ] as const) {
    expect(await hpm(HPM.initiate, 2, 3)).toEqual([0]);
    expect(await hpm(HPM.block, 0, ...data)).toEqual([0]);
    expect(await hpm(HPM.finish, 1, ...word(data.length))).toEqual([code]);
  }
});

test('abort gives up the upload and what waits for activation', async () => {
  const one = await target();
  const { hpm } = one;
  await upload(one, 1, bytes(500));
  await hpm(HPM.initiate, 2, 2);
  expect(await hpm(HPM.abort)).toEqual([0]);
  expect(await hpm(HPM.property, 0, 4)).toEqual([0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
  expect(await hpm(HPM.block, 0, 1)).toEqual([0xd5]);
  expect(await hpm(HPM.abort)).toEqual([0]);
});

test('R44: a slow flash: every command is answered within 200 ms, with 80h where it goes on, and Get Upgrade Status tells', async () => {
  const one = await target({
    components: [{ id: 0, name: 'SPI', speed: { erase: 3000, writeRate: 50_000, readRate: 10_000 } }],
  });
  const { world } = one;
  const hpm: Target['hpm'] = async (...request) => {
    const began = world.clock.monotonic();
    const answer = await one.hpm(...request);
    expect(world.clock.monotonic() - began).toBeLessThanOrEqual(200);
    return answer;
  };
  expect((await one.send(0x08, 0x00))[0]).toBe(0xc1);
  expect(await hpm(HPM.initiate, 1, 2)).toEqual([0x80]);
  expect(await hpm(HPM.status)).toEqual([0, HPM.initiate, 0x80, 0]);
  expect(await hpm(HPM.block, 0, 1)).toEqual([0xd5]);
  await world.run(3000);
  expect(await hpm(HPM.status)).toEqual([0, HPM.initiate, 0, 100]);
  // Not spread: so many arguments are more than some stacks take.
  const large = new Uint8Array(140_002).fill(0x5a).fill(0, 0, 2);
  const upload = async (data: Uint8Array): Promise<number> =>
    (await world.until(one.client.raw(0x2c, HPM.block, data)))[0];
  expect(await upload(large)).toBe(0x80);
  // The same block again hears the same; the next one has to wait.
  expect(await upload(large)).toBe(0x80);
  for (let i = 0; i < 2; i++) expect(await hpm(HPM.block, 1, 1, 2, 3)).toEqual([0xd5]);
  await world.run(4000);
  expect(await hpm(HPM.status)).toEqual([0, HPM.block, 0, 100]);
  expect(await hpm(HPM.finish, 0, ...word(140_000))).toEqual([0x80]);
  await world.run(10_000);
  const [, command, cc, percent] = await hpm(HPM.status);
  expect([command, cc]).toEqual([HPM.finish, 0x80]);
  expect(percent).toBe(46);
  await world.run(10_000);
  expect(await hpm(HPM.status)).toEqual([0, HPM.finish, 0, 100]);
});

describe('who', () => {
  const as =
    (one: Target, channel: Channel, privilege: Privilege) =>
    async (cmd: number, ...data: number[]) => {
      const message = { netFn: 0x2c, cmd, lun: 0, data: Uint8Array.of(0, ...data) };
      return (
        await one.world.until(
          Promise.resolve(one.bmc.router.dispatch(message, new Context(one.bmc, channel, privilege))),
        )
      )[0];
    };

  test('administrators, unless the settings say otherwise', async () => {
    const strict = await target();
    const operator = as(strict, LAN, Privilege.Operator);
    for (const cmd of [HPM.initiate, HPM.block, HPM.finish, HPM.activate, HPM.rollback, HPM.abort])
      expect(await operator(cmd, 1, 2, 0, 0, 0)).toBe(0xd4);
    expect([await operator(0x00), await operator(0x3e, 2)]).toEqual([0, 0]);
    expect(await as(strict, LAN, Privilege.Callback)(0x3e, 2)).toBe(0);
    const lax = await target({ privilege: 'operator' });
    expect(await as(lax, LAN, Privilege.Operator)(HPM.initiate, 1, 2)).toBe(0);
    expect(await as(lax, LAN, Privilege.User)(HPM.initiate, 1, 2)).toBe(0xd4);
  });

  test('only channels that the settings name', async () => {
    const one = await target({ channels: ['host'] });
    const lan = as(one, LAN, Privilege.Administrator);
    const host = as(one, HOST, Privilege.Administrator);
    expect([await lan(HPM.caps), await lan(HPM.property, 0, 0), await lan(HPM.selfTest)]).toEqual([
      0x81, 0x81, 0x81,
    ]);
    expect([await lan(HPM.initiate, 1, 2), await lan(HPM.activate), await lan(HPM.abort)]).toEqual([
      0xd4, 0xd4, 0xd4,
    ]);
    expect([await host(HPM.caps), await host(HPM.initiate, 1, 2)]).toEqual([0, 0]);
  });

  test('one at a time: another channel is another owner; abort takes over', async () => {
    const one = await target();
    const host = as(one, HOST, Privilege.Administrator);
    expect(await one.hpm(HPM.initiate, 1, 2)).toEqual([0]);
    expect(await host(HPM.initiate, 1, 2)).toBe(0xd5);
    expect(await host(HPM.block, 0, 1)).toBe(0xd5);
    expect(await one.hpm(HPM.block, 0, 1)).toEqual([0]);
    expect(await host(HPM.initiate, 1, 2)).toBe(0xd5);
    expect(await one.hpm(HPM.block, 1, 2)).toEqual([0]);
    expect(await host(HPM.abort)).toBe(0);
    expect(await host(HPM.initiate, 1, 2)).toBe(0);
  });

  test('where to go on after a lost connection, and who is at it', async () => {
    const one = await target();
    await one.hpm(HPM.initiate, 1, 2);
    for (const block of [0, 1, 2]) await one.hpm(HPM.block, block, ...bytes(100));
    await one.world.run(20_000);
    const [, ...progress] = await one.hpm(HPM.property, 0, 0xc1);
    expect(UploadProgress.decode(Uint8Array.from(progress))).toEqual({
      received: 300,
      nextBlock: 3,
      largestBlock: 1391,
    });
    const [, ...status] = await one.hpm(HPM.property, 0, 0xc0);
    expect(UploadStatus.decode(Uint8Array.from(status))).toEqual({ stage: 2, percent: 100, expiresIn: 100 });
    expect(latin1(Uint8Array.from((await one.hpm(HPM.property, 0, 0xc2)).slice(1)))).toBe(
      'the null user on channel 1',
    );
  });
});
