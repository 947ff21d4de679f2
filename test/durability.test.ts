// Each row of docs/durability.md: set it, let happen what the column says, and look again.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { Bmc } from '../src/bmc.ts';
import { Privilege } from '../src/commands/command.ts';
import { Context, type Channel } from '../src/router/index.ts';
import { Storage } from '../src/storage/storage.ts';
import { simWorld, type SimProcess, type SimWorld } from '../src/world/index.ts';

const HOST: Channel = { number: 15, medium: 'system-interface', maxAnswer: 248 };
const COLUMNS = ['warm reset', 'cold reset', 'restart', 'power loss'] as const;
type Column = (typeof COLUMNS)[number];

/** One BMC after the other on one disk; the last one is the living one. */
class Bench {
  // The disk takes its time, so that no timer is due before work that only waits for the disk.
  readonly world: SimWorld = simWorld(9, { diskFaults: { latency: [0.01, 0.01] } });
  bmc!: Bmc;
  #process!: SimProcess;
  #storage!: Storage;

  async start(): Promise<void> {
    this.#process = this.world.process();
    this.#storage = await this.world.until(
      Storage.open(this.#process.files, '/state', {
        warn: (line) => expect(line).toMatch(/torn tail|changes are|keys that are guarded/),
      }),
    );
    this.bmc = new Bmc(
      {
        interfaces: [
          { type: 'lan', listen: '10.0.0.1:623' },
          { type: 'serial', listen: '10.0.0.1:2000' },
          { type: 'serial', channel: 3, listen: '10.0.0.1:2001' },
        ],
        sel: { bootEvents: false },
        chassis: { restorePolicy: 'previous' },
        users: [{ id: 2, name: 'admin', password: 'first', privilege: 'administrator' }],
        sensors: [
          {
            name: 'Temp',
            number: 1,
            entity: '3.1',
            type: 'temperature',
            unit: 'degrees C',
            range: [0, 127],
            value: 40,
            thresholds: { uc: 80 },
          },
        ],
        fru: [{ id: 0, name: 'Board' }],
        satellites: [
          {
            address: 0x30,
            sensors: [
              {
                name: 'Far Temp',
                number: 1,
                entity: '11.1',
                type: 'temperature',
                unit: 'degrees C',
                range: [0, 127],
                value: 40,
                thresholds: { uc: 80 },
              },
            ],
          },
        ],
        firmware: { components: [{ id: 0, name: 'BIOS' }] },
      },
      {
        world: this.#process,
        journal: this.#storage.journal('bmc'),
        firmwareDirectory: '/state/firmware/bmc',
      },
    );
    await this.world.until(this.bmc.open());
  }

  async after(column: Column): Promise<void> {
    if (column === 'warm reset') await this.send(0x06, 0x03);
    if (column === 'cold reset') await this.send(0x06, 0x02);
    if (column === 'restart') {
      await this.world.until(this.bmc.close());
      await this.world.until(this.#storage.close());
      this.#process.kill();
    }
    if (column === 'power loss') this.#process.crash();
    // A cold reset takes a while.
    await this.world.run(60_000);
    if (column === 'restart' || column === 'power loss') await this.start();
  }

  /** Completion codes of what was sent. */
  readonly codes: number[] = [];

  /** As the host, completion code and data. */
  send(netFn: number, cmd: number, ...data: number[]): Promise<number[]> {
    return this.ask(this.bmc, netFn, cmd, ...data);
  }

  async ask(bmc: Bmc, netFn: number, cmd: number, ...data: number[]): Promise<number[]> {
    const message = { netFn, cmd, lun: 0, data: Uint8Array.from(data) };
    const context = new Context(bmc, HOST, Privilege.Administrator);
    const answer = await this.world.until(Promise.resolve(bmc.router.dispatch(message, context)));
    this.codes.push(answer[0]);
    return [...answer];
  }
}

const text = (word: string, size: number): number[] =>
  Array.from({ length: size }, (_, i) => word.charCodeAt(i) || 0);
const EVENT = [0x20, 0x04, 0x01, 0x01, 0x01, 0x57, 0x20, 0x50];

/** What sets a row, and what shows it; `look` must differ before and after `set`. */
interface Row {
  readonly set: (bench: Bench) => Promise<unknown>;
  readonly look: (bench: Bench) => Promise<unknown>;
}

const command = (set: number[], look: number[]): Row => ({
  set: (bench) => bench.send(set[0], set[1], ...set.slice(2)),
  look: (bench) => bench.send(look[0], look[1], ...look.slice(2)),
});

const rows: Record<string, Row> = {
  'SEL entries': {
    set: (bench) => bench.send(0x04, 0x02, ...EVENT),
    look: async (bench) => (await bench.send(0x0a, 0x43, 0, 0, 0, 0, 0, 0xff)).slice(10),
  },
  'SEL time offset': {
    set: (bench) => bench.send(0x0a, 0x49, 0, 0, 0, 0x10),
    look: async (bench) => (await bench.send(0x0a, 0x48))[4],
  },
  'SDR repository': {
    set: (bench) => bench.send(0x0a, 0x24, 0, 0, 0x51, 0xc0, 5, 1, 2, 3, 4, 5),
    look: async (bench) => (await bench.send(0x0a, 0x20)).slice(2, 4),
  },
  'FRU data': command([0x0a, 0x12, 0, 0x80, 0, 1, 2, 3], [0x0a, 0x11, 0, 0x80, 0, 3]),
  'user name': command([0x06, 0x45, 5, ...text('five', 16)], [0x06, 0x46, 5]),
  'user password': {
    set: (bench) => bench.send(0x06, 0x47, 2, 2, ...text('second', 16)),
    look: (bench) => bench.send(0x06, 0x47, 2, 3, ...text('second', 16)),
  },
  'user access': command([0x06, 0x43, 0x91, 2, 3], [0x06, 0x44, 1, 2]),
  'channel access, non-volatile': command([0x06, 0x40, 1, 0x6a, 0x43], [0x06, 0x41, 1, 0x40]),
  'channel key K_g': {
    set: (bench) => bench.send(0x06, 0x56, 1, 1, 1, ...text('key', 20)),
    look: async (bench) => bench.bmc.channels.lan(1).kg?.join(),
  },
  'LAN parameters': command([0x0c, 0x01, 1, 12, 10, 1, 2, 3], [0x0c, 0x02, 1, 12, 0, 0]),
  'alert destinations': command(
    [0x0c, 0x01, 1, 19, 1, 0, 0, 10, 9, 8, 7, 0, 0, 0, 0, 0, 0],
    [0x0c, 0x02, 1, 19, 1, 0],
  ),
  'PEF parameters': command([0x04, 0x12, 9, 2, 0x18, 0x11, 0], [0x04, 0x13, 9, 2, 0]),
  'last processed event': {
    set: (bench) => bench.send(0x04, 0x14, 0, 7, 0),
    look: async (bench) => (await bench.send(0x04, 0x15)).slice(7, 9),
  },
  'SOL parameters': command([0x0c, 0x21, 1, 4, 3, 5], [0x0c, 0x22, 1, 4, 0, 0]),
  'user payload access': command([0x06, 0x4c, 1, 0x42, 2, 0, 0, 0], [0x06, 0x4d, 1, 2]),
  'sensor thresholds': command([0x04, 0x26, 1, 0x10, 0, 0, 0, 0, 90, 0], [0x04, 0x27, 1]),
  'sensor hysteresis': command([0x04, 0x24, 1, 0xff, 7, 7], [0x04, 0x25, 1, 0xff]),
  'sensor event enables': command([0x04, 0x28, 1, 0xa0, 0, 2, 0, 0], [0x04, 0x29, 1]),
  'power restore policy': command([0x00, 0x06, 2], [0x00, 0x01]),
  'last power state': {
    set: async (bench) => {
      await bench.send(0x00, 0x02, 0);
      await bench.world.run(30_000);
    },
    look: async (bench) => (await bench.send(0x00, 0x01))[1] & 1,
  },
  'boot options': command([0x00, 0x08, 5, 0xc0, 0x08, 0, 0, 0], [0x00, 0x09, 5, 0, 0]),
  'power-on hours': {
    set: async (bench) => {
      await bench.world.run(3 * 3_600_000);
      await bench.send(0x00, 0x0f);
    },
    look: async (bench) => (await bench.send(0x00, 0x0f))[2],
  },
  'watchdog expiration flags': {
    set: async (bench) => {
      await bench.send(0x06, 0x24, 0x04, 0, 0, 0x10, 5, 0);
      await bench.send(0x06, 0x22);
      await bench.world.run(2000);
    },
    look: async (bench) => (await bench.send(0x06, 0x25))[4],
  },
  'device GUID': {
    // Made at random at the very first start; there is nothing to set.
    set: async () => undefined,
    look: (bench) => bench.send(0x06, 0x08),
  },
  'system info': command([0x06, 0x58, 2, 0, 0, 4, ...text('name', 14)], [0x06, 0x59, 0, 2, 0, 0]),
  // Of the second line: both have their parameters in one store.
  'serial/modem parameters': command([0x0c, 0x10, 3, 14, 30], [0x0c, 0x11, 3, 14, 0, 0]),
  'user callback options': command([0x0c, 0x1a, 2, 2, 1, 0, 1, 0xff, 0xff], [0x0c, 0x1b, 2, 2]),
  'terminal mode, volatile half': {
    set: (bench) => bench.send(0x0c, 0x10, 2, 29, 0x00, 0x31),
    look: async (bench) => bench.bmc.serial.get(2)?.terminal.outputNewline,
  },
  'asset tag': command([0x2c, 0x08, 0xdc, 0, 4, ...text('rack', 4)], [0x2c, 0x06, 0xdc, 0, 16]),
  'DCMI power limit': command(
    [0x2c, 0x04, 0xdc, 0, 0, 0, 1, 200, 0, 0xe8, 3, 0, 0, 0, 0, 1, 0],
    [0x2c, 0x03, 0xdc, 0, 0],
  ),
  'ICMB bridge': command([0x02, 0x04, 0x34, 0x12, 0x82, 1], [0x02, 0x09]),
  'satellite: sensor thresholds': {
    set: (bench) => bench.ask(bench.bmc.satellites[0], 0x04, 0x26, 1, 0x10, 0, 0, 0, 0, 100, 0),
    look: (bench) => bench.ask(bench.bmc.satellites[0], 0x04, 0x27, 1),
  },
  'DCMI thermal limit': command([0x2c, 0x0b, 0xdc, 0x37, 1, 0x20, 40, 9, 0], [0x2c, 0x0c, 0xdc, 0x37, 1]),
  'front panel buttons': command([0x00, 0x0a, 0x03], [0x00, 0x01]),
  'auxiliary log status': command([0x0a, 0x5b, 0, 1, 2, 3, 4, 5, 0, 0, 0], [0x0a, 0x5a, 0]),
  'forwarded commands': command(
    [0x0c, 0x31, 1, 0, 0, 2, ...Array<number>(15).fill(0)],
    [0x0c, 0x32, 1, 0, 0],
  ),
  'disabled commands': {
    set: async (bench) => {
      const enabled = (await bench.send(0x06, 0x61, 1, 0x00, 0)).slice(1);
      await bench.send(0x06, 0x60, 1, 0x00, 0, ...enabled.with(0, enabled[0] & ~4));
    },
    look: (bench) => bench.send(0x06, 0x61, 1, 0x00, 0),
  },
  'active firmware': {
    set: async (bench) => {
      await uploaded(bench);
      await bench.send(0x2c, 0x35, 0);
    },
    look: (bench) => bench.send(0x2c, 0x2f, 0, 0, 1),
  },
  'firmware that waits for activation': {
    set: (bench) => uploaded(bench),
    look: (bench) => bench.send(0x2c, 0x2f, 0, 0, 4),
  },
  'firmware upload under way': {
    set: async (bench) => {
      await bench.send(0x2c, 0x31, 0, 1, 2);
      await bench.send(0x2c, 0x32, 0, 0, 1, 2, 3);
    },
    look: async (bench) => (await bench.send(0x2c, 0x2f, 0, 0, 0xc1)).slice(2, 6),
  },
  'PEF postpone timer': command([0x04, 0x11, 0xfe], [0x04, 0x11, 0xff]),
  'watchdog settings': {
    set: (bench) => bench.send(0x06, 0x24, 0x04, 1, 0, 0, 100, 0),
    look: async (bench) => (await bench.send(0x06, 0x25)).slice(1, 3),
  },
  'SOL bit rate, volatile': command([0x0c, 0x21, 1, 6, 9], [0x0c, 0x22, 1, 6, 0, 0]),
  'BMC global enables': command([0x06, 0x2e, 0x0f], [0x06, 0x2f]),
  'SEL reservation': {
    set: async (bench) => {
      await bench.send(0x04, 0x02, ...EVENT);
      const [, low, high] = await bench.send(0x0a, 0x42);
      reserved = [low, high];
    },
    look: async (bench) => (await bench.send(0x0a, 0x43, ...reserved, 0, 0, 1, 4))[0],
  },
  'event message': {
    set: async (bench) => {
      await bench.send(0x06, 0x2e, 0x0c);
      await bench.send(0x04, 0x02, ...EVENT);
    },
    look: async (bench) => (await bench.send(0x06, 0x31))[1],
  },
};
let reserved = [1, 0];

/** An image of three bytes, verified. */
async function uploaded(bench: Bench): Promise<void> {
  await bench.send(0x2c, 0x31, 0, 1, 2);
  await bench.send(0x2c, 0x32, 0, 0, 1, 2, 3);
  await bench.send(0x2c, 0x33, 0, 0, 3, 0, 0, 0);
}

const page = readFileSync(new URL('../docs/durability.md', import.meta.url), 'utf8');
const table = [
  ...page.matchAll(/^\| ([^|]+) \| (kept|lost) \| (kept|lost) \| (kept|lost) \| (kept|lost) \|$/gm),
].map(([, name, ...cells]) => ({
  name,
  cells,
}));

test('the table has the rows that are tested', () =>
  expect(table.map(({ name }) => name)).toEqual(Object.keys(rows)));

describe.each(table)('$name', ({ name, cells }) => {
  test.each(COLUMNS.map((column, i) => [column, cells[i]] as const))('%s: %s', async (column, cell) => {
    const { set, look } = rows[name];
    const bench = new Bench();
    await bench.start();
    const before = await look(bench);
    await set(bench);
    const changed = await look(bench);
    if (name !== 'device GUID') expect(changed).not.toEqual(before);
    await bench.after(column);
    const found = await look(bench);
    if (cell === 'kept') expect(found).toEqual(changed);
    else expect(found).not.toEqual(changed);
  });
});

/** What changes by itself: there is no command that could be refused. */
const BY_ITSELF = new Set(['last power state', 'power-on hours', 'watchdog expiration flags', 'device GUID']);
const byCommand = table
  .filter(({ name, cells }) => cells.includes('kept') && cells[3] === 'kept' && !BY_ITSELF.has(name))
  .map(({ name }) => name);

test.each(byCommand)(
  '%s: refused with C4h while the disk fails, undone, and taken again when it works',
  async (name) => {
    const { set, look } = rows[name];
    const bench = new Bench();
    await bench.start();
    const before = await look(bench);
    bench.world.disk.faults.eio = 1;
    bench.codes.length = 0;
    await set(bench);
    expect(bench.codes).toContain(0xc4);
    expect(await look(bench)).toEqual(before);
    bench.world.disk.faults.eio = 0;
    await set(bench);
    const changed = await look(bench);
    expect(changed).not.toEqual(before);
    await bench.after('power loss');
    expect(await look(bench)).toEqual(changed);
  },
);
