// One random life of a state directory on a disk that fails: short writes, EIO, ENOSPC, flipped bits, kills
// and power losses between any two file operations. What was acknowledged must be there afterwards, whole,
// and nothing that nobody wrote.
import { Store } from '../../src/state/store.ts';
import { StorageError } from '../../src/storage/journal-head.ts';
import { Storage } from '../../src/storage/storage.ts';
import { simWorld, type SimProcess } from '../../src/world/index.ts';
import type { Random } from '../../src/world/world.ts';

export interface Tally {
  restarts: number;
  acknowledged: number;
  refused: number;
  flips: number;
}

const DIRECTORY = '/state';
const BMCS = ['one', 'two'];
const KEYS = 12;
const LIVES = 6;

/**
 * What a key was given, and what of it was acknowledged. Values are serial numbers, so that a later one is a
 * larger one.
 */
interface History {
  acknowledged: number;
  last: number;
}

/** Throws an Error that names the seed and what is wrong. */
export async function simLife(seed: number): Promise<Tally> {
  const world = simWorld(seed, { diskFaults: { latency: [0.01, 0.6] } });
  const dice = simWorld(seed ^ 0x70c7).random;
  const tally: Tally = { restarts: 0, acknowledged: 0, refused: 0, flips: 0 };
  const histories = new Map<string, History>();
  /** Keys by the serial of the change that wrote them together. */
  const changes = new Map<number, string[]>();
  let serial = 0;
  let flipped = 0;
  /** Changes up to here have lived through damage, which may have cost a part of them. */
  let worn = 0;
  /** What was in memory when everything had settled: what was refused is neither there nor on disk. */
  let settled: Map<string, number> | undefined;
  const fail = (what: string): never => {
    throw new Error(`seed ${seed}, start ${tally.restarts}: ${what}`);
  };

  for (let life = 0; life < LIVES; life++) {
    Object.assign(world.disk.faults, { eio: 0, shortWrite: 0, capacity: Infinity });
    const process = world.process();
    const warnings: string[] = [];
    const storage = await opened(world, process, warnings, fail);
    tally.restarts++;
    const stores = new Map(BMCS.map((bmc) => [bmc, new Store<number>('things', storage.journal(bmc))]));
    check(stores, flipped);
    flipped = 0;

    // Faults of this life, then writers, then the end, at a moment that the seed chooses.
    if (below(dice, 3) === 0) world.disk.faults.eio = 0.05;
    if (below(dice, 3) === 0) world.disk.faults.shortWrite = 0.1;
    if (below(dice, 4) === 0) world.disk.faults.capacity = 1500 + below(dice, 6000);
    const writing: Promise<void>[] = [];
    for (let i = 0; i < 10 + below(dice, 60); i++) {
      writing.push(write(stores));
      if (below(dice, 3) === 0) await world.run(dice.u32() / 2 ** 31);
      if (i === 30) Object.assign(world.disk.faults, { eio: 0, shortWrite: 0, capacity: Infinity });
    }
    await end(process, storage, writing, stores);
    if (below(dice, 4) === 0) await flip();
  }
  return tally;

  async function write(stores: Map<string, Store<number>>): Promise<void> {
    const bmc = BMCS[below(dice, BMCS.length)];
    const keys = new Set(Array.from({ length: 1 + below(dice, 3) }, () => `k${below(dice, KEYS)}`));
    const mine = ++serial;
    const names = [...keys].map((key) => `${bmc}/${key}`);
    changes.set(mine, names);
    for (const name of names) history(name).last = mine;
    try {
      await stores.get(bmc)!.change([...keys].map((key) => [key, mine] as const));
    } catch (error) {
      if ((error as { cc?: number }).cc !== 0xc4) fail(`refused with ${String(error)}`);
      tally.refused++;
      return;
    }
    tally.acknowledged++;
    for (const name of names) history(name).acknowledged = Math.max(history(name).acknowledged, mine);
  }

  function history(name: string): History {
    const found = histories.get(name) ?? { acknowledged: 0, last: 0 };
    histories.set(name, found);
    return found;
  }

  /** `damage`: bits that were flipped; each may have cost one change. */
  function check(stores: Map<string, Store<number>>, damage: number): void {
    const value = (name: string): number => valueOf(stores, name);
    for (const [name, known] of settled ?? []) {
      if (damage === 0 && value(name) !== known)
        fail(`${name} was ${known} in memory at the end, and is ${value(name)} now`);
    }
    settled = undefined;
    let older = 0;
    for (const [name, known] of histories) {
      const found = value(name);
      if (found !== 0 && !changes.get(found)?.includes(name)) fail(`${name} is ${found}, which nobody wrote`);
      if (found < known.acknowledged) older++;
      // What is there now is what the next writes build on.
      if (damage > 0) known.acknowledged = Math.min(known.acknowledged, found);
    }
    if (older > damage * 3)
      fail(`${older} key(s) are older than what was acknowledged, ${damage} bit(s) were flipped`);
    if (damage > 0) worn = serial;
    for (const [number, names] of changes) {
      const seen = names.filter((name) => value(name) === number);
      if (number > worn && seen.length > 0 && names.some((name) => value(name) < number))
        fail(`change ${number} is there by half`);
    }
  }

  async function end(
    process: SimProcess,
    storage: Storage,
    writing: readonly Promise<void>[],
    stores: Map<string, Store<number>>,
  ): Promise<void> {
    switch (below(dice, 4)) {
      case 0:
        // Everything settles, and it closes as it should.
        await world.until(Promise.all(writing));
        settled = new Map([...histories.keys()].map((name) => [name, valueOf(stores, name)]));
        Object.assign(world.disk.faults, { eio: 0, shortWrite: 0, capacity: Infinity });
        await world.until(storage.close());
        break;
      case 1:
        process.kill();
        break;
      default:
        await world.run(dice.u32() / 2 ** 30);
        process.crash();
    }
    process.kill();
  }

  async function flip(): Promise<void> {
    const path = `${DIRECTORY}/state.journal`;
    const size = (await world.until(world.files.stat(path)))?.size ?? 0;
    if (size < 64) return;
    world.disk.flipBit(path, (32 + below(dice, size - 32)) * 8 + below(dice, 8));
    flipped = 1;
    tally.flips++;
  }
}

function valueOf(stores: Map<string, Store<number>>, name: string): number {
  const [bmc, key] = name.split('/');
  return stores.get(bmc)!.get(key) ?? 0;
}

const below = (random: Random, most: number): number => random.u32() % most;

async function opened(
  world: ReturnType<typeof simWorld>,
  process: SimProcess,
  warnings: string[],
  fail: (what: string) => never,
): Promise<Storage> {
  try {
    return await world.until(
      Storage.open(process.files, DIRECTORY, {
        warn: (warning) => void warnings.push(warning),
        compactAbove: 3000,
      }),
    );
  } catch (error) {
    return fail(
      `does not open: ${error instanceof StorageError ? error.message : String((error as Error).stack)}`,
    );
  }
}
