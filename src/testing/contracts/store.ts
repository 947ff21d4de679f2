import { Bmc, type OwnStore, type OwnStores } from '../../bmc.ts';
import { holds, same, type ContractCase, type ContractWorld } from './contract.ts';

type ValueOf<S extends keyof OwnStores> = NonNullable<OwnStores[S]> extends OwnStore<infer V> ? V : never;

/** What is tried: a store of one name, with two values that it can have, each under its key. */
export interface StoreContract<S extends keyof OwnStores> {
  /** A new one for each case, for the BMC that a case makes. */
  readonly world: () => ContractWorld;
  /** As `stores` names it: `sel`, `users` ... */
  readonly name: S;
  /** A new one, which is empty. */
  readonly open: () => OwnStore<ValueOf<S>> | Promise<OwnStore<ValueOf<S>>>;
  /** The one that was opened last, by whoever comes after its owner has gone. */
  readonly reopen: () => OwnStore<ValueOf<S>> | Promise<OwnStore<ValueOf<S>>>;
  /** Two or more keys and values of this store. */
  readonly samples: Readonly<Record<string, ValueOf<S>>>;
}

/** Keys in use at once, for who keeps them in something that has a size. */
const MANY = 200;
const RECORD = Uint8Array.of(0, 0, 2, 0, 0, 0, 0, 0x20, 0, 4, 1, 1, 0x6f, 1, 0xff, 0xff);

/** What every store of a program must do. Throws RangeError for less than two samples. */
export function storeContract<S extends keyof OwnStores>(contract: StoreContract<S>): ContractCase[] {
  const { name, open, reopen, samples } = contract;
  const entries = Object.entries(samples);
  if (entries.length < 2) throw new RangeError(`the contract of ${name} needs two samples`);
  const [[first, value], [second, otherValue]] = entries;
  const filled = async (): Promise<OwnStore<ValueOf<S>>> => {
    const store = await open();
    for (const [key, value] of entries) await store.set(key, value);
    return store;
  };
  const has = (store: OwnStore<ValueOf<S>>, expected: readonly (readonly [string, unknown])[]): void => {
    same([...store.keys()].sort(), expected.map(([key]) => key).sort(), 'its keys');
    for (const [key, value] of expected) same(store.get(key), value, `the value of ${key}`);
  };
  const cases: ContractCase[] = [
    {
      name: 'is empty at first, and has nothing under a key that was never set',
      async run() {
        const store = await open();
        has(store, []);
        same(store.get(first), undefined, `the value of ${first}`);
        await store.delete(first);
        has(store, []);
      },
    },
    {
      name: 'has what was set, as it was set, each key once',
      async run() {
        const store = await filled();
        has(store, entries);
        await store.set(first, otherValue);
        has(store, [[first, otherValue], ...entries.slice(1)]);
      },
    },
    {
      name: 'has what was set when the set has resolved, and no longer what was deleted',
      async run() {
        const store = await filled();
        await store.delete(first);
        has(store, entries.slice(1));
        await store.set(first, value);
        has(store, entries);
      },
    },
    {
      name: 'is the same for who comes later',
      async run() {
        const store = await filled();
        await store.delete(second);
        await store.set(first, otherValue);
        has(await reopen(), [[first, otherValue], ...entries.slice(2)]);
      },
    },
    {
      name: 'can be emptied, at once or key by key while its keys are gone through',
      async run() {
        const store = await filled();
        for (const key of store.keys()) await store.delete(key);
        has(store, []);
        await store.set(first, value);
        if (store.clear) await store.clear();
        else await store.delete(first);
        has(store, []);
        has(await reopen(), []);
      },
    },
    {
      name: `keeps ${MANY} changes that are made at once, the last of each key`,
      async run() {
        const store = await open();
        const changes = Array.from({ length: MANY }, (_, i) => entries[i % 2]);
        await Promise.all(changes.map(([key, value]) => store.set(key, value)));
        await Promise.all([store.set(first, value), store.set(first, otherValue)]);
        has(store, [
          [first, otherValue],
          [second, otherValue],
        ]);
        has(await reopen(), [
          [first, otherValue],
          [second, otherValue],
        ]);
      },
    },
    {
      name: 'a BMC takes what is in it for what it has stored',
      async run() {
        const store = await filled();
        const problems: string[] = [];
        const say = (line: string): void => void problems.push(line);
        const silent = (): void => undefined;
        const log = { debug: silent, info: silent, warn: say, error: say };
        const world = contract.world();
        const bmc = new Bmc({ name: 'contract' }, { world, log, stores: { [name]: store } });
        await world.until(bmc.open());
        await world.until(bmc.close());
        same(problems, [], 'what the BMC finds wrong');
      },
    },
  ];
  if (name === 'sel') cases.push(eventLog(contract));
  return cases;
}

/** What holds of an event log besides. */
function eventLog<S extends keyof OwnStores>({
  world: makeWorld,
  open,
  reopen,
}: StoreContract<S>): ContractCase {
  return {
    name: 'a BMC logs into it, and the next one finds its records',
    async run() {
      const world = makeWorld();
      const bmcWith = (sel: unknown): Bmc =>
        new Bmc({ sel: { bootEvents: false } }, { world, stores: { sel: sel as OwnStores['sel'] } });
      const bmc = bmcWith(await open());
      for (let i = 0; i < 3; i++) await bmc.sel.add(RECORD).done;
      await bmc.sel.delete(2).done;
      same(bmc.sel.count, 2, 'records');
      const next = bmcWith(await reopen());
      same([next.sel.count, next.sel.lastId], [2, 3], 'records and the last id of the next BMC');
      await next.sel.clear();
      const last = bmcWith(await reopen());
      holds(last.sel.count === 0, `expected an empty log, found ${last.sel.count} records`);
    },
  };
}
