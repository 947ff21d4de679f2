import { describe, expect, test } from 'vitest';
import { Bmc, type BmcOptions } from '../../bmc.ts';
import { loopback, type Client } from '../../client/index.ts';
import {
  BridgeMessage,
  BridgeRequest,
  ClearBridgeStatistics,
  ErrorReport,
  GetAddresses,
  GetBridgeProxyAddress,
  GetBridgeState,
  GetBridgeStatistics,
  GetChassisDeviceId,
  GetEventCount,
  GetEventDestination,
  GetEventReceptionState,
  GetIcmbAddress,
  GetIcmbCapabilities,
  GetIcmbConnectionId,
  GetIcmbConnectorInfo,
  InboundRequest,
  OutboundRequest,
  PacketStatistics,
  PrepareForDiscovery,
  SendIcmbConnectionId,
  SendIcmbEventMessage,
  SetBridgeProxyAddress,
  SetBridgeState,
  SetChassisDeviceId,
  SetDiscovered,
  SetEventDestination,
  SetEventReceptionState,
  SetIcmbAddress,
} from '../../commands/bridge/icmb.ts';
import { SendMessage } from '../../commands/app/bridging.ts';
import { GetDeviceId } from '../../commands/app/device.ts';
import { GetMessage } from '../../commands/app/global.ts';
import { NetFn, Privilege } from '../../commands/command.ts';
import { GetSensorReading } from '../../commands/sensor/sensors.ts';
import { Context } from '../../router/index.ts';
import type { BmcState } from '../../bmc-state.ts';
import { simWorld, type SimWorld } from '../../world/index.ts';
import { IcmbNetwork } from '../index.ts';

const HOST = { number: 15, medium: 'system-interface', maxAnswer: 248 } as const;
const NOTHING = new Uint8Array(0);

interface Rack {
  readonly world: SimWorld;
  readonly chassis: readonly { readonly bmc: Bmc; readonly host: Client }[];
  readonly until: <T>(promise: Promise<T>) => Promise<T>;
}

const sensor = (name: string, value: number) => ({
  name,
  number: 1,
  entity: '11.1',
  type: 'temperature',
  unit: 'degrees C',
  value,
});

async function rack(count = 2, options: (n: number) => BmcOptions = () => ({})): Promise<Rack> {
  const world = simWorld(1);
  const icmb = new IcmbNetwork(world);
  const chassis = [];
  for (let n = 1; n <= count; n++) {
    const bmc = new Bmc(
      {
        name: `chassis ${n}`,
        interfaces: [{ type: 'icmb' }],
        sel: { bootEvents: false },
        chassis: { events: false },
        sensors: [sensor('Board Temp', 20 + n)],
        satellites: [{ address: 0x82, identity: { deviceId: n }, sensors: [sensor('Carrier Temp', 30 + n)] }],
        ...options(n),
      },
      { world, icmb },
    );
    await world.until(bmc.open());
    chassis.push({
      bmc,
      host: loopback(bmc.router.dispatch, new Context<BmcState>(bmc, HOST, Privilege.Administrator)),
    });
  }
  return { world, chassis, until: (promise) => world.until(promise) };
}

/** A request for a controller of chassis `to`, as software of another one sends it. */
const remote = (to: number, slaveAddress: number, netFn: number, cmd: number, ...data: number[]) => ({
  message: OutboundRequest.encode({
    remoteAddress: to,
    remoteCommand: BridgeRequest.cmd,
    data: InboundRequest.encode({ slaveAddress, netFn, lun: 0, cmd, data: Uint8Array.from(data) }),
  }),
});

describe('chassis A asks controllers of chassis B', () => {
  test('its BMC and its satellites: remote bridge, controller, data', async () => {
    const { chassis, until } = await rack();
    const [a] = chassis;
    for (const [slave, reading] of [
      [0x20, 22],
      [0x82, 32],
    ]) {
      const { answer } = await until(
        a.host.send(BridgeRequest, remote(2, slave, NetFn.SensorEvent, GetSensorReading.cmd, 1)),
      );
      expect([...answer.subarray(0, 2)]).toEqual([0, 0]);
      expect(GetSensorReading.response.decode(answer, 2).reading).toBe(reading);
    }
  });

  test('a controller that is not there: the remote bridge says 83h', async () => {
    const { chassis, until } = await rack();
    expect([
      ...(await until(chassis[0].host.send(BridgeRequest, remote(2, 0x44, NetFn.App, 1)))).answer,
    ]).toEqual([0x83]);
  });

  test('a response has no answer: CCh', async () => {
    const { chassis, until } = await rack();
    expect([
      ...(await until(chassis[0].host.send(BridgeRequest, remote(2, 0x20, NetFn.App | 1, 1)))).answer,
    ]).toEqual([0xcc]);
  });

  test('a chassis that is not there: 83h; a command that a bridge does not know: C1h from it', async () => {
    const { chassis, until } = await rack();
    const [{ host }] = chassis;
    await expect(until(host.send(BridgeRequest, remote(9, 0x20, NetFn.App, 1)))).rejects.toMatchObject({
      cc: 0x83,
    });
    const unknown = {
      message: OutboundRequest.encode({ remoteAddress: 2, remoteCommand: 0x77, data: NOTHING }),
    };
    expect([...(await until(host.send(BridgeRequest, unknown))).answer]).toEqual([0xc1]);
  });

  test('one way: the message goes on, and its answer does not come back', async () => {
    const { chassis, until } = await rack();
    const { message } = remote(2, 0x82, NetFn.App, GetDeviceId.cmd);
    expect(await until(chassis[0].host.send(BridgeMessage, { message }))).toEqual({});
  });

  test('with Send Message to the ICMB channel: the response comes by the queue under the number of the request', async () => {
    const { world, chassis, until } = await rack();
    const [{ host }] = chassis;
    const { message } = remote(2, 0x82, NetFn.App, GetDeviceId.cmd);
    const wrapped = Uint8Array.of(0x84, ...message);
    expect(
      (
        await until(
          host.send(SendMessage, {
            channel: 6,
            tracking: 1,
            encrypted: false,
            authenticated: false,
            message: wrapped,
          }),
        )
      ).message,
    ).toHaveLength(0);
    await world.run(50);
    const got = await until(host.send(GetMessage));
    expect(got.channel).toBe(6);
    expect([...got.data.subarray(0, 4)]).toEqual([0x84, 0, 0, 2]);
  });

  test('not while bridging is disabled, at either end: D5h', async () => {
    const { chassis, until } = await rack();
    const [a, b] = chassis;
    const request = remote(2, 0x20, NetFn.App, GetDeviceId.cmd);
    await until(b.host.send(SetBridgeState, { state: 0 }));
    expect([...(await until(a.host.send(BridgeRequest, request))).answer]).toEqual([0xd5]);
    await until(a.host.send(SetBridgeState, { state: 0 }));
    expect((await until(a.host.send(GetBridgeState))).state).toBe(0);
    await expect(until(a.host.send(BridgeRequest, request))).rejects.toMatchObject({ cc: 0xd5 });
    await until(a.host.send(SetBridgeState, { state: 1 }));
    await until(b.host.send(SetBridgeState, { state: 1 }));
    expect((await until(a.host.send(BridgeRequest, request))).answer[0]).toBe(0);
  });
});

describe('addresses', () => {
  test('are given out, configured, changed, and never shared', async () => {
    const { chassis, until } = await rack(3, (n) =>
      n === 1 ? { interfaces: [{ type: 'icmb', address: 2 }] } : {},
    );
    const address = (n: number) => until(chassis[n].host.send(GetIcmbAddress)).then((got) => got.address);
    expect([await address(0), await address(1), await address(2)]).toEqual([2, 1, 3]);
    await expect(until(chassis[0].host.send(SetIcmbAddress, { address: 3 }))).rejects.toMatchObject({
      cc: 0xcc,
    });
    await expect(until(chassis[0].host.send(SetIcmbAddress, { address: 0 }))).rejects.toMatchObject({
      cc: 0xcc,
    });
    await until(chassis[0].host.send(SetIcmbAddress, { address: 0x1234 }));
    expect(await address(0)).toBe(0x1234);
    const { answer } = await until(
      chassis[1].host.send(BridgeRequest, remote(0x1234, 0x82, NetFn.App, GetDeviceId.cmd)),
    );
    expect([...answer.subarray(0, 3)]).toEqual([0, 0, 1]);
  });

  test('a proxy address leads to a controller of the IPMB', async () => {
    const { chassis, until } = await rack();
    const [a, b] = chassis;
    const proxy = { icmbAddress: 0x55, ipmbAddress: 0x82, lun: 0 };
    await until(b.host.send(SetBridgeProxyAddress, proxy));
    expect(await until(b.host.send(GetBridgeProxyAddress))).toEqual(proxy);
    await expect(
      until(b.host.send(SetBridgeProxyAddress, { ...proxy, icmbAddress: 1 })),
    ).rejects.toMatchObject({ cc: 0xcc });
    // Its own address is nobody else's: the controller behind it may change.
    for (const ipmbAddress of [0x84, 0x82])
      await until(b.host.send(SetBridgeProxyAddress, { ...proxy, ipmbAddress }));
    const ask = {
      message: OutboundRequest.encode({
        remoteAddress: 0x55,
        remoteCommand: GetChassisDeviceId.cmd,
        data: NOTHING,
      }),
    };
    expect([...(await until(a.host.send(BridgeRequest, ask))).answer]).toEqual([0, 0x20]);
  });
});

test('discovery finds each chassis once', async () => {
  const { chassis, until } = await rack(4);
  const [{ host }] = chassis;
  await until(host.send(PrepareForDiscovery));
  const found: number[] = [];
  for (;;) {
    const { addresses } = await until(host.send(GetAddresses));
    if (addresses.length === 0) break;
    found.push(addresses[0]);
    const discovered = {
      message: OutboundRequest.encode({
        remoteAddress: addresses[0],
        remoteCommand: SetDiscovered.cmd,
        data: NOTHING,
      }),
    };
    expect([...(await until(host.send(BridgeRequest, discovered))).answer]).toEqual([0]);
  }
  expect(found).toEqual([2, 3, 4]);
  await until(host.send(PrepareForDiscovery));
  const all = {
    message: OutboundRequest.encode({ remoteAddress: 0, remoteCommand: GetAddresses.cmd, data: NOTHING }),
  };
  expect([...(await until(host.send(BridgeRequest, all))).answer]).toEqual([0, 2, 0, 3, 0, 4, 0]);
});

test('events go to the destination, and are logged where they are received', async () => {
  const { chassis, until } = await rack();
  const [a, b] = chassis;
  await until(a.host.send(SetEventDestination, { address: 2 }));
  expect(await until(a.host.send(GetEventDestination))).toEqual({ address: 2 });
  await expect(until(a.host.send(SendIcmbEventMessage, { eventCode: 7 }))).rejects.toMatchObject({
    cc: 0xd5,
  });
  const reception = { enabled: 1, slaveAddress: 0x20, lun: 0 };
  await until(b.host.send(SetEventReceptionState, reception));
  expect(await until(b.host.send(GetEventReceptionState))).toEqual(reception);
  await until(a.host.send(SendIcmbEventMessage, { eventCode: 7 }));
  expect((await until(a.host.send(GetEventCount))).count).toBe(2);
  expect(b.bmc.sel.count).toBe(1);
  expect([...b.bmc.sel.get(0).record.subarray(10)]).toEqual([0x18, 0x00, 0x70, 7, 1, 0]);
});

test('the rest: capabilities, connectors, chassis device, statistics, error reports', async () => {
  const { chassis, until } = await rack();
  const [a] = chassis;
  expect(await until(a.host.send(GetIcmbCapabilities))).toEqual({ version: 1, revision: 0, features: 0 });
  expect((await until(a.host.send(GetIcmbConnectorInfo, { connector: 0 }))).connectors).toBe(1);
  await expect(until(a.host.send(GetIcmbConnectorInfo, { connector: 1 }))).rejects.toMatchObject({
    cc: 0xc9,
  });
  const own = await until(a.host.send(GetIcmbConnectionId));
  const sent = await until(a.host.send(SendIcmbConnectionId, { address: 2 }));
  expect(sent.remoteCompletionCode).toBe(0);
  expect([...sent.answer.subarray(1)]).toEqual([...own.id]);
  await until(a.host.send(SetChassisDeviceId, { address: 0x82 >> 1 }));
  expect((await until(a.host.send(GetChassisDeviceId))).address).toBe(0x82 >> 1);
  await until(a.host.send(ErrorReport, { report: Uint8Array.of(1) }));
  const commands = await until(a.host.send(GetBridgeStatistics, { selector: 0 }));
  expect([...commands.statistics]).toEqual([0, 0, 1, 0, 0, 0]);
  const packets = PacketStatistics.decode(
    (await until(a.host.send(GetBridgeStatistics, { selector: 1 }))).statistics,
  );
  expect(packets).toMatchObject({ sent: 1, received: 1, badChecksums: 0 });
  await expect(until(a.host.send(GetBridgeStatistics, { selector: 2 }))).rejects.toMatchObject({ cc: 0xcc });
  await until(a.host.send(ClearBridgeStatistics));
  expect(
    (await until(a.host.send(GetBridgeStatistics, { selector: 1 }))).statistics.every((byte) => byte === 0),
  ).toBe(true);
});

test('a BMC without an ICMB serves the commands all the same, and has nowhere to send to', async () => {
  const { chassis, until } = await rack(1, () => ({ interfaces: [] }));
  const [{ host }] = chassis;
  expect((await until(host.send(GetBridgeState))).state).toBe(1);
  expect((await until(host.send(GetAddresses))).addresses).toEqual([]);
  await expect(until(host.send(BridgeRequest, remote(2, 0x20, NetFn.App, 1)))).rejects.toMatchObject({
    cc: 0xd3,
  });
});
