import { describe, expect, test } from 'vitest';
import { HOST, rig, sessionContext } from '../../../test/support/bmc.ts';
import { Bmc } from '../../bmc.ts';
import { SendMessage } from '../../commands/app/bridging.ts';
import { GetMessage } from '../../commands/app/global.ts';
import { SetUserName } from '../../commands/app/users.ts';
import { NetFn, Privilege } from '../../commands/command.ts';
import type { BmcOptions } from '../../config/options.ts';
import { BridgeRequest, InboundRequest, OutboundRequest } from '../../commands/bridge/icmb.ts';
import { IcmbNetwork } from '../../interfaces/index.ts';
import { Context, handleRaw } from '../../router/index.ts';
import type { BmcState } from '../../bmc-state.ts';
import { BMC_ADDRESS, buildMessage, parseFrame, parseMessage } from '../../wire/index.ts';
import { simWorld } from '../../world/index.ts';

const GET_SENSOR_READING = 0x2d;
const NOTHING = new Uint8Array(0);
const options: BmcOptions = {
  users: [{ id: 2, name: 'admin', password: 'secret' }],
  sensors: [
    {
      name: 'A',
      number: 1,
      entity: '3.1',
      type: 'temperature',
      unit: 'degrees C',
      range: [0, 255],
      value: 20,
    },
    {
      name: 'B',
      number: 1,
      lun: 3,
      entity: '3.2',
      type: 'temperature',
      unit: 'degrees C',
      range: [0, 255],
      value: 30,
    },
  ],
};

interface Wanted {
  readonly lun?: number;
  readonly netFn?: number;
  readonly cmd?: number;
  readonly data?: Uint8Array;
  readonly tracking?: number;
  readonly channel?: number;
}

const sent = ({
  lun = 0,
  netFn = NetFn.SensorEvent,
  cmd = GET_SENSOR_READING,
  data = Uint8Array.of(1),
  tracking = 1,
  channel = 0,
}: Wanted): Uint8Array =>
  SendMessage.request.encode({
    channel,
    tracking,
    encrypted: false,
    authenticated: false,
    message: buildMessage({ to: BMC_ADDRESS, toLun: lun, from: 0x81, fromLun: 0, seq: 5, netFn, cmd, data }),
  });

const through = async (bmc: Bmc, wanted: Wanted, context: Context<BmcState>): Promise<number> =>
  (
    await bmc.router.enter({ netFn: NetFn.App, cmd: SendMessage.cmd, lun: 0, data: sent(wanted) }, context)
  )[0];

describe('V9: a request that is bridged to the own address needs no bus', () => {
  test('FreeIPMI reads sensors of every LUN by it', async () => {
    const { bmc } = rig(options);
    const world = simWorld(1);
    const read = async (lun: number): Promise<unknown> => {
      const context = sessionContext(bmc, Privilege.Operator);
      expect(await through(bmc, { lun }, context)).toBe(0);
      const { to, from, netFn, fromLun, seq, data } = parseMessage((await world.until(context.followUp!))!)!;
      return [to, from, netFn, fromLun, seq, data[0], data[1]];
    };
    expect(await read(0)).toEqual([0x81, BMC_ADDRESS, NetFn.SensorEvent + 1, 0, 5, 0, 20]);
    expect(await read(3)).toEqual([0x81, BMC_ADDRESS, NetFn.SensorEvent + 1, 3, 5, 0, 30]);
    expect(await read(1)).toEqual([0x81, BMC_ADDRESS, NetFn.SensorEvent + 1, 1, 5, 0xc2, undefined]);
  });

  test('it has the rights that it came with, and the firewall of its channel', async () => {
    const name = {
      netFn: NetFn.App,
      cmd: SetUserName.cmd,
      data: Uint8Array.of(3, ...new Uint8Array(16).fill(0x61)),
    };
    const codeOf = async (settings: BmcOptions, wanted: Wanted, privilege: number): Promise<number[]> => {
      const { bmc } = rig(settings);
      const context = sessionContext(bmc, privilege);
      const outer = await through(bmc, wanted, context);
      const later = await context.followUp;
      return [outer, ...(later ? [parseMessage(later)!.data[0]] : [])];
    };
    expect(await codeOf(options, name, Privilege.Operator)).toEqual([0, 0xd4]);
    expect(await codeOf(options, name, Privilege.Administrator)).toEqual([0, 0]);
    expect(await codeOf(options, {}, Privilege.User)).toEqual([0xd4]);
    expect(
      await codeOf(
        { ...options, firewall: [{ channel: 'lan', deny: ['Get Sensor Reading'] }] },
        {},
        Privilege.Operator,
      ),
    ).toEqual([0, 0xd4]);
  });

  test('the host finds the response in its queue', async () => {
    const { bmc } = rig(options);
    expect(await through(bmc, { lun: 3 }, new Context<BmcState>(bmc, HOST, Privilege.Administrator))).toBe(0);
    await Promise.resolve();
    const [cc, ...data] = await bmc.router.enter(
      { netFn: NetFn.App, cmd: GetMessage.cmd, lun: 0, data: NOTHING },
      new Context<BmcState>(bmc, HOST, Privilege.Administrator),
    );
    expect(cc).toBe(0);
    expect(parseFrame(Uint8Array.of(0x81, ...data.slice(1)))?.message?.data[1]).toBe(30);
  });

  test.each<[string, Wanted]>([
    ['untracked messages', { tracking: 0 }],
    ["system software's LUN", { lun: 2 }],
    ['what goes on from there', { netFn: NetFn.App, cmd: SendMessage.cmd, data: sent({}) }],
  ])('not %s', async (_what, wanted) => {
    const { bmc } = rig(options);
    expect(await through(bmc, wanted, sessionContext(bmc, Privilege.Administrator))).toBe(0xd3);
  });
});

describe('I3: what is carried to the own address is in flight as what came straight', () => {
  test('an account has its share of it, and each of it an end', async () => {
    const world = simWorld(1);
    const bmc = new Bmc(
      { interfaces: [{ type: 'lan', listen: '10.0.0.1:623' }], sessions: { limit: 254 }, ...options },
      { world },
    );
    await world.until(bmc.open());
    let running = 0;
    let ended = 0;
    const slow = handleRaw<BmcState>({ netFn: 0x30, cmd: 1 }, (_message, context) => {
      running++;
      context.onExpire(() => ended++);
      return new Promise<Uint8Array>(() => undefined);
    });
    bmc.router.register({ owner: 'slow', handlers: [{ ...slow, privilege: Privilege.User }] });
    const [{ interface: lan }] = bmc.router.attachments;
    const later: Promise<Uint8Array | undefined>[] = [];
    for (let i = 0; i < 20; i++) {
      const context = sessionContext(bmc, Privilege.Operator, 2, lan.channel);
      for (let j = 0; j < 20; j++) {
        const one = new Context<BmcState>(bmc, lan.channel, Privilege.Oem, 0, context.session, '10.0.0.9:1');
        const message = {
          netFn: NetFn.App,
          cmd: SendMessage.cmd,
          lun: 0,
          data: sent({ netFn: 0x30, cmd: 1 }),
        };
        await bmc.router.enterBy(message, one);
        later.push(one.followUp ?? Promise.resolve(undefined));
      }
    }
    expect(running).toBe(128);
    await world.run(5100);
    // Where the share was full Send Message itself was refused.
    const answered = (await world.until(Promise.all(later))).filter((message) => message !== undefined);
    const codes = answered.map((message) => parseMessage(message)!.data[0]);
    expect([ended, codes.filter((cc) => cc === 0xc3).length]).toEqual([128, 128]);
    await world.until(bmc.close());
  });

  test('by ICMB too, where the chassis has no bus', async () => {
    const world = simWorld(1);
    const icmb = new IcmbNetwork(world);
    const [one, other] = ['one', 'two'].map(
      (name) => new Bmc({ name, interfaces: [{ type: 'icmb' }], ...options }, { world, icmb }),
    );
    for (const bmc of [one, other]) await world.until(bmc.open());
    let ended = 0;
    const slow = handleRaw<BmcState>({ netFn: 0x30, cmd: 1 }, (_message, context) => {
      context.onExpire(() => ended++);
      return new Promise<Uint8Array>(() => undefined);
    });
    other.router.register({ owner: 'slow', handlers: [slow] });
    const inner = InboundRequest.encode({
      slaveAddress: BMC_ADDRESS,
      netFn: 0x30,
      lun: 0,
      cmd: 1,
      data: NOTHING,
    });
    const data = OutboundRequest.encode({ remoteAddress: 2, remoteCommand: BridgeRequest.cmd, data: inner });
    const host = new Context<BmcState>(one, HOST, Privilege.Administrator);
    await world.until(
      Promise.resolve(one.router.enter({ netFn: NetFn.Bridge, cmd: BridgeRequest.cmd, lun: 0, data }, host)),
    );
    await world.run(6000);
    expect(ended).toBeGreaterThan(0);
    for (const bmc of [one, other]) await world.until(bmc.close());
  });
});
