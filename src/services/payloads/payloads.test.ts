import { describe, expect, test } from 'vitest';
import { solBench } from '../../../test/support/sol-bench.ts';
import {
  ActivatePayload,
  GetChannelOemPayloadInfo,
  GetChannelPayloadSupport,
  GetChannelPayloadVersion,
  PayloadEncryption,
  SuspendResumePayloadEncryption,
} from '../../commands/app/payloads.ts';
import { Privilege } from '../../commands/command.ts';
import type { PayloadActivation, PayloadDefinition } from './payloads.ts';

const SOL = 1;
const refused = (cc: number) => ({ cc });

test('nothing that a session sends as a payload does harm', async () => {
  const { world, machine, terminal, bmc } = await solBench(11);
  const sol = await terminal();
  const { random } = world;
  for (let i = 0; i < 2000; i++) {
    const type = [SOL, SOL, 2, 0x20, random.u32() & 0x3f][random.u32() % 5];
    if (type !== 0) sol.client.payload(type).send(random.bytes(random.u32() % 300), random.u32() % 2 === 0);
    if (i % 20 === 0) machine.port.received(random.bytes(50));
    await world.run(5);
  }
  machine.port.available(true);
  await world.run(2000);
  const other = await terminal({ instance: 1 }, (await world.until(sol.close()), sol.client));
  other.write(Uint8Array.of(1, 2, 3));
  await world.run(1000);
  expect(machine.heard.slice(-3)).toEqual([1, 2, 3]);
  expect(bmc.payloads.activeInstances(SOL)).toBe(1);
});

describe('OEM payloads', () => {
  const ACME = 0x00abcd;
  const echo = (seen: string[]): PayloadDefinition => ({
    owner: 'acme',
    name: 'Acme echo',
    type: 0x21,
    iana: ACME,
    payloadId: 7,
    majorVersion: 2,
    minorVersion: 1,
    instances: 3,
    inboundSize: 64,
    outboundSize: 64,
    privilege: () => Privilege.Operator,
    activate: ({ auxiliary, send }: PayloadActivation) => ({
      auxiliary: auxiliary.toReversed(),
      receive: (payload: Uint8Array) => send(Uint8Array.from(payload, (byte) => byte ^ 0xff)),
      closed: (reason: string) => void seen.push(reason),
    }),
  });

  test('are registered, shown, activated, carried and removed', async () => {
    const { world, bmc, logIn } = await solBench();
    const client = await logIn();
    const ask = { channel: 0xe };
    expect(await world.until(client.send(GetChannelPayloadSupport, ask))).toEqual({
      standard: 3,
      sessionSetup: 0x3f,
      oem: 0,
    });
    const seen: string[] = [];
    const registration = bmc.payloads.register(echo(seen));
    expect(await world.until(client.send(GetChannelPayloadSupport, ask))).toEqual({
      standard: 7,
      sessionSetup: 0x3f,
      oem: 2,
    });
    expect(
      await world.until(client.send(GetChannelPayloadVersion, { channel: 1, payloadType: 0x21 })),
    ).toEqual({ majorVersion: 2, minorVersion: 1 });
    expect(
      await world.until(client.send(GetChannelPayloadVersion, { channel: 1, payloadType: SOL })),
    ).toEqual({ majorVersion: 1, minorVersion: 0 });
    await expect(
      world.until(client.send(GetChannelPayloadVersion, { channel: 1, payloadType: 0x22 })),
    ).rejects.toMatchObject(refused(0x80));
    const known = { payloadType: 0x21, iana: ACME, payloadId: 7, majorVersion: 2, minorVersion: 1 };
    expect(
      await world.until(
        client.send(GetChannelOemPayloadInfo, { channel: 1, payloadType: 0x21, iana: 0, payloadId: 0 }),
      ),
    ).toEqual(known);
    expect(
      await world.until(
        client.send(GetChannelOemPayloadInfo, { channel: 1, payloadType: 2, iana: ACME, payloadId: 7 }),
      ),
    ).toEqual(known);
    await expect(
      world.until(
        client.send(GetChannelOemPayloadInfo, { channel: 1, payloadType: 2, iana: 1, payloadId: 7 }),
      ),
    ).rejects.toMatchObject(refused(0x80));

    expect(
      await world.until(
        client.send(ActivatePayload, {
          payloadType: 0x21,
          instance: 3,
          auxiliary: Uint8Array.of(1, 2, 3, 4),
        }),
      ),
    ).toEqual({
      auxiliary: Uint8Array.of(4, 3, 2, 1),
      inboundSize: 64,
      outboundSize: 64,
      port: 9623,
      vlan: 0xffff,
    });
    const heard: number[][] = [];
    client.payload(0x21).onPayload = (payload) => void heard.push([...payload]);
    client.payload(0x21).send(Uint8Array.of(0, 1, 2));
    await world.run(100);
    expect(heard).toEqual([[0xff, 0xfe, 0xfd]]);
    expect(bmc.payloads.activeInstances(0x21)).toBe(4);
    registration.unregister();
    expect(seen).toEqual(['deactivated']);
    expect(bmc.payloads.definition(0x21)).toBeUndefined();
    bmc.payloads.register(echo(seen));
  });

  test("a number or a maker's payload that is taken is refused, with both owners", async () => {
    const { bmc } = await solBench();
    bmc.payloads.register(echo([]));
    const other = { ...echo([]), owner: 'other', name: 'Other' };
    expect(() => bmc.payloads.register(other)).toThrow(
      /other cannot serve payload 21h \(Other\): served by acme \(Acme echo\), registered at src\/services\/payloads\/payloads\.test\.ts:\d+/,
    );
    expect(() => bmc.payloads.register({ ...other, type: 0x22 })).toThrow(/served by acme/);
    expect(() => bmc.payloads.register({ ...other, type: SOL, iana: undefined })).toThrow(
      /served by standard \(SOL\)/,
    );
    expect(() => bmc.payloads.register({ ...other, type: 0x28 })).toThrow(
      /neither SOL nor one of 20h\.\.27h/,
    );
  });
});

describe("H3: the encryption of a payload is its session's", () => {
  const suspend = { payloadType: SOL, instance: 1, operation: PayloadEncryption.Suspend };

  test('another session below Administrator neither suspends nor resumes it', async () => {
    const { world, terminal, logIn, bmc } = await solBench();
    await terminal({ encryption: true });
    const user = await logIn({ user: 'user', privilege: Privilege.User });
    for (const operation of [PayloadEncryption.Suspend, PayloadEncryption.Resume])
      await expect(
        world.until(user.send(SuspendResumePayloadEncryption, { ...suspend, operation })),
      ).rejects.toMatchObject(refused(0xd4));
    const admin = await logIn();
    await world.until(admin.send(SuspendResumePayloadEncryption, suspend));
    expect(bmc.payloads.activeInstances(SOL)).toBe(1);
  });

  test('the session itself may, where no setting forbids it', async () => {
    const open = await solBench();
    const sol = await open.terminal({ encryption: true });
    await open.world.until(sol.client.send(SuspendResumePayloadEncryption, suspend));
    const kept = await solBench(1, {}, { sol: { console: { type: 'none' }, keepEncrypted: true } });
    const other = await kept.terminal({ encryption: true });
    await expect(
      kept.world.until(other.client.send(SuspendResumePayloadEncryption, suspend)),
    ).rejects.toMatchObject(refused(0x81));
  });

  test('characters that come in the clear are refused in an encrypted SOL', async () => {
    const { world, terminal, machine } = await solBench();
    const sol = await terminal({ encryption: true });
    sol.client.payload(SOL).send(Uint8Array.of(1, 0, 0, 0, 0x61), false);
    await world.run(200);
    expect(machine.heard).toEqual([]);
  });
});

describe('I2: an open payload has no more rights than to be activated anew', () => {
  const typed = async (revoke: (bench: Awaited<ReturnType<typeof solBench>>, handle: number) => unknown) => {
    const bench = await solBench();
    const { world, terminal, machine, bmc } = bench;
    const sol = await terminal();
    sol.write(Uint8Array.of(0x61));
    await world.run(200);
    expect(machine.heard).toEqual([0x61]);
    const session = bmc.sessions.active.find(({ userName }) => userName === 'admin')!;
    await revoke(bench, session.handle);
    machine.port.received(Uint8Array.of(0x70));
    sol.write(Uint8Array.of(0x62));
    await world.run(2000);
    return { heard: machine.heard, shown: sol.heard, active: bmc.payloads.activeInstances(SOL) };
  };
  const nothing = { heard: [0x61], shown: [], active: 0 };

  test('its session was lowered', async () => {
    expect(
      await typed(async ({ bmc, set }, handle) => {
        await set(2, 0x04);
        bmc.sessions.byHandle(handle)!.privilege = Privilege.User;
      }),
    ).toEqual(nothing);
  });

  test('SOL was disabled, or asks for more', async () => {
    expect(await typed(({ set }) => set(1, 0))).toEqual(nothing);
    expect(await typed(({ set }) => set(2, 0x05))).toEqual(nothing);
  });

  test('the firewall keeps Activate Payload from the channel', async () => {
    const { netFn, cmd } = ActivatePayload;
    expect(
      await typed(({ bmc }) =>
        bmc.firewall.enable([[{ channel: 1, netFn, lun: 0, cmd, body: undefined }, false]]),
      ),
    ).toEqual(nothing);
  });

  test('nothing was taken: it goes on', async () => {
    expect(await typed(() => undefined)).toEqual({ heard: [0x61, 0x62], shown: [0x70], active: 1 });
  });
});
