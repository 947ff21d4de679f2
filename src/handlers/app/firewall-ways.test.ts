// What the firewall keeps from a channel is kept from it whatever way it asks: at another LUN, through
// others, by a device, after a restart.
import { expect, test } from 'vitest';
import { LAN, rig, sessionContext } from '../../../test/support/bmc.ts';
import { Bmc } from '../../bmc.ts';
import { MasterWriteRead, SendMessage } from '../../commands/app/bridging.ts';
import { NetFn, Privilege } from '../../commands/command.ts';
import { ChassisControl } from '../../commands/chassis/chassis.ts';
import { Context } from '../../router/index.ts';
import { CommandMasks } from '../../state/app/command-masks.ts';
import type { BmcState } from '../../bmc-state.ts';
import { Storage } from '../../storage/index.ts';
import { BMC_ADDRESS, buildMessage, parseMessage } from '../../wire/index.ts';
import { simWorld } from '../../world/index.ts';

const GET_DEVICE_ID = { channel: 1, netFn: NetFn.App, cmd: 1, body: undefined };
const NOTHING = new Uint8Array(0);

const codeOf = async (
  bmc: Bmc,
  lun: number,
  netFn: number,
  cmd: number,
  data: Uint8Array = NOTHING,
): Promise<number> =>
  (
    await bmc.router.enter(
      { netFn, cmd, lun, data },
      new Context<BmcState>(bmc, LAN, Privilege.Administrator, lun),
    )
  )[0];

test('a mask has a command at the LUN that it was put at, and at no other; without a LUN at each', () => {
  const at = (lun: number) => ({ netFn: NetFn.App, cmd: 1, lun, data: NOTHING });
  const luns = [0, 1, 2, 3];
  for (const lun of luns) {
    const masks = new CommandMasks([{ netFn: NetFn.App, cmd: 1, lun }]);
    expect(luns.filter((one) => masks.has(at(one)))).toEqual([lun]);
    masks.put({ netFn: NetFn.App, cmd: 1, lun }, false);
    expect(luns.filter((one) => masks.has(at(one)))).toEqual([]);
  }
  const everywhere = new CommandMasks([{ netFn: NetFn.App, cmd: 1 }]);
  expect(luns.filter((one) => everywhere.has(at(one)))).toEqual(luns);
  expect(everywhere.has({ ...at(0), cmd: 2 }) || everywhere.has({ ...at(0), netFn: NetFn.Chassis })).toBe(
    false,
  );
});

test('what is disabled is disabled after a restart, commands and sub-functions', async () => {
  const world = simWorld(2);
  const start = async (): Promise<{ bmc: Bmc; storage: Storage }> => {
    const storage = await world.until(Storage.open(world.files, '/state', { warn: () => undefined }));
    const bmc = new Bmc(
      { name: 'one', interfaces: [{ type: 'lan' }], sel: { bootEvents: false } },
      { world, journal: storage.journal('one') },
    );
    return { bmc, storage };
  };
  const first = await start();
  const control = { channel: 1, netFn: NetFn.Chassis, lun: 0, cmd: ChassisControl.cmd, body: undefined };
  await world.until(Promise.resolve(first.bmc.firewall.enable([[{ ...GET_DEVICE_ID, lun: 0 }, false]])));
  await world.until(Promise.resolve(first.bmc.firewall.disableSubFunctions(control, 1 << 0)));
  const codes = async ({ bmc }: { bmc: Bmc }): Promise<number[]> => [
    await codeOf(bmc, 0, NetFn.App, 1),
    await codeOf(bmc, 0, NetFn.Chassis, ChassisControl.cmd, Uint8Array.of(0)),
    await codeOf(bmc, 0, NetFn.Chassis, ChassisControl.cmd, Uint8Array.of(5)),
  ];
  expect(await codes(first)).toEqual([0xd4, 0xd6, 0]);
  await world.until(first.storage.close());
  const second = await start();
  expect(await codes(second)).toEqual([0xd4, 0xd6, 0]);
  await world.until(second.storage.close());
});

test('a sub-function that is disabled for a channel is disabled for it through a satellite, for others not', async () => {
  const world = simWorld(3);
  const bmc = new Bmc(
    {
      interfaces: [{ type: 'lan' }, { type: 'ipmb' }],
      sel: { bootEvents: false },
      chassis: { events: false },
      satellites: [{ address: 0x82 }],
    },
    { world },
  );
  await world.until(bmc.open());
  await bmc.firewall.disableSubFunctions(
    { channel: 1, netFn: NetFn.Chassis, lun: 0, cmd: ChassisControl.cmd, body: undefined },
    1 << 0,
  );
  const send = (tracking: number, message: Uint8Array): Uint8Array =>
    SendMessage.request.encode({ channel: 0, tracking, encrypted: false, authenticated: false, message });
  const frame = { toLun: 0, fromLun: 0, seq: 9 };
  const through = async (action: number): Promise<number | undefined> => {
    const inner = buildMessage({
      ...frame,
      to: BMC_ADDRESS,
      from: 0x82,
      netFn: NetFn.Chassis,
      cmd: ChassisControl.cmd,
      data: Uint8Array.of(action),
    });
    const outer = buildMessage({
      ...frame,
      to: 0x82,
      from: BMC_ADDRESS,
      netFn: NetFn.App,
      cmd: SendMessage.cmd,
      data: send(1, inner),
    });
    const context = sessionContext(bmc, Privilege.Administrator);
    await world.until(
      Promise.resolve(
        bmc.router.enter({ netFn: NetFn.App, cmd: SendMessage.cmd, lun: 0, data: send(1, outer) }, context),
      ),
    );
    const later = await world.until(context.followUp!);
    return parseMessage(parseMessage(later!)!.data, 1)?.data[0];
  };
  expect([await through(0), await through(5)]).toEqual([0xd6, 0]);
});

test('a device does not do for a channel what the command that does the same may not', async () => {
  const options = { fru: [{ id: 0, name: 'FRU', size: 256, i2c: { bus: 0, address: 0xa0 } }] };
  const ask = async (deny: string[], readCount: number, ...data: number[]): Promise<number> => {
    const { bmc } = rig({ ...options, ...(deny.length > 0 && { firewall: [{ channel: 'lan', deny }] }) });
    const request = {
      channel: 0,
      bus: 0,
      privateBus: true,
      slaveAddress: 0xa0,
      readCount,
      data: Uint8Array.from(data),
    };
    return codeOf(bmc, 0, NetFn.App, MasterWriteRead.cmd, MasterWriteRead.request.encode(request));
  };
  expect([await ask([], 4, 0), await ask([], 0, 0, 0x55, 0x66)]).toEqual([0, 0]);
  expect([await ask(['Write FRU Data'], 4, 0), await ask(['Write FRU Data'], 0, 0, 0, 0x55)]).toEqual([
    0, 0xd4,
  ]);
  expect([await ask(['Read FRU Data'], 4, 0), await ask(['Read FRU Data'], 0, 0, 0x55)]).toEqual([0xd4, 0]);
});
