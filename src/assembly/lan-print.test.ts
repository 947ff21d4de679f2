import { describe, expect, test } from 'vitest';
import { Bmc, type BmcOptions } from '../bmc.ts';
import { loopback } from '../client/index.ts';
import { Privilege } from '../commands/command.ts';
import { Context } from '../router/index.ts';
import { HOST } from '../../test/support/bmc.ts';
import { simWorld } from '../world/index.ts';
import { gatewaysIn, nodeNetwork } from '../world/node-network.ts';

/** Address, mask, gateway and MAC address of a channel, as the host's own software reads them. */
async function printed(options: BmcOptions, channel = 1): Promise<string[]> {
  const world = simWorld(1);
  const bmc = new Bmc(options, { world });
  await world.until(bmc.open());
  const host = loopback(bmc.router.dispatch, new Context(bmc, HOST, Privilege.Administrator));
  const read = async (parameter: number): Promise<number[]> =>
    [...(await host.raw(0x0c, 0x02, Uint8Array.of(channel, parameter, 0, 0)))].slice(2);
  const texts = [3, 6, 12].map(async (parameter) => (await read(parameter)).join('.'));
  const mac = (await read(5)).map((byte) => byte.toString(16).padStart(2, '0')).join(':');
  const all = [...(await Promise.all(texts)), mac];
  await world.until(bmc.close());
  return all;
}
const lan = (listen: string, more: object = {}): BmcOptions => ({
  interfaces: [{ type: 'lan', listen, ...more }],
});

describe('V14: lan print is believable', () => {
  test.each<[string, BmcOptions, string[]]>([
    ['loopback', lan('127.0.0.1:623'), ['127.0.0.1', '255.0.0.0', '0.0.0.0']],
    ['an address', lan('10.1.2.3:623'), ['10.1.2.3', '255.255.255.0', '10.1.2.1']],
    ['all addresses', lan('0.0.0.0:623'), ['192.0.2.10', '255.255.255.0', '192.0.2.1']],
    ['all of IPv6 too', lan('[::]:623'), ['192.0.2.10', '255.255.255.0', '192.0.2.1']],
    [
      'an address in the settings',
      lan('0.0.0.0:623', { address: '198.51.100.7' }),
      ['198.51.100.7', '255.255.255.0', '0.0.0.0'],
    ],
    ['the same one', lan('10.1.2.3:623', { address: '10.1.2.3' }), ['10.1.2.3', '255.255.255.0', '10.1.2.1']],
    [
      'a mask of its own',
      lan('10.1.2.3:623', { netmask: '255.0.0.0' }),
      ['10.1.2.3', '255.0.0.0', '10.1.2.1'],
    ],
  ])('%s', async (_what, options, place) => expect((await printed(options)).slice(0, 3)).toEqual(place));

  test('two interfaces: each has its own', async () => {
    const two: BmcOptions = {
      interfaces: [
        { type: 'lan', listen: '10.0.0.5:623' },
        { type: 'lan', channel: 2, listen: '10.9.0.5:623' },
      ],
    };
    const [first, second] = [await printed(two), await printed(two, 2)];
    expect([first[0], second[0]]).toEqual(['10.0.0.5', '10.9.0.5']);
    expect(first[3]).not.toBe(second[3]);
  });

  test('the MAC address is locally administered, the same at each start, another for each BMC', async () => {
    const macs: string[] = [];
    const guid = '00112233-4455-6677-8899-aabbccddeeff';
    for (const options of [
      { name: 'a' },
      { name: 'b' },
      { name: 'a', identity: { systemGuid: guid } },
      { name: 'a', identity: { deviceGuid: guid.replace('0', '1') } },
      {},
    ]) {
      const [, , , mac] = await printed({ ...lan('127.0.0.1:623'), ...options });
      expect((await printed({ ...lan('127.0.0.1:623'), ...options }))[3]).toBe(mac);
      expect(parseInt(mac, 16) & 3, mac).toBe(2);
      macs.push(mac);
    }
    macs.push((await printed(lan('127.0.0.1:624')))[3]);
    expect(new Set(macs).size).toBe(6);
    expect((await printed(lan('127.0.0.1:623', { mac: '00:11:22:33:44:55' })))[3]).toBe('00:11:22:33:44:55');
  });

  test('what a client sets is what it is', async () => {
    const world = simWorld(1);
    const bmc = new Bmc(lan('10.1.2.3:623'), { world });
    await world.until(bmc.open());
    await bmc.lan.set(1, 3, Uint8Array.of(10, 7, 7, 7), 'test');
    expect([...bmc.lan.get(1, 3)]).toEqual([10, 7, 7, 7]);
    await world.until(bmc.close());
  });
});

test('V14: this machine: loopback has its mask, all addresses are one of them, a foreign address is none', () => {
  expect(nodeNetwork.placeOf('127.0.0.1')).toEqual({
    address: '127.0.0.1',
    netmask: '255.0.0.0',
    gateway: '0.0.0.0',
  });
  expect(nodeNetwork.placeOf('127.8.8.8')).toEqual({
    address: '127.8.8.8',
    netmask: '255.0.0.0',
    gateway: '0.0.0.0',
  });
  expect(nodeNetwork.placeOf('0.0.0.0')?.netmask).toMatch(/^255\./);
  expect(nodeNetwork.placeOf('198.51.100.200')).toBeUndefined();
});

test("V14: the gateway is that of the device's default route", () => {
  const table =
    'Iface\tDestination\tGateway\tFlags\neth0\t00000000\t0102A8C0\t0003\neth0\t0002A8C0\t00000000\t0001\ntun0\t0000000A\t0100000A\t0003\n';
  expect(gatewaysIn(table)).toEqual(new Map([['eth0', '192.168.2.1']]));
});
