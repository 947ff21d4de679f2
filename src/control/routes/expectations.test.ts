import { expect, test } from 'vitest';
import { controlRig } from '../../../test/support/control-rig.ts';
import { loopback } from '../../client/index.ts';
import { ChassisControl, Privilege } from '../../commands/index.ts';
import { Context } from '../../router/index.ts';

const LAN = { number: 1, medium: 'lan', maxAnswer: 248 } as const;

test('22: what came and what is expected of it, by the control API', async () => {
  const { daemon, ask, problem } = await controlRig(undefined, { expects: true });
  const bmc = daemon.bmc('node-1');
  const client = loopback(bmc.router.enter, new Context(bmc, LAN, Privilege.Administrator));
  await client.send(ChassisControl, { action: 3 });
  const { body } = await ask('GET', '/v1/bmcs/node-1/requests');
  expect(body).toMatchObject({
    requests: [
      { name: 'Chassis Control', values: { action: 3 }, chosen: 'hard reset', answer: { name: 'ok' } },
    ],
  });
  const [{ id }] = (body as { requests: { id: number }[] }).requests;
  expect((await ask('GET', `/v1/bmcs/node-1/requests?after=${id}`)).body).toEqual({ requests: [] });
  const wanted = (fields: object) => ({ body: { command: 'chassis-control', fields, within: 0 } });
  const path = '/v1/bmcs/node-1/expectations/request';
  expect(await problem('POST', path, wanted({ action: 'cycle' }))).toMatchObject({
    status: 409,
    type: 'urn:ipmi-bmc:unmet',
    detail: expect.stringMatching(/^expected chassis-control with action cycle[^]*\(hard reset\)/) as string,
  });
  expect(await problem('POST', path, wanted({ acton: 1 }))).toMatchObject({
    status: 400,
    detail: "Chassis Control (00h 02h) has no field 'acton': it has action",
  });
  const other = '/v1/bmcs/node-1/expectations/no-other';
  expect(await problem('POST', other, { body: {} })).toMatchObject({ type: 'urn:ipmi-bmc:unmet' });
  expect((await ask('POST', path, wanted({ action: 'reset' }))).body).toMatchObject({ id });
  expect((await ask('POST', other, { body: {} })).status).toBe(204);
  const entry = '/v1/bmcs/node-1/expectations/entry';
  expect(
    (await ask('POST', entry, { body: { type: 'system boot initiated', within: 0 } })).body,
  ).toMatchObject({
    type: 'system boot initiated',
    asserted: true,
  });
  expect(await problem('POST', entry, { body: { sensor: 'CPU1 Temp', within: 0 } })).toMatchObject({
    status: 409,
    detail: expect.stringMatching(/in the SEL within 0 s, and it is not there/) as string,
  });
  expect((await ask('GET', '/v1/bmcs/node-1/report')).body).toMatch(/^what came:\n.*hard reset/);
  expect((await ask('DELETE', '/v1/bmcs/node-1/requests')).status).toBe(204);
  expect((await ask('GET', '/v1/bmcs/node-1/requests')).body).toEqual({ requests: [] });
});

test('22: a process that runs for no test says so', async () => {
  const { problem } = await controlRig();
  expect(await problem('GET', '/v1/bmcs/node-1/requests')).toMatchObject({
    status: 409,
    next: 'ipmi-bmc with runs BMCs for a test',
  });
});
