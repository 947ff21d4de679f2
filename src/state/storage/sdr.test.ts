import { expect, test } from 'vitest';
import { simWorld } from '../../world/index.ts';
import { BmcTime } from '../app/bmc-time.ts';
import { Setup, type Log } from '../setup.ts';
import type { Journal } from '../store.ts';
import { GivenRecords, SdrRepository } from './sdr.ts';

const log: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
const record = (name: number): Uint8Array => Uint8Array.of(0, 0, 0x51, 0xc0, 1, name);

test('records that the disk refuses are in no list: neither while they are read meanwhile nor afterwards', async () => {
  const refusals: (() => void)[] = [];
  const journal: Journal = {
    load: () => [],
    write: () => new Promise((_resolve, reject) => refusals.push(() => reject(new Error('disk')))),
    satellite: () => journal,
  };
  const { clock, random } = simWorld(1);
  const setup = new Setup(clock, random, log, journal);
  const sdr = new SdrRepository(setup, new BmcTime(setup), {
    initial: new GivenRecords([], [record(1), record(2)]),
  });
  expect(sdr.ids).toEqual([1, 2]);
  const added = sdr.add(record(3));
  expect([added.id, sdr.ids]).toEqual([3, [1, 2, 3]]);
  for (const refuse of refusals.splice(0)) refuse();
  await expect(added.done).rejects.toThrow('disk');
  expect(sdr.ids).toEqual([1, 2]);
  expect(sdr.get(2)).toEqual({ record: Uint8Array.of(2, 0, 0x51, 0xc0, 1, 2), next: 0xffff });
});

test('V19: a reader of the device SDRs goes on in the repository with the reservation that it has, until records change', () => {
  const { clock, random } = simWorld(1);
  const setup = new Setup(clock, random, log);
  const sdr = new SdrRepository(setup, new BmcTime(setup), {
    initial: new GivenRecords([], [record(1), record(2)]),
  });
  const change = [() => sdr.add(record(3)), () => sdr.delete(1), () => sdr.clear()];
  for (const changed of change) {
    const id = sdr.deviceReservation.reserve();
    expect(() => sdr.checkRead(id)).not.toThrow();
    expect(() => sdr.checkRead(id + 1)).toThrow('C5h');
    // Writing takes one of the repository's own.
    expect(() => sdr.reservation.check(id)).toThrow('C5h');
    void changed();
    expect(() => sdr.checkRead(id)).toThrow('C5h');
  }
});
