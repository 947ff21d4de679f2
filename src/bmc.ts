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
import { makeSockets, type Socket } from './assembly/sockets.ts';
import { darknessOf, liveSettings, sensorIntervalOf, sessionLimitsOf } from './assembly/live.ts';
import { makePayloads } from './assembly/sol.ts';
import { Templates } from './assembly/templates.ts';
import { recall, type Left } from './assembly/sleep.ts';
import { Busses, satelliteSettings, sensorRecords } from './assembly/satellites.ts';
import { forgetVolatile } from './reactions/reset.ts';
import { tellOfBoot } from './reactions/machine-events.ts';
import { CC } from './codec/index.ts';
import { openingFor, settingAt } from './settings/errors.ts';
import { firewallRules } from './config/firewall.ts';
import { historyOf } from './config/history.ts';
import { channelsOf } from './config/channels.ts';
import { complete } from './config/complete.ts';
import type { BmcOptions, InterfaceOptions } from './config/options.ts';
import { chassisOf, dangersOf, identityOf, lanSettingsOf } from './config/platform.ts';
import { sdrTimeOf } from './config/sdr-file.ts';
import { satelliteStandard, standard } from './handlers/standard.ts';
import { Faults } from './faults/index.ts';
import { IcmbNetwork } from './interfaces/index.ts';
import type { Power } from './kinds/backends/index.ts';
import { plugConsole } from './kinds/consoles/index.ts';
import { OUR_KINDS, type Kinds } from './config/kinds.ts';
import { addressKey, makeInterface, type MadeInterface } from './kinds/interfaces/index.ts';
import { Router, type Attachment, type Interface } from './router/index.ts';
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
import { Life, type ResetKind, type ResetPhase } from './state/app/life.ts';
import { MessageBuffers } from './state/app/message-buffers.ts';
import type { Payloads } from './services/payloads/payloads.ts';
import { SdrRepository } from './state/storage/sdr.ts';
import { Sel } from './state/log/sel.ts';
import { Sensors } from './machine/sensors/sensors.ts';
import { Sessions } from './state/app/sessions.ts';
import { namedLog, Setup, silent } from './state/setup.ts';
import { LogIns } from './state/app/log-ins.ts';
import { Drops } from './state/app/drops.ts';
import { Users } from './state/app/users.ts';
import { unwaited } from './state/store.ts';
import { worldIn, worldWith } from './world/folder.ts';
import type { World } from './world/world.ts';
import { nodeWorld } from './world/node.ts';
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
  readonly locator: Uint8Array;
  readonly fru: FruInventory;
  readonly users: Users;
  readonly channels: Channels;
  readonly sessions: Sessions;
  readonly logIns: LogIns;
  readonly drops = new Drops();
  readonly lan: LanParameters;
  readonly console = new Console();
  readonly payloads: Payloads;
  readonly messages = new MessageBuffers();
  readonly bridge = new Bridge();
  /** Controllers on this one's busses. */
  readonly satellites: readonly Bmc[];
  readonly life: Life;
  readonly #world: World;
  #options: BmcOptions;
  readonly #kinds: Kinds;
  readonly #templates: Templates;
  readonly #firmwareDirectory: string | undefined;
  readonly #busses: Busses;
  readonly #icmbNetwork: IcmbNetwork;
  readonly #made: (MadeInterface & { readonly type: InterfaceOptions['type'] })[] = [];
  /** The next reset starts firmware that was just activated. */
  #newFirmware = false;
  readonly #power: Power;
  #sockets: Socket[] = [];

  /** Throws SettingsError for settings that contradict each other. */
  constructor(
    given: BmcOptions = {},
    {
      log: said = silent,
      world: outside = nodeWorld({ trouble: (where, error) => said.error(where, error) }),
      folder,
      journal,
      stores,
      kinds = OUR_KINDS,
      power,
      firmwareDirectory,
      uplink,
      icmb,
      templates = new Templates(),
      asleep,
    }: BmcSurroundings = {},
  ) {
    super();
    const options = complete(given, kinds);
    const around = folder === undefined ? outside : worldIn(folder, outside);
    this.clock = new BmcClock(around.clock, options.clock);
    const world = worldWith(around, { clock: this.clock.clock, udp: this.faults.over(around.udp) });
    this.#options = options;
    this.#kinds = kinds;
    this.#templates = templates;
    this.#world = world;
    this.#busses = new Busses(options, world, uplink);
    this.#icmbNetwork = icmb ?? new IcmbNetwork(world);
    this.name = options.name ?? 'bmc';
    const log = said === silent ? silent : namedLog(said, this.name);
    const { left, began } = asleep ?? {};
    const kept = left?.records ?? journal;
    const setup = new Setup(world.clock, world.random, log, kept, stores, began?.monotonic);
    this.setup = setup;
    this.life = new Life(setup, darknessOf(options));
    this.time = new BmcTime(setup);
    this.identity = new Identity(setup, identityOf(options, uplink));
    this.router = new Router<BmcState>({
      standard: uplink ? satelliteStandard : standard,
      preset: templates.handlers(options),
      clock: world.clock,
      log,
      manufacturer: this.identity.manufacturerId,
      tell: (owner, what, claims) =>
        setup.happened.tell({ kind: 'handler', text: `${owner} is ${what}`, fields: { owner, claims } }),
    });
    this.taps = new Taps({ router: this.router, drops: this.drops, log });
    this.firewall = new Firewall(setup, firewallRules(options));
    this.router.policy = this.firewall;
    this.router.sensorsAt = (lun) => this.sensors.count(lun) > 0;
    this.channels = new Channels(setup, channelsOf(options, kinds));
    this.users = new Users(setup, templates.users(options));
    this.sessions = new Sessions(setup, sessionLimitsOf(options));
    this.lan = new LanParameters(setup, this.channels, lanSettingsOf(options));
    this.logIns = new LogIns(setup, this.users, this.channels, this.sessions, (channel) =>
      this.lan.badPasswordRule(channel),
    );
    this.payloads = makePayloads(this, options);
    const sensorKinds = templates.sensors(options, kinds);
    this.sel = new Sel(setup, this.time, {
      capacity: options.sel?.capacity,
      history: historyOf(
        options,
        sensorKinds.all.map(({ declaration }) => declaration),
      ),
    });
    this.events = new Events(setup, this.sel, this.messages);
    this.sensors = new Sensors(
      setup,
      this.events,
      sensorKinds,
      this.identity.address,
      { world, log },
      sensorIntervalOf(options),
    );
    this.satellites = (options.satellites ?? []).map((one, i) => {
      const { address, channel = 0 } = one;
      const name = `${address.toString(16)}h`;
      const uplink = { bus: this.#busses.on(channel), address, channel, entity: one.entity };
      const around = { world, log: said, journal: journal?.satellite(name), uplink, templates, kinds };
      return settingAt(['satellites', i], () => new Bmc(satelliteSettings(this.name, one), around));
    });
    const {
      given: sdrs,
      locator,
      own,
    } = templates.records(options, uplink, this.sensors.areUnchanged, () =>
      [this, ...this.satellites].flatMap(sensorRecords),
    );
    this.locator = locator;
    this.sdr = new SdrRepository(setup, this.time, {
      given: sdrs,
      own,
      time: sdrTimeOf(options),
    });
    this.fru = new FruInventory(setup, templates.frus(options));
    this.#power = power ? { backend: power } : makePower(options, this, world, log, kinds);
    this.chassis = new Chassis(setup, { ...chassisOf(options), backend: this.#power.backend });
    templates.pef(options);
    templates.components(options);
    this.#firmwareDirectory = firmwareDirectory;
    if (!asleep && bootsAtStart(options, firmwareDirectory)) this.part('update');
    connectState(this, { ...options.chassis, clearEvent: options.sel?.clearEvent });
    for (const part of storedParts((store) => setup.holds(store))) this.part(part);
    if (said !== silent) tellOfActs(this);
    this.life.onReset((phase, kind) => this.#onReset(phase, kind));
    if (left === undefined && this.sel.count === 0 && this.chassis.isOn && (options.sel?.bootEvents ?? true))
      tellOfBoot(this);
    settingAt(['faults'], () => this.faults.begin(options.faults));
    if (left) recall(this, left);
  }

  protected get hasUpdates(): boolean {
    return this.#options.firmware !== undefined;
  }

  protected part<P extends Part>(part: P): BmcState[P] {
    const around = {
      options: this.#options,
      templates: this.#templates,
      world: this.#world,
      directory: this.#firmwareDirectory,
      restart: () => {
        this.#newFirmware = true;
        this.reset('cold');
      },
    };
    const made: BmcState[P] = parts[part].make(this, around);
    Object.assign(this.built, { [part]: made });
    return made;
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
        const made = this.#interface(options, i);
        await openingFor(['interfaces', i, ...addressKey(options)], () => this.attach(made.one));
        this.#made.push({ type: options.type, ...made });
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
    const around = { bmc: this, world: this.#world, busses: this.#busses, icmb: this.#icmbNetwork, machine };
    return settingAt(['interfaces', i], () => makeInterface(options, around, this.#kinds.interfaces));
  }

  #plug(): Promise<void> {
    const around = { bmc: this, name: this.name, world: this.#world };
    return plugConsole(this.#options.sol?.console ?? { type: 'simulated' }, around, this.#kinds.consoles);
  }

  /**
   * In place of `open`, for one that is made of what a fleet has kept of it (`asleep`): at once, on what is
   * bound already.
   */
  wake(left: Left | undefined): void {
    for (const [i, options] of (this.#options.interfaces ?? []).entries()) {
      const made = this.#interface(options, i);
      const attachment = this.router.resume(made.one);
      Object.assign(attachment.counters, left?.counted[i]);
      this.#made.push({ type: options.type, ...made });
    }
    unwaited(this.#plug(), this.setup.log, 'console');
    if (left) this.sensors.resume();
    else this.sensors.start();
  }

  /**
   * Takes settings that differ from its own in no other keys than `sessions`, `reset` and `sensorInterval`,
   * and goes on; those of another difference are for a BMC that is made anew.
   */
  adjust(given: BmcOptions): void {
    this.#options = complete(given, this.#kinds);
    for (const take of Object.values(liveSettings)) take(this, this.#options);
  }

  /** Connects one more interface to the router; it is closed with the BMC. */
  async attach(one: Interface<BmcState>): Promise<Attachment<BmcState>> {
    const attachment = await this.router.attach(one);
    one.attention?.(this.messages.attention);
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
    this.#made.length = 0;
    await Promise.all(this.#sockets.splice(0).map((socket) => socket.close()));
    this.sessions.closeAll('reset');
    await this.built.update?.close();
    await this.console.unplug();
    await this.chassis
      .stop(endMachine)
      ?.catch((error: unknown) => this.setup.log.error(`${this.name}: power-on hours`, error));
  }

  /** What listens, with real ports and paths: the ready line. */
  get interfaces(): InterfaceInfo[] {
    const bmc = this.name;
    return [
      ...this.#made.map(({ type, one, address }) => ({
        bmc,
        type,
        channel: one.channel.number,
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

  #onReset(phase: ResetPhase, kind: ResetKind): void {
    if (phase === 'up') {
      // A fault may hide it still.
      this.router.suspended = this.life.dark ? CC.InitializationInProgress : undefined;
      return;
    }
    forgetVolatile(this, kind);
    if (kind === 'warm') return;
    this.built.blobs?.kill();
    this.built.update?.kill('the BMC was reset');
    // A host's ipmitool that waits for its new firmware asks again after C0h, and gives up at D2h.
    this.router.suspended = this.#newFirmware ? CC.NodeBusy : CC.InitializationInProgress;
    this.#newFirmware = false;
  }
}
