import { expect as plain, onTestFinished, test as base } from 'vitest';
import { ActivatePayload, ChassisControl, GetChassisStatus, GetSdr } from '../commands/index.ts';
import { GetSensorReading, SetSystemBootOptions, SetUserPassword } from '../commands/index.ts';
import { BootParameter } from '../commands/parameters/boot.ts';
import { expect, test, credentialsOf, startBmc, startFleet, withBmc } from './vitest.ts';
import type { TestBmc, TestBmcOptions } from './vitest.ts';

const started = async (options: TestBmcOptions = {}): Promise<TestBmc> => {
  const bmc = await startBmc(options);
  onTestFinished(() => bmc.stop());
  return bmc;
};

/** The message of what a promise is rejected with. */
const refusal = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'nothing was refused',
    (error: Error) => error.message,
  );

base('testing: what it was asked is there by name, with values, user, channel, answer and time', async () => {
  const bmc = await started({ power: 'off' });
  plain(bmc.power).toBe('off');
  const client = await bmc.client();
  await client.send(ChassisControl, { action: 1 });
  const request = await bmc.expectRequest(ChassisControl, { action: 'on' });
  plain(request).toMatchObject({
    name: 'Chassis Control',
    values: { action: 1 },
    chosen: 'power up',
    user: bmc.user,
    channel: 1,
    medium: 'lan',
    privilege: 4,
    answer: { cc: 0, name: 'ok' },
  });
  plain(request.time).toBeGreaterThan(0);
  plain(bmc.power).toBe('on');
  plain(bmc.requests.map(({ name }) => name)).toContain('Set Session Privilege Level');
});

base.each([
  [0, 'off'],
  [0, 'power down'],
  [1, 'on'],
  [1, 'up'],
  [2, 'cycle'],
  [3, 'reset'],
  [4, 'diag'],
  [5, 'soft'],
  [5, 5],
] as const)('testing: action %i is %s, and nothing else is', async (action, words) => {
  const bmc = await started();
  const client = await bmc.client();
  await client.raw(0x00, 0x02, Uint8Array.of(action));
  await bmc.expectRequest(ChassisControl, { action: words }, { within: 0 });
  bmc.clearRequests();
  await client.raw(0x00, 0x02, Uint8Array.of(action === 4 ? 5 : 4));
  plain(bmc.hasReceived(ChassisControl, { action: words })).toBe(false);
});

base('testing: an expectation waits for what comes, and each request is for one of them', async () => {
  const bmc = await started();
  const client = await bmc.client();
  const waiting = bmc.expectRequest(GetChassisStatus);
  await client.send(GetChassisStatus);
  const first = await waiting;
  plain(await refusal(bmc.expectRequest(GetChassisStatus, {}, { within: '30ms' }))).toContain(
    'an earlier expectation was about it',
  );
  await client.send(GetChassisStatus);
  plain(await bmc.expectRequest('get-chassis-status')).not.toBe(first);
});

base(
  'testing: the error of an expectation says what was nearest, what came, and how to have it again',
  async () => {
    const bmc = await started({ seed: 7 });
    const client = await bmc.client();
    await client.send(ChassisControl, { action: 3 });
    const message = await refusal(bmc.expectRequest(ChassisControl, { action: 'cycle' }, { within: '20ms' }));
    plain(message.split('\n')[0]).toBe(
      'expected Chassis Control with action cycle within 20ms, and it did not come',
    );
    plain(message).toContain('action is 3 (hard reset), expected cycle');
    plain(message).toMatch(
      /0\.\d{3} s {2}test-\w+@lan {2}Chassis Control action=3 \(hard reset\) {2}-> {2}ok/,
    );
    plain(message).toContain(`log-in of user '${bmc.user}'`);
    plain(message).toContain('startBmc({ seed: 7 }) has the same');
    const { user, password } = credentialsOf(7);
    plain([bmc.user, bmc.password]).toEqual([user, password]);
  },
);

base('testing: what names no command, field or time is a mistake of the test, and told at once', async () => {
  const bmc = await started();
  plain(await refusal(bmc.expectRequest('chasis-control'))).toMatch(/^'chasis-control' names no command/);
  plain(await refusal(bmc.expectRequest(ChassisControl, { acton: 1 } as object))).toBe(
    "Chassis Control (00h 02h) has no field 'acton': it has action",
  );
  plain(await refusal(bmc.expectRequest(ChassisControl, {}, { within: 'soon' }))).toMatch(/^expected a time/);
});

base(
  'testing: configuration parameters are expected by their own names; secrets are in values and in no text',
  async () => {
    const bmc = await started();
    const client = await bmc.client();
    await client.set(BootParameter.BootFlags, {
      ...BootParameter.BootFlags.layout.decode(new Uint8Array(5)),
      valid: true,
    });
    await bmc.expectRequest(SetSystemBootOptions, { parameter: 'boot flags', set: { valid: true } });
    plain(
      await refusal(bmc.expectRequest(SetSystemBootOptions, { set: { valid: false } }, { within: 0 })),
    ).toMatch(/did not come/);
    const password = new TextEncoder().encode('another-secret\0\0');
    await client.send(SetUserPassword, { userId: 5, operation: 2, twentyBytes: false, password });
    const { values, text } = await bmc.expectRequest(SetUserPassword, { userId: 5 });
    plain(values?.password).toEqual(password);
    plain(text).not.toMatch(/61 6E|another/i);
  },
);

base('testing: nothing else came: what clients always send does not count', async () => {
  const bmc = await started();
  const client = await bmc.client();
  bmc.expectNoOther();
  await client.send(GetChassisStatus);
  plain(() => bmc.expectNoOther()).toThrow(/expected nothing else, and there came 1:\n.*Get Chassis Status/);
  bmc.expectNoOther({ except: [GetChassisStatus] });
  bmc.expectNoOther({ except: ['chassis'] });
  await bmc.expectRequest(GetChassisStatus);
  bmc.expectNoOther();
});

base('testing: sensors by name are those that it has; readings stand still', async () => {
  const bmc = await started({
    sensors: { 'CPU1 Temp': 47, Ambient: -4, 'Fan 1': { value: 900 }, Broken: null },
  });
  plain(bmc.sensors.all.map((sensor) => [sensor.declaration.name, sensor.value])).toEqual([
    ['CPU1 Temp', plain.closeTo(47, 0)],
    ['Ambient', plain.closeTo(-4, 0)],
    ['Fan 1', plain.closeTo(900, -2)],
    ['Broken', undefined],
  ]);
  const whole = await started();
  plain(whole.sensors.all.every(({ needsWatch }) => !needsWatch)).toBe(true);
});

base('testing: the event log is empty at first, and tells of what a sensor does', async () => {
  const bmc = await started({ sensors: { 'CPU1 Temp': 47 } });
  plain(bmc.sel.count).toBe(0);
  const expected = bmc.sel.expect({ sensor: 'CPU1 Temp', event: 'upper critical going high' });
  bmc.sensors.get('CPU1 Temp').set(97);
  plain(await expected).toMatchObject({
    sensor: 'CPU1 Temp',
    event: 'upper critical going high',
    asserted: true,
  });
  plain(await refusal(bmc.sel.expect({ type: 'fan' }, { within: 0 }))).toMatch(
    /expected \{"type":"fan"\} in the SEL within 0 s, and it is not there\nthe SEL:\n {2}1 {2}CPU1 Temp {2}upper non-critical going high/,
  );
  await bmc.sel.clear();
  plain(bmc.sel.entries).toEqual([]);
});

base("testing: faults, scenarios and time are the test's; the clock stands while clients go on", async () => {
  const bmc = await started({
    clock: 'virtual',
    faults: [{ id: 'busy', when: { command: 'get-sdr' }, then: { complete: 'C0h' } }],
  });
  const client = await bmc.client();
  plain(await refusal(client.send(GetSdr, { reservationId: 0, recordId: 0, offset: 0, count: 5 }))).toMatch(
    /busy/,
  );
  await bmc.expectRequest(GetSdr, {}, { cc: 0xc0 });
  bmc.faults.remove('busy');
  const run = bmc.scenario({ name: 'off', steps: [{ hold: '10m' }, { power: 'off' }] });
  await bmc.clock.advance('9m');
  plain(bmc.power).toBe('on');
  await bmc.clock.advance('1m');
  plain([(await run.done).outcome, bmc.power]).toEqual(['done', 'off']);
});

base(
  'testing: a fleet has as many as it is asked for, each by itself; one that cannot be leaves none',
  async () => {
    const fleet = await startFleet(3, (n) => ({ power: n === 1 ? 'off' : 'on' }));
    plain([...fleet].map(({ name, power }) => `${name} ${power}`)).toEqual([
      'bmc-0 on',
      'bmc-1 off',
      'bmc-2 on',
    ]);
    plain(new Set([...fleet].map(({ password }) => password)).size).toBe(3);
    const client = await fleet.at(-1).client();
    await client.send(ChassisControl, { action: 0 });
    plain([...fleet].map(({ power }) => power)).toEqual(['on', 'off', 'off']);
    plain(() => fleet.at(3)).toThrow('there is no BMC 3 of 3');
    const { port } = fleet.at(0);
    const taken = startFleet(2, (n) => ({
      interfaces: [{ type: 'lan', listen: `127.0.0.1:${n === 1 ? port : 0}` }],
    }));
    plain(await refusal(taken)).toMatch(/EADDRINUSE/);
    await fleet.stop();
  },
);

base('testing: withBmc tells what passed where a test fails, and stops its BMC', async () => {
  let mine: TestBmc | undefined;
  const body = withBmc({ seed: 3 }, async (bmc) => {
    mine = bmc;
    await (await bmc.client()).send(GetChassisStatus);
    throw new TypeError('what the test says');
  });
  plain(body).toHaveLength(0);
  plain(await refusal(body())).toMatch(
    /^what the test says\nwhat came:\n[\s\S]*Get Chassis Status[\s\S]*seed: 3/,
  );
  plain(mine?.bmc.interfaces).toEqual([]);
});

base(
  'testing: a program gets the BMC in its environment; its failure is an error with what it said',
  async () => {
    const bmc = await started();
    const said = await bmc.run('sh', ['-c', 'echo $IPMI_HOST:$IPMI_PORT $IPMI_USER $IPMI_ARGS']);
    plain(said.trim()).toBe(
      `${bmc.host}:${bmc.port} ${bmc.user} -I lanplus -H ${bmc.host} -p ${bmc.port} -U ${bmc.user} -P ${bmc.password}`,
    );
    plain(await refusal(bmc.run('sh', ['-c', 'echo no >&2; exit 3']))).toMatch(/ended with 3: no\n/);
    plain(await refusal(bmc.run('no-such-program'))).toBe('no-such-program is not installed');
    const here = process.env.PATH;
    onTestFinished(() => void (process.env.PATH = here));
    process.env.PATH = '/nowhere';
    plain(await refusal(bmc.ipmitool('mc', 'info'))).toMatch(
      /^ipmitool is not installed: apt-get install ipmitool/,
    );
  },
);

test.override({ bmcOptions: { power: 'off', sensors: { 'CPU1 Temp': 40 } } });

test('testing: vitest has fixtures and matchers', async ({ bmc, startBmc: another }) => {
  expect(bmc).toBeOff();
  expect(bmc).not.toBeOn();
  const client = await bmc.client();
  await client.send(ChassisControl, { action: 1 });
  await expect(bmc).toReceive(ChassisControl, { action: 'on' });
  expect(bmc).toHaveReceived(ChassisControl);
  expect(bmc).not.toHaveReceived(ActivatePayload);
  expect(bmc).toHaveReceivedNoOther();
  expect(bmc).toBeOn();
  bmc.sensors.get('CPU1 Temp').set(99);
  expect(bmc).toHaveLogged({ sensor: 'CPU1 Temp', event: 'uc' });
  expect(bmc).not.toHaveLogged({ type: 'fan' });
  await client.send(GetSensorReading, { sensorNumber: 1 });
  expect(() => expect(bmc).toHaveReceivedNoOther()).toThrow(/Get Sensor Reading sensorNumber=1/);
  expect(() => expect(bmc).toBeOff()).toThrow(/expected off, and it is on\nwhat came:\n/);
  const other = await another({ power: 'on' });
  expect(other).toBeOn();
  expect(other.port).not.toBe(bmc.port);
});

base('testing: what a fault answers came as well, also where the fault came later', async () => {
  const bmc = await started();
  const client = await bmc.client();
  for (const then of [{ complete: 'C0h' }, { drop: 'response' }] as const) {
    const fault = bmc.faults.add({ when: { command: 'get-chassis-status' }, then });
    const sent = refusal(client.send(GetChassisStatus));
    const request = await bmc.expectRequest(GetChassisStatus);
    plain(request.answer?.cc).toBe('complete' in then ? 0xc0 : undefined);
    fault.remove();
    await sent;
  }
});
