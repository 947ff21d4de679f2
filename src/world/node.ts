import { randomFillSync } from 'node:crypto';
import { nodeDevices } from './node-devices.ts';
import { nodeFiles } from './node-files.ts';
import { nodeHttp } from './node-http.ts';
import { nodePrograms } from './node-programs.ts';
import { nodeStreams } from './node-stream.ts';
import { nodeUdp } from './node-udp.ts';
import type { Clock, Random, World } from './world.ts';

/** The real world: the system's clock, randomness, sockets, files, programs and HTTP. */
export function nodeWorld(): World {
  return {
    clock: nodeClock,
    random: new NodeRandom(),
    udp: nodeUdp,
    stream: nodeStreams,
    files: nodeFiles,
    programs: nodePrograms,
    http: nodeHttp,
    devices: nodeDevices,
  };
}

/** Milliseconds that one timer of the system can wait. */
const LONGEST = 2 ** 31 - 1;

const nodeClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, action) {
    // The system's timers end at 24.8 days, and take more for none at all.
    const arm = (left: number): NodeJS.Timeout =>
      setTimeout(() => (left > LONGEST ? (timer = arm(left - LONGEST)) : action()), Math.min(left, LONGEST)).unref();
    let timer = arm(ms);
    return { cancel: () => clearTimeout(timer) };
  },
};

/** Unpredictable bytes from a pool: one system call for hundreds of IVs. */
class NodeRandom implements Random {
  readonly #pool = new Uint8Array(4096);
  #used = 4096;

  fill(bytes: Uint8Array): Uint8Array {
    if (bytes.length > 256) return randomFillSync(bytes);
    if (this.#used + bytes.length > this.#pool.length) {
      randomFillSync(this.#pool);
      this.#used = 0;
    }
    const end = this.#used + bytes.length;
    bytes.set(this.#pool.subarray(this.#used, end));
    // Never seen again, not even in a memory dump.
    this.#pool.fill(0, this.#used, end);
    this.#used = end;
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
