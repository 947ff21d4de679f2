// Every log-in that comes to nothing has its reason: in the log, for who listens, and in the counters.
import { expect, test } from 'vitest';
import { logInNet, type LogInNet } from '../../../test/support/log-in-net.ts';
import type { BmcOptions } from '../../config/options.ts';
import type { LogInProblem, RefusedLogIn } from '../../state/app/log-ins.ts';

const KG = new Uint8Array(20).fill(7);
const WITH_KG: BmcOptions = {
  interfaces: [
    {
      type: 'lan',
      listen: '10.0.0.1:623',
      cipherSuites: [1, 3, 17],
      authTypes: ['md5'],
      kg: `0x${'07'.repeat(20)}`,
    },
  ],
};

const cases: [
  reason: LogInProblem,
  step: string,
  options: BmcOptions,
  act: (net: LogInNet) => Promise<unknown>,
][] = [
  [
    'no null user',
    'RAKP 1, status 0Dh',
    {},
    async ({ by }) => {
      const console = await by({ user: '' });
      await console.open();
      await console.rakp1();
    },
  ],
  [
    'unknown algorithm',
    'Open Session, status 05h',
    {},
    async ({ by }) => {
      const console = await by();
      const request = console.openRequest();
      request[16 + 4] = 0x3f;
      await console.open(request);
    },
  ],
  ['cipher suite', 'Open Session, status 11h', {}, async ({ by }) => (await by({ suite: 2 })).open()],
  [
    'privilege level of the cipher suite',
    'Open Session, status 0Ah',
    {},
    async ({ by, bmc }) => {
      // Cipher suite 17, the third entry, up to User.
      await bmc.lan.set(1, 24, Uint8Array.of(0, 0x44, 0x02, 0, 0, 0, 0, 0, 0), undefined);
      await (await by()).open();
    },
  ],
  [
    'malformed log-in',
    'Open Session, status 12h',
    {},
    async ({ by }) => (await by()).open(new Uint8Array(9)),
  ],
  [
    'malformed log-in',
    'RAKP 1, status 0Ch',
    {},
    async ({ by }) => {
      const console = await by({ user: 'a-name-of-17-byte' });
      await console.open();
      await console.rakp1();
    },
  ],
  [
    'wrong password',
    'RAKP 3, status 0Fh',
    {},
    async ({ by }) => {
      const console = await by({ password: 'AdminPass12' });
      await console.open();
      await console.rakp1();
      await console.rakp3();
    },
  ],
  [
    'password cut to 16 bytes',
    'RAKP 3, status 0Fh',
    { users: [{ id: 2, name: 'admin', password: 'abcdefghijklmnopqrst' }] },
    async ({ by }) => {
      const console = await by({ password: 'abcdefghijklmnop' });
      await console.open();
      await console.rakp1();
      await console.rakp3();
    },
  ],
  [
    'wrong K_g',
    'first message, signed without any',
    WITH_KG,
    async ({ by, world }) => {
      const console = await by();
      await console.open();
      await console.rakp1();
      await console.rakp3();
      await console.send20(6, 1);
      await console.send20(6, 1);
      await world.run(8000);
    },
  ],
  [
    'wrong K_g',
    'first message, signed with another',
    {},
    async ({ by, world }) => {
      const console = await by({ kg: KG });
      await console.open();
      await console.rakp1();
      await console.rakp3();
      await console.send20(6, 1);
      await world.run(8000);
    },
  ],
  [
    'console did not go on: wrong K_g?',
    'nothing after RAKP 4',
    WITH_KG,
    async ({ by, world }) => {
      const console = await by();
      await console.open();
      await console.rakp1();
      await console.rakp3();
      await world.run(8000);
    },
  ],
];

test.each(cases)('A1: a refused log-in says why: %s (%s)', async (reason, step, options, act) => {
  const net = await logInNet(options);
  const heard: RefusedLogIn[] = [];
  net.bmc.logIns.onRefused((refused) => heard.push(refused));
  await act(net);
  expect(heard.map(({ problem, step }) => [problem, step])).toEqual([[reason, step]]);
  expect(heard[0].peer.address).toMatch(/^10\.0\.0\.\d+$/);
  const { counters } = net.bmc.counters.find(({ name }) => name === 'log-ins')!;
  expect(Object.entries(counters).filter(([name, count]) => name !== 'admitted' && count > 0)).toEqual([
    [reason, 1],
  ]);
  const lines = net.lines.filter(({ fields }) => fields?.event === 'log-in refused');
  expect(lines.map(({ fields }) => fields?.reason)).toEqual([reason]);
});

test('A1: who has the right K_g, or none where there is none, or a suite without keys, is told nothing', async () => {
  const { by, bmc, world } = await logInNet(WITH_KG);
  const heard: unknown[] = [];
  bmc.logIns.onRefused((refused) => heard.push(refused));
  const console = await by({ kg: KG });
  await console.open();
  await console.rakp1();
  await console.rakp3();
  // Somebody else's datagram proves nothing of this console.
  const stranger = await by({}, '10.0.0.77');
  const forged = console.seal20(6, 1);
  forged[forged.length - 1] ^= 1;
  await stranger.ask(forged);
  expect(await console.send20(6, 1)).toBe(0);
  forged[12] ^= 1;
  await console.ask(forged);
  await world.run(10_000);
  expect(heard).toEqual([]);
});
