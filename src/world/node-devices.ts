import { spawn, type ChildProcessByStdio } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { inherited } from './environment.ts';
import { isBinary, packagePath } from './package-files.ts';
import { systemError } from './system-error.ts';
import type { Wall } from './wall.ts';
import type { Device, Devices } from './world.ts';

/** What the binary is told to be the program of bin/device-node.mjs, which draws the frames. */
export const DEVICE_NODE = '--device-node';

const In = { Write: 1, Ioctl: 2 } as const;
const Out = { Opened: 0, Message: 1, Done: 2, Failed: 3 } as const;
const HEADER = 5;
const EARLY_LIMIT = 16;

/**
 * Device nodes of the real world, each behind a process of its own that can be killed while its driver
 * blocks.
 */
export const nodeDevices = (wall: Wall): Devices => ({
  open: (path) => new Promise((resolve, reject) => new NodeDevice(path, wall, resolve, reject)),
});

interface Asked {
  readonly call: string;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

class NodeDevice implements Device {
  onClose: ((error?: Error) => void) | undefined;
  readonly #path: string;
  readonly #wall: Wall;
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #asked = new Map<number, Asked>();
  #onMessage: ((message: Uint8Array) => void) | undefined;
  /** Read before anybody listened: a request that was waiting when the node was opened. */
  readonly #early: Uint8Array[] = [];
  #number = 0;
  #rest: Buffer = Buffer.alloc(0);
  #error: Error | undefined;
  #closing: Promise<void> | undefined;

  constructor(path: string, wall: Wall, opened: (device: Device) => void, failed: (error: Error) => void) {
    this.#path = path;
    this.#wall = wall;
    this.#child = spawn(
      process.execPath,
      [isBinary() ? DEVICE_NODE : packagePath('bin/device-node.mjs'), path],
      {
        stdio: ['pipe', 'pipe', 'inherit'],
        env: inherited(),
      },
    );
    let isOpen = false;
    this.#child.stdin.on('error', () => {}); // it has gone, which `close` tells
    this.#child.once('error', (error) => (this.#error = error));
    this.#child.stdout.on('data', (data: Buffer) => {
      this.#rest = Buffer.concat([this.#rest, data]);
      while (this.#rest.length >= HEADER && this.#rest.length >= HEADER + this.#rest.readUInt32LE(1)) {
        const kind = this.#rest[0];
        const body = this.#rest.subarray(HEADER, HEADER + this.#rest.readUInt32LE(1));
        this.#rest = this.#rest.subarray(HEADER + body.length);
        if (kind === Out.Opened) {
          isOpen = true;
          opened(this);
        } else if (kind === Out.Message) this.#message(Uint8Array.from(body));
        else if (kind === Out.Done) this.#done(body.readUInt32LE(0), body.toString('latin1', 4));
        else if (kind === Out.Failed)
          this.#error = systemError(body.toString('latin1'), isOpen ? 'read' : 'open', path);
      }
    });
    this.#child.once('close', () => {
      const error = this.#error ?? systemError('EPIPE', 'read', path);
      for (const { reject } of this.#asked.values()) reject(error);
      this.#asked.clear();
      if (!isOpen) failed(error);
      else wall.call('device end', path, this.onClose, this.#closing ? undefined : error, undefined);
    });
  }

  get onMessage(): ((message: Uint8Array) => void) | undefined {
    return this.#onMessage;
  }

  set onMessage(receive: ((message: Uint8Array) => void) | undefined) {
    this.#onMessage = receive;
    if (receive) for (const message of this.#early.splice(0)) this.#message(message);
  }

  write(message: Uint8Array): Promise<void> {
    return this.#ask(In.Write, 'write', message);
  }

  ioctl(request: number): Promise<void> {
    const body = Buffer.alloc(4);
    body.writeUInt32LE(request);
    return this.#ask(In.Ioctl, 'ioctl', body);
  }

  close(): Promise<void> {
    this.#closing ??= new Promise((resolve) => {
      if (this.#child.exitCode !== null || this.#child.signalCode !== null) return resolve();
      this.#child.once('close', () => resolve());
      this.#child.kill('SIGKILL');
      return undefined;
    });
    return this.#closing;
  }

  #ask(kind: number, call: string, body: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      if (!this.#child.stdin.writable) return reject(systemError('EPIPE', call, this.#path));
      const number = (this.#number = (this.#number + 1) >>> 0);
      this.#asked.set(number, { call, resolve, reject });
      const head = Buffer.alloc(HEADER + 4);
      head[0] = kind;
      head.writeUInt32LE(4 + body.length, 1);
      head.writeUInt32LE(number, HEADER);
      this.#child.stdin.write(Buffer.concat([head, body]));
      return undefined;
    });
  }

  #message(message: Uint8Array): void {
    if (this.#onMessage) this.#wall.call('device message', this.#path, this.#onMessage, message, undefined);
    else if (this.#early.length < EARLY_LIMIT) this.#early.push(message);
  }

  #done(number: number, code: string): void {
    const asked = this.#asked.get(number);
    this.#asked.delete(number);
    if (code === '') asked?.resolve();
    else asked?.reject(systemError(code, asked.call, this.#path));
  }
}
