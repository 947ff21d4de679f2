import { expect } from 'vitest';
import type { FirmwareOptions } from '../../src/config/firmware-schema.ts';
import { rig, type Rig } from './bmc.ts';

export const COMPONENTS: FirmwareOptions['components'] = [
  { id: 0, name: 'BMC', bmc: true, version: '2.35.01020304', assumeVersion: '3.00' },
  { id: 1, name: 'BIOS', needsPowerCycle: true },
  { id: 2, name: 'CPLD', slots: 1 },
];
export const HPM = {
  caps: 0x2e,
  property: 0x2f,
  abort: 0x30,
  initiate: 0x31,
  block: 0x32,
  finish: 0x33,
  status: 0x34,
  activate: 0x35,
  selfTest: 0x36,
  rollbackStatus: 0x37,
  rollback: 0x38,
};

export interface Target extends Rig {
  /** Completion code and data after the defining body; time runs until the answer is there. */
  readonly hpm: (cmd: number, ...data: number[]) => Promise<number[]>;
}

export async function target(firmware: Partial<FirmwareOptions> = {}): Promise<Target> {
  const one = rig({ identity: { firmware: '2.35' }, firmware: { components: COMPONENTS, ...firmware } });
  await one.world.until(one.bmc.open());
  const hpm = async (cmd: number, ...data: number[]): Promise<number[]> => {
    const [cc, body, ...rest] = await one.world.until(one.send(0x2c, cmd, 0x00, ...data));
    expect(body).toBe(0x00);
    return [cc, ...rest];
  };
  return { ...one, hpm };
}

export const bytes = (count: number): number[] => Array.from({ length: count }, (_, i) => i & 0xff);
export const word = (value: number): number[] => [
  value & 0xff,
  (value >> 8) & 0xff,
  (value >> 16) & 0xff,
  value >>> 24,
];

export async function upload({ hpm }: Target, mask: number, data: number[], size = 100): Promise<number[]> {
  expect(await hpm(HPM.initiate, mask, 2)).toEqual([0]);
  for (let at = 0, block = 0; at < data.length; at += size, block = (block + 1) & 0xff) {
    expect(await hpm(HPM.block, block, ...data.slice(at, at + size))).toEqual([0]);
  }
  return hpm(HPM.finish, Math.log2(mask), ...word(data.length));
}
