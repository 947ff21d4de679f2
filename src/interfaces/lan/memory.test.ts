import { expect, test } from 'vitest';
import { Bmc } from '../../bmc.ts';
import { CC } from '../../codec/index.ts';
import { Privilege, type Command } from '../../commands/command.ts';
import { GetSensorReading } from '../../commands/sensor/sensors.ts';
import { AddSelEntry } from '../../commands/storage/sel.ts';
import { buildMessage, buildResponse, parseMessage } from '../../wire/index.ts';
import { simWorld } from '../../world/index.ts';
import { RepeatedRequests } from '../repeated.ts';
import { LanInterface } from './lan.ts';
import type { Link } from './link.ts';

const FROM = { host: '10.0.0.9', port: 1 };
const RECORD = AddSelEntry.request.encode({ record: new Uint8Array(16).fill(2) });

/** A session whose requests the test numbers itself. */
async function numbered() {
  const world = simWorld(1);
  const sensors = [
    { name: 'Temp', number: 1, entity: '7.1', type: 'temperature', unit: 'degrees C', value: 20 },
  ];
  const bmc = new Bmc(
    { users: [{ id: 2, name: 'admin', password: 'secret' }], sel: { bootEvents: false }, sensors },
    { world },
  );
  const lan = new LanInterface({ bmc, udp: world.udp, listen: { host: '10.0.0.1', port: 623 } });
  await world.until(bmc.attach(lan));
  const session = bmc.sessions.make(
    { kind: 'rmcp+', channel: lan.channel, peer: { address: FROM.host, port: FROM.port } },
    bmc.sessions.freshId(),
  );
  session.userId = 2;
  session.maxPrivilege = Privilege.Administrator;
  bmc.sessions.activate(session, Privilege.Administrator);
  const sent: Uint8Array[] = [];
  const seal = (message: Uint8Array): Uint8Array => {
    sent.push(message);
    return message;
  };
  const link: Link = {
    session,
    repeated: new RepeatedRequests(),
    seal,
    respond: (request, answer) => seal(buildResponse(request, answer)),
  };
  const ask = async (
    seq: number,
    { netFn, cmd }: Command,
    data: Uint8Array,
    ceiling: number = Privilege.Oem,
  ): Promise<number[]> => {
    sent.length = 0;
    bmc.sessions.heard(session);
    const message = buildMessage({ to: 0x20, toLun: 0, netFn, from: 0x81, fromLun: 0, seq, cmd, data });
    lan.serve(message, 0, message.length, FROM, link, ceiling);
    await world.run(1);
    return sent.length > 0 ? [...parseMessage(sent[0])!.data] : [];
  };
  // It numbers its requests.
  await ask(0, GetSensorReading, Uint8Array.of(1));
  return { world, bmc, session, ask };
}

test('H4: a retry adds no second SEL entry, an order that comes again later does', async () => {
  const { bmc, ask } = await numbered();
  const first = await ask(5, AddSelEntry, RECORD);
  expect([first[0], await ask(5, AddSelEntry, RECORD), bmc.sel.count]).toEqual([0, first, 1]);
  await ask(6, GetSensorReading, Uint8Array.of(1));
  expect((await ask(5, AddSelEntry, RECORD))[0]).toBe(CC.Ok);
  expect(bmc.sel.count).toBe(2);
});

test('H4: a client that polls with one number hears what changed', async () => {
  const { world, bmc, ask } = await numbered();
  const before = await ask(7, GetSensorReading, Uint8Array.of(1));
  bmc.sensors.find(1)!.set(60);
  let after = before;
  for (let i = 0; i < 10 && after[1] === before[1]; i++) {
    await world.run(1000);
    after = await ask(7, GetSensorReading, Uint8Array.of(1));
  }
  expect(after[1]).not.toBe(before[1]);
});

test("H4: privilege is asked before memory: a lowered session hears no operator's answer", async () => {
  const { session, ask } = await numbered();
  expect((await ask(8, AddSelEntry, RECORD))[0]).toBe(CC.Ok);
  session.privilege = Privilege.User;
  expect(await ask(8, AddSelEntry, RECORD)).toEqual([CC.InsufficientPrivilege]);
});

test('H4, I2: what the firewall has taken since is not answered from memory', async () => {
  const { bmc, world, ask } = await numbered();
  expect((await ask(9, AddSelEntry, RECORD))[0]).toBe(CC.Ok);
  const { netFn, cmd } = AddSelEntry;
  await world.until(
    Promise.resolve(bmc.firewall.enable([[{ channel: 1, netFn, lun: 0, cmd, body: undefined }, false]])),
  );
  expect(await ask(9, AddSelEntry, RECORD)).toEqual([CC.InsufficientPrivilege]);
  expect(bmc.sel.count).toBe(1);
});
