import { describe, expect, test } from 'vitest';
import { HOST, rig, sessionContext } from '../../../test/support/bmc.ts';
import type { Bmc } from '../../bmc.ts';
import { SendMessage } from '../../commands/app/bridging.ts';
import { GetMessage } from '../../commands/app/global.ts';
import { SetUserName } from '../../commands/app/users.ts';
import { NetFn, Privilege } from '../../commands/command.ts';
import type { BmcOptions } from '../../config/options.ts';
import { Context } from '../../router/index.ts';
import type { BmcState } from '../../bmc-state.ts';
import { BMC_ADDRESS, buildMessage, parseFrame, parseMessage } from '../../wire/index.ts';
import { simWorld } from '../../world/index.ts';

const GET_SENSOR_READING = 0x2d;
const NOTHING = new Uint8Array(0);
const options: BmcOptions = {
  users: [{ id: 2, name: 'admin', password: 'secret' }],
  sensors: [
    { name: 'A', number: 1, entity: '3.1', type: 'temperature', unit: 'degrees C', range: [0, 255], value: 20 },
    { name: 'B', number: 1, lun: 3, entity: '3.2', type: 'temperature', unit: 'degrees C', range: [0, 255], value: 30 },
  ],
};

interface Wanted {
  readonly lun?: number;
  readonly netFn?: number;
  readonly cmd?: number;
  readonly data?: Uint8Array;
  readonly tracking?: number;
  readonly channel?: number;
}

const sent = ({
  lun = 0,
  netFn = NetFn.SensorEvent,
  cmd = GET_SENSOR_READING,
  data = Uint8Array.of(1),
  tracking = 1,
  channel = 0,
}: Wanted): Uint8Array =>
  SendMessage.request.encode({
    channel,
    tracking,
    encrypted: false,
    authenticated: false,
    message: buildMessage({ to: BMC_ADDRESS, toLun: lun, from: 0x81, fromLun: 0, seq: 5, netFn, cmd, data }),
  });

const through = async (bmc: Bmc, wanted: Wanted, context: Context<BmcState>): Promise<number> =>
  (await bmc.router.enter({ netFn: NetFn.App, cmd: SendMessage.cmd, lun: 0, data: sent(wanted) }, context))[0];

describe('V9: a request that is bridged to the own address needs no bus', () => {
  test('FreeIPMI reads sensors of every LUN by it', async () => {
    const { bmc } = rig(options);
    const world = simWorld(1);
    const read = async (lun: number): Promise<unknown> => {
      const context = sessionContext(bmc, Privilege.Operator);
      expect(await through(bmc, { lun }, context)).toBe(0);
      const { to, from, netFn, fromLun, seq, data } = parseMessage((await world.until(context.followUp!))!)!;
      return [to, from, netFn, fromLun, seq, data[0], data[1]];
    };
    expect(await read(0)).toEqual([0x81, BMC_ADDRESS, NetFn.SensorEvent + 1, 0, 5, 0, 20]);
    expect(await read(3)).toEqual([0x81, BMC_ADDRESS, NetFn.SensorEvent + 1, 3, 5, 0, 30]);
    expect(await read(1)).toEqual([0x81, BMC_ADDRESS, NetFn.SensorEvent + 1, 1, 5, 0xc2, undefined]);
  });

  test('it has the rights that it came with, and the firewall of its channel', async () => {
    const name = { netFn: NetFn.App, cmd: SetUserName.cmd, data: Uint8Array.of(3, ...new Uint8Array(16).fill(0x61)) };
    const codeOf = async (settings: BmcOptions, wanted: Wanted, privilege: number): Promise<number[]> => {
      const { bmc } = rig(settings);
      const context = sessionContext(bmc, privilege);
      const outer = await through(bmc, wanted, context);
      const later = await context.followUp;
      return [outer, ...(later ? [parseMessage(later)!.data[0]] : [])];
    };
    expect(await codeOf(options, name, Privilege.Operator)).toEqual([0, 0xd4]);
    expect(await codeOf(options, name, Privilege.Administrator)).toEqual([0, 0]);
    expect(await codeOf(options, {}, Privilege.User)).toEqual([0xd4]);
    expect(await codeOf({ ...options, firewall: [{ channel: 'lan', deny: ['Get Sensor Reading'] }] }, {}, Privilege.Operator)).toEqual([0, 0xd4]);
  });

  test('the host finds the response in its queue', async () => {
    const { bmc } = rig(options);
    expect(await through(bmc, { lun: 3 }, new Context<BmcState>(bmc, HOST, Privilege.Administrator))).toBe(0);
    await Promise.resolve();
    const [cc, ...data] = await bmc.router.enter(
      { netFn: NetFn.App, cmd: GetMessage.cmd, lun: 0, data: NOTHING },
      new Context<BmcState>(bmc, HOST, Privilege.Administrator),
    );
    expect(cc).toBe(0);
    expect(parseFrame(Uint8Array.of(0x81, ...data.slice(1)))?.message?.data[1]).toBe(30);
  });

  test.each<[string, Wanted]>([
    ['untracked messages', { tracking: 0 }],
    ["system software's LUN", { lun: 2 }],
    ['what goes on from there', { netFn: NetFn.App, cmd: SendMessage.cmd, data: sent({}) }],
  ])('not %s', async (_what, wanted) => {
    const { bmc } = rig(options);
    expect(await through(bmc, wanted, sessionContext(bmc, Privilege.Administrator))).toBe(0xd3);
  });
});
