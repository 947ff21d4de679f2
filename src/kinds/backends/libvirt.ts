import { CC, IpmiError } from '../../codec/index.ts';
import type { MachineReports, PowerAction, PowerBackend } from '../../machine/chassis/machine.ts';
import type { Program, Timer } from '../../world/world.ts';
import {
  firstLineOf,
  Poll,
  seconds,
  type BackendKind,
  type BackendSurroundings,
  type BootDevice,
} from './backend.ts';
import type { Zod } from '../../settings/texts.ts';
import type { Settings } from '../kind.ts';
import { milliseconds } from '../../settings/durations.ts';

const schema = (zod: Zod) =>
  zod.strictObject({
    type: zod.literal('libvirt'),
    /** Name, id or UUID. */
    domain: zod.string().min(1),
    /** Connection URI. Default: virsh's own. */
    connect: zod.string().optional(),
    /** Default `virsh`. */
    virsh: zod.string().optional(),
    /** Seconds for one command. Default 15. */
    timeout: seconds(zod),
    /** Seconds between two looks at the domain's state, besides libvirt's events. Default 10. */
    interval: seconds(zod),
  });

export type LibvirtBackendOptions = Settings<typeof schema>;

const COMMANDS: Readonly<Record<Exclude<PowerAction, 'cycle'>, string>> = {
  on: 'start',
  off: 'destroy',
  reset: 'reset',
  soft: 'shutdown',
  diag: 'inject-nmi',
};
/** What `domstate` prints for a domain that runs, or waits to run on. */
const ON = /^(running|idle|paused|in shutdown|pmsuspended)/;
/** `<boot dev>` of libvirt's domain XML. */
const BOOT: Readonly<Partial<Record<BootDevice, string>>> = {
  pxe: 'network',
  disk: 'hd',
  safe: 'hd',
  cdrom: 'cdrom',
  floppy: 'fd',
};
/** Milliseconds in which a reboot that libvirt tells of is taken for our own reset. */
const OWN_RESET = 5000;
const LISTEN_AGAIN = 5000;

/** A libvirt domain, worked by `virsh`; its own life is followed by `virsh event`. */
export class LibvirtBackend implements PowerBackend {
  readonly #options: Omit<LibvirtBackendOptions, 'type'>;
  readonly #surroundings: BackendSurroundings;
  #reports: MachineReports | undefined;
  #poll: Poll | undefined;
  #events: Program | undefined;
  #again: Timer | undefined;
  #resetAt = -Infinity;
  /** How often it was started anew: it was off for a moment, which is no change of its power. */
  #restarts = 0;
  #closed = false;

  constructor(options: Omit<LibvirtBackendOptions, 'type'>, surroundings: BackendSurroundings) {
    this.#options = options;
    this.#surroundings = surroundings;
  }

  async power(action: PowerAction): Promise<void> {
    if (action === 'cycle') throw new Error('a cycle is an off and an on');
    if (action === 'on') return this.#start();
    if (action === 'reset') {
      if (BOOT[this.#surroundings.boot().device] !== undefined && (await this.#isOn()))
        return this.#restart();
      this.#resetAt = this.#surroundings.world.clock.monotonic();
    }
    try {
      await this.#virsh([COMMANDS[action], this.#options.domain]);
    } catch (error) {
      if (action !== 'off' || (await this.#isOn())) throw error;
    }
  }

  async watch(reports: MachineReports): Promise<void> {
    this.#reports = reports;
    this.#poll = new Poll(this.#surroundings.world.clock, this.#options.interval ?? 10, () => this.#look());
    await this.#poll.start();
    void this.#listen();
  }

  close(): Promise<void> {
    this.#closed = true;
    this.#poll?.stop();
    this.#again?.cancel();
    this.#events?.kill();
    return Promise.resolve();
  }

  /** A domain that is only reset boots by the definition that it was started with. */
  async #restart(): Promise<void> {
    try {
      await this.#virsh([COMMANDS.off, this.#options.domain]);
      await this.#start();
    } finally {
      this.#restarts++;
      // Of what is reported meanwhile the chassis takes the last.
      await this.#look();
    }
  }

  /** Starts the domain; what it boots once is in its definition only while it starts. */
  async #start(): Promise<void> {
    const { domain } = this.#options;
    if (await this.#isOn()) return;
    const { device, persistent } = this.#surroundings.boot();
    const boot = BOOT[device];
    const before =
      boot === undefined
        ? undefined
        : await this.#virsh(['dumpxml', domain, '--inactive', '--security-info']);
    if (before !== undefined) await this.#define(bootingFrom(before, boot!));
    try {
      await this.#virsh(['start', domain]);
    } finally {
      if (before !== undefined && !persistent) await this.#define(before);
    }
  }

  /**
   * virsh takes a file; what Node gives a program as input is a socket, which has no name to open, so that
   * `cat` makes a pipe of it.
   */
  async #define(xml: string): Promise<void> {
    await this.#virsh(['define', '/dev/stdin'], xml);
  }

  async #isOn(): Promise<boolean> {
    return ON.test((await this.#virsh(['domstate', this.#options.domain])).trim());
  }

  async #look(): Promise<void> {
    const restarts = this.#restarts;
    try {
      const on = await this.#isOn();
      // What was asked while it was off may be answered when it is on again.
      if (!this.#closed && this.#restarts === restarts) this.#reports?.power(on);
    } catch (error) {
      this.#surroundings.log.warn(`${this.#surroundings.name}: libvirt: ${(error as Error).message}`);
    }
  }

  /** Follows the domain; when libvirt goes away, tries again. */
  async #listen(): Promise<void> {
    const { programs, clock } = this.#surroundings.world;
    const again = (): void => {
      if (this.#closed) return;
      this.#again = clock.after(LISTEN_AGAIN, () => void this.#listen());
    };
    try {
      const { program, args } = this.#line(['event', '--domain', this.#options.domain, '--all', '--loop']);
      const events = await programs.start(program, args);
      this.#events = events;
      events.onOutput = (text) => this.#heard(text);
      events.onExit = again;
      if (this.#closed) events.kill();
    } catch (error) {
      this.#surroundings.log.warn(`${this.#surroundings.name}: libvirt events: ${(error as Error).message}`);
      again();
    }
  }

  #heard(text: string): void {
    if (/event 'lifecycle'/.test(text)) void this.#look();
    if (/event 'reboot'/.test(text) && this.#surroundings.world.clock.monotonic() - this.#resetAt > OWN_RESET)
      this.#reports?.reset();
  }

  async #virsh(words: readonly string[], input?: string): Promise<string> {
    const line = this.#line(words);
    const { program, args } =
      input === undefined
        ? line
        : { program: '/bin/sh', args: ['-c', 'cat | "$@"', 'sh', line.program, ...line.args] };
    const timeout = milliseconds(this.#options.timeout ?? 15);
    const { code, stdout, stderr } = await this.#surroundings.world.programs.run(program, args, {
      input,
      timeout,
      env: { LC_ALL: 'C' },
    });
    if (code === null) throw new IpmiError(CC.Timeout, `virsh ${words[0]} took too long`);
    if (code !== 0) throw new Error(`virsh ${words[0]}: ${firstLineOf(stderr) || `exit code ${code}`}`);
    return stdout;
  }

  #line(words: readonly string[]): { program: string; args: string[] } {
    const { virsh = 'virsh', connect } = this.#options;
    return { program: virsh, args: [...(connect === undefined ? [] : ['--connect', connect]), ...words] };
  }
}

/**
 * A domain's XML with `device` first in its boot order. Orders of single devices exclude the domain's own,
 * and go.
 */
export function bootingFrom(xml: string, device: string): string {
  const others = [...xml.matchAll(/<boot dev=['"](\w+)['"]\s*\/>/g)]
    .map(([, dev]) => dev)
    .filter((dev) => dev !== device);
  const order = [device, ...others].map((dev) => `<boot dev='${dev}'/>`).join('');
  return xml
    .replace(/\s*<boot dev=['"]\w+['"]\s*\/>/g, '')
    .replace(/\s*<boot order=['"]\d+['"][^>]*\/>/g, '')
    .replace(/<\/os>/, `${order}</os>`);
}

export const libvirt: BackendKind<LibvirtBackendOptions> = {
  type: 'libvirt',
  schema,
  make: (options, surroundings) => ({ backend: new LibvirtBackend(options, surroundings) }),
};
