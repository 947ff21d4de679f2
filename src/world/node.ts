import { randomFillSync } from 'node:crypto';
import { nodeDevices } from './node-devices.ts';
import { nodeFiles } from './node-files.ts';
import { nodeHttp } from './node-http.ts';
import { nodeNetwork } from './node-network.ts';
import { nodePrograms } from './node-programs.ts';
import { nodeStreams } from './node-stream.ts';
import { nodeUdp } from './node-udp.ts';
import type { NodeUdp, UdpEngine } from './udp-engine.ts';
import { Wall, type Trouble } from './wall.ts';
import type { Clock, Random, World } from './world.ts';

export interface NodeWorldOptions {
  /** Told of each callback that threw, with its stack. Default: standard error. */
  readonly trouble?: Trouble;
  /** What carries datagrams. Default `dgram`; `batch` where it can, see `udp.engine`. */
  readonly engine?: UdpEngine;
}

/** The real world, and how often a callback of it threw. */
export interface NodeWorld extends World {
  readonly wall: Wall;
  readonly udp: NodeUdp;
}

/**
 * The real world: the system's clock, randomness, sockets, files, programs and HTTP. What its callbacks
 * throw does not reach Node: it is told, counted, and costs the stream or datagram that it came by.
 */
export function nodeWorld({ trouble = toStandardError, engine }: NodeWorldOptions = {}): NodeWorld {
  const wall = new Wall(trouble);
  return {
    wall,
    clock: nodeClock(wall),
    random: new NodeRandom(),
    udp: nodeUdp(wall, engine),
    stream: nodeStreams(wall),
    files: nodeFiles,
    programs: nodePrograms(wall),
    http: nodeHttp(wall),
    devices: nodeDevices(wall),
    network: nodeNetwork,
  };
}

const toStandardError: Trouble = (where, error) => {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`ipmi-bmc: ${where}: ${text}\n`);
};

/** Milliseconds that one timer of the system can wait. */
const LONGEST = 2 ** 31 - 1;

const nodeClock = (wall: Wall): Clock => ({
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, action) {
    // The system's timers end at 24.8 days, and take more for none at all.
    const arm = (left: number): NodeJS.Timeout =>
      setTimeout(
        () => {
          if (left > LONGEST) timer = arm(left - LONGEST);
          else wall.call('timer', undefined, action, undefined, undefined);
        },
        Math.min(left, LONGEST),
      ).unref();
    let timer = arm(ms);
    return { cancel: () => clearTimeout(timer) };
  },
  soon: (action) => void setImmediate(action),
});

/** Unpredictable bytes from a pool: one system call for hundreds of IVs. */
class NodeRandom implements Random {
  readonly #pool = new Uint8Array(4096);
  #used = 4096;

  fill(bytes: Uint8Array, start = 0, end: number = bytes.length): Uint8Array {
    const length = end - start;
    if (length > 256) return randomFillSync(bytes, start, length);
    const pool = this.#pool;
    if (this.#used + length > pool.length) {
      randomFillSync(pool);
      this.#used = 0;
    }
    for (let i = start; i < end; i++) {
      bytes[i] = pool[this.#used];
      // Never seen again, not even in a memory dump.
      pool[this.#used++] = 0;
    }
    return bytes;
  }

  bytes(length: number): Uint8Array {
    return this.fill(new Uint8Array(length));
  }

  u32(): number {
    const [a, b, c, d] = this.bytes(4);
    return (a | (b << 8) | (c << 16) | (d << 24)) >>> 0;
  }
}
