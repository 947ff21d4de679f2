// Any number for any channel: what Get Channel Info says is what the config says, and 0Eh is everywhere the
// channel that the request came by.
import { describe, expect, test } from 'vitest';
import { Bmc, type BmcOptions } from '../../bmc.ts';
import { GetChannelInfo } from '../../commands/app/channels.ts';
import { Privilege, type Command } from '../../commands/command.ts';
import { Context, type Channel, type Medium } from '../../router/index.ts';
import { simWorld } from '../../world/index.ts';
import { standard } from '../standard.ts';

const THIS = 0x0e;
const SETTINGS: BmcOptions = {
  interfaces: [
    { type: 'lan', channel: 3, listen: '10.0.0.1:623' },
    { type: 'lan', channel: 9, listen: '10.0.0.1:624' },
    { type: 'serial', channel: 4, listen: '10.0.0.1:2000' },
    { type: 'ipmb', channel: 7 },
    { type: 'icmb', channel: 1 },
    { type: 'vm', listen: '/vm', interface: 'bt' },
  ],
  users: [{ id: 2, name: 'admin', password: 'secret' }],
  sel: { bootEvents: false },
};

const make = (): {
  bmc: Bmc;
  ask: (channel: Channel, command: Command, data: Uint8Array) => Promise<number[]>;
} => {
  const world = simWorld(1);
  const bmc = new Bmc(SETTINGS, { world });
  return {
    bmc,
    ask: async (channel, { netFn, cmd }, data) => {
      const answer = bmc.router.dispatch(
        { netFn, lun: 0, cmd, data },
        new Context(bmc, channel, Privilege.Administrator),
      );
      return [...(await world.until(Promise.resolve(answer)))];
    },
  };
};

const via = (number: number, medium: Medium): Channel => ({ number, medium, maxAnswer: 240 });
const LAN = via(3, 'lan');
const SERIAL = via(4, 'serial');
const HOST = via(15, 'system-interface');

describe('Get Channel Info', () => {
  // Medium and protocol types of §6.4 and §6.5; session support in bits 7:6.
  test.each<[string, number, number[]]>([
    ['the primary IPMB, which is always there', 0, [0x01, 0x01, 0x00]],
    ['ICMB', 1, [0x02, 0x02, 0x00]],
    ['LAN', 3, [0x04, 0x01, 0x80]],
    ['serial', 4, [0x05, 0x01, 0x40]],
    ['another IPMB', 7, [0x01, 0x01, 0x00]],
    ['another LAN', 9, [0x04, 0x01, 0x80]],
    ['the system interface', 15, [0x0c, 0x08, 0x00]],
  ])('%s', async (_name, number, expected) => {
    const { ask } = make();
    expect((await ask(HOST, GetChannelInfo, Uint8Array.of(number))).slice(0, 5)).toEqual([
      0,
      number,
      ...expected,
    ]);
  });

  test.each([2, 5, 6, 8, 10, 11, 12, 13])('there is no channel %i', async (number) => {
    expect(await make().ask(HOST, GetChannelInfo, Uint8Array.of(number))).toEqual([0xcc]);
  });

  test.each([LAN, SERIAL, HOST, via(7, 'ipmb')])('0Eh by channel $number', async (channel) => {
    expect((await make().ask(channel, GetChannelInfo, Uint8Array.of(THIS)))[1]).toBe(channel.number);
  });
});

/** Where a request has its channel: byte, and the shift of its four bits. */
function placeOf({ request }: Command): { at: number; shift: number } | undefined {
  if (!request.names.includes('channel')) return undefined;
  const length = Math.max(request.min, 1);
  for (let at = 0; at < length; at++) {
    for (const shift of [0, 4]) {
      const data = new Uint8Array(length);
      data[at] = 5 << shift;
      if ((request.decode(data) as { channel: unknown }).channel === 5) return { at, shift };
    }
  }
  return undefined;
}

const withChannel = [...standard.entries()].flatMap(({ handler: { command } }) => {
  const place = command && placeOf(command);
  return place ? [{ name: command.name, command, place }] : [];
});

test('there are commands with channels to look at', () => expect(withChannel.length).toBeGreaterThan(25));

describe.each(withChannel)('$name', ({ command, place: { at, shift } }) => {
  const bodies = [0, 1, 2, 3].map((more) => {
    const data = new Uint8Array(Math.max(command.request.min, at + 1) + more).fill(1);
    data[at] &= ~(0x0f << shift);
    return data;
  });
  const on = (body: Uint8Array, number: number): Uint8Array => body.with(at, body[at] | (number << shift));

  test.each([LAN, SERIAL, HOST])('0Eh means channel $number for who comes by it', async (channel) => {
    for (const body of bodies) {
      const [named, present] = await Promise.all(
        [channel.number, THIS].map((number) => make().ask(channel, command, on(body, number))),
      );
      expect(present).toEqual(named);
    }
  });

  test('a channel that is not there is refused', async () => {
    for (const body of bodies.slice(0, 1))
      expect((await make().ask(LAN, command, on(body, 12)))[0]).not.toBe(0);
  });
});
