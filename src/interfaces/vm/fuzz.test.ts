// Whatever comes through a VM socket, in whatever pieces: the BMC answers what is a request and forgets the
// rest. FRAMES=1000000 npx vitest run src/interfaces/vm/fuzz.test.ts    the long run
import { expect, test } from 'vitest';
import { Bmc } from '../../bmc.ts';
import { simWorld, type Stream } from '../../world/index.ts';
import { buildVmMessage } from '../../wire/vm.ts';

const FRAMES = Number(process.env.FRAMES ?? 20_000);
const SEED = Number(process.env.SEED ?? 61);
const BATCH = 500;

/** A small generator of its own: the world's belongs to the BMC. */
function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

test(
  `${FRAMES} random frames at random splits, seed ${SEED}: no crash, nothing kept`,
  { timeout: 3_600_000 },
  async () => {
    const world = simWorld(SEED);
    const bmc = new Bmc(
      { interfaces: [{ type: 'vm', interface: 'bt', listen: '/vm.sock' }], sel: { bootEvents: false } },
      { world },
    );
    await world.until(bmc.open());
    const random = generator(SEED);
    const bytes = (most: number): Uint8Array => Uint8Array.from({ length: random(most) }, () => random(256));
    let answers = 0;
    const connect = async (): Promise<Stream> => {
      const stream = await world.until(world.stream.connect({ path: '/vm.sock' }));
      stream.onData = (data) => (answers += data.reduce((sum, byte) => sum + (byte === 0xa0 ? 1 : 0), 0));
      return stream;
    };
    let stream = await connect();
    /**
     * A request that is well formed, but for what a fuzzer does to it; none that takes the BMC or its machine
     * away.
     */
    const frame = (): Uint8Array => {
      const netFn = [0x04, 0x06, 0x0a, 0x0c, 0x2c, 0x2e, 0x30][random(7)];
      const cmd = random(256);
      if (netFn === 0x06 && (cmd === 0x02 || cmd === 0x03)) return bytes(40);
      const whole = buildVmMessage({ seq: random(256), netFn, lun: random(4), cmd, data: bytes(40) });
      switch (random(6)) {
        case 0:
          return bytes(400);
        case 1:
          whole[random(whole.length)] ^= 1 << random(8);
          return whole;
        case 2:
          return whole.subarray(0, random(whole.length));
        default:
          return whole;
      }
    };
    const heapAt: number[] = [];
    for (let sent = 0; sent < FRAMES; sent += BATCH) {
      const all = Buffer.concat(Array.from({ length: BATCH }, frame));
      for (let at = 0; at < all.length;) {
        const length = 1 + random(random(8) === 0 ? 2000 : 40);
        stream.write(all.subarray(at, at + length));
        at += length;
      }
      await world.run(200);
      // What the simulated world writes down is not the BMC's.
      world.trace.length = 0;
      if (random(10) === 0) {
        stream.destroy();
        stream = await connect();
      }
      if (sent % (BATCH * 100) === 0) {
        globalThis.gc?.();
        heapAt.push(process.memoryUsage().heapUsed);
      }
    }
    // What was cut off last is ended; then it serves as before.
    stream.write(Uint8Array.of(0xa0, 0xa0));
    await world.run(5000);
    const before = answers;
    stream.write(Uint8Array.of(0x00, 0x18, 0x01, 0xe7, 0xa0));
    await world.run(5000);
    expect(answers).toBe(before + 1);
    expect(answers).toBeGreaterThan(FRAMES / 4);
    // With --expose-gc: the second half of the run keeps nothing that the first did not.
    if (globalThis.gc && heapAt.length > 4)
      expect(heapAt.at(-1)! - heapAt[heapAt.length >> 1]).toBeLessThan(8_000_000);
    if (FRAMES > 100_000)
      console.log(
        `${answers} answers; heap in MB: ${heapAt.map((heap) => (heap / 1e6).toFixed(1)).join(' ')}`,
      );
    await world.until(bmc.close());
  },
);
