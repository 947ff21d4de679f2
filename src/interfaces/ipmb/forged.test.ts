// A bus believes what is written on it; what a session had written there is believed only as far as the
// session is.
import { expect, test } from 'vitest';
import { HOST, sessionContext } from '../../../test/support/bmc.ts';
import { Bmc } from '../../bmc.ts';
import { SendMessage } from '../../commands/app/bridging.ts';
import { GetMessage } from '../../commands/app/global.ts';
import { NetFn, Privilege } from '../../commands/command.ts';
import { AddSelEntry, GetSelInfo } from '../../commands/storage/sel.ts';
import { Context, handleRaw } from '../../router/index.ts';
import type { BmcState } from '../../bmc-state.ts';
import type { BusOutlet } from '../../services/bridging/bridge.ts';
import { BMC_ADDRESS, buildMessage, type IpmiMessage } from '../../wire/index.ts';
import { simWorld } from '../../world/index.ts';

const NOTHING = new Uint8Array(0);
const CARRIER = 0x82;
const OTHER = 0x30;
/** Nobody has it. */
const NOBODY = 0x90;

const message = (to: number, more: Partial<IpmiMessage>): Uint8Array =>
  buildMessage({
    to,
    toLun: 0,
    netFn: NetFn.App,
    from: BMC_ADDRESS,
    fromLun: 0,
    seq: 9,
    cmd: 1,
    data: NOTHING,
    ...more,
  });
const raw = (frame: Uint8Array): Uint8Array =>
  SendMessage.request.encode({
    channel: 0,
    tracking: 2,
    encrypted: false,
    authenticated: false,
    message: frame,
  });

async function chassis() {
  const world = simWorld(3);
  const bmc = new Bmc(
    {
      interfaces: [{ type: 'lan' }, { type: 'ipmb' }],
      users: [{ id: 2, name: 'admin', password: 'secret' }],
      sel: { bootEvents: false },
      chassis: { events: false },
      satellites: [{ address: CARRIER }, { address: OTHER }],
    },
    { world },
  );
  await world.until(bmc.open());
  const outletOf = (one: Bmc): BusOutlet => {
    const outlet = one.bridge.outlet(0);
    if (outlet?.kind !== 'bus') throw new Error('no bus');
    return outlet;
  };
  /** A frame that a session has the carrier write. */
  const written = async (frame: Uint8Array, privilege: number = Privilege.Administrator): Promise<number> => {
    const data = raw(message(CARRIER, { cmd: SendMessage.cmd, data: raw(frame) }));
    const asked = bmc.router.enter(
      { netFn: NetFn.App, cmd: SendMessage.cmd, lun: 0, data },
      sessionContext(bmc, privilege),
    );
    const [cc] = await world.until(Promise.resolve(asked));
    await world.run(100);
    return cc;
  };
  return { world, bmc, outletOf, written };
}

test('a request in the name of another controller is not served, not even for an administrator; in that of its writer it is', async () => {
  const { bmc, written } = await chassis();
  const add = (from: number): Uint8Array =>
    message(BMC_ADDRESS, {
      netFn: NetFn.Storage,
      cmd: AddSelEntry.cmd,
      from,
      data: new Uint8Array(16).fill(2),
    });
  expect([await written(add(OTHER)), bmc.sel.count]).toEqual([0, 0]);
  expect([await written(add(CARRIER)), bmc.sel.count]).toEqual([0, 1]);
});

test.each([
  ['the name of the one who was asked', CARRIER, CARRIER],
  ['the name of one who is not there', NOBODY, NOBODY],
  ['the name of another one', OTHER, OTHER],
])('a response that a session had written answers nobody, in %s', async (_name, asked, from) => {
  const { world, bmc, outletOf, written } = await chassis();
  const silent = handleRaw<BmcState>(
    { netFn: NetFn.App, cmd: 0x77 },
    () => new Promise<Uint8Array>(() => undefined),
  );
  for (const satellite of bmc.satellites) satellite.router.register({ owner: 'silent', handlers: [silent] });
  const { requester } = outletOf(bmc);
  const waiting = requester
    .request({ to: asked, toLun: 0, netFn: NetFn.App, cmd: 0x77, data: NOTHING })
    .catch(() => Uint8Array.of(0x83));
  for (let seq = 0; seq < 4; seq++)
    await written(
      message(BMC_ADDRESS, { netFn: NetFn.App | 1, cmd: 0x77, from, seq, data: Uint8Array.of(0, 0x66) }),
      Privilege.Operator,
    );
  expect([...(await world.until(waiting))]).toEqual([asked === NOBODY ? 0x83 : 0xc3]);
});

test('a controller that may not ask any more gets no answer from memory', async () => {
  const { world, bmc, outletOf } = await chassis();
  const [carrier] = bmc.satellites;
  // Its own software asks, so that the answer is there to be seen.
  const frame = message(BMC_ADDRESS, {
    netFn: NetFn.Storage,
    cmd: GetSelInfo.cmd,
    from: CARRIER,
    fromLun: 2,
    seq: 5,
  });
  const ask = async (): Promise<number> => {
    await world.until(
      Promise.resolve(
        outletOf(carrier).write(frame, new Context<BmcState>(carrier, HOST, Privilege.Administrator)),
      ),
    );
    await world.run(100);
    const host = new Context<BmcState>(carrier, HOST, Privilege.Administrator);
    const answer = await carrier.router.enter(
      { netFn: NetFn.App, cmd: GetMessage.cmd, lun: 0, data: NOTHING },
      host,
    );
    // Completion code, channel, then the response without the address that it went to; its own code is the
    // sixth byte of that.
    expect(answer[0]).toBe(0);
    return answer[2 + 5];
  };
  expect(await ask()).toBe(0);
  expect(await ask()).toBe(0);
  await bmc.firewall.enable([
    [{ channel: 0, netFn: NetFn.Storage, lun: 0, cmd: GetSelInfo.cmd, body: undefined }, false],
  ]);
  expect(await ask()).toBe(0xd4);
});
