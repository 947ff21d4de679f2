// What is changed by the control API has a line in the audit log: who by the token's name, what, with which result.
import { expect, test } from 'vitest';
import { controlRig } from '../../test/support/control-rig.ts';
import { Audit } from '../audit/index.ts';
import type { Caller } from './caller.ts';

const KIM: Caller = { name: 'kim', role: 'admin', peer: '192.0.2.7:40000' };

async function audited() {
  const lines: Record<string, unknown>[] = [];
  const audit = new Audit(
    { now: () => 0 },
    (make) => void lines.push(JSON.parse(make(0)) as Record<string, unknown>),
  );
  const { ask } = await controlRig(undefined, { audit });
  const told = async (method: string, path: string, body?: unknown): Promise<Record<string, unknown>[]> => {
    lines.length = 0;
    await ask(method, path, { as: KIM, ...(body !== undefined && { body }) });
    return [...lines];
  };
  return { told };
}

test('A3: a change by the control API is told with the name of its token; a look and a plan are not', async () => {
  const { told } = await audited();
  expect(await told('POST', '/v1/bmcs/node-1/power', { action: 'reset' })).toEqual([
    {
      time: '1970-01-01T00:00:00.000Z',
      bmc: 'node-1',
      actor: { by: 'control', name: 'kim', peer: '192.0.2.7:40000' },
      what: 'POST /v1/bmcs/{bmc}/power',
      fields: expect.objectContaining({ body: { action: 'reset' } }) as unknown,
      result: 'ok',
    },
  ]);
  const [refused] = await told('POST', '/v1/bmcs/node-2/power', { action: 'reset' });
  expect(refused).toMatchObject({ bmc: 'node-2', result: expect.stringContaining('power is off') as string });
  for (const [method, path] of [
    ['GET', '/v1/bmcs/node-1'],
    ['POST', '/v1/fleet/reload?plan=true'],
  ])
    expect(await told(method, path)).toEqual([]);
});

test('A3: settings that somebody sends are told by their length: passwords stand in them', async () => {
  const { told } = await audited();
  const users = [{ id: 2, name: 'admin', password: 'SECRET-enough' }];
  const [added] = await told('POST', '/v1/bmcs', {
    name: 'x',
    interfaces: [{ type: 'lan', listen: '192.0.2.1:9' }],
    users,
  });
  expect(added).toMatchObject({
    what: 'POST /v1/bmcs',
    fields: { body: expect.stringMatching(/^\d+ characters$/) as string },
  });
  expect(JSON.stringify(added)).not.toContain('SECRET');
});
