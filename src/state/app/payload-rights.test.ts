// Who may activate, take over, suspend and speak on a payload: level, user, encryption, and whose session it
// is.
import { describe, expect, test } from 'vitest';
import { solBench } from '../../../test/support/sol-bench.ts';
import {
  ActivatePayload,
  DeactivatePayload,
  PayloadEncryption,
  SuspendResumePayloadEncryption,
} from '../../commands/app/payloads.ts';
import { SendMessage } from '../../commands/app/bridging.ts';
import { Privilege, type Command } from '../../commands/command.ts';
import { Context } from '../../router/index.ts';
import type { BmcState } from '../../bmc-state.ts';
import { BMC_ADDRESS, buildMessage, parseMessage } from '../../wire/index.ts';
import type { LanClient } from '../../client/index.ts';
import type { PayloadDefinition } from '../../services/payloads/payloads.ts';

const SOL = 1;
const ACME = 0x21;
const which = { payloadType: ACME, instance: 1 };
const NONE = new Uint8Array(4);

/** An OEM payload that keeps what it hears. */
function acme(more: Partial<PayloadDefinition> = {}): { definition: PayloadDefinition; heard: string[] } {
  const heard: string[] = [];
  const definition: PayloadDefinition = {
    owner: 'acme',
    name: 'Acme',
    type: ACME,
    iana: 0xabcd,
    payloadId: 7,
    majorVersion: 1,
    minorVersion: 0,
    instances: 2,
    inboundSize: 64,
    outboundSize: 64,
    privilege: () => Privilege.Operator,
    activate: ({ instance }) => ({
      receive: (payload) => void heard.push(`${instance}: ${[...payload].join(' ')}`),
      closed: (reason) => void heard.push(`${instance} ${reason}`),
    }),
    ...more,
  };
  return { definition, heard };
}

async function bench(more: Partial<PayloadDefinition> = {}) {
  const one = await solBench();
  const { definition, heard } = acme(more);
  one.bmc.payloads.register(definition);
  const { world, logIn } = one;
  const asUser = () => logIn({ user: 'user', privilege: Privilege.User });
  const cc = (run: Promise<unknown>): Promise<number> =>
    world.until(
      run.then(
        () => 0,
        (error: { cc: number }) => error.cc,
      ),
    );
  const activate = (client: LanClient, instance = 1, payloadType = ACME) =>
    cc(
      client.send(ActivatePayload, {
        payloadType,
        instance,
        auxiliary: payloadType === SOL ? Uint8Array.of(0xc0, 0, 0, 0) : NONE,
      }),
    );
  const deactivate = (client: LanClient, instance = 1) =>
    cc(client.send(DeactivatePayload, { ...which, instance, auxiliary: NONE }));
  return { ...one, heard, asUser, cc, activate, deactivate };
}

describe('activation', () => {
  test('wants the level of the payload, on the session as it is now', async () => {
    const { bmc, logIn, asUser, activate } = await bench();
    expect(await activate(await asUser())).toBe(0xd4);
    const client = await logIn();
    const session = bmc.sessions.active.at(-1)!;
    session.privilege = Privilege.User;
    expect(await activate(client)).toBe(0xd4);
    session.privilege = Privilege.Operator;
    expect(await activate(client)).toBe(0);
  });

  test('wants the access of the user, and ends when that is taken away', async () => {
    const { bmc, logIn, activate, heard } = await bench();
    const client = await logIn();
    await bmc.payloads.setAccess(2, 1, { standard: 0xff, oem: 0xff & ~2 });
    expect([await activate(client), await activate(client, 1, SOL)]).toEqual([0xd4, 0]);
    await bmc.payloads.setAccess(2, 1, { standard: 0xff & ~2, oem: 0xff });
    expect(bmc.payloads.activeInstances(SOL)).toBe(0);
    expect([await activate(client), await activate(client, 1, SOL)]).toEqual([0, 0xd4]);
    // Of another channel, and of another user: nothing to do with this one.
    await bmc.payloads.setAccess(2, 3, { standard: 0, oem: 0 });
    await bmc.payloads.setAccess(3, 1, { standard: 0, oem: 0 });
    expect(bmc.payloads.activeInstances(ACME)).toBe(1);
    await bmc.payloads.setAccess(2, 1, { standard: 0xff, oem: 0 });
    expect(bmc.payloads.activeInstances(ACME)).toBe(0);
    expect(heard).toEqual(['1 deactivated']);
  });

  test('wants the payload to be enabled on the channel', async () => {
    let on = false;
    const { logIn, activate } = await bench({ enabled: () => on });
    const client = await logIn();
    expect(await activate(client)).toBe(0x81);
    on = true;
    expect(await activate(client)).toBe(0);
  });
});

describe('deactivation', () => {
  test('of an instance of others wants the level of the payload; below it, it goes on', async () => {
    const { bmc, logIn, asUser, activate, deactivate, heard } = await bench();
    const owner = await logIn();
    expect(await activate(owner)).toBe(0);
    expect(await deactivate(await asUser())).toBe(0xd4);
    expect(bmc.payloads.activeInstances(ACME)).toBe(1);
    expect(await deactivate(await logIn({ privilege: Privilege.Operator }))).toBe(0);
    expect(heard).toEqual(['1 deactivated']);
  });

  test('comes with the end of the session, however that ends', async () => {
    for (const reason of ['closed', 'timeout', 'user-changed', 'evicted'] as const) {
      const { bmc, logIn, activate, heard } = await bench();
      expect(await activate(await logIn())).toBe(0);
      bmc.sessions.close(bmc.sessions.active[0], reason);
      expect(bmc.payloads.activeInstances(ACME)).toBe(0);
      expect(heard).toEqual([`1 ${reason}`]);
    }
  });
});

test('what a session sends reaches its own instance and no other', async () => {
  const { world, logIn, asUser, activate, heard } = await bench({ privilege: () => Privilege.User });
  const [one, other, none] = [await logIn(), await asUser(), await logIn()];
  expect([await activate(one, 1), await activate(other, 2)]).toEqual([0, 0]);
  one.payload(ACME).send(Uint8Array.of(1));
  other.payload(ACME).send(Uint8Array.of(2));
  none.payload(ACME).send(Uint8Array.of(3));
  await world.run(100);
  expect(heard.sort()).toEqual(['1: 1', '2: 2']);
});

describe('encryption', () => {
  test('an encrypted payload is not taken in the clear, and is again once it is suspended', async () => {
    const { world, cc, logIn, activate, heard } = await bench();
    const client = await logIn();
    expect(await activate(client)).toBe(0);
    const speak = async (n: number, encrypted: boolean): Promise<void> => {
      client.payload(ACME).send(Uint8Array.of(n), encrypted);
      await world.run(50);
    };
    await speak(1, false);
    await speak(2, true);
    expect(heard).toEqual(['1: 2']);
    expect(
      await cc(
        client.send(SuspendResumePayloadEncryption, { ...which, operation: PayloadEncryption.Suspend }),
      ),
    ).toBe(0);
    await speak(3, false);
    expect(
      await cc(
        client.send(SuspendResumePayloadEncryption, { ...which, operation: PayloadEncryption.Resume }),
      ),
    ).toBe(0);
    await speak(4, false);
    expect(heard).toEqual(['1: 2', '1: 3']);
  });

  test('that is forced is not suspended', async () => {
    const { cc, logIn, activate } = await bench({ forceEncryption: () => true });
    const client = await logIn();
    expect(await activate(client)).toBe(0);
    expect(
      await cc(
        client.send(SuspendResumePayloadEncryption, { ...which, operation: PayloadEncryption.Suspend }),
      ),
    ).toBe(0x81);
  });
});

describe("I1: around by a bus a session has its user's rights to payloads, and no others", () => {
  async function rack() {
    const options = {
      interfaces: [{ type: 'lan' as const, listen: '10.0.0.1:9623' }, { type: 'ipmb' as const }],
      users: [
        { id: 2, name: 'admin', password: 'secret' },
        { id: 3, name: 'user', password: 'secret', privilege: 'operator' as const },
      ],
      satellites: [{ address: 0x82 }],
    };
    const one = await solBench(1, {}, options);
    const around = async <Q>(user: number, command: Command<Q>, request: Q): Promise<number> => {
      const frame = (to: number, from: number, netFn: number, cmd: number, data: Uint8Array) =>
        buildMessage({ to, toLun: 0, netFn, from, fromLun: 0, seq: 1, cmd, data });
      const send = (message: Uint8Array) =>
        SendMessage.request.encode({
          channel: 0,
          tracking: 1,
          encrypted: false,
          authenticated: false,
          message,
        });
      const { netFn, cmd } = command;
      const inner = send(frame(BMC_ADDRESS, 0x82, netFn, cmd, command.request.encode(request)));
      const outer = frame(0x82, BMC_ADDRESS, SendMessage.netFn, SendMessage.cmd, inner);
      const session = one.bmc.sessions.active.find(({ userId }) => userId === user)!;
      const context = new Context<BmcState>(
        one.bmc,
        session.channel,
        Privilege.Oem,
        0,
        session,
        '10.0.0.9:1',
      );
      await one.world.until(
        Promise.resolve(
          one.bmc.router.enter({ netFn: 6, cmd: SendMessage.cmd, lun: 0, data: send(outer) }, context),
        ),
      );
      const response = parseMessage((await one.world.until(context.followUp!))!);
      return parseMessage(response!.data, 1)?.data[0] ?? -1;
    };
    const asOperator = () => one.logIn({ user: 'user', privilege: Privilege.Operator }).then(() => 3);
    return { ...one, around, asOperator };
  }
  const sol = { payloadType: SOL, instance: 1 };

  test("who may not activate SOL does not end another's", async () => {
    const { world, bmc, terminal, asOperator, around } = await rack();
    await world.until(Promise.resolve(bmc.payloads.setAccess(3, 1, { standard: 0, oem: 0 })));
    await terminal();
    expect(await around(await asOperator(), DeactivatePayload, { ...sol, auxiliary: NONE })).toBe(0xd4);
    expect(bmc.payloads.activeInstances(SOL)).toBe(1);
  });

  test('nor does who has not the level that SOL wants on its channel', async () => {
    const { world, bmc, terminal, asOperator, around, set } = await rack();
    await set(2, 0x80 | Privilege.Administrator);
    await terminal();
    const operator = await asOperator();
    expect(await around(operator, DeactivatePayload, { ...sol, auxiliary: NONE })).toBe(0xd4);
    expect(
      await around(operator, SuspendResumePayloadEncryption, {
        ...sol,
        operation: PayloadEncryption.Suspend,
      }),
    ).toBe(0xd4);
    expect(bmc.payloads.activeInstances(SOL)).toBe(1);
    await world.run(10);
  });

  test('an administrator does', async () => {
    const { bmc, terminal, around } = await rack();
    await terminal();
    expect(await around(2, DeactivatePayload, { ...sol, auxiliary: NONE })).toBe(0);
    expect(bmc.payloads.activeInstances(SOL)).toBe(0);
  });
});
