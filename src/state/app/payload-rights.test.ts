// Who may activate, take over, suspend and speak on a payload: level, user, encryption, and whose session it is.
import { describe, expect, test } from 'vitest';
import { solBench } from '../../../test/support/sol-bench.ts';
import { ActivatePayload, DeactivatePayload, PayloadEncryption, SuspendResumePayloadEncryption } from '../../commands/app/payloads.ts';
import { Privilege } from '../../commands/command.ts';
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
    cc(client.send(ActivatePayload, { payloadType, instance, auxiliary: payloadType === SOL ? Uint8Array.of(0xc0, 0, 0, 0) : NONE }));
  const deactivate = (client: LanClient, instance = 1) => cc(client.send(DeactivatePayload, { ...which, instance, auxiliary: NONE }));
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
    expect(await cc(client.send(SuspendResumePayloadEncryption, { ...which, operation: PayloadEncryption.Suspend }))).toBe(0);
    await speak(3, false);
    expect(await cc(client.send(SuspendResumePayloadEncryption, { ...which, operation: PayloadEncryption.Resume }))).toBe(0);
    await speak(4, false);
    expect(heard).toEqual(['1: 2', '1: 3']);
  });

  test('that is forced is not suspended', async () => {
    const { cc, logIn, activate } = await bench({ forceEncryption: () => true });
    const client = await logIn();
    expect(await activate(client)).toBe(0);
    expect(await cc(client.send(SuspendResumePayloadEncryption, { ...which, operation: PayloadEncryption.Suspend }))).toBe(0x81);
  });
});
