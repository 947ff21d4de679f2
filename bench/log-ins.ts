// What a log-in costs, and how many succeed beside a flood of Open Sessions: figures of docs/security.md.
import { Bmc } from '../src/bmc.ts';
import { connectLan } from '../src/client/index.ts';
import { build20, PayloadType } from '../src/wire/index.ts';
import { simWorld, type SimWorld } from '../src/world/index.ts';

const SERVER = { host: '10.0.0.1', port: 623 };
const LOG_INS = 40;

async function bmcIn(world: SimWorld): Promise<Bmc> {
  const users = [{ id: 2, name: 'admin', password: 'AdminPass123' }];
  const bmc = new Bmc(
    { interfaces: [{ type: 'lan', listen: '10.0.0.1:623' }], users, sel: { bootEvents: false } },
    { world },
  );
  await bmc.open();
  return bmc;
}

/** Microseconds of both sides of a log-in and its log-out: the median of nine rounds. */
async function cost(cipherSuite: number): Promise<number> {
  const times: number[] = [];
  const world = simWorld(1);
  await bmcIn(world);
  for (let round = 0; round < 10; round++) {
    const began = performance.now();
    for (let i = 0; i < 200; i++) {
      const client = await world.until(
        connectLan(world, { ...SERVER, user: 'admin', password: 'AdminPass123', cipherSuite }),
      );
      await world.until(client.close());
    }
    times.push((performance.now() - began) * 5);
  }
  return times.slice(1).sort((a, b) => a - b)[4];
}

function openSession(consoleId: number): Uint8Array {
  const id = [consoleId & 0xff, (consoleId >> 8) & 0xff, (consoleId >> 16) & 0xff, 1];
  const records = [0, 0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 8, 4, 0, 0, 0, 2, 0, 0, 8, 1, 0, 0, 0];
  return build20(PayloadType.OpenSessionRequest, 0, 0, Uint8Array.of(0, 4, 0, 0, ...id, ...records));
}

/**
 * Of LOG_INS log-ins one after the other, each datagram of which is sent once, how many succeed beside
 * `perSecond` Open Sessions.
 */
async function beside(perSecond: number, roundTrip: number, spoofed: boolean): Promise<number> {
  const world = simWorld(1, { delay: [roundTrip / 2, roundTrip / 2] });
  await bmcIn(world);
  const socket = await world.udp.bind({ host: '10.6.6.6', port: 7 });
  let sent = 0;
  let owed = 0;
  let over = false;
  const tick = async (): Promise<void> => {
    for (owed += perSecond / 100; owed >= 1; owed--, sent++) {
      if (!spoofed) socket.send(openSession(sent), SERVER);
      else {
        const one = await world.udp.bind({
          host: `10.${100 + ((sent >> 16) & 0x3f)}.${(sent >> 8) & 0xff}.${sent & 0xff}`,
          port: 7,
        });
        one.send(openSession(sent), SERVER);
        await one.close();
      }
    }
    if (!over) world.clock.after(10, () => void tick());
  };
  await tick();
  await world.run(500);
  let succeeded = 0;
  for (let i = 0; i < LOG_INS; i++) {
    const client = await world.until(
      connectLan(world, { ...SERVER, user: 'admin', password: 'AdminPass123', tries: 1 }).catch(
        () => undefined,
      ),
    );
    if (!client) continue;
    succeeded++;
    await world.until(client.close());
  }
  over = true;
  return succeeded;
}

export async function run(): Promise<void> {
  for (const suite of [3, 17])
    console.log(
      `a log-in and its log-out by suite ${suite}, both sides: ${(await cost(suite)).toFixed(0)} us`,
    );
  console.log(
    `\nlog-ins that succeed of ${LOG_INS}, beside Open Sessions from one address / from made-up ones`,
  );
  for (const roundTrip of [1, 50]) {
    const row: string[] = [];
    for (const rate of [0, 500, 2000, 10_000])
      row.push(`${rate}/s: ${await beside(rate, roundTrip, false)} / ${await beside(rate, roundTrip, true)}`);
    console.log(`${roundTrip} ms there and back:  ${row.join('   ')}`);
  }
}
