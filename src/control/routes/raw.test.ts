import { expect, test } from 'vitest';
import { controlRig } from '../../../test/support/control-rig.ts';
import { hexOf } from '../sel-text.ts';

const raw = async (body: object) => {
  const rig = await controlRig();
  return (await rig.ask('POST', '/v1/bmcs/node-1/raw', { body })).body;
};

test('17.1: raw: a request by name and one by numbers are the same; the answer is decoded', async () => {
  const named = await raw({ command: 'Get Device ID' });
  expect(named).toMatchObject({
    command: 'get-device-id',
    code: 0,
    codeName: 'completed normally',
    request: 1,
    response: { ipmiMajor: 2, ipmiMinor: 0 },
  });
  expect(await raw({ netFn: 6, cmd: 1, data: '' })).toEqual(named);
  expect(await raw({ netFn: 6, cmd: 1, data: [] })).toEqual(named);
  expect(await raw({ command: 'set-user-name', fields: { userId: 5, name: 'kim' } })).toMatchObject({
    code: 0,
  });
});

test('17.1: raw: bytes are hex digits, and a defining body goes in front', async () => {
  const { ask, daemon } = await controlRig();
  const post = async (body: object) => (await ask('POST', '/v1/bmcs/node-1/raw', { body })).body;
  expect(await post({ command: 'get-dcmi-capabilities-info', fields: { parameter: 1 } })).toMatchObject({
    code: 0,
  });
  expect(await post({ netFn: 0x2c, cmd: 1, data: 'dc 01' })).toMatchObject({ code: 0 });
  const record = '0000 02 00000000 2000 04 01 30 01 59 ff ff'.replaceAll(' ', '');
  expect(await post({ command: 'add-sel-entry', fields: { record } })).toMatchObject({ code: 0 });
  const { sel } = daemon.bmc('node-1');
  expect(hexOf(sel.get(sel.lastId).record)).toMatch(/20000401300159ffff$/);
});

test('17.1: raw: what a channel, a privilege and a user may is asked, and a refusal is a code with a name', async () => {
  const refused = { code: 0xd4, codeName: expect.stringMatching(/privilege/i) as string };
  const power = { command: 'chassis-control', fields: { action: 1 } };
  expect(await raw({ ...power, channel: 1, privilege: 'user' })).toMatchObject(refused);
  expect(await raw({ ...power, channel: 1, privilege: 'operator' })).toMatchObject({ code: 0 });
  expect(await raw({ ...power, channel: 1, user: 'monitor' })).toMatchObject(refused);
  expect(await raw({ ...power, channel: 1, user: 'operator' })).toMatchObject({ code: 0 });
  expect(await raw({ netFn: 0x30, cmd: 0x77 })).toMatchObject({ code: 0xc1, command: 'unknown' });
});

test('17.2: raw: values may be texts, as a command line has them', async () => {
  const set = (fields: object) => raw({ command: 'set-user-name', fields });
  expect(await set({ userId: '0x5', name: '7' })).toMatchObject({ code: 0 });
  expect(await set({ userId: 'x', name: '7' })).toMatchObject({ status: 400 });
});

test('17.1: raw: what cannot be meant is refused with what is', async () => {
  const { problem } = await controlRig();
  const post = (body: object) => problem('POST', '/v1/bmcs/node-1/raw', { body });
  expect(await post({ command: 'get-devise-id' })).toMatchObject({ status: 400, nearest: 'get-device-id' });
  expect(await post({ command: 'set-user-name', fields: { userid: 5 } })).toMatchObject({
    key: 'fields.userid',
    nearest: 'userId',
  });
  expect(await post({ command: 'set-user-name', fields: { userId: 500, name: 'kim' } })).toMatchObject({
    status: 400,
    key: 'fields.userId',
  });
  expect(await post({ command: 'set-user-name' })).toMatchObject({ status: 400 });
  expect(await post({ netFn: 7, cmd: 1 })).toMatchObject({ status: 400, key: 'netFn' });
  expect(await post({ netFn: 6 })).toMatchObject({ status: 400, key: 'cmd' });
  expect(await post({})).toMatchObject({ status: 400, key: 'command' });
  expect(await post({ netFn: 6, cmd: 1, data: 'abc' })).toMatchObject({ status: 400, key: 'data' });
  expect(await post({ netFn: 6, cmd: 1, channel: 3 })).toMatchObject({ status: 404, key: 'channel' });
  expect(await post({ netFn: 6, cmd: 1, user: 'admn' })).toMatchObject({ status: 404, nearest: 'admin' });
});
