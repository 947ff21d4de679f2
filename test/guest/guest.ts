// A Linux guest in QEMU whose system interface is a BMC at a Unix socket.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { guestFiles } from './build.ts';

export type GuestInterface = 'bt' | 'kcs' | 'ssif';

export interface GuestOptions {
  /** More initramfs archives, unpacked over the guest's own. */
  readonly initrd?: string;
}

const DEVICES: Readonly<Record<GuestInterface, string>> = {
  bt: 'isa-ipmi-bt,bmc=bmc0',
  kcs: 'isa-ipmi-kcs,bmc=bmc0',
  ssif: 'smbus-ipmi,bmc=bmc0,address=0x10',
};

/**
 * QEMU's arguments for a guest behind the BMC at `socket`, a path or host:port; its serial ports come after
 * these.
 */
export function guestArguments(one: GuestInterface, socket: string, { initrd }: GuestOptions = {}): string[] {
  const files = guestFiles();
  const words = [
    '-accel tcg -M q35 -cpu max -m 256 -nodefaults -no-user-config -display none',
    `-device ipmi-bmc-extern,id=bmc0,chardev=bmc -device ${DEVICES[one]}`,
  ];
  const kernel = `console=ttyS0 quiet loglevel=4 panic=-1 mitigations=off audit=0 random.trust_cpu=on interface=${one}`;
  return [
    '-chardev',
    `socket,id=bmc,${socket.includes('/') ? `path=${socket}` : socket.replace(/^(.*):/, 'host=$1,port=')},reconnect=1`,
    ...words.join(' ').split(' '),
    '-kernel',
    files.kernel,
    '-initrd',
    initrd ?? files.initrd,
    '-append',
    kernel,
  ];
}

export class Guest {
  /** What QEMU has told so far, by name; BOOT stands for the guest's own report. */
  readonly events: string[] = [];
  readonly #child: ChildProcess;
  readonly #folder: string;
  #text = '';
  #waiting: (() => void)[] = [];
  #answers: { readonly code: number; readonly out: string }[] = [];
  #lines: string[] = [];

  private constructor(one: GuestInterface, socket: string, options: GuestOptions) {
    this.#folder = mkdtempSync(join(tmpdir(), 'guest-'));
    const args = [
      ...guestArguments(one, socket, options),
      '-serial',
      `file:${this.#consoleFile}`,
      '-serial',
      'stdio',
    ];
    this.#child = spawn(
      'qemu-system-x86_64',
      [...args, '-qmp', `unix:${join(this.#folder, 'qmp')},server=on,wait=off`],
      {
        stdio: ['pipe', 'pipe', 'inherit'],
      },
    );
    this.#child.on('close', () => this.#happened('GONE'));
    this.#child.stdout!.on('data', (data: Buffer) => this.#heard(data.toString('latin1')));
    this.#watch();
  }

  /** Resolves when its drivers have found the BMC. */
  static async boot(one: GuestInterface, socket: string, options: GuestOptions = {}): Promise<Guest> {
    const guest = new Guest(one, socket, options);
    await guest.seen('BOOT', 0, 90_000);
    return guest;
  }

  get #consoleFile(): string {
    return join(this.#folder, 'console');
  }

  /** What its kernel has printed. */
  get console(): string {
    return readFileSync(this.#consoleFile, 'latin1');
  }

  /** One command line in the guest's shell. */
  async run(line: string, timeout = 60_000): Promise<{ code: number; out: string }> {
    this.#child.stdin!.write(`${line}\n`);
    await this.#until(() => this.#answers.length > 0, `an answer to ${line}`, timeout);
    return this.#answers.shift()!;
  }

  /** Writes a line that has no answer, because the machine goes away. */
  send(line: string): void {
    this.#child.stdin!.write(`${line}\n`);
  }

  /** Waits for an event that is not among the first `after`. */
  async seen(event: string, after = this.events.length, timeout = 60_000): Promise<void> {
    await this.#until(() => this.events.includes(event, after), event, timeout);
  }

  async stop(): Promise<void> {
    if (!this.events.includes('GONE')) {
      this.#child.kill('SIGKILL');
      await this.seen('GONE', 0);
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** QEMU's monitor tells what becomes of the machine. */
  #watch(): void {
    const socket = connect({ path: join(this.#folder, 'qmp') });
    socket.on('error', () => {
      if (!this.events.includes('GONE')) setTimeout(() => this.#watch(), 50);
    });
    socket.on('connect', () => socket.write('{"execute":"qmp_capabilities"}\n'));
    let text = '';
    socket.on('data', (data: Buffer) => {
      const lines = (text + String(data)).split('\n');
      text = lines.pop()!;
      for (const line of lines) {
        const [, event] = /"event": "(\w+)"/.exec(line) ?? [];
        if (event) this.#happened(event);
      }
    });
  }

  #heard(text: string): void {
    const lines = (this.#text + text).split('\n');
    this.#text = lines.pop()!;
    for (const line of lines.map((one) => one.replace('\r', ''))) {
      const [, code] = /^DONE (\d+)$/.exec(line) ?? [];
      if (line.startsWith('READY')) {
        this.#lines = [];
        this.#happened('BOOT');
      } else if (line === 'NOIPMI') {
        this.#happened('NOIPMI');
      } else if (code !== undefined) {
        const out = Buffer.from(this.#lines.splice(0).join(''), 'base64').toString('latin1');
        this.#answers.push({ code: Number(code), out });
        this.#wake();
      } else {
        this.#lines.push(line);
      }
    }
  }

  #happened(event: string): void {
    this.events.push(event);
    this.#wake();
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  async #until(condition: () => boolean, what: string, timeout: number): Promise<void> {
    const end = performance.now() + timeout;
    while (!condition()) {
      const left = end - performance.now();
      if (left <= 0 || (this.events.at(-1) === 'GONE' && what !== 'GONE') || this.events.includes('NOIPMI'))
        throw new Error(`waited for ${what}; seen: ${this.events.join(' ')}\n${this.console.slice(-3000)}`);
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
        timer = setTimeout(resolve, left);
      });
      clearTimeout(timer);
    }
  }
}
