import { describe } from 'vitest';
import { interfaceSuite, type Far, type InterfaceRig } from '../../test/support/interface-suite.ts';
import { btNode, kcsNode, ssifNode } from '../../test/support/kernel-nodes.ts';
import { Bmc, type BmcOptions } from '../bmc.ts';
import { connectLan, connectVm, type LanClient, type VmClient } from '../client/index.ts';
import { BridgeRequest, InboundRequest } from '../commands/bridge/icmb.ts';
import { BtSocket, IcmbInterface, IcmbNetwork, IpmbInterface, MessageBus } from './index.ts';
import { Context, handleRaw, Router, type Answer, type Channel, type Dispatch } from '../router/index.ts';
import { BT_DATA_MAX, btReader, buildBt, parseBt } from '../wire/bt-frame.ts';
import { Requester } from '../services/bridging/requester.ts';
import {
  BtControl,
  BtDriver,
  KcsDriver,
  KcsStatus,
  SsifDriver,
  smbusOf,
  type HostBus,
  type Registers,
} from '../wire/host/index.ts';
import type { SimDriver, SimWorld } from '../world/index.ts';
import { parseFrame } from '../wire/index.ts';
import type { Stream } from '../world/world.ts';
import { BtInterface, DevicePort, KcsInterface, SsifInterface, type DeviceKind } from './host/index.ts';

/** A BMC whose commands of NetFn 30h the far end answers. */
function bmcOf(world: SimWorld, far: Far, options: BmcOptions = {}): Bmc {
  const bmc = new Bmc({ sel: { bootEvents: false }, ...options }, { world });
  bmc.router.register({
    owner: 'far end',
    handlers: [handleRaw({ netFn: 0x30, cmd: '*' }, (message, context) => far(message, context))],
  });
  return bmc;
}

/** What takes a microsecond of a host; nothing ever comes of it when the host has died. */
function hostIn(world: SimWorld): { die(): void; takes<T>(ms: number, result: T): Promise<T> } {
  let alive = true;
  return {
    die: () => void (alive = false),
    takes: (ms, result) =>
      new Promise((resolve) => void world.clock.after(ms, () => void (alive && resolve(result)))),
  };
}

type Host = ReturnType<typeof hostIn>;

const busOf = (host: Host, registers: Registers): HostBus => ({
  read: (at) => host.takes(0.001, registers.read(at)),
  write: (at, value) => host.takes(0.001, registers.write(at, value)),
  pause: () => host.takes(1, undefined),
});

/** One request after the other, as a driver sends them; what fails does not stop what follows. */
function inTurn(): <T>(job: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (job) => {
    const mine = last.then(job, job);
    last = mine;
    return mine;
  };
}

/** Host and BMC meet at registers in process, or at those of a simulated kernel driver's device node. */
type Way = 'registers' | 'node';

async function bt(world: SimWorld, far: Far, way: Way): Promise<InterfaceRig> {
  const { driver: node, registers } = btNode();
  const port = way === 'node' ? deviceOf(world, 'bt', node) : registers;
  const bmc = bmcOf(world, far);
  const attachment = await bmc.attach(new BtInterface({ bmc, port, clock: world.clock }));
  // Several requests share the registers; whoever reads a response hands it to its owner.
  const newHost = () => {
    const host = hostIn(world);
    const driver = new BtDriver(busOf(host, registers));
    const open = new Map<number, (answer: Uint8Array) => void>();
    const turn = inTurn();
    let seq = 0;
    const listen = async (): Promise<void> => {
      while (open.size > 0) {
        const response = parseBt((await turn(() => driver.poll())) ?? new Uint8Array(0));
        if (!response) {
          await host.takes(1, undefined);
          continue;
        }
        open.get(response.seq)?.(response.data.slice());
        open.delete(response.seq);
      }
    };
    const ask: InterfaceRig['ask'] = async (netFn, cmd, data, lun = 0) => {
      const mine = seq++ & 0xff;
      const answer = new Promise<Uint8Array>((resolve) => open.set(mine, resolve));
      if (open.size === 1) void listen();
      await turn(() => driver.write(buildBt({ netFn, lun, seq: mine, cmd, data })));
      return answer;
    };
    return { ...host, ask };
  };
  let host = newHost();
  return {
    ask: (...request) => host.ask(...request),
    noise(bytes) {
      for (const [i, byte] of bytes.entries()) {
        if (i % 5 === 4) registers.read(byte % 3);
        else registers.write(byte % 3, bytes[i + 1] ?? byte);
      }
      // As a driver that starts: no leftover H_BUSY.
      if (registers.read(0) & BtControl.HBusy) registers.write(0, BtControl.HBusy);
    },
    reconnect() {
      host.die();
      host = newHost();
      registers.write(2, 0x80);
    },
    detach: () => attachment.detach(),
    attention: {
      set(set) {
        attachment.interface.attention?.({ set, interrupt: false });
        // bt-bmc has no way to take it back: the host does that itself.
        if (!set && way === 'node') registers.write(0, BtControl.SmsAtn);
      },
      seen: () => (registers.read(0) & BtControl.SmsAtn) !== 0,
    },
  };
}

async function kcs(world: SimWorld, far: Far, way: Way): Promise<InterfaceRig> {
  const { driver: node, registers } = kcsNode();
  const port = way === 'node' ? deviceOf(world, 'kcs', node) : registers;
  const bmc = bmcOf(world, far);
  const attachment = await bmc.attach(new KcsInterface({ bmc, port, clock: world.clock }));
  let host = hostIn(world);
  let driver = new KcsDriver(busOf(host, registers));
  return {
    async ask(netFn, cmd, data, lun = 0) {
      const response = await driver.request(Uint8Array.of((netFn << 2) | lun, cmd, ...data));
      return response.subarray(2);
    },
    noise(bytes) {
      for (const [i, byte] of bytes.entries()) {
        if (i % 5 === 4) registers.read(byte % 2);
        else registers.write(byte % 2, bytes[i + 1] ?? byte);
      }
    },
    reconnect() {
      host.die();
      host = hostIn(world);
      driver = new KcsDriver(busOf(host, registers));
    },
    detach: () => attachment.detach(),
    attention: {
      set: (set) => attachment.interface.attention?.({ set, interrupt: false }),
      seen: () => (registers.read(1) & KcsStatus.SmsAtn) !== 0,
    },
  };
}

async function ssif(world: SimWorld, far: Far, way: Way, withPec: boolean): Promise<InterfaceRig> {
  let alert = false;
  const { driver: node, target } = ssifNode(world.clock, (asserted) => (alert = asserted));
  const port = way === 'node' ? deviceOf(world, 'ssif', node) : target;
  const bmc = bmcOf(world, far);
  const attachment = await bmc.attach(new SsifInterface({ bmc, port, clock: world.clock }));
  const driver = (host: Host): SsifDriver =>
    new SsifDriver(smbusOf(target, () => host.takes(1, undefined), withPec));
  let host = hostIn(world);
  let ssifDriver = driver(host);
  return {
    async ask(netFn, cmd, data, lun = 0) {
      const response = await ssifDriver.request(Uint8Array.of((netFn << 2) | lun, cmd, ...data));
      return response.subarray(2);
    },
    noise(bytes) {
      for (const [i, byte] of bytes.entries()) {
        if (i % 7 === 0) target.start(byte % 2 ? 'write' : 'read');
        else if (i % 7 === 6) target.stop();
        else if (byte % 3 === 0) target.read();
        else target.write(byte);
      }
    },
    reconnect() {
      host.die();
      host = hostIn(world);
      ssifDriver = driver(host);
    },
    detach: () => attachment.detach(),
    attention: { set: (set) => attachment.interface.attention?.({ set, interrupt: set }), seen: () => alert },
  };
}

async function vm(world: SimWorld, far: Far): Promise<InterfaceRig> {
  const bmc = bmcOf(world, far, { interfaces: [{ type: 'vm', interface: 'bt', listen: '/vm.sock' }] });
  await bmc.open();
  const connect = (): Promise<VmClient> => connectVm(world, { path: '/vm.sock' });
  let client = await connect();
  return {
    ask: (netFn, cmd, data, lun) => client.raw(netFn, cmd, data, lun),
    async noise(bytes) {
      // A monitor that speaks nonsense takes the place of ours, and ours takes it back.
      const stream = await world.stream.connect({ path: '/vm.sock' });
      stream.write(bytes);
      client = await connect();
    },
    async reconnect() {
      client = await connect();
    },
    detach: () => bmc.close(),
    attention: {
      set: (set) => void (bmc.messages.watchdogPreTimeout = set),
      seen: () => client.monitor.attention !== 'off',
    },
  };
}

async function lan(world: SimWorld, far: Far): Promise<InterfaceRig> {
  const users = [{ id: 2, name: 'admin', password: 'AdminPass123' }];
  const bmc = bmcOf(world, far, { interfaces: [{ type: 'lan', listen: '10.0.0.1:623' }], users });
  await bmc.open();
  const connect = (): Promise<LanClient> =>
    connectLan(world, { host: '10.0.0.1', port: 623, user: 'admin', password: 'AdminPass123' });
  let client = await connect();
  const junk = await world.udp.bind({ host: '10.0.0.9', port: 0 });
  return {
    ask: (netFn, cmd, data, lun) => client.raw(netFn, cmd, data, lun),
    noise: (bytes) => junk.send(bytes, { host: '10.0.0.1', port: 623 }),
    async reconnect() {
      client = await connect();
    },
    detach: () => bmc.close(),
  };
}

async function ipmb(world: SimWorld, far: Far): Promise<InterfaceRig> {
  const bus = new MessageBus(world);
  const bmc = bmcOf(world, far);
  const attachment = await bmc.attach(new IpmbInterface({ bmc, bus }));
  // Another controller of the bus asks; when it goes, it comes back at the same address with its numbers from
  // the start.
  const newController = () => {
    const requester = new Requester({
      clock: world.clock,
      address: 0x30,
      timeout: 6000,
      tries: 1,
      write: (frame) => port.write(frame),
    });
    const port = bus.join(0x30, (frame) => {
      const parsed = parseFrame(frame);
      if (parsed) requester.respond(parsed.message);
    });
    return { requester, leave: () => port.leave() };
  };
  let controller = newController();
  return {
    ask: (netFn, cmd, data, lun = 0) =>
      controller.requester.request({ to: 0x20, toLun: lun, netFn, cmd, data }),
    noise: (bytes) => void bus.deliver(Uint8Array.of(0x20, ...bytes)),
    reconnect() {
      controller.leave();
      controller = newController();
    },
    detach: () => attachment.detach(),
  };
}

/** The far end is a chassis that the asker reaches through its own chassis' bridge. */
async function icmb(world: SimWorld, far: Far): Promise<InterfaceRig> {
  const network = new IcmbNetwork(world);
  const there = bmcOf(world, far);
  const attachment = await there.attach(
    new IcmbInterface({ bmc: there, bus: network.bus('rack'), channel: 6 }),
  );
  const here = bmcOf(world, () => Uint8Array.of(0));
  await here.attach(new IcmbInterface({ bmc: here, bus: network.bus('rack'), channel: 6 }));
  return {
    async ask(netFn, cmd, data, lun = 0) {
      const inner = InboundRequest.encode({ slaveAddress: 0x20, netFn, lun, cmd, data });
      const answer = await here.icmb.out().request(there.icmb.address, BridgeRequest.cmd, inner);
      return answer[0] === 0 ? answer.subarray(1) : answer;
    },
    noise: (bytes) => void network.bus('rack').deliver(Uint8Array.of(there.icmb.address, 0, ...bytes)),
    reconnect: () => undefined,
    detach: () => attachment.detach(),
  };
}

const NEAR: Channel = { number: 1, medium: 'internal', maxAnswer: 255 };

/** The other way round: the far end is another process at the BT socket, the default handler. */
async function btSocket(world: SimWorld, far: Far): Promise<InterfaceRig> {
  const router = new Router({ clock: world.clock });
  let entrance: Dispatch | undefined;
  const attachment = await router.attach({
    channel: NEAR,
    open: async (dispatch) => void (entrance = dispatch),
    close: async () => undefined,
  });
  const socket = new BtSocket({
    router,
    clock: world.clock,
    stream: world.stream,
    listen: { path: '/bt' },
    log: () => undefined,
  });
  await socket.open();
  let owner: Stream | undefined;
  const connect = async (): Promise<void> => {
    const stream = await world.stream.connect({ path: '/bt' });
    owner = stream;
    const reader = btReader();
    stream.onData = (bytes) => {
      for (const frame of reader.push(bytes) ?? []) {
        const request = parseBt(frame)!;
        const respond = (data: Answer): void =>
          void stream.write(buildBt({ ...request, netFn: request.netFn | 1, data }));
        void (async () => far(request))().then(respond, (error: { cc: number }) =>
          respond(Uint8Array.of(error.cc)),
        );
      }
    };
    stream.onClose = () => (owner = owner === stream ? undefined : owner);
    // Until it has been accepted.
    await new Promise((resolve) => void world.clock.after(5, () => resolve(undefined)));
  };
  await connect();
  const leave = async (): Promise<void> => {
    owner?.destroy();
    await new Promise((resolve) => void world.clock.after(20, () => resolve(undefined)));
  };
  return {
    async ask(netFn, cmd, data, lun = 0) {
      return entrance!({ netFn, lun, cmd, data }, new Context(undefined, NEAR, 4));
    },
    async noise(bytes) {
      owner?.write(bytes);
      await leave();
      await connect();
    },
    async reconnect() {
      await leave();
      await connect();
    },
    async detach() {
      await attachment.detach();
      await socket.close();
    },
  };
}

const deviceOf = (world: SimWorld, kind: DeviceKind, driver: SimDriver): DevicePort => {
  world.devices.provide('/dev/node', driver);
  return new DevicePort({
    kind,
    path: '/dev/node',
    devices: world.devices,
    clock: world.clock,
    log: () => undefined,
  });
};

const HOST = { overlong: 0xca, medium: 'system-interface', patience: 4500 };

describe('R3, R10: one suite for every interface', () => {
  for (const way of ['registers', 'node'] as const) {
    const name = way === 'node' ? ' at a device node' : '';
    interfaceSuite(
      `BT${name}`,
      { ...HOST, maxData: BT_DATA_MAX, maxAnswer: BT_DATA_MAX, atOnce: 32 },
      (world, far) => bt(world, far, way),
    );
    interfaceSuite(`KCS${name}`, { ...HOST, maxData: 998, maxAnswer: 256 }, (world, far) =>
      kcs(world, far, way),
    );
    for (const withPec of [false, true]) {
      const traits = {
        ...HOST,
        maxData: 252,
        maxAnswer: 252,
        patience: 400,
        impatient: 0xc0,
        attends: way === 'registers',
      };
      interfaceSuite(`SSIF${name}${withPec ? ', with PEC' : ''}`, traits, (world, far) =>
        ssif(world, far, way, withPec),
      );
    }
  }
  interfaceSuite('VM protocol', { ...HOST, maxData: 272, maxAnswer: 252, patience: 3000 }, vm);
  interfaceSuite(
    'LAN',
    { maxData: 240, maxAnswer: 248, medium: 'lan', session: true, atOnce: 16, luns: [0, 1, 3] },
    lan,
  );
  interfaceSuite(
    'IPMB',
    { maxData: 233, maxAnswer: 233, overlong: 0xca, medium: 'ipmb', atOnce: 16, luns: [0, 1, 3] },
    ipmb,
  );
  interfaceSuite('ICMB', { maxData: 230, maxAnswer: 239, overlong: 0xca, medium: 'ipmb', atOnce: 16 }, icmb);
  interfaceSuite('BT socket', { maxData: BT_DATA_MAX, maxAnswer: BT_DATA_MAX, atOnce: 64 }, btSocket);
});
