// What every back end must do, on each of them. In a simulated world each has a machine behind it that does
// what it is told.
import { describe, expect, test } from 'vitest';
import { Bmc } from '../../bmc.ts';
import { connectVm, type VmClient } from '../../client/index.ts';
import { CC } from '../../codec/index.ts';
import type { BackendOptions } from '../../config/options.ts';
import { simWorld, type SimWorld, type Stream } from '../../world/index.ts';
import type { SimProgram } from '../../world/sim-programs.ts';
import { backendContract, type BackendContract } from '../../testing/index.ts';
import { backendBench } from '../../testing/contracts/backend.ts';
import { bootingFrom } from './libvirt.ts';

/** The machine behind a back end. */
interface Machine {
  on: boolean;
  /** What was done to it, in the back end's own words. */
  readonly told: string[];
  /** Everything fails from now on. */
  broken: boolean;
  /** It goes off by itself, on its own system's command. */
  dies(): void;
}

type Place = Omit<BackendContract<SimWorld>, 'world' | 'machine'> & {
  readonly make: (world: SimWorld) => Machine;
};

const bare = (): Machine => ({ on: false, told: [], broken: false, dies: () => undefined });

const libvirt: Place = {
  backend: { type: 'libvirt', domain: 'guest', connect: 'qemu:///system' },
  make(world) {
    const machine = bare();
    let xml = "<domain><os><type>hvm</type><boot dev='hd'/></os></domain>";
    let event: (text: string) => void = () => undefined;
    const virsh: SimProgram = ([, , word, ...args], { input }, started) => {
      if (word === 'event') {
        event = (text) => started?.output(text);
        return new Promise(() => {});
      }
      if (word === 'domstate') return { stdout: `${machine.on ? 'running' : 'shut off'}\n\n` };
      if (machine.broken) return { code: 1, stderr: 'error: Domain not found: guest\n' };
      if (word === 'dumpxml') return { stdout: xml };
      machine.told.push([word, ...(input === undefined ? args : [input])].join(' '));
      if (word === 'define') xml = input!;
      if (word === 'destroy' && !machine.on) return { code: 1, stderr: 'error: domain is not running' };
      if (word === 'start') machine.on = true;
      if (word === 'destroy') machine.on = false;
      return {};
    };
    world.programs.define('virsh', virsh);
    // cat | virsh ...
    world.programs.define('/bin/sh', (args, options, started) => virsh(args.slice(4), options, started));
    machine.dies = () => {
      machine.on = false;
      event("event 'lifecycle' for domain 'guest': Stopped Shutdown\n");
    };
    return machine;
  },
  words: {
    on: /^start guest$/,
    off: /^destroy guest$/,
    reset: /^reset guest$/,
    soft: /^shutdown guest$/,
    diag: /^inject-nmi guest$/,
  },
  boots: { power: /^define .*<boot dev='network'\/>/ },
};

const command: Place = {
  backend: {
    type: 'command',
    on: ['power', 'on'],
    off: 'power off',
    reset: ['power', 'reset'],
    soft: ['power', 'soft'],
    diag: ['power', 'diag'],
    status: ['power', 'status'],
    interval: 1,
  },
  make(world) {
    const machine = bare();
    const power = (args: readonly string[], env: Readonly<Record<string, string>>) => {
      if (args[0] === 'status') return { stdout: machine.on ? 'on\n' : 'off\n' };
      if (machine.broken) return { code: 7, stderr: 'PDU does not answer\n' };
      machine.told.push(`${env.IPMI_ACTION} ${env.IPMI_BMC_NAME} ${env.IPMI_BOOT_DEVICE}`);
      if (args[0] === 'on') machine.on = true;
      if (args[0] === 'off') machine.on = false;
      return {};
    };
    world.programs.define('power', (args, { env = {} }) => power(args, env));
    world.programs.define('/bin/sh', ([, line], { env = {} }) => power(line.split(' ').slice(1), env));
    machine.dies = () => void (machine.on = false);
    return machine;
  },
  words: { on: /^on bmc/, off: /^off bmc none$/, reset: /^reset bmc/, soft: /^soft bmc/, diag: /^diag bmc/ },
  boots: { power: /^on bmc pxe$/, reset: /^reset bmc pxe$/ },
};

const http: Place = {
  backend: { type: 'http', url: 'http://hook:80/vm', interval: 1 },
  make(world) {
    const machine = bare();
    void world.http.listen({ host: 'hook', port: 80 }, ({ method, body }) => {
      if (method === 'GET')
        return { status: 200, body: JSON.stringify({ power: machine.on ? 'on' : 'off' }) };
      if (machine.broken) return { status: 503, body: 'no hypervisor' };
      const { action, boot } = JSON.parse(body) as { action: string; boot: { device: string } };
      machine.told.push(`${action} ${boot.device}`);
      if (action === 'on') machine.on = true;
      if (action === 'off') machine.on = false;
      return { status: 204 };
    });
    machine.dies = () => void (machine.on = false);
    return machine;
  },
  words: { on: /^on/, off: /^off/, reset: /^reset/, soft: /^soft/, diag: /^diag/ },
  boots: { power: /^on pxe$/, reset: /^reset pxe$/ },
};

const qemu: Place = {
  backend: { type: 'qemu', command: ['qemu', '-m', '64'], qmp: '/qmp' },
  make(world) {
    const machine = bare();
    world.programs.define('qemu', async (args, _options, started) => {
      if (machine.broken) return { code: 1, stderr: 'no such machine' };
      machine.on = true;
      machine.told.push(args.join(' '));
      let monitor: Stream | undefined;
      let end: () => void = () => undefined;
      const ended = new Promise<void>((resolve) => (end = resolve));
      const say = (what: unknown): void =>
        void monitor?.write(new TextEncoder().encode(`${JSON.stringify(what)}\r\n`));
      const server = await world.stream.listen({ path: '/qmp' }, (stream) => {
        monitor = stream;
        say({ QMP: { version: {} } });
        let text = '';
        stream.onData = (bytes) => {
          text += new TextDecoder().decode(bytes);
          const lines = text.split('\n');
          text = lines.pop()!;
          for (const line of lines) {
            const { execute, arguments: given } = JSON.parse(line) as {
              execute: string;
              arguments?: Record<string, string>;
            };
            if (execute !== 'qmp_capabilities') machine.told.push(given ? given['command-line'] : execute);
            say(
              machine.broken && execute !== 'quit'
                ? { error: { class: 'GenericError', desc: 'no' } }
                : { return: {} },
            );
            // What QEMU says of one reset.
            if (execute === 'system_reset')
              for (let i = 0; i < 3; i++)
                say({ event: 'RESET', data: { guest: false, reason: 'host-qmp-system-reset' } });
            if (execute === 'quit') end();
          }
        };
      });
      machine.dies = () => {
        say({ event: 'SHUTDOWN', data: { guest: true } });
        end();
      };
      if (started) started.onKill = end;
      await ended;
      machine.on = false;
      await server.close();
      monitor?.destroy();
      return { code: 0 };
    });
    return machine;
  },
  words: {
    on: /-qmp unix:\/qmp,server=on,wait=off$/,
    off: /^quit$/,
    reset: /^system_reset$/,
    soft: /^system_powerdown$/,
    diag: /^inject-nmi$/,
  },
  boots: { power: /-boot once=n -qmp/, reset: /^boot_set n$/ },
};

const vmProtocol: Place = {
  backend: { type: 'vm-protocol', start: ['vm'] },
  make(world) {
    const machine = bare();
    const codes: Readonly<Record<number, string>> = { 3: 'off', 4: 'reset', 7: 'diag', 9: 'soft' };
    world.programs.define('vm', async (_args, _options, started) => {
      machine.told.push('on');
      if (machine.broken) return { code: 1 };
      machine.on = true;
      let end: () => void = () => undefined;
      const ended = new Promise<void>((resolve) => (end = resolve));
      const vm: VmClient = await connectVm(
        world,
        { path: '/vm.sock' },
        { onOperation: (code) => (machine.told.push(codes[code]), code === 3 ? end() : undefined) },
      );
      machine.dies = end;
      if (started) started.onKill = end;
      await ended;
      machine.on = false;
      vm.close();
      return { code: 0 };
    });
    return machine;
  },
  words: { on: /^on$/, off: /^off$/, reset: /^reset$/, soft: /^soft$/, diag: /^diag$/ },
  tellsFailure: false,
};

const contractOf = ({ make, ...place }: Place): BackendContract<SimWorld> => ({
  ...place,
  world: () => simWorld(11),
  machine: make,
  settings: { interfaces: [{ type: 'vm', listen: '/vm.sock' }] },
});
const bench = (place: Place, power?: 'on' | 'off') => backendBench(contractOf(place), power);

describe.each(Object.entries({ libvirt, command, http, qemu, 'vm-protocol': vmProtocol }))(
  '%s',
  (_name, place) => {
    for (const { name, run } of backendContract(contractOf(place))) test(name, run);
  },
);

test.each([qemu, vmProtocol])(
  'a machine that has no power without its BMC is started by the restore policy, and ends with it',
  async (place) => {
    const { world, machine, bmc } = await bench(place, 'on');
    expect([machine.on, bmc.chassis.isOn]).toEqual([true, true]);
    await world.until(bmc.close());
    await world.run(100);
    expect(machine.on).toBe(false);
  },
);

test('qemu: on, where only the monitor was lost, starts no second process', async () => {
  let monitor: Stream | undefined;
  const { world, machine, bmc, control } = await bench({
    ...qemu,
    make(w) {
      const made = qemu.make(w);
      const connect = w.stream.connect.bind(w.stream);
      w.stream.connect = async (to) => (monitor = await connect(to));
      return made;
    },
  });
  await control('on');
  monitor!.destroy();
  await world.run(100);
  await expect(world.until(Promise.resolve(bmc.chassis.control('diag')))).rejects.toMatchObject({
    cc: CC.NotSupportedInState,
  });
  await control('on');
  await control('diag');
  expect(machine.told.filter((one) => !one.startsWith('inject'))).toHaveLength(1);
  expect(machine.told.at(-1)).toBe('inject-nmi');
});

/** A machine that is kept, and BMCs for it one after the other. */
async function keeping() {
  const kept: Place = { ...qemu, backend: { ...qemu.backend, keep: true } as BackendOptions };
  const { world, machine, bmc } = await bench(kept, 'on');
  const next = async (): Promise<Bmc> => {
    const other = new Bmc({ name: 'node', chassis: { power: 'off', backend: kept.backend } }, { world });
    await world.until(other.open());
    return other;
  };
  return { world, machine, bmc, next };
}

test('A4: a QEMU that is kept goes on without its BMC, whatever the next one believes, and ends when told', async () => {
  const { world, machine, bmc, next } = await keeping();
  await world.until(bmc.close());
  await world.run(5000);
  expect(machine.on).toBe(true);
  const second = await next();
  expect(second.chassis.isOn).toBe(true);
  await world.until(Promise.resolve(second.chassis.control('off')));
  expect([machine.on, second.chassis.isOn]).toEqual([false, false]);
  await world.until(Promise.resolve(second.chassis.control('on')));
  await world.until(second.close());
  const third = await next();
  expect([machine.on, third.chassis.isOn]).toEqual([true, true]);
  machine.dies();
  await world.run(100);
  expect(third.chassis.isOn).toBe(false);
  await world.until(Promise.resolve(third.chassis.control('on')));
  await world.until(third.close({ endMachine: true }));
  await world.run(100);
  expect(machine.on).toBe(false);
});

test('A4: a QEMU that was taken over and only hangs is on, and is worked again when it answers', async () => {
  const { world, machine, bmc, next } = await keeping();
  await world.until(bmc.close());
  const connect = world.stream.connect.bind(world.stream);
  let monitor: Stream | undefined;
  let hangs = false;
  world.stream.connect = async (to) => {
    monitor = await connect(to);
    if (hangs) monitor.destroy();
    return monitor;
  };
  const second = await next();
  hangs = true;
  monitor!.destroy();
  await world.run(20_000);
  expect(second.chassis.isOn).toBe(true);
  // Nor is another one started by whoever begins meanwhile, nor does anybody believe that it was ended.
  const third = await next();
  for (const action of ['on', 'off'] as const)
    await expect(
      (async () => world.until(Promise.resolve(third.chassis.control(action))))(),
    ).rejects.toMatchObject({ cc: CC.NotSupportedInState });
  expect([machine.on, third.chassis.isOn, machine.told.length]).toEqual([true, true, 1]);
  await world.until(third.close());
  hangs = false;
  await world.run(2000);
  await world.until(Promise.resolve(second.chassis.control('diag')));
  expect(machine.told.at(-1)).toBe('inject-nmi');
});

test('A4: a QEMU that is kept and does not start says why, though nobody hears what it writes', async () => {
  const kept: Place = { ...qemu, backend: { ...qemu.backend, keep: true } as BackendOptions };
  const { world, bmc } = await bench({
    ...kept,
    make(w) {
      const made = kept.make(w);
      w.programs.define('qemu', (_args, _options, started) => {
        started?.output('no such machine\n');
        return { code: 1 };
      });
      return made;
    },
  });
  await expect(world.until(Promise.resolve(bmc.chassis.control('on')))).rejects.toMatchObject({
    cc: CC.NotSupportedInState,
    message: expect.stringContaining('no such machine') as unknown,
  });
});

test('vm-protocol without a start command: nobody can switch the machine on; a machine that connects is on, one that stays away is off', async () => {
  const { world, bmc } = await bench({ ...vmProtocol, backend: { type: 'vm-protocol' } }, 'on');
  await world.run(2000);
  expect(bmc.chassis.isOn).toBe(false);
  await expect(world.until(Promise.resolve(bmc.chassis.control('on')))).rejects.toMatchObject({
    cc: CC.NotSupportedInState,
  });
  const codes: number[] = [];
  const vm = await world.until(
    connectVm(world, { path: '/vm.sock' }, { onOperation: (code) => codes.push(code), capabilities: 0x03 }),
  );
  await world.run(100);
  expect(bmc.chassis.isOn).toBe(true);
  expect(() => bmc.chassis.control('soft')).toThrow(expect.objectContaining({ cc: CC.NotSupportedInState }));
  await world.until(Promise.resolve(bmc.chassis.control('cycle')));
  await world.run(100);
  expect([codes, bmc.chassis.isOn]).toEqual([[4], true]);
  vm.monitor.wasReset();
  await world.run(100);
  expect(bmc.chassis.restartCause.cause).toBe(0xa);
  vm.close();
  // Its monitor may connect again.
  await world.run(2000);
  expect(bmc.chassis.isOn).toBe(true);
  await world.run(2000);
  expect(bmc.chassis.isOn).toBe(false);
});

test('a vm interface without a back end: simulated until a machine has connected', async () => {
  const world = simWorld(12);
  const bmc = new Bmc({ interfaces: [{ type: 'vm', listen: '/vm.sock' }] }, { world });
  await world.until(bmc.open());
  await world.run(10_000);
  expect(bmc.chassis.isOn).toBe(true);
  expect([bmc.chassis.control('off'), bmc.chassis.isOn, bmc.chassis.control('on'), bmc.chassis.isOn]).toEqual(
    [undefined, false, undefined, true],
  );
  const vm = await world.until(connectVm(world, { path: '/vm.sock' }));
  await world.run(100);
  vm.close();
  await world.run(4000);
  expect(bmc.chassis.isOn).toBe(false);
});

test('vm-protocol without a vm interface is a mistake in the settings', () => {
  expect(() => new Bmc({ chassis: { backend: { type: 'vm-protocol' } } }, { world: simWorld(1) })).toThrow(
    'needs an interface of type vm',
  );
});

test('libvirt: what it boots once is in its definition no longer than that', async () => {
  const { machine, bootFromNetwork, control } = await bench(libvirt);
  await bootFromNetwork();
  await control('on');
  expect(machine.told.map((one) => one.includes('network'))).toEqual([true, false, false]);
});

test('libvirt: a reset with a boot device is a new start: a domain keeps the definition that it was started with', async () => {
  const { world, machine, bmc, bootFromNetwork, control } = await bench(libvirt);
  await control('on');
  await bootFromNetwork();
  const losses: boolean[] = [];
  bmc.chassis.onPower(({ on }) => losses.push(!on));
  await control('reset');
  await world.run(20_000);
  // Of a definition: whether it boots from the network.
  const told = machine.told.map((line) => line.replace(/ <.*/, ` ${line.includes('network')}`));
  expect(told).toEqual(['start guest', 'destroy guest', 'define true', 'start guest', 'define false']);
  expect([machine.on, bmc.chassis.isOn, losses.includes(true)]).toEqual([true, true, false]);
  await control('reset');
  expect(machine.told.at(-1)).toBe('reset guest');
});

test('libvirt: an answer that was asked for while a reset had it off, and comes when it is on, is no loss of power', async () => {
  const { world, machine, bmc, bootFromNetwork, control } = await bench(libvirt);
  await control('on');
  await bootFromNetwork();
  const run = world.programs.run.bind(world.programs);
  let late = 0;
  world.programs.run = async (command, args, options) => {
    const ran = await run(command, args, options);
    // libvirt tells of it, and whoever looks then has the first answer.
    if (args.includes('destroy')) machine.dies();
    if (ran.stdout.startsWith('shut off') && late++ === 0)
      await new Promise<void>((resolve) => void world.clock.after(3000, () => resolve()));
    return ran;
  };
  const states: boolean[] = [];
  bmc.chassis.onPower(({ on }) => states.push(on));
  await control('reset');
  await world.run(20_000);
  expect([late, states, machine.on, bmc.chassis.isOn]).toEqual([2, [true], true, true]);
});

test('libvirt: a boot order of the domain, or of its devices, gives way to the device asked for', () => {
  expect(bootingFrom("<os>\n  <boot dev='hd'/>\n  <boot dev='network'/>\n</os>", 'network')).toBe(
    "<os>\n<boot dev='network'/><boot dev='hd'/></os>",
  );
  expect(bootingFrom("<os></os><disk><boot order='1'/></disk>", 'cdrom')).toBe(
    "<os><boot dev='cdrom'/></os><disk></disk>",
  );
});

test('command: it may take its time, but not for ever; without a reset it is an off and an on', async () => {
  const backend: BackendOptions = { type: 'command', on: ['slow'], off: ['off'], timeout: 1 };
  const { world, bmc } = await bench({
    ...command,
    backend,
    make: (w) => (w.programs.define('slow', () => new Promise(() => {})), command.make(w)),
  });
  await expect(world.until(Promise.resolve(bmc.chassis.control('on')))).rejects.toMatchObject({
    cc: CC.Timeout,
  });
  const done: string[] = [];
  world.programs.define('slow', () => (done.push('on'), {}));
  world.programs.define('off', () => (done.push('off'), {}));
  await world.until(Promise.resolve(bmc.chassis.control('on')));
  await world.until(Promise.resolve(bmc.chassis.control('reset')));
  expect(done).toEqual(['on', 'off', 'on']);
});
