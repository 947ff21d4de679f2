// What has to be unpredictable: initialization vectors, session ids, random numbers, challenges, first
// sequence numbers.
import { expect, test } from 'vitest';
import { Bmc } from '../../bmc.ts';
import { connectLan } from '../../client/index.ts';
import { GetDeviceId } from '../../commands/app/device.ts';
import { NetFn } from '../../commands/command.ts';
import {
  BMC,
  HandConsole,
  challenge15,
  logIn15,
  logIn20,
  request,
  Steps20,
} from '../../../test/support/hand-console.ts';
import { toHex } from '../../../test/support/vectors.ts';
import { parse20 } from '../../wire/index.ts';
import { simWorld, type SimWorld } from '../../world/index.ts';

async function lan(seed: number): Promise<{ world: SimWorld; bmc: Bmc; console: HandConsole }> {
  const world = simWorld(seed);
  const users = [{ id: 2, name: 'admin', password: 'AdminPass123' }] as const;
  const interfaces = [{ type: 'lan', listen: '10.0.0.1:623' }] as const;
  const bmc = new Bmc({ interfaces, users, sel: { bootEvents: false } }, { world });
  await bmc.open();
  return { world, bmc, console: await HandConsole.at(world) };
}

/**
 * Values of a generator that nobody can foresee: none twice, and neither each from the one before nor one
 * world's from another's. Of random ones, a byte at a place takes about 60 % of as many values as there are
 * samples; of counted ones, most take one or two.
 */
function expectUnforeseeable(samples: readonly Uint8Array[], otherSeed: readonly Uint8Array[]): void {
  expect(samples.length).toBeGreaterThanOrEqual(16);
  const all = [...samples, ...otherSeed].map(toHex);
  expect(new Set(all).size).toBe(all.length);
  for (let at = 0; at < samples[0].length; at++)
    expect(new Set(samples.map((sample) => sample[at])).size, `values of byte ${at}`).toBeGreaterThan(
      samples.length / 2,
    );
}

const word = (value: number): Uint8Array => Uint8Array.of(value, value >>> 8, value >>> 16, value >>> 24);
const inTwoWorlds = async (samples: (seed: number) => Promise<Uint8Array[]>): Promise<void> =>
  expectUnforeseeable(await samples(1), await samples(2));
/** `count` times, one after the other. */
async function times<T>(count: number, one: (n: number) => Promise<T>): Promise<T[]> {
  const made: T[] = [];
  for (let n = 0; n < count; n++) made.push(await one(n));
  return made;
}

const ivOf = (datagram: Uint8Array): Uint8Array => {
  const { encrypted, start } = parse20(datagram)!;
  expect(encrypted).toBe(true);
  return datagram.slice(start, start + 16);
};

test('each packet of the BMC has an initialization vector of its own, of chance', () =>
  inTwoWorlds(async (seed) => {
    const { console } = await lan(seed);
    const session = await logIn20(console);
    return times(24, async (n) => {
      const [answer] = await console.exchange(
        session.seal(n + 1, request(NetFn.App, GetDeviceId.cmd, new Uint8Array(0), n + 1)),
      );
      return ivOf(answer);
    });
  }));

test('two sessions of one moment share no initialization vector', async () => {
  const { console } = await lan(4);
  const sessions = await times(4, () => logIn20(console));
  const vectors = await times(16, async (n) => {
    const session = sessions[n % 4];
    const [answer] = await console.exchange(
      session.seal(1 + (n >> 2), request(NetFn.App, GetDeviceId.cmd, new Uint8Array(0), n)),
    );
    return ivOf(answer);
  });
  expect(new Set(vectors.map(toHex)).size).toBe(16);
});

test('each packet of our own client has one too', () =>
  inTwoWorlds(async (seed) => {
    const { world } = await lan(seed);
    const sent: Uint8Array[] = [];
    const bind: SimWorld['udp']['bind'] = async (options) => {
      const socket = await world.udp.bind(options);
      const send = socket.send.bind(socket);
      socket.send = (datagram, to) => {
        if (parse20(datagram)?.encrypted) sent.push(ivOf(datagram));
        send(datagram, to);
      };
      return socket;
    };
    const { clock, random } = world;
    const client = await world.until(
      connectLan({ clock, random, udp: { bind } }, { ...BMC, user: 'admin', password: 'AdminPass123' }),
    );
    for (let n = 0; n < 24; n++) await world.until(client.send(GetDeviceId));
    return sent;
  }));

test('session ids of RMCP+ do not follow from one another', () =>
  inTwoWorlds(async (seed) => {
    const { console } = await lan(seed);
    return times(24, async () => {
      const steps = new Steps20(console);
      expect(await steps.open()).toBe(0);
      return word(steps.bmcId);
    });
  }));

test('session ids of IPMI 1.5, its challenges and first numbers do not follow from one another', async () => {
  const begin = async (seed: number): Promise<Awaited<ReturnType<typeof logIn15>>[]> => {
    const { console } = await lan(seed);
    return times(24, () => logIn15(console));
  };
  const [one, other] = [await begin(1), await begin(2)];
  expectUnforeseeable(
    one.map(({ id }) => word(id)),
    other.map(({ id }) => word(id)),
  );
  expectUnforeseeable(
    one.map(({ challenge }) => Uint8Array.from(challenge)),
    other.map(({ challenge }) => Uint8Array.from(challenge)),
  );
  expectUnforeseeable(
    one.map(({ first }) => word(first)),
    other.map(({ first }) => word(first)),
  );
});

test('a challenge is new each time for one console and one user', async () => {
  const { console } = await lan(6);
  const challenges = await times(20, async () =>
    toHex(Uint8Array.from((await challenge15(console)).challenge)),
  );
  expect(new Set(challenges).size).toBe(20);
});

test('random numbers of RAKP 2 do not follow from one another, nor from the random number of the console', () =>
  inTwoWorlds(async (seed) => {
    const { console } = await lan(seed);
    return times(24, async () => {
      const steps = new Steps20(console);
      expect([await steps.open(), await steps.rakp1()]).toEqual([0, 0]);
      expect(toHex(steps.exchange!.bmcRandom)).not.toBe(toHex(steps.exchange!.consoleRandom));
      return steps.exchange!.bmcRandom;
    });
  }));
