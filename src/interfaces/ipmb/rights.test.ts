import { describe, expect, test } from 'vitest';
import { HOST, sessionContext } from '../../../test/support/bmc.ts';
import { Bmc, type BmcOptions } from '../../bmc.ts';
import { MasterWriteRead, SendMessage } from '../../commands/app/bridging.ts';
import { GetMessage } from '../../commands/app/global.ts';
import { GetUserName, SetUserName } from '../../commands/app/users.ts';
import { BridgeMessage, BridgeRequest, InboundRequest, OutboundRequest } from '../../commands/bridge/icmb.ts';
import { NetFn, Privilege } from '../../commands/command.ts';
import { GetSelInfo } from '../../commands/storage/sel.ts';
import { Context, handleRaw } from '../../router/index.ts';
import type { BmcState } from '../../bmc-state.ts';
import { BMC_ADDRESS, buildMessage, parseMessage, type IpmiMessage } from '../../wire/index.ts';
import { simWorld, type SimWorld } from '../../world/index.ts';
import { IcmbNetwork } from '../index.ts';

const NOTHING = new Uint8Array(0);

interface Rack {
  readonly world: SimWorld;
  readonly bmc: Bmc;
  readonly other: Bmc;
  /** A request of a session of this level. */
  readonly ask: (
    privilege: number,
    cmd: number,
    data: Uint8Array,
    netFn?: number,
  ) => Promise<{ cc: number; inner: number | undefined }>;
  readonly session: (privilege: number, userId?: number) => Context<BmcState>;
}

/** Two chassis on an ICMB; each has controllers at 30h and 82h. */
async function rack(options: BmcOptions = {}, seed = 1): Promise<Rack> {
  const world = simWorld(seed);
  const icmb = new IcmbNetwork(world);
  const [bmc, other] = ['one', 'two'].map(
    (name, i) =>
      new Bmc(
        {
          name,
          interfaces: [{ type: 'lan', listen: `10.0.0.${i + 1}:623` }, { type: 'ipmb' }, { type: 'icmb' }],
          users: [{ id: 2, name: 'admin', password: 'secret' }],
          sessions: { limit: 254 },
          sel: { bootEvents: false },
          chassis: { events: false },
          satellites: [{ address: 0x82 }, { address: 0x30 }],
          ...options,
        },
        { world, icmb },
      ),
  );
  for (const one of [bmc, other]) await world.until(one.open());
  const session = (privilege: number, userId = 2): Context<BmcState> =>
    sessionContext(bmc, privilege, userId);
  return {
    world,
    bmc,
    other,
    session,
    ask: async (privilege, cmd, data, netFn = NetFn.App) => {
      const context = session(privilege);
      const answer = await world.until(
        Promise.resolve(bmc.router.enter({ netFn, cmd, lun: 0, data }, context)),
      );
      const later = context.followUp && (await world.until(context.followUp));
      await world.run(50);
      const response = later && parseMessage(later);
      const nested =
        response?.cmd === SendMessage.cmd && response.data.length > 7
          ? parseMessage(response.data, 1)
          : response;
      return { cc: answer[0], inner: nested?.data[0] };
    },
  };
}

const frame = (to: number, more: Partial<IpmiMessage> = {}): Uint8Array =>
  buildMessage({
    to,
    toLun: 0,
    netFn: NetFn.App,
    from: BMC_ADDRESS,
    fromLun: 0,
    seq: 9,
    cmd: GetUserName.cmd,
    data: NOTHING,
    ...more,
  });
const rename = (name: string): { cmd: number; data: Uint8Array } => ({
  cmd: SetUserName.cmd,
  data: SetUserName.request.encode({ userId: 2, name }),
});
const sendMessage = (tracking: number, message: Uint8Array, channel = 0): Uint8Array =>
  SendMessage.request.encode({ channel, tracking, encrypted: false, authenticated: false, message });
const through = (to: number, data: Uint8Array): Uint8Array => frame(to, { cmd: SendMessage.cmd, data });
const masterWrite = (message: Uint8Array): Uint8Array =>
  MasterWriteRead.request.encode({
    channel: 0,
    bus: 0,
    privateBus: false,
    slaveAddress: message[0],
    readCount: 0,
    data: message.subarray(1),
  });

/** Each asks the BMC, on a way round, to rename user 2. */
const ways: Record<
  string,
  (set: { cmd: number; data: Uint8Array }) => { cmd: number; data: Uint8Array; netFn?: number }
> = {
  'tracked, to its own address': (set) => ({
    cmd: SendMessage.cmd,
    data: sendMessage(1, frame(BMC_ADDRESS, set)),
  }),
  'untracked, to its own address': (set) => ({
    cmd: SendMessage.cmd,
    data: sendMessage(0, frame(BMC_ADDRESS, set)),
  }),
  'raw, to its own address': (set) => ({
    cmd: SendMessage.cmd,
    data: sendMessage(2, frame(BMC_ADDRESS, set)),
  }),
  'Master Write-Read to its own address': (set) => ({
    cmd: MasterWriteRead.cmd,
    data: masterWrite(frame(BMC_ADDRESS, set)),
  }),
  'a broadcast in front': (set) => ({
    cmd: SendMessage.cmd,
    data: sendMessage(2, Uint8Array.of(0, ...frame(BMC_ADDRESS, set))),
  }),
  'through a satellite, tracked': (set) => ({
    cmd: SendMessage.cmd,
    data: sendMessage(1, through(0x82, sendMessage(1, frame(BMC_ADDRESS, { ...set, from: 0x82 })))),
  }),
  'through a satellite, untracked': (set) => ({
    cmd: SendMessage.cmd,
    data: sendMessage(0, through(0x82, sendMessage(0, frame(BMC_ADDRESS, { ...set, from: 0x82 })))),
  }),
  'through two satellites': (set) => ({
    cmd: SendMessage.cmd,
    data: sendMessage(
      1,
      through(0x82, sendMessage(1, through(0x30, sendMessage(1, frame(BMC_ADDRESS, set))))),
    ),
  }),
  'through a satellite by Master Write-Read': (set) => ({
    cmd: SendMessage.cmd,
    data: sendMessage(
      1,
      frame(0x82, {
        cmd: MasterWriteRead.cmd,
        data: masterWrite(frame(BMC_ADDRESS, { ...set, from: 0x82 })),
      }),
    ),
  }),
  'by ICMB and back': ({ cmd, data }) => ({
    netFn: NetFn.Bridge,
    cmd: BridgeRequest.cmd,
    data: OutboundRequest.encode({
      remoteAddress: 2,
      remoteCommand: BridgeRequest.cmd,
      data: InboundRequest.encode({
        slaveAddress: 0x82,
        netFn: NetFn.App,
        lun: 0,
        cmd: SendMessage.cmd,
        data: sendMessage(1, frame(BMC_ADDRESS, { cmd, data, from: 0x82 })),
      }),
    }),
  }),
  'to the other chassis by ICMB': ({ cmd, data }) => ({
    netFn: NetFn.Bridge,
    cmd: BridgeRequest.cmd,
    data: OutboundRequest.encode({
      remoteAddress: 2,
      remoteCommand: BridgeRequest.cmd,
      data: InboundRequest.encode({ slaveAddress: BMC_ADDRESS, netFn: NetFn.App, lun: 0, cmd, data }),
    }),
  }),
  'to the other chassis, one way': ({ cmd, data }) => ({
    netFn: NetFn.Bridge,
    cmd: BridgeMessage.cmd,
    data: OutboundRequest.encode({
      remoteAddress: 2,
      remoteCommand: BridgeMessage.cmd,
      data: InboundRequest.encode({ slaveAddress: BMC_ADDRESS, netFn: NetFn.App, lun: 0, cmd, data }),
    }),
  }),
};

describe('C1: a bridged request has the rights of the session that it began with', () => {
  test.each(Object.entries(ways))('%s: an operator renames nobody', async (_way, make) => {
    const { bmc, other, ask } = await rack();
    const { cmd, data, netFn } = make(rename('mallory'));
    await ask(Privilege.Operator, cmd, data, netFn);
    expect([bmc, other].map(({ users }) => users.name(2))).toEqual(['admin', 'admin']);
  });

  test('a bus does not deliver a frame to its own master: 83h', async () => {
    const { ask } = await rack();
    const set = rename('anybody');
    for (const way of [
      'tracked, to its own address',
      'untracked, to its own address',
      'raw, to its own address',
      'Master Write-Read to its own address',
    ]) {
      const { cmd, data } = ways[way](set);
      expect(await ask(Privilege.Administrator, cmd, data), way).toMatchObject({ cc: 0x83 });
    }
  });

  test('an administrator still gets through a satellite and to another chassis', async () => {
    for (const way of [
      'through a satellite, tracked',
      'through two satellites',
      'to the other chassis by ICMB',
    ]) {
      const { bmc, other, ask } = await rack();
      const { cmd, data, netFn } = ways[way](rename('renamed'));
      await ask(Privilege.Administrator, cmd, data, netFn);
      expect(
        [bmc, other].map(({ users }) => users.name(2)),
        way,
      ).toContain('renamed');
    }
  });

  test('a level that is lost on the way is lost: the session closes while its message is under way', async () => {
    const { world, bmc, session } = await rack();
    const context = session(Privilege.Administrator);
    const { cmd, data } = ways['through a satellite, untracked'](rename('late'));
    const asked = bmc.router.enter({ netFn: NetFn.App, cmd, lun: 0, data }, context);
    bmc.sessions.closeAll('user-changed');
    await world.until(Promise.resolve(asked));
    await world.run(100);
    expect(bmc.users.name(2)).toBe('admin');
  });

  test('what the configured policy and Set Command Enables keep from a channel is kept from it through a satellite', async () => {
    const { cmd, data } = { cmd: GetSelInfo.cmd, data: NOTHING };
    const round = sendMessage(
      1,
      through(0x82, sendMessage(1, frame(BMC_ADDRESS, { netFn: NetFn.Storage, cmd, data, from: 0x82 }))),
    );
    const open = await rack();
    expect(await open.ask(Privilege.Administrator, SendMessage.cmd, round)).toEqual({ cc: 0, inner: 0 });
    const denied = await rack({ firewall: [{ channel: 'lan', deny: ['Get SEL Info'] }] });
    expect(await denied.ask(Privilege.Administrator, SendMessage.cmd, round)).toEqual({ cc: 0, inner: 0xd4 });
    const disabled = await rack();
    await disabled.world.until(
      Promise.resolve(
        disabled.bmc.firewall.enable([
          [{ channel: 1, netFn: NetFn.Storage, lun: 0, cmd, body: undefined }, false],
        ]),
      ),
    );
    expect(await disabled.ask(Privilege.Administrator, SendMessage.cmd, round)).toEqual({
      cc: 0,
      inner: 0xd4,
    });
  });
});

describe('M13: nobody speaks in another name', () => {
  test.each([0x82, 0x30])('a response that a session had %i write answers nobody', async (by) => {
    const { world, bmc, session } = await rack();
    const outlet = bmc.bridge.outlet(0);
    if (outlet?.kind !== 'bus') throw new Error('no bus');
    const silent = handleRaw<BmcState>(
      { netFn: NetFn.App, cmd: 0x77 },
      () => new Promise<Uint8Array>(() => undefined),
    );
    bmc.satellites[1].router.register({ owner: 'silent', handlers: [silent] });
    const forged = frame(BMC_ADDRESS, {
      netFn: NetFn.App | 1,
      from: 0x30,
      seq: 0,
      cmd: 0x77,
      data: Uint8Array.of(0, 1),
    });
    const waiting = outlet.requester.request({
      to: 0x30,
      toLun: 0,
      netFn: NetFn.App,
      cmd: 0x77,
      data: NOTHING,
    });
    await Promise.resolve(
      bmc.router.enter(
        {
          netFn: NetFn.App,
          cmd: SendMessage.cmd,
          lun: 0,
          data: sendMessage(2, through(by, sendMessage(2, forged))),
        },
        session(Privilege.Operator),
      ),
    );
    expect((await world.until(waiting))[0]).toBe(0xc3);
  });

  test('into another session go requests, and nothing that could be taken for a response', async () => {
    const { world, bmc, session } = await rack();
    const victim = session(Privilege.Administrator);
    const operator = session(Privilege.Operator, 3);
    const into = async (
      to: Context<BmcState>,
      tracking: number,
      more: Partial<IpmiMessage>,
      cut = 0,
    ): Promise<number> => {
      const inner = frame(0x81, more);
      const data = sendMessage(
        tracking,
        Uint8Array.of(to.session!.handle, ...inner.subarray(0, inner.length - cut)),
        1,
      );
      const answer = bmc.router.enter({ netFn: NetFn.App, cmd: SendMessage.cmd, lun: 0, data }, operator);
      return (await world.until(Promise.resolve(answer)))[0];
    };
    const response = { netFn: NetFn.App | 1, data: Uint8Array.of(0) };
    for (const tracking of [0, 2]) {
      expect(await into(victim, tracking, response)).toBe(0xd4);
      // Neither does what only looks broken to the BMC.
      expect(await into(victim, tracking, response, 1)).toBe(0xd4);
    }
    // The sessions of this test have no console behind them: 80h is past every check of rights.
    expect(await into(victim, 0, {})).toBe(0x80);
    expect(await into(operator, 0, response)).toBe(0x80);
  });

  test('one account has half of the queue for system software, and others find places', async () => {
    const { world, bmc, session } = await rack();
    const message = sendMessage(0, frame(BMC_ADDRESS, { toLun: 2, from: 0x81 }), 15);
    const codes: number[] = [];
    for (let i = 0; i < 40; i++) {
      const answer = bmc.router.enter(
        { netFn: NetFn.App, cmd: SendMessage.cmd, lun: 0, data: message },
        session(Privilege.User, 3),
      );
      codes.push((await world.until(Promise.resolve(answer)))[0]);
    }
    expect([codes.filter((cc) => cc === 0).length, codes.filter((cc) => cc === 0xc0).length]).toEqual([
      16, 24,
    ]);
    const others = bmc.router.enter(
      { netFn: NetFn.App, cmd: SendMessage.cmd, lun: 0, data: message },
      session(Privilege.User, 4),
    );
    expect((await Promise.resolve(others))[0]).toBe(0);
    const host = new Context<BmcState>(bmc, HOST, Privilege.Oem);
    await Promise.resolve(
      bmc.router.enter({ netFn: NetFn.App, cmd: GetMessage.cmd, lun: 0, data: NOTHING }, host),
    );
    expect(bmc.messages.waiting).toBe(16);
  });
});

describe('I2: what waits for system software', () => {
  test.each<[string, (bmc: Bmc) => unknown, number]>([
    ['a password', ({ users }) => users.setPassword(3, new Uint8Array(16)), 0],
    [
      'an access mode',
      ({ channels }) => channels.setPresentAccess(1, { ...channels.access(1, 'present'), accessMode: 0 }),
      0,
    ],
    ['nothing: it only closed', ({ sessions }) => sessions.close(sessions.active[0], 'closed'), 1],
  ])('of a session that ended by %s', async (_what, revoke, left) => {
    const users = [2, 3].map((id) => ({ id, name: `user${id}`, password: 'secret' }));
    const { world, bmc, session } = await rack({ users });
    const message = sendMessage(0, frame(BMC_ADDRESS, { toLun: 2, from: 0x81 }), 15);
    await bmc.router.enter(
      { netFn: NetFn.App, cmd: SendMessage.cmd, lun: 0, data: message },
      session(Privilege.Operator, 3),
    );
    expect(bmc.messages.waiting).toBe(1);
    await world.until(Promise.resolve(revoke(bmc)));
    expect([bmc.messages.waiting, bmc.messages.attention.set]).toEqual([left, left === 1]);
  });
});
