import { describe, expect, test } from 'vitest';
import { bytes, solBench, text } from '../../../test/support/sol-bench.ts';
import { openSol, type LanClient, type LanOptions } from '../../client/index.ts';
import {
  ActivatePayload,
  DeactivatePayload,
  GetPayloadActivationStatus,
  GetPayloadInstanceInfo,
  GetUserPayloadAccess,
  PayloadEncryption,
  SetUserPayloadAccess,
  SolActivation,
  SuspendResumePayloadEncryption,
} from '../../commands/app/payloads.ts';
import { CloseSession } from '../../commands/app/sessions.ts';
import { Privilege } from '../../commands/command.ts';
import { SolParameter } from '../../commands/parameters/sol.ts';
import {
  GetSolConfigurationParameters,
  SetSolConfigurationParameters,
} from '../../commands/transport/sol.ts';
import { BasicReader } from '../../wire/serial-basic.ts';
import { NO_OPERATION, SolToBmc, SolToConsole, type SolStatus } from '../../wire/index.ts';

const SOL = 1;
const activation = (values: Partial<ReturnType<typeof SolActivation.decode>> = {}, instance = 1) => ({
  payloadType: SOL,
  instance,
  auxiliary: SolActivation.encode({
    encryption: true,
    authentication: true,
    testMode: false,
    serialAlerts: 0,
    handshake: false,
    ...values,
  }),
});
const refused = (cc: number) => ({ cc });

describe('a console over a bad network', () => {
  test.each(Array.from({ length: 25 }, (_, i) => 100 + i))(
    'seed %i: both ways, once and in order',
    async (seed) => {
      const { world, machine, terminal } = await solBench(seed, {
        loss: 0.08,
        duplicate: 0.1,
        delay: [1, 60],
      });
      const sol = await terminal({ retries: 30 });
      const typed = Array.from(world.random.bytes(600));
      const said = Array.from(world.random.bytes(3000));
      for (let i = 0; i < typed.length; i += 20)
        world.clock.after(i * 20, () => sol.write(Uint8Array.from(typed.slice(i, i + 20))));
      for (let i = 0; i < said.length; i += 100)
        world.clock.after(i * 4, () => machine.port.received(Uint8Array.from(said.slice(i, i + 100))));
      await world.run(40_000);
      expect(machine.heard, `seed ${seed}`).toEqual(typed);
      expect(sol.heard, `seed ${seed}`).toEqual(said);
    },
  );

  test('the same seed gives the same run', async () => {
    const run = async (): Promise<string> => {
      const { world, machine, terminal } = await solBench(7, { loss: 0.2, duplicate: 0.1, delay: [1, 60] });
      const sol = await terminal();
      sol.write(bytes('hello'));
      machine.port.received(bytes('login: '));
      await world.run(5000);
      return world.trace.join('\n');
    };
    expect(await run()).toBe(await run());
  });
});

describe('what a console sees', () => {
  test('characters wait for the interval or the threshold of parameter 3', async () => {
    const { world, machine, terminal, set } = await solBench();
    await set(SolParameter.Character.selector, 100, 10);
    const sol = await terminal();
    machine.port.received(bytes('abc'));
    await world.run(490);
    expect(text(sol.heard)).toBe('');
    await world.run(20);
    expect(text(sol.heard)).toBe('abc');
    machine.port.received(bytes('0123456789'));
    await world.run(5);
    expect(text(sol.heard)).toBe('abc0123456789');
  });

  test('a break each way, ring, CTS, DCD and flush', async () => {
    const { world, bmc, machine, terminal } = await solBench();
    const sol = await terminal({ handshake: true });
    expect(machine.events).toEqual(['cts false dcd false']);
    expect(bmc.console.lines).toEqual({ cts: false, dcd: false });
    sol.sendBreak();
    await world.run(100);
    expect(machine.events.slice(1)).toEqual(['cts true dcd true', 'break']);
    machine.port.breakDetected();
    await world.run(100);
    expect(sol.statuses.map(({ breakDetected }) => breakDetected)).toEqual([true]);
    sol.pause(true);
    await world.run(100);
    machine.port.received(bytes('held'));
    await world.run(1000);
    expect([text(sol.heard), machine.events.at(-1)]).toEqual(['', 'cts false dcd true']);
    sol.flush('outbound');
    sol.pause(false);
    await world.run(1000);
    expect(text(sol.heard)).toBe('');
    sol.client.payload(SOL).send(
      SolToBmc.encode({
        ...NO_OPERATION,
        sequence: 0,
        ackSequence: 0,
        accepted: 0,
        nack: false,
        characters: bytes(''),
        ringWor: true,
      }),
    );
    await world.run(100);
    expect(machine.events.at(-1)).toBe('ring');
  });

  test('a console that goes away and comes back keeps the session; nobody spins meanwhile', async () => {
    const { world, machine, terminal } = await solBench();
    const sol = await terminal();
    machine.port.available(false);
    await world.run(100);
    expect(sol.statuses.at(-1)).toMatchObject({ transferUnavailable: true });
    sol.write(bytes('typed into the void'));
    const before = world.trace.length;
    await world.run(10_000);
    expect(world.trace.length - before).toBeLessThan(150);
    expect(machine.heard).toEqual([]);
    machine.port.available(true);
    machine.port.received(bytes('back'));
    await world.run(2000);
    expect(sol.statuses.at(-1)).toMatchObject({ transferUnavailable: false });
    expect([text(machine.heard), text(sol.heard)]).toEqual(['typed into the void', 'back']);
  });

  test('a machine that takes no more holds the console up, and nothing is lost', async () => {
    const { world, machine, terminal } = await solBench();
    const sol = await terminal();
    machine.room = 100;
    const typed = 'x'.repeat(20_000);
    sol.write(bytes(typed));
    await world.run(3000);
    expect(machine.heard.length).toBeLessThan(1000);
    expect(sol.waiting).toBeGreaterThan(10_000);
    for (let i = 0; i < 200; i++) {
      machine.room = Infinity;
      machine.port.drained();
      await world.run(300);
    }
    expect(machine.heard.length).toBe(typed.length);
  });

  test('a flood is held back, and a console that never acknowledges costs the machine nothing', async () => {
    const { world, bmc, machine, terminal } = await solBench();
    const sol = await terminal();
    for (let i = 0; i < 40; i++) machine.port.received(new Uint8Array(1000).fill(65));
    expect(machine.events).toContain('pause');
    await world.run(10_000);
    expect(machine.events.at(-1)).toBe('resume');
    // 32 KiB wait at most: what came after that was lost, and said to be.
    expect(sol.heard.length).toBeGreaterThan(30_000);
    expect(sol.heard.length).toBeLessThan(40_000);
    expect(sol.statuses.some(({ transmitOverrun }) => transmitOverrun)).toBe(true);

    sol.client.payload(SOL).onPayload = undefined;
    machine.events.length = 0;
    machine.port.received(new Uint8Array(20_000));
    expect(machine.events).toEqual(['pause']);
    await world.run(1000);
    expect(machine.events).toEqual(['pause', 'resume']);
    for (let i = 0; i < 60; i++) {
      machine.port.received(new Uint8Array(1000));
      await world.run(1200);
    }
    expect(machine.events).toEqual(['pause', 'resume']);
    expect(bmc.payloads.activeInstances(SOL)).toBe(0);
  });
});

describe('who may have it', () => {
  test('a second console is refused, and takes it by deactivating; the first one is told', async () => {
    const { world, bmc, terminal, logIn } = await solBench();
    const first = await terminal();
    const second = await logIn();
    await expect(world.until(openSol(world.clock, second))).rejects.toMatchObject(refused(0x80));
    expect(await world.until(second.send(GetPayloadActivationStatus, { payloadType: SOL }))).toEqual({
      capacity: 1,
      active: 1,
    });
    const info = await world.until(second.send(GetPayloadInstanceInfo, { payloadType: SOL, instance: 1 }));
    expect([info.sessionId, info.information[0]]).toEqual([bmc.sessions.active[0].id, 1]);
    await world.until(
      second.send(DeactivatePayload, { payloadType: SOL, instance: 1, auxiliary: new Uint8Array(4) }),
    );
    await world.run(100);
    expect(first.statuses.at(-1)).toMatchObject({ deactivated: true });
    expect(
      (await world.until(second.send(GetPayloadInstanceInfo, { payloadType: SOL, instance: 1 }))).sessionId,
    ).toBe(0);
    await expect(
      world.until(
        second.send(DeactivatePayload, { payloadType: SOL, instance: 1, auxiliary: new Uint8Array(4) }),
      ),
    ).rejects.toMatchObject(refused(0x80));
    await terminal({}, second);

    // The first one types on: refused, because SOL is not its own any more.
    const answers: SolStatus[] = [];
    first.client.payload(SOL).onPayload = (payload) => void answers.push(SolToConsole.decode(payload));
    first.client.payload(SOL).send(
      SolToBmc.encode({
        ...NO_OPERATION,
        sequence: 9,
        ackSequence: 0,
        accepted: 0,
        nack: false,
        characters: bytes('x'),
      }),
    );
    await world.run(100);
    expect(answers).toMatchObject([{ ackSequence: 9, accepted: 0, nack: true, deactivated: true }]);
  });

  test('instances share the console where the settings say so, one to a session', async () => {
    const { world, machine, terminal, logIn } = await solBench(
      1,
      {},
      { sol: { console: { type: 'none' }, instances: 2 } },
    );
    const one = await terminal();
    const two = await terminal({ instance: 2 });
    await expect(world.until(one.client.send(ActivatePayload, activation({}, 2)))).rejects.toMatchObject(
      refused(0x80),
    );
    const third = await logIn();
    await expect(world.until(third.send(ActivatePayload, activation({}, 3)))).rejects.toMatchObject(
      refused(0xcc),
    );
    await world.until(two.close());
    await expect(world.until(one.client.send(ActivatePayload, activation({}, 2)))).rejects.toMatchObject(
      refused(0x82),
    );
    const again = await terminal({ instance: 2 }, two.client);
    machine.port.received(bytes('both'));
    await world.run(100);
    expect([text(one.heard), text(again.heard)]).toEqual(['both', 'both']);
    expect(await world.until(third.send(GetPayloadActivationStatus, { payloadType: SOL }))).toEqual({
      capacity: 2,
      active: 3,
    });
  });

  test.each(['the session closes', 'the session times out', 'the BMC is reset', 'the right is taken away'])(
    '%s: SOL ends',
    async (what) => {
      const { world, bmc, terminal, logIn } = await solBench();
      const sol = await terminal();
      const other = await logIn();
      const keptAlive = what === 'the session times out' ? 0 : 1;
      if (what === 'the session closes')
        await world.until(sol.client.send(CloseSession, { sessionId: bmc.sessions.active[0].id }));
      if (what === 'the session times out') await world.run(70_000);
      if (what === 'the BMC is reset') bmc.reset('warm');
      if (what === 'the right is taken away')
        await world.until(
          other.send(SetUserPayloadAccess, { channel: 0xe, operation: 1, userId: 2, standard: 2, oem: 0 }),
        );
      await world.run(100);
      expect(bmc.payloads.activeInstances(SOL)).toBe(0);
      if (what.includes('reset') || what.includes('right'))
        expect(sol.statuses.at(-1)).toMatchObject({ deactivated: true });
      if (keptAlive && !what.includes('right')) await terminal();
    },
  );

  test('parameters 1 and 2, user access and the forced bits decide', async () => {
    const { world, logIn, set } = await solBench();
    const user = { user: 'user', privilege: Privilege.User };
    const activate = async (
      who: Partial<LanOptions>,
      values: Parameters<typeof activation>[0] = {},
    ): Promise<number> => {
      const client = await logIn(who);
      const cc = await world.until(
        client.send(ActivatePayload, activation(values)).then(
          () => 0,
          (error: { cc: number }) => error.cc,
        ),
      );
      await world.until(client.close());
      return cc;
    };
    expect(await activate(user)).toBe(0);
    await set(SolParameter.Authentication.selector, 0x04);
    expect([await activate(user), await activate({})]).toEqual([0xd4, 0]);
    await set(SolParameter.Authentication.selector, 0x82);
    expect(await activate({}, { encryption: false })).toBe(0x84);
    expect(await activate({ cipherSuite: 2 })).toBe(0x83);
    expect(await activate({})).toBe(0);
    await set(SolParameter.Authentication.selector, 0x42);
    expect([
      await activate({ cipherSuite: 1 }),
      await activate({ cipherSuite: 2 }, { authentication: false }),
    ]).toEqual([0xd5, 0]);
    await set(SolParameter.Authentication.selector, 0x02);
    expect([await activate({ cipherSuite: 1 }), await activate({ cipherSuite: 2 })]).toEqual([0, 0]);
    await set(SolParameter.Enable.selector, 0);
    expect(await activate({})).toBe(0x81);
    await set(SolParameter.Enable.selector, 1);
    const admin = await logIn();
    await world.until(
      admin.send(SetUserPayloadAccess, { channel: 1, operation: 1, userId: 3, standard: 2, oem: 0 }),
    );
    expect(await world.until(admin.send(GetUserPayloadAccess, { channel: 1, userId: 3 }))).toEqual({
      standard: 0,
      oem: 0,
    });
    expect(await activate(user)).toBe(0xd4);
    await world.until(
      admin.send(SetUserPayloadAccess, { channel: 1, operation: 0, userId: 3, standard: 2, oem: 0 }),
    );
    expect(await activate(user)).toBe(0);
  });

  test('encryption: asked for, refused in the clear, suspended and resumed', async () => {
    const { world, bmc, machine, terminal } = await solBench();
    const sol = await terminal();
    const clear = (sequence: number) =>
      SolToBmc.encode({
        ...NO_OPERATION,
        sequence,
        ackSequence: 0,
        accepted: 0,
        nack: false,
        characters: bytes('c'),
      });
    sol.client.payload(SOL).send(clear(1), false);
    await world.run(100);
    expect(machine.heard).toEqual([]);
    const operate = (operation: number) =>
      world.until(
        sol.client.send(SuspendResumePayloadEncryption, { payloadType: SOL, instance: 1, operation }),
      );
    await operate(PayloadEncryption.Suspend);
    sol.client.payload(SOL).send(clear(1), false);
    machine.port.received(bytes('now in the clear'));
    await world.run(100);
    expect([text(machine.heard), text(sol.heard)]).toEqual(['c', 'now in the clear']);
    await operate(PayloadEncryption.Resume);
    await expect(operate(PayloadEncryption.Regenerate)).rejects.toMatchObject(refused(0x80));
    await world.until(
      bmc.sol.set(1, SolParameter.Authentication.selector, Uint8Array.of(0x82), 'test') ?? Promise.resolve(),
    );
    await expect(operate(PayloadEncryption.Suspend)).rejects.toMatchObject(refused(0x81));
    await world.until(
      bmc.sol.set(1, SolParameter.Authentication.selector, Uint8Array.of(0x02), 'test') ?? Promise.resolve(),
    );
    await world.until(sol.close());
    await expect(operate(PayloadEncryption.Suspend)).rejects.toMatchObject(refused(0x83));
    await terminal({ encryption: false }, sol.client);
    await expect(operate(PayloadEncryption.Suspend)).rejects.toMatchObject(refused(0x82));
  });
});

test('who has the shared connector on a serial channel is told when SOL takes the port', async () => {
  const { world, terminal } = await solBench(
    1,
    {},
    {
      interfaces: [
        { type: 'lan', listen: '10.0.0.1:9623' },
        { type: 'serial', listen: '10.0.0.1:2000', shared: 'bmc' },
      ],
    },
  );
  const line = await world.until(world.stream.connect({ host: '10.0.0.1', port: 2000 }));
  const messages: number[][] = [];
  const reader = new BasicReader();
  line.onData = (data) => {
    for (const byte of data) {
      const message = reader.take(byte);
      if (message) messages.push([...message]);
    }
  };
  await world.run(100);
  await terminal();
  await world.run(100);
  // To 81h, NetFn 0Ch, command 20h: activating, instance 1, SOL 1.0.
  expect(
    messages.map((message) => [message[0], message[1], message[5], ...message.slice(6, 10)]),
  ).toContainEqual([0x81, 0x30, 0x20, 1, 1, 1, 0]);
});

describe('parameters', () => {
  test('all nine are there; what is reserved or read-only is refused', async () => {
    const { world, logIn } = await solBench();
    const client = await logIn();
    const get = async (parameter: number): Promise<number[]> => [
      ...(
        await world.until(
          client.send(GetSolConfigurationParameters, {
            revisionOnly: false,
            channel: 0xe,
            parameter,
            setSelector: 0,
            blockSelector: 0,
          }),
        )
      ).data,
    ];
    const put = (parameter: number, ...data: number[]) =>
      world.until(
        client
          .send(SetSolConfigurationParameters, { channel: 0xe, parameter, data: Uint8Array.from(data) })
          .then(
            () => 0,
            (error: { cc: number }) => error.cc,
          ),
      );
    const shown = [];
    for (let i = 0; i <= 8; i++) shown.push(await get(i));
    expect(shown).toEqual([[0], [1], [2], [2, 96], [7, 10], [10], [10], [1], [0x97, 0x25]]);
    expect(
      await Promise.all([put(7, 1), put(9, 0), put(1), put(3, 0, 5), put(2, 0x01), put(5, 11), put(0, 3)]),
    ).toEqual([0x82, 0x80, 0xc7, 0xcc, 0xcc, 0xcc, 0xcc]);
    expect(await Promise.all([put(2, 0xf3), put(4, 0xff, 0), put(8, 0x6f, 2)])).toEqual([0, 0, 0]);
    expect([await get(2), await get(4), await get(8)]).toEqual([[0xc3], [7, 0], [0x6f, 2]]);
    await expect(get(200)).rejects.toMatchObject(refused(0x80));
  });

  test('the lock is freed when its session ends, though it is still shown, and after a while', async () => {
    const { world, logIn } = await solBench();
    const [one, two] = [await logIn(), await logIn()];
    const lock = (client: LanClient, state: number) =>
      world.until(
        client
          .send(SetSolConfigurationParameters, { channel: 1, parameter: 0, data: Uint8Array.of(state) })
          .then(
            () => 0,
            (error: { cc: number }) => error.cc,
          ),
      );
    const state = async (client: LanClient) =>
      (
        await world.until(
          client.send(GetSolConfigurationParameters, {
            revisionOnly: false,
            channel: 1,
            parameter: 0,
            setSelector: 0,
            blockSelector: 0,
          }),
        )
      ).data[0];
    expect([await lock(one, 1), await lock(two, 1), await state(two)]).toEqual([0, 0x81, 1]);
    await world.until(one.close());
    expect([await state(two), await lock(two, 1)]).toEqual([1, 0]);
    await world.run(31_000);
    expect(await state(two)).toBe(0);
  });
});
