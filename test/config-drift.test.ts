// State that outlived its config: the file was edited, and what clients changed before belongs to things that
// are gone or smaller.
import { expect, test } from 'vitest';
import { Bmc, type BmcOptions } from '../src/bmc.ts';
import { Privilege } from '../src/commands/command.ts';
import { twoSocketServer } from '../src/config/index.ts';
import { standard } from '../src/handlers/standard.ts';
import { Context, type Channel } from '../src/router/index.ts';
import type { Journal } from '../src/state/store.ts';
import { simWorld } from '../src/world/index.ts';

const HOST: Channel = { number: 15, medium: 'system-interface', maxAnswer: 248 };
const before: BmcOptions = { ...twoSocketServer, interfaces: [{ type: 'lan', listen: '10.0.0.1:623' }] };

/** A journal that keeps everything in the test's hands, from one BMC to the next. */
function kept() {
  const stores = new Map<string, Map<string, unknown>>();
  const journal: Journal = {
    load: (store) => stores.get(store) ?? [],
    satellite: () => journal,
    write: async (changes) => {
      for (const { store, key, value } of changes) {
        const values = stores.get(store) ?? new Map<string, unknown>();
        stores.set(store, values);
        if (value === undefined) values.delete(key);
        else values.set(key, structuredClone(value));
      }
    },
  };
  return { stores, journal };
}

function started(options: BmcOptions, journal: Journal) {
  const world = simWorld(3);
  const problems: string[] = [];
  const log = {
    debug: () => undefined,
    info: () => undefined,
    warn: () => undefined,
    error: (line: string, error: unknown) => void problems.push(`${line}: ${String(error)}`),
  };
  const bmc = new Bmc(options, { world, journal, log });
  const send = async (netFn: number, cmd: number, ...data: number[]): Promise<number> => {
    const message = { netFn, cmd, lun: 0, data: Uint8Array.from(data) };
    return (
      await world.until(
        Promise.resolve(bmc.router.dispatch(message, new Context(bmc, HOST, Privilege.Administrator))),
      )
    )[0];
  };
  return { world, bmc, send, problems };
}

const text = (word: string, size: number): number[] =>
  Array.from({ length: size }, (_, i) => word.charCodeAt(i) || 0);
/** One change of each kind, as clients make them. */
const changes: readonly (readonly number[])[] = [
  [0x06, 0x45, 9, ...text('nine', 16)],
  [0x06, 0x47, 9, 2, ...text('pw', 16)],
  [0x06, 0x43, 0x91, 9, 4],
  [0x06, 0x40, 1, 0x6a, 0x43],
  [0x06, 0x56, 1, 1, 1, ...text('key', 20)],
  [0x06, 0x58, 2, 0, 0, 4, ...text('name', 14)],
  [0x0c, 0x01, 1, 12, 10, 1, 2, 3],
  [0x04, 0x26, 1, 0x10, 0, 0, 0, 0, 90, 0],
  [0x04, 0x28, 1, 0xa0, 0, 2, 0, 0],
  [0x00, 0x08, 5, 0xc0, 8, 0, 0, 0],
  [0x00, 0x06, 2],
  [0x2c, 0x08, 0xdc, 0, 4, ...text('rack', 4)],
  [0x0a, 0x12, 0, 0x80, 0, 1, 2, 3],
  [0x0a, 0x24, 0, 0, 0x51, 0xc0, 5, 1, 2, 3, 4, 5],
  ...Array.from({ length: 20 }, () => [
    0x0a, 0x44, 0, 0, 2, 0, 0, 0, 0, 0x20, 0, 4, 1, 1, 0x57, 0x50, 0x55, 0,
  ]),
];
const RESETS = [0x02, 0x03];
const bodies = [
  [],
  [0],
  [1],
  [0, 0],
  [1, 0],
  [1, 1],
  [9],
  [1, 9],
  [1, 3, 0, 0],
  [1, 12, 0, 0],
  [0, 0, 0, 0, 0, 0xff],
];

test.each<[string, Partial<BmcOptions>]>([
  ['as it was', {}],
  ['without sensors', { sensors: [] }],
  ['without FRU devices', { fru: [] }],
  ['with a smaller FRU device', { fru: [{ id: 0, name: 'small', size: 64 }] }],
  ['with fewer users', { userSlots: 3, users: [{ id: 2, name: 'admin', password: 'x' }] }],
  ['without its LAN interface', { interfaces: [] }],
  ['with LAN on another channel', { interfaces: [{ type: 'lan', channel: 2, listen: '10.0.0.1:623' }] }],
  ['with a smaller SEL', { sel: { capacity: 16 } }],
])('a config %s: it starts, and no command is a bug', async (_name, edited) => {
  const { stores, journal } = kept();
  const first = started(before, journal);
  for (const [netFn, cmd, ...data] of changes)
    expect([netFn, cmd, await first.send(netFn, cmd, ...data)]).toEqual([netFn, cmd, 0]);
  // As a newer version may have left it: stores and keys that this one does not know.
  stores.set('of-a-newer-version', new Map([['a', 1]]));
  for (const name of ['users', 'lan', 'sensors', 'fru']) {
    const values = stores.get(name)!;
    for (const key of ['1/999', 'unheard-of']) values.set(key, [...values.values()][0]);
  }
  const { bmc, world, send, problems } = started({ ...before, ...edited }, journal);
  await world.until(bmc.open());
  for (const { handler } of standard.entries()) {
    const { netFn, cmd, body } = handler.claim;
    if (cmd === '*' || (netFn === 0x06 && RESETS.includes(cmd))) continue;
    for (const data of bodies) await send(netFn, cmd, ...(body === undefined ? [] : [body]), ...data);
  }
  expect(problems).toEqual([]);
  await world.until(bmc.close());
});
