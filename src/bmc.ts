/**
 * A whole BMC, as a class: settings in, a BMC that answers out.
 *
 *   const bmc = new Bmc({ name: 'node-1', interfaces: [{ type: 'lan', listen: '127.0.0.1:6230' }] });
 *   await bmc.open();
 *   await bmc.close();
 *
 * The settings are those of a config file (docs/config.md); what is at hand besides them (world, log,
 * journal) comes second.
 */
import { makePower } from './assembly/backends.ts';
import { bootsAtStart } from './assembly/firmware.ts';
import { BmcClock } from './assembly/bmc-clock.ts';
import { tellOfActs } from './assembly/audit-lines.ts';
import { connectState } from './reactions/connections.ts';
import {
  makeLogIns,
  makeRouter,
  makeSel,
  makeSensors,
  outsideOf,
  satellitePlace,
  setupOf,
} from './assembly/pieces.ts';
import { makeSockets, type Socket } from './assembly/sockets.ts';
import { darknessOf, liveSettings, sessionLimitsOf } from './assembly/live.ts';
import { makePayloads } from './assembly/sol.ts';
import { Templates } from './assembly/templates.ts';
import { recall, type Left } from './assembly/sleep.ts';
import { Busses, satelliteSettings, sensorRecords } from './assembly/satellites.ts';
import { tellOfBoot } from './reactions/machine-events.ts';
import { openingFor, settingAt } from './settings/errors.ts';
import { firewallRules } from './config/firewall.ts';
import { channelsOf } from './config/channels.ts';
import { complete } from './config/complete.ts';
import type { BmcOptions, InterfaceOptions } from './config/options.ts';
import { chassisOf, dangersOf, identityOf, lanSettingsOf, newDangers } from './config/platform.ts';
import { sdrTimeOf } from './config/sdr-file.ts';
import { Faults } from './faults/index.ts';
import { IcmbNetwork } from './interfaces/index.ts';
import type { Power } from './kinds/backends/index.ts';
import { plugConsole } from './kinds/consoles/index.ts';
import { OUR_KINDS, type Kinds } from './config/kinds.ts';
import { addressKey, makeInterface, type MadeInterface } from './kinds/interfaces/index.ts';
import type { Attachment, Interface, Router } from './router/index.ts';
import { countersOf, Taps, type CounterGroup } from './taps/index.ts';
import type { BmcState, Part } from './bmc-state.ts';
import { LateParts } from './assembly/late-parts.ts';
import { parts, storedParts } from './assembly/parts.ts';
import { BmcTime } from './state/app/bmc-time.ts';
import { Bridge } from './services/bridging/bridge.ts';
import { Channels } from './state/app/channels.ts';
import { Chassis } from './machine/chassis/chassis.ts';
import { Console } from './machine/serial-port/console.ts';
import { Events } from './state/log/events.ts';
import { Firewall } from './state/app/firewall.ts';
import { FruInventory } from './state/storage/fru.ts';
import { Identity } from './state/app/identity.ts';
import { LanParameters } from './state/parameters/lan-parameters.ts';
import { Life, type ResetKind } from './state/app/life.ts';
import { MessageBuffers } from './state/app/message-buffers.ts';
import type { Payloads } from './services/payloads/payloads.ts';
import { SdrRepository } from './state/storage/sdr.ts';
import type { Sel } from './state/log/sel.ts';
import type { Sensors } from './machine/sensors/sensors.ts';
import { Sessions } from './state/app/sessions.ts';
import { silent, type Setup } from './state/setup.ts';
import type { LogIns } from './state/app/log-ins.ts';
import { Drops } from './state/app/drops.ts';
import { Users } from './state/app/users.ts';
import { toldAtEnd, unwaited } from './state/store.ts';
import { worldWith } from './world/folder.ts';
import type { World } from './world/world.ts';
import type { BmcSurroundings, InterfaceInfo } from './assembly/surroundings.ts';

export * from './assembly/exports.ts';

/**
 * A whole BMC: state, router and interfaces. Everything it owns lies in it, so that thousands live in one
 * process.
 */
export class Bmc extends LateParts implements BmcState {
  readonly name: string;
  readonly router: Router<BmcState>;
  /** Traces, counters, captures: `bmc.taps.add({ message, answer })` returns its undoing. */
  readonly taps: Taps<BmcState>;
  /** What goes wrong on purpose: `bmc.faults.add({ then: { loss: '5%' } })` returns its undoing. */
  readonly faults = new Faults(this);
  /** Its time, which can be advanced where it is virtual: `await bmc.clock.advance('10m')`. */
  readonly clock: BmcClock;
  readonly setup: Setup;
  readonly firewall: Firewall;
  readonly time: BmcTime;
  readonly identity: Identity;
  readonly chassis: Chassis;
  readonly events: Events;
  readonly sel: Sel;
  readonly sdr: SdrRepository;
  readonly sensors: Sensors;
  readonly fru: FruInventory;
  readonly users: Users;
  readonly channels: Channels;
  readonly sessions: Sessions;
  readonly logIns: LogIns;
  readonly drops = new Drops();
  readonly lan: LanParameters;
  readonly console = new Console();
  readonly payloads: Payloads;
  readonly messages: MessageBuffers;
  readonly bridge = new Bridge();
  /** Controllers on this one's busses. */
  readonly satellites: readonly Bmc[];
  readonly life: Life;
  readonly #locator: { readonly record: Uint8Array };
  readonly #world: World;
  #options: BmcOptions;
  readonly #kinds: Kinds;
  readonly #templates: Templates;
  readonly #firmwareDirectory: string | undefined;
  readonly #busses: Busses;
  readonly #icmbNetwork: IcmbNetwork;
  #opened: readonly (MadeInterface & { readonly type: InterfaceOptions['type'] })[] = [];
  readonly #power: Power;
  #sockets: Socket[] = [];

  /** Throws SettingsError for settings that contradict each other. */
  constructor(settings: BmcOptions = {}, surroundings: BmcSurroundings = {}) {
    super();
    const { kinds = OUR_KINDS, templates = new Templates(), firmwareDirectory, uplink, icmb } = surroundings;
    const options = complete(settings, kinds);
    const outside = outsideOf(surroundings);
    this.clock = new BmcClock(outside.clock, options.clock);
    const world = worldWith(outside, { clock: this.clock.clock, udp: this.faults.over(outside.udp) });
    this.#options = options;
    this.#kinds = kinds;
    this.#templates = templates;
    this.#world = world;
    this.#firmwareDirectory = firmwareDirectory;
    this.#busses = new Busses(options, world, uplink);
    this.#icmbNetwork = icmb ?? new IcmbNetwork(world);
    this.name = options.name ?? 'bmc';
    const setup = setupOf(this.name, world, surroundings);
    this.setup = setup;
    this.messages = new MessageBuffers(setup);
    this.life = new Life(setup, darknessOf(options));
    this.time = new BmcTime(setup);
    this.identity = new Identity(setup, identityOf(options, uplink));

    this.router = makeRouter(this, templates.handlers(options), uplink);
    this.taps = new Taps({ router: this.router, drops: this.drops, log: setup.log });
    this.firewall = new Firewall(setup, firewallRules(options));
    this.router.policy = this.firewall;

    this.channels = new Channels(setup, channelsOf(options, kinds));
    this.users = new Users(setup, templates.users(options));
    this.sessions = new Sessions(setup, sessionLimitsOf(options));
    this.lan = new LanParameters(setup, this.channels, lanSettingsOf(options));
    this.logIns = makeLogIns(this);
    this.payloads = makePayloads(this, options);

    const sensorKinds = templates.sensors(options, kinds);
    this.sel = makeSel(this, options, sensorKinds);
    this.events = new Events(setup, this.sel, this.messages);
    this.sensors = makeSensors(this, options, sensorKinds, world);
    this.satellites = (options.satellites ?? []).map((satellite, i) => {
      const place = satellitePlace(satellite, this.#busses, surroundings);
      return settingAt(
        ['satellites', i],
        () => new Bmc(satelliteSettings(this.name, satellite), { ...place, world, templates, kinds }),
      );
    });
    const { initial, locator, own } = templates.records(options, uplink, this.sensors.areUnchanged, () =>
      [this, ...this.satellites].flatMap(sensorRecords),
    );
    this.#locator = locator;
    this.sdr = new SdrRepository(setup, this.time, { initial, own, time: sdrTimeOf(options) });
    this.fru = new FruInventory(setup, templates.frus(options));

    const { power } = surroundings;
    this.#power = power ? { backend: power } : makePower(options, this, world, setup.log, kinds);
    this.chassis = new Chassis(setup, { ...chassisOf(options), backend: this.#power.backend });
    this.#begin(surroundings);
  }

  /** All of it is there: what it is told from now on is heard, and what was stored or set acts. */
  #begin({ log = silent, asleep }: BmcSurroundings): void {
    const options = this.#options;
    // Settings that nothing asks for yet are wrong now.
    this.#templates.pef(options);
    this.#templates.components(options);
    if (!asleep && bootsAtStart(options, this.#firmwareDirectory)) this.part('update');
    connectState(this, { ...options.chassis, clearEvent: options.sel?.clearEvent });
    for (const part of storedParts((store) => this.setup.holds(store))) this.part(part);
    if (log !== silent) tellOfActs(this);
    const left = asleep?.left;
    if (left === undefined && this.sel.count === 0 && this.chassis.isOn && (options.sel?.bootEvents ?? true))
      tellOfBoot(this);
    settingAt(['faults'], () => this.faults.begin(options.faults));
    if (left) recall(this, left);
  }

  get locator(): Uint8Array {
    return this.#locator.record;
  }

  protected get hasUpdates(): boolean {
    return this.#options.firmware !== undefined;
  }

  protected part<P extends Part>(part: P): BmcState[P] {
    const surroundings = {
      options: this.#options,
      templates: this.#templates,
      world: this.#world,
      directory: this.#firmwareDirectory,
      restart: () => {
        this.life.startsFirmware = true;
        this.reset('cold');
      },
    };
    const built: BmcState[P] = parts[part].make(this, surroundings);
    Object.assign(this.built, { [part]: built });
    return built;
  }

  /**
   * What interfaces, log-ins, dropped datagrams and sockets of handlers have counted, each number with what
   * it is; satellites have their own.
   */
  get counters(): CounterGroup[] {
    const others = this.#sockets.flatMap(({ counters }) => counters?.() ?? []);
    return countersOf({ router: this.router, drops: this.drops, logIns: this.logIns, others });
  }

  /** Opens every interface. Rejects, with all of them closed again, if one cannot be had (a port in use). */
  async open(): Promise<void> {
    for (const danger of dangersOf(this.#options, this.#kinds))
      this.setup.log.warn(`${this.name}: ${danger}`);
    await this.identity.keepGuids();
    try {
      await openingFor(['firmware'], () => this.built.update?.open());
      for (const [i, options] of (this.#options.interfaces ?? []).entries()) {
        const opened = this.#interface(options, i);
        await openingFor(['interfaces', i, ...addressKey(options)], () => this.attach(opened.interface));
        this.#opened = this.#opened.concat({
          type: options.type,
          interface: opened.interface,
          address: opened.address,
        });
      }
      for (const [i, satellite] of this.satellites.entries())
        await openingFor(['satellites', i], () => satellite.open());
      this.#sockets = makeSockets(this, this.#options, this.#world);
      for (const socket of this.#sockets) await openingFor(socket.setting, () => socket.open());
      await this.chassis.open();
      // Of what was never processed, nothing is left to do.
      this.built.pef?.resume();
      await openingFor(['sol', 'console'], () => this.#plug());
      this.sensors.start();
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  #interface(options: InterfaceOptions, i: number): MadeInterface {
    const { machine } = this.#power;
    const surroundings = {
      bmc: this,
      world: this.#world,
      busses: this.#busses,
      icmb: this.#icmbNetwork,
      machine,
    };
    return settingAt(['interfaces', i], () => makeInterface(options, surroundings, this.#kinds.interfaces));
  }

  #plug(): Promise<void> {
    const surroundings = { bmc: this, name: this.name, world: this.#world };
    return plugConsole(
      this.#options.sol?.console ?? { type: 'simulated' },
      surroundings,
      this.#kinds.consoles,
    );
  }

  /**
   * In place of `open`, for one that is made of what a fleet has kept of it (`asleep`): at once, on what is
   * bound already.
   */
  wake(left: Left | undefined): void {
    for (const [i, options] of (this.#options.interfaces ?? []).entries()) {
      const opened = this.#interface(options, i);
      const attachment = this.router.resume(opened.interface);
      Object.assign(attachment.counters, left?.counted[i]);
      this.#opened = this.#opened.concat({
        type: options.type,
        interface: opened.interface,
        address: opened.address,
      });
    }
    unwaited(this.#plug(), this.setup.log, 'console');
    if (left) this.sensors.resume();
    else this.sensors.start();
  }

  /**
   * Takes settings that differ from its own in none but the `liveSettings` (assembly/live.ts), and goes on;
   * those of another difference are for a BMC that is made anew. Throws SettingsError, having taken nothing.
   */
  adjust(settings: BmcOptions): void {
    const options = complete(settings, this.#kinds);
    this.#templates.users(options);
    for (const danger of newDangers(this.#options, options, this.#kinds))
      this.setup.log.warn(`${this.name}: ${danger}`);
    this.#options = options;
    for (const take of Object.values(liveSettings)) take(this, options, this.#templates);
  }

  /** Connects one more interface to the router; it is closed with the BMC. */
  async attach(way: Interface<BmcState>): Promise<Attachment<BmcState>> {
    const attachment = await this.router.attach(way);
    way.attention?.(this.messages.attention);
    return attachment;
  }

  /**
   * Lets running requests finish, ends all sessions and closes every interface. `endMachine`: a machine that
   * its back end keeps (`keep`) ends too.
   */
  async close({ endMachine = false }: { readonly endMachine?: boolean } = {}): Promise<void> {
    this.life.stop();
    this.faults.close();
    this.built.dcmi?.stop();
    this.sensors.stop();
    this.built.pef?.stop();
    await Promise.all(this.satellites.map((satellite) => satellite.close()));
    await Promise.all(
      [...this.router.attachments].map((attachment) => attachment.detached ?? attachment.detach()),
    );
    this.#opened = [];
    await Promise.all(this.#sockets.splice(0).map((socket) => socket.close()));
    this.sessions.closeAll('reset');
    await this.built.update?.close();
    await this.console.unplug();
    await this.chassis
      .stop(endMachine)
      ?.catch((error: unknown) => toldAtEnd(error, this.setup.log, `${this.name}: power-on hours`));
  }

  /** What listens, with real ports and paths: the ready line. */
  get interfaces(): InterfaceInfo[] {
    const bmc = this.name;
    return [
      ...this.#opened.map(({ type, interface: way, address }) => ({
        bmc,
        type,
        channel: way.channel.number,
        address: address(),
      })),
      ...this.#sockets.map(({ type, address }) => ({ bmc, type, address: address() })),
    ];
  }

  /**
   * Warm or cold, as the commands and `ipmitool mc reset` do it; a cold one is silent for `reset.dark`
   * seconds.
   */
  reset(kind: ResetKind): void {
    // Who asked for it by a command has a line (assembly/audit-lines.ts).
    this.setup.log.debug(`${kind} reset`);
    this.life.reset(kind);
  }
}
