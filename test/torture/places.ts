// Places that a client writes serial numbers to, and what must be there of them after a BMC was killed.
import type { LanClient } from '../../src/client/index.ts';

const FRU_OFFSET = 0x180;
const DEVICES = [1, 2, 5] as const; // PXE, disk, CD

/** A place that a client writes a serial number to, and how it is read. */
export interface Place {
  readonly name: string;
  /** NetFn, command and data. */
  readonly write: (serial: number) => readonly number[];
  /** The same as ipmitool has it, if it has a command of its own. */
  readonly words?: (serial: number) => string;
  /** The serial numbers that are there now; throws for half of one. */
  readonly read: (client: LanClient) => Promise<number[]>;
}

export const hex = (bytes: readonly number[]): string =>
  bytes.map((byte) => `0x${byte.toString(16)}`).join(' ');
const word = (serial: number): number[] => [serial & 0xff, serial >> 8];
const six = (serial: number): number[] => [...word(serial), ...word(serial), ...word(serial)];

function whole(name: string, bytes: readonly number[]): number {
  const serials = [0, 2, 4].map((at) => bytes[at] | (bytes[at + 1] << 8));
  if (new Set(serials).size !== 1) throw new Error(`${name}: half a write: ${hex(bytes)}`);
  return serials[0];
}

export async function answer(
  client: LanClient,
  netFn: number,
  cmd: number,
  ...data: number[]
): Promise<number[]> {
  const [cc, ...rest] = await client.raw(netFn, cmd, Uint8Array.from(data));
  if (cc !== 0) throw new Error(`reading ${netFn} ${cmd}: completion code ${cc.toString(16)}h`);
  return rest;
}

export const places: readonly Place[] = [
  {
    name: 'SEL',
    write: (serial) => [0x0a, 0x44, 0, 0, 0xe0, ...six(serial), ...six(serial), 0],
    read: async (client) => {
      const serials: number[] = [];
      for (let id = 0; id !== 0xffff;) {
        const [low, high, ...record] = await answer(
          client,
          0x0a,
          0x43,
          0,
          0,
          id & 0xff,
          id >> 8,
          0,
          0xff,
        ).catch((): number[] => [0xff, 0xff]);
        if (record[2] === 0xe0) serials.push(whole('SEL', record.slice(3, 9)));
        id = low | (high << 8);
      }
      return serials;
    },
  },
  {
    name: 'user name',
    write: (serial) => [0x06, 0x45, 9, ...Buffer.from(`n${serial}`.padEnd(16, '\0'))],
    words: (serial) => `user set name 9 n${serial}`,
    read: async (client) => {
      const text = String.fromCharCode(...(await answer(client, 0x06, 0x46, 9))).replace(/\0+$/, '');
      return [Number(/^n(\d+)$/.exec(text)?.[1] ?? 0)];
    },
  },
  {
    name: 'FRU',
    write: (serial) => [0x0a, 0x12, 0, ...word(FRU_OFFSET), ...six(serial)],
    read: async (client) => [
      whole('FRU', (await answer(client, 0x0a, 0x11, 0, ...word(FRU_OFFSET), 6)).slice(1)),
    ],
  },
  {
    name: 'LAN community',
    write: (serial) => [0x0c, 1, 1, 16, ...six(serial), ...six(serial), ...six(serial)],
    read: async (client) => [whole('LAN community', (await answer(client, 0x0c, 2, 1, 16, 0, 0)).slice(1))],
  },
  {
    name: 'boot device',
    // Serial n is the device n modulo three: enough to see one that was lost.
    write: (serial) => [0, 8, 5, 0xc0, DEVICES[serial % 3] << 2, 0, 0, 0],
    read: async (client) => [DEVICES.indexOf((((await answer(client, 0, 9, 5, 0, 0))[3] >> 2) & 0xf) as 1)],
  },
];

/** What of a place was written and acknowledged. */
export class Ledger {
  /** Serials that a client was told are stored, and the last one that was ever sent. */
  readonly acknowledged: number[] = [];
  sent = 0;
  /** Those that were under way when the BMC died. */
  cut = 0;
  readonly place: Place;

  constructor(place: Place) {
    this.place = place;
  }

  /** Throws where something that was acknowledged is not there. */
  async check(client: LanClient): Promise<void> {
    // What was there before the first write is no serial number.
    const last = this.acknowledged.at(-1);
    if (last === undefined) return;
    const found = await this.place.read(client);
    const { name } = this.place;
    if (name === 'SEL') {
      const missing = this.acknowledged.filter((serial) => !found.includes(serial));
      if (missing.length > 0)
        throw new Error(
          `SEL: ${missing.length} acknowledged entries are lost: ${missing.slice(0, 5).join(', ')}`,
        );
    } else if (name === 'boot device') {
      const able = [...new Set(Array.from({ length: this.sent - last + 1 }, (_, i) => (last + i) % 3))];
      if (!able.includes(found[0]))
        throw new Error(`boot device: ${found[0]}, expected one of ${able.join(', ')}`);
    } else if (found[0] < last || found[0] > this.sent)
      throw new Error(`${name}: ${found[0]}, acknowledged ${last}, sent ${this.sent}`);
  }
}
