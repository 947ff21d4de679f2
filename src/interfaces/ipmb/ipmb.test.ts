import { describe, expect, test } from 'vitest';
import { Bmc, type BmcOptions } from '../../bmc.ts';
import { connectLan, loopback } from '../../client/index.ts';
import { MasterWriteRead, SendMessage } from '../../commands/app/bridging.ts';
import { GetDeviceId } from '../../commands/app/device.ts';
import { GetMessage } from '../../commands/app/global.ts';
import { SetUserPassword } from '../../commands/app/users.ts';
import { NetFn, Privilege } from '../../commands/command.ts';
import { GetSensorReading } from '../../commands/sensor/sensors.ts';
import { Context, handle } from '../../router/index.ts';
import { trace } from '../../taps/index.ts';
import type { BmcState } from '../../bmc-state.ts';
import { buildMessage, parseMessage, type IpmiMessage } from '../../wire/index.ts';
import { simWorld, type SimWorld } from '../../world/index.ts';
import type { IpmbFaults } from '../../kinds/interfaces/index.ts';

const NOTHING = new Uint8Array(0);
const LAN = { number: 1, medium: 'lan', maxAnswer: 248 } as const;
const HOST = { number: 15, medium: 'system-interface', maxAnswer: 248 } as const;

const temperature = (name: string, value: number) => ({
  name,
  number: 1,
  entity: '11.1',
  type: 'temperature',
  unit: 'degrees C',
  value,
});

interface Chassis {
  readonly world: SimWorld;
  readonly bmc: Bmc;
  /** Request data in, completion code and data out; and what follows later. */
  readonly send: (
    via: typeof LAN | typeof HOST,
    netFn: number,
    cmd: number,
    data: Uint8Array,
    privilege?: number,
  ) => Promise<Sent>;
}

interface Sent {
  readonly answer: Uint8Array;
  readonly context: Context<BmcState>;
}

/** A BMC with a carrier at 82h, behind which a module is at 72h on the carrier's channel 7. */
async function chassis(options: BmcOptions = {}, seed = 1, faults?: IpmbFaults): Promise<Chassis> {
  const world = simWorld(seed);
  const bmc = new Bmc(
    {
      interfaces: [
        { type: 'lan', listen: '10.0.0.1:623' },
        { type: 'ipmb', faults },
      ],
      users: [
        { id: 2, name: 'admin', password: 'secret' },
        { id: 3, name: 'user', password: 'secret', privilege: 'user' },
      ],
      sel: { bootEvents: false },
      chassis: { events: false },
      satellites: [
        {
          address: 0x82,
          name: 'CARRIER',
          identity: { deviceId: 0x11 },
          sensors: [temperature('Carrier Temp', 31)],
          satellites: [
            {
              address: 0x72,
              channel: 7,
              identity: { deviceId: 0x22 },
              sensors: [temperature('Module Temp', 29)],
            },
          ],
        },
        { address: 0x30, identity: { deviceId: 0x33 } },
      ],
      ...options,
    },
    { world },
  );
  await bmc.open();
  return {
    world,
    bmc,
    send: async (via, netFn, cmd, data, privilege = Privilege.Administrator) => {
      const context = new Context<BmcState>(bmc, via, privilege);
      const answer = await world.until(
        Promise.resolve(bmc.router.dispatch({ netFn, lun: 0, cmd, data }, context)),
      );
      return { answer, context };
    },
  };
}

const message = (to: number, more: Partial<IpmiMessage> = {}): Uint8Array =>
  buildMessage({
    to,
    toLun: 0,
    netFn: NetFn.App,
    from: 0x81,
    fromLun: 0,
    seq: 5,
    cmd: GetDeviceId.cmd,
    data: NOTHING,
    ...more,
  });

const sendMessage = (channel: number, tracking: number, inner: Uint8Array): Uint8Array =>
  SendMessage.request.encode({ channel, tracking, encrypted: false, authenticated: false, message: inner });

describe('Send Message from a console', () => {
  test('is answered at once, and the response follows with the numbers of the request', async () => {
    const { world, send } = await chassis();
    const { answer, context } = await send(LAN, NetFn.App, SendMessage.cmd, sendMessage(0, 1, message(0x82)));
    expect([...answer]).toEqual([0]);
    const response = parseMessage((await world.until(context.followUp!))!)!;
    expect(response).toMatchObject({ to: 0x81, netFn: 7, seq: 5, cmd: 1, from: 0x82 });
    expect([...response.data.subarray(0, 2)]).toEqual([0, 0x11]);
  });

  test('through two controllers: the inner response comes in the response of the carrier', async () => {
    const { world, send } = await chassis();
    const inner = sendMessage(7, 1, message(0x72, { seq: 5 }));
    const { context } = await send(
      LAN,
      NetFn.App,
      SendMessage.cmd,
      sendMessage(0, 1, message(0x82, { cmd: SendMessage.cmd, data: inner })),
    );
    const outer = parseMessage((await world.until(context.followUp!))!)!;
    expect(outer).toMatchObject({ netFn: 7, cmd: SendMessage.cmd, seq: 5 });
    const response = parseMessage(outer.data, 1)!;
    expect(response).toMatchObject({ to: 0x81, netFn: 7, seq: 5, cmd: 1, from: 0x72 });
    expect([...response.data.subarray(0, 2)]).toEqual([0, 0x22]);
  });

  test.each<[string, number, Uint8Array, number]>([
    ['nobody at the address', 0, sendMessage(0, 1, message(0x44)), 0x83],
    ['no such channel', 0, sendMessage(5, 1, message(0x82)), 0xcc],
    ['reserved tracking', 0, sendMessage(0, 3, message(0x82)), 0xcc],
    ['a response, tracked', 0, sendMessage(0, 1, message(0x82, { netFn: 7 })), 0xcc],
    ['a wrong checksum, tracked', 0, sendMessage(0, 1, message(0x82).fill(0xee, 6)), 0xcc],
    ['no message', 0, sendMessage(0, 1, Uint8Array.of(1, 2, 3)), 0xc7],
    ['too long', 0, sendMessage(0, 1, new Uint8Array(241)), 0xc8],
    ['no such session', 0, sendMessage(1, 1, Uint8Array.of(9, ...message(0x81))), 0x80],
  ])('refused: %s', async (_name, _, data, cc) => {
    const { send } = await chassis();
    expect((await send(LAN, NetFn.App, SendMessage.cmd, data)).answer[0]).toBe(cc);
  });

  test.each<[string, IpmbFaults, number]>([
    ['not acknowledged', { nack: 1 }, 0x83],
    ['lost arbitration', { arbitration: 1 }, 0x81],
    ['a stuck bus', { busError: 1 }, 0x82],
  ])('%s has its code, for tracked, untracked and raw messages', async (_name, faults, cc) => {
    const { send } = await chassis({}, 1, faults);
    for (const tracking of [0, 1, 2])
      expect(
        (await send(LAN, NetFn.App, SendMessage.cmd, sendMessage(0, tracking, message(0x82)))).answer[0],
      ).toBe(cc);
    expect(
      (
        await send(
          HOST,
          NetFn.App,
          MasterWriteRead.cmd,
          Uint8Array.of(0, 0x82, 0, ...message(0x82).subarray(1)),
        )
      ).answer[0],
    ).toBe(cc);
  });

  test('a controller that never answers costs C3h, and nothing is left behind', async () => {
    const { world, bmc, send } = await chassis({}, 1, { loss: 1 });
    const { answer, context } = await send(LAN, NetFn.App, SendMessage.cmd, sendMessage(0, 1, message(0x82)));
    expect(answer[0]).toBe(0);
    expect(parseMessage((await world.until(context.followUp!))!)!.data[0]).toBe(0xc3);
    const outlet = bmc.bridge.outlet(0)!;
    expect(outlet.requester).toMatchObject({ waiting: 0, unanswered: 1, repeated: 5 });
  });

  test('needs Operator, except to system software', async () => {
    const { send } = await chassis();
    expect(
      (await send(LAN, NetFn.App, SendMessage.cmd, sendMessage(0, 1, message(0x82)), Privilege.User))
        .answer[0],
    ).toBe(0xd4);
    expect(
      (await send(LAN, NetFn.App, SendMessage.cmd, sendMessage(0xf, 0, message(0x20)), Privilege.User))
        .answer[0],
    ).toBe(0);
    expect(
      (await send(HOST, NetFn.App, SendMessage.cmd, sendMessage(0, 0, message(0x82)), Privilege.User))
        .answer[0],
    ).toBe(0);
  });
});

describe('system software', () => {
  test('gets the response to its own request by LUN 10b, with SMS attention', async () => {
    const { world, bmc, send } = await chassis();
    const seen: boolean[] = [];
    bmc.messages.onAttention(({ set }) => void seen.push(set));
    const own = message(0x82, { from: 0x20, fromLun: 2, seq: 9 });
    expect([...(await send(HOST, NetFn.App, SendMessage.cmd, sendMessage(0, 0, own))).answer]).toEqual([0]);
    await world.run(10);
    expect(seen).toEqual([true]);
    const got = (await send(HOST, NetFn.App, GetMessage.cmd, NOTHING)).answer;
    expect([...got.subarray(0, 2)]).toEqual([0, 0]);
    // The slave address that it was sent to is the BMC's own, and left out (§7.4).
    const response = parseMessage(Uint8Array.of(0x20, ...got.subarray(2)))!;
    expect(response).toMatchObject({ netFn: 7, toLun: 2, from: 0x82, seq: 9, cmd: 1 });
    expect(seen).toEqual([true, false]);
    expect((await send(HOST, NetFn.App, GetMessage.cmd, NOTHING)).answer[0]).toBe(0x80);
  });

  test('tracks through the BMC as well', async () => {
    const { world, send } = await chassis();
    await send(HOST, NetFn.App, SendMessage.cmd, sendMessage(0, 1, message(0x82, { from: 0x20, seq: 33 })));
    await world.run(10);
    const got = (await send(HOST, NetFn.App, GetMessage.cmd, NOTHING)).answer;
    expect(parseMessage(Uint8Array.of(0x20, ...got.subarray(2)))).toMatchObject({
      seq: 33,
      cmd: 1,
      netFn: 7,
    });
  });

  test('a console and system software talk by LUN 10b and the session handle', async () => {
    const { world, bmc, send } = await chassis();
    const client = await world.until(
      connectLan(world, { host: '10.0.0.1', port: 623, user: 'admin', password: 'secret', tries: 1 }),
    );
    const asked = client.raw(NetFn.App, GetDeviceId.cmd, Uint8Array.of(7), 2);
    await world.run(10);
    const got = (await send(HOST, NetFn.App, GetMessage.cmd, NOTHING)).answer;
    const { handle } = bmc.sessions.active[0];
    expect([...got.subarray(0, 3)]).toEqual([0, (Privilege.Administrator << 4) | 1, handle]);
    const request = parseMessage(got, 3)!;
    expect(request).toMatchObject({ to: 0x20, toLun: 2, from: 0x81, cmd: 1 });
    expect([...request.data]).toEqual([7]);
    const reply = buildMessage({
      ...request,
      to: 0x81,
      toLun: 0,
      from: 0x20,
      fromLun: 2,
      netFn: 7,
      data: Uint8Array.of(0, 0xaa, 0xbb),
    });
    expect([
      ...(await send(HOST, NetFn.App, SendMessage.cmd, sendMessage(1, 0, Uint8Array.of(handle, ...reply))))
        .answer,
    ]).toEqual([0]);
    expect([...(await world.until(asked))]).toEqual([0, 0xaa, 0xbb]);
  });

  test('that does not listen is not disturbed: D3h; a full queue: C0h', async () => {
    const { bmc, send } = await chassis();
    bmc.messages.enableReceive(1, false);
    expect((await send(LAN, NetFn.App, SendMessage.cmd, sendMessage(0xf, 0, message(0x20)))).answer[0]).toBe(
      0xd3,
    );
    bmc.messages.enableReceive(1, true);
    const codes = new Set<number>();
    for (let i = 0; i < 40; i++)
      codes.add((await send(LAN, NetFn.App, SendMessage.cmd, sendMessage(0xf, 0, message(0x20)))).answer[0]);
    expect([...codes]).toEqual([0, 0xc0]);
  });
});

describe('the trace', () => {
  const lines: string[] = [];
  const tracedChassis = async (): Promise<Chassis> => {
    lines.length = 0;
    const made = await chassis();
    made.bmc.taps.add(
      trace(made.bmc.router, made.world.clock, (line) => void lines.push(line.replace(/ {2}[\d.]+ us$/, ''))),
    );
    const dispatch = made.bmc.router.enter;
    return {
      ...made,
      send: async (via, netFn, cmd, data, privilege = Privilege.Administrator) => {
        const context = new Context<BmcState>(made.bmc, via, privilege);
        return {
          answer: await made.world.until(Promise.resolve(dispatch({ netFn, lun: 0, cmd, data }, context))),
          context,
        };
      },
    };
  };

  test('shows a bridged message as a tree, with what came back from where', async () => {
    const { world, send } = await tracedChassis();
    const inner = sendMessage(
      7,
      1,
      message(0x72, { netFn: NetFn.SensorEvent, cmd: GetSensorReading.cmd, data: Uint8Array.of(1) }),
    );
    await send(
      LAN,
      NetFn.App,
      SendMessage.cmd,
      sendMessage(0, 1, message(0x82, { cmd: SendMessage.cmd, data: inner })),
    );
    await world.run(50);
    expect(lines).toEqual([
      'channel 1  Send Message tracking=1 encrypted=false authenticated=false channel=0  ->  ok',
      '└─ 82h  Send Message tracking=1 encrypted=false authenticated=false channel=7  ->  ok',
      '   └─ 72h  Get Sensor Reading sensorNumber=1  ->  reading=29 events=true scanning=true unavailable=false states=192',
    ]);
  });

  test('shows what system software fetches, and no secret of a message that is only passed on', async () => {
    const { world, send } = await tracedChassis();
    const password = Uint8Array.of(2, 2, ...Array.from('topsecret0123456', (c) => c.charCodeAt(0)));
    await send(
      HOST,
      NetFn.App,
      SendMessage.cmd,
      sendMessage(0, 0, message(0x82, { from: 0x20, fromLun: 2, cmd: SetUserPassword.cmd, data: password })),
    );
    await world.run(50);
    await send(HOST, NetFn.App, GetMessage.cmd, NOTHING);
    expect(lines.map((line) => line.replace(/twentyBytes.*password/, '... password'))).toEqual([
      'channel 15  Send Message tracking=0 encrypted=false authenticated=false channel=0  ->  ok',
      '└─ 82h  Set User Password ... password=...',
      'channel 15  Get Message  ->  inferredPrivilege=0 channel=0',
      '└─ 82h  Set User Password  ->  invalid command (C1h)',
    ]);
  });
});

describe('satellites', () => {
  test('answer for themselves: identity, sensors, handlers of their own', async () => {
    const { world, bmc } = await chassis();
    const [carrier] = bmc.satellites;
    carrier.router.register({
      owner: 'acme',
      handlers: [
        handle(GetDeviceId, async (request, _, next) => ({ ...(await next(request)), productId: 0x4711 }), {
          override: 'standard',
        }),
      ],
    });
    const outlet = bmc.bridge.outlet(0)!;
    const ask = (cmd: number, netFn: number, ...data: number[]) =>
      world.until(outlet.requester.request({ to: 0x82, toLun: 0, netFn, cmd, data: Uint8Array.from(data) }));
    expect(GetDeviceId.response.decode(await ask(GetDeviceId.cmd, NetFn.App), 1)).toMatchObject({
      deviceId: 0x11,
      productId: 0x4711,
      sdrRepository: false,
      providesDeviceSdrs: true,
    });
    expect(
      GetSensorReading.response.decode(await ask(GetSensorReading.cmd, NetFn.SensorEvent, 1), 1).reading,
    ).toBe(31);
    expect((await ask(0x40, NetFn.Storage))[0]).toBe(0xc1);
  });

  test('are found by broadcast', async () => {
    const { world, bmc } = await chassis();
    const [ipmb] = [...bmc.router.attachments]
      .map((attachment) => attachment.interface)
      .filter((one) => 'discover' in one);
    const found = await world.until(
      (ipmb as { discover(): Promise<{ address: number; device: { deviceId: number } }[]> }).discover(),
    );
    expect(found.map(({ address, device }) => [address, device.deviceId])).toEqual([
      [0x30, 0x33],
      [0x82, 0x11],
    ]);
  });

  test('send their events to the BMC, which logs their address', async () => {
    const { world, bmc } = await chassis({
      satellites: [
        { address: 0x82, sensors: [{ ...temperature('Carrier Temp', 31), thresholds: { unc: 50 } }] },
      ],
    });
    const [carrier] = bmc.satellites;
    carrier.sensors.get(1, 0).setRaw(60);
    carrier.sensors.get(1, 0).read();
    await world.run(50);
    expect(bmc.sel.count).toBe(1);
    expect([...bmc.sel.get(0).record.subarray(7, 13)]).toEqual([0x82, 0x00, 0x04, 0x01, 0x01, 0x01]);
    expect(carrier.sel.count).toBe(0);
  });

  test('are in the repository with their sensors, owned by their address', async () => {
    const { bmc } = await chassis();
    const records = bmc.sdr.ids.map((id) => bmc.sdr.get(id).record);
    expect(records.filter((record) => record[3] === 0x12).map((record) => record[5])).toEqual([
      0x20, 0x82, 0x30,
    ]);
    expect(records.filter((record) => record[3] === 0x01).map((record) => record[5])).toEqual([0x82]);
  });
});

describe('Master Write-Read', () => {
  const fru = [
    {
      id: 0,
      name: 'board',
      board: { manufacturer: 'Acme', product: 'Board', serial: '1', partNumber: '2' },
      size: 256,
      i2c: { address: 0xa0, bus: 1 },
    },
  ];
  const PRIVATE_1 = 0x03;

  test('reads and writes an EEPROM that is a FRU device', async () => {
    const { bmc, send } = await chassis({ fru });
    const access = async (...data: number[]) => [
      ...(await send(HOST, NetFn.App, MasterWriteRead.cmd, Uint8Array.from(data))).answer,
    ];
    expect(await access(PRIVATE_1, 0xa0, 8, 0)).toEqual([0, ...bmc.fru.image(0).subarray(0, 8)]);
    expect(await access(PRIVATE_1, 0xa0, 0, 0xf0, 1, 2, 3)).toEqual([0]);
    expect(await access(PRIVATE_1, 0xa0, 4, 0xf0)).toEqual([0, 1, 2, 3, 0]);
    // A read without a write goes on.
    expect(await access(PRIVATE_1, 0xa0, 2)).toHaveLength(3);
    expect([...bmc.fru.image(0).subarray(0xf0, 0xf3)]).toEqual([1, 2, 3]);
  });

  test('a write-protected one does not acknowledge what is written to it', async () => {
    const { send } = await chassis({ fru: [{ ...fru[0], readOnly: true }] });
    const access = async (...data: number[]) => [
      ...(await send(HOST, NetFn.App, MasterWriteRead.cmd, Uint8Array.from(data))).answer,
    ];
    expect(await access(PRIVATE_1, 0xa0, 0, 0xf0, 1)).toEqual([0x83]);
    expect(await access(PRIVATE_1, 0xa0, 1, 0x00)).toEqual([0, 1]);
  });

  test.each<[string, number[], number]>([
    ['nothing at the address', [PRIVATE_1, 0xa4, 1], 0x83],
    ['no such private bus', [0x05, 0xa0, 1], 0xcc],
    ['an odd address', [PRIVATE_1, 0xa1, 1], 0xcc],
    ['a channel that is no bus', [0x10, 0xa0, 1], 0xcc],
    ['a channel that is not there', [0x50, 0xa0, 1], 0xcc],
    ['a controller cannot be read', [0x00, 0x82, 1], 0x83],
    ['nobody on the bus', [0x00, 0x44, 0, 1], 0x83],
    ['more than an answer carries', [PRIVATE_1, 0xa0, 255], 0xca],
    ['no count', [PRIVATE_1, 0xa0], 0xc7],
  ])('refused: %s', async (_name, data, cc) => {
    const { send } = await chassis({ fru });
    expect((await send(HOST, NetFn.App, MasterWriteRead.cmd, Uint8Array.from(data))).answer[0]).toBe(cc);
  });

  test('a frame written by hand reaches a controller', async () => {
    const { world, bmc, send } = await chassis();
    const frame = message(0x82, { from: 0x20, fromLun: 2 });
    expect([
      ...(
        await send(
          HOST,
          NetFn.App,
          MasterWriteRead.cmd,
          Uint8Array.of(0, ...frame.subarray(0, 1), 0, ...frame.subarray(1)),
        )
      ).answer,
    ]).toEqual([0]);
    await world.run(10);
    expect(bmc.messages.waiting).toBe(1);
  });
});

test('a loopback client that bridges has the response in the answer of an IPMB requester', async () => {
  const { world, bmc } = await chassis();
  const [carrier] = bmc.satellites;
  const context = new Context<BmcState>(
    carrier,
    { number: 0, medium: 'ipmb', maxAnswer: 25 },
    Privilege.Administrator,
  );
  const client = loopback(carrier.router.dispatch, context);
  const { message: embedded } = await world.until(
    client.send(SendMessage, {
      channel: 7,
      tracking: 1,
      encrypted: false,
      authenticated: false,
      message: message(0x72, { from: 0x20 }),
    }),
  );
  expect(parseMessage(embedded)).toMatchObject({ to: 0x20, from: 0x72, cmd: 1 });
});

/**
 * Weather that a real bus does not survive: every request ends in its own answer, or in a code that says why
 * not.
 */
describe('a bus with weather', () => {
  test.each(Array.from({ length: 25 }, (_, i) => i + 1))('seed %i', async (seed) => {
    const faults: IpmbFaults = {
      loss: 0.15,
      duplicate: 0.2,
      corrupt: 0.05,
      delay: [0, 60],
      nack: 0.05,
      arbitration: 0.05,
      busError: 0.02,
    };
    const { world, bmc } = await chassis(
      { satellites: [{ address: 0x30 }, { address: 0x32 }] },
      seed,
      faults,
    );
    const Echo = { netFn: 0x30, cmd: 0x01 };
    for (const satellite of bmc.satellites)
      satellite.router.setDefaultHandler('echo', ({ cmd, data }) =>
        Uint8Array.of(0, satellite.identity.address, cmd, ...data),
      );
    const { requester } = bmc.bridge.outlet(0)!;
    const codes = new Map<number, number>();
    const ask = async (i: number): Promise<void> => {
      const to = i % 3 === 0 ? 0x32 : 0x30;
      const answer = await requester
        .request({ to, toLun: 0, ...Echo, data: Uint8Array.of(i & 0xff, i >> 8) })
        .catch((error: { cc: number }) => Uint8Array.of(error.cc));
      codes.set(answer[0], (codes.get(answer[0]) ?? 0) + 1);
      if (answer[0] === 0)
        expect([...answer], `seed ${seed}, request ${i}`).toEqual([0, to, Echo.cmd, i & 0xff, i >> 8]);
    };
    const worker = async (first: number): Promise<void> => {
      for (let i = first; i < 200; i += 8) await ask(i);
    };
    await world.until(Promise.all(Array.from({ length: 8 }, (_, i) => worker(i))));
    expect(
      [...codes.keys()].filter((cc) => ![0x00, 0x81, 0x82, 0x83, 0xc0, 0xc3].includes(cc)),
      `seed ${seed}`,
    ).toEqual([]);
    expect([...codes.values()].reduce((sum, count) => sum + count)).toBe(200);
    expect(codes.get(0) ?? 0, `seed ${seed}`).toBeGreaterThan(100);
    await world.run(10_000);
    expect(requester.waiting).toBe(0);
    await bmc.close();
  });
});
