import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hex, toHex } from '../../test/support/vectors.ts';
import { fromLatin1 } from '../codec/index.ts';
import {
  AuthType,
  build15,
  build20,
  buildMessage,
  buildPresencePing,
  buildPresencePong,
  buildResponse,
  cipherSuiteRecords,
  cipherSuites,
  isAuthentic15,
  isIpmiPong,
  nextSequence,
  OpenSessionRequest,
  OpenSessionResponse,
  parse15,
  parse20,
  parseMessage,
  PayloadType,
  presencePingTag,
  Rakp1,
  Rakp2,
  Rakp3,
  rakp2Code,
  rakp3Code,
  Rakp4,
  rakp4Code,
  rmcpClass,
  SequenceWindow,
  SessionCrypto,
  sessionKeys,
  type Exchange,
} from './index.ts';

// Datagrams of real clients (ipmitool, FreeIPMI) and OpenIPMI's ipmi_sim: user admin, password AdminPass123,
// no K_g.
const suite3 = [
  '0600ff07000000000000000000092018c88100388e04b5',
  '0600ff0700000000000000000010811c6320003800019706030000000007',
  '0600ff0706100000000000000000200000000000a4a3a2a0000000080100000001000008010000000200000801000000',
  '0600ff0706110000000000000000240000000000a4a3a2a002000000000000080100000001000008010000000200000801000000',
  '0600ff0706120000000000000000210000000000020000006a0e03846db7c75133f52746b85ee95d1400000561646d696e',
  '0600ff07061300000000000000003c0000000000a4a3a2a09f2fcacf23003ad17e4c02254adab7d1a123456789abcdefa123456789abcdef782e238b5b6a1bd6b1071b968a2d1f9e7bec0297',
  '0600ff07061400000000000000001c000000000002000000893eb13f1789b173e273bdd361d69041bd94ea4e',
  '0600ff0706150000000000000000140000000000a4a3a2a0a99e39009e2e30848d6ff2a1',
  '0600ff0706c002000000030000002000d61cc50c208a0127e1b67176bc55ca38f6845ad762933d20813419812b02072affff02076e8c878e7494b65a93973e85',
  '0600ff0706c0a4a3a2a001000000200046456e3c2d6fa4cbaa67994ed9f07a2ea0d476e5949594a589a3139bdc93940affff020727a58d0c8d2b3880bd98c784',
  '0600ff0706c002000000040000002000bfcc8da2e5e4b8d80f38ff9cad165ab449be3c4533be170cbe3ee07863a6e33effff02071eb4c14a9cd56ebf5a0cbbe0',
  '0600ff0706c0a4a3a2a0020000002000c878afeca34f54f47f3602af5eed5b9ecf80044e0ff3ff4ac74504c5c5365fe1ffff02073df647a87dca31894566065c',
  '0600ff0706c0020000000500000020004386ce99fd4522205548390c0461eb8996d463725c6b1c6204abcecac0cf869dffff02070cc0d33de0164b5bce59f16c',
  '0600ff0706c0a4a3a2a00300000030008e50bb9889c7cf8b1bfbea3fdba0ee1ca78aa9679760539cdf76008804331aa5ea80999ae619ea655300761ec9a49248ffff020742c858a156c54ce279a30a7a',
].map(hex);
const md5 = [
  '0600ff06000011be80000000',
  '0600ff06000011be40000010000011be000000008100000000000000',
  '0600ff07000000000000000000092018c88104380e0431',
  '0600ff0700000000000000000010811c6320043800011706000000000086',
  '0600ff07000000000000000000182018c88108390261646d696e000000000000000000000033',
  '0600ff070000000000000000001c811c6320083900050000006b28f70616ab7088d6440f4bd4b60186cc',
  '0600ff07020000000005000000f5e905f58469ffb3e8ba29089aa405871d2018c8810c3a02046b28f70616ab7088d6440f4bd4b601861cfa51a757',
  '0600ff07021cfa51a705000000f1fe4eb0e48c5d5fddce404e4a06741b12811c63200c3a000284030000b87edd5104a9',
  '0600ff0702b87edd51840300008afd8c35e81deb1f045e5e09c7c8b64a082018c881103b0430',
  '0600ff07021cfa51a7840300009072da68196d7c87c164d79266212d1209811c6320103b000491',
  '0600ff0702b97edd518403000009e9c74719122002b42b956a8c732d0d0920b03081143e00022b',
  '0600ff07021dfa51a784030000859abc8252a42d39a956a9932122e8750881b4cb20143ec1cd',
  '0600ff0702ba7edd51840300004fc7afe030df0fb4f6e6fc54b356a04e072018c881180166',
  '0600ff07021efa51a784030000e230e7f40d8d01637fe5e215fa63096317811c63201801000003010502bf911200020f0000000049',
].map(hex);
const md2 = [
  '0600ff07000000000000000000092018c881d4380e0263',
  '0600ff0700000000000000000010811c6320d438000117060000000000b6',
  '0600ff07000000000000000000182018c881d8390161646d696e000000000000000000000064',
  '0600ff070000000000000000001c811c6320d8390085000000354554977734e98e06d0efb4b1fd27babb',
  '0600ff0701000000008500000025b9d4d96172fd632380b735bec257191d2018c881dc3a0102354554977734e98e06d0efb4b1fd27ba8de19335a1',
  '0600ff07018de1933585000000596068f984146a7d0b2d3c09fad8422412811c6320dc3a0001040400000c9d077b0294',
  '0600ff07010c9d077b040400003a9dda3ee3d8fc510d3a6b78318c7f79082018c881e03b0262',
  '0600ff07018de1933504040000b8fd75ec4e24294fb721f1149a6841b409811c6320e03b0002c3',
  '0600ff07010d9d077b04040000b40ab64754a9d8b2fae41dd6b97f82f1082018c881e43b025e',
  '0600ff07018ee193350404000010b8b5f7e8360d7f1a92993b5c3eaa1b09811c6320e43b0002bf',
  '0600ff07010e9d077b040400009f0a0cde6a513acf8925f975d1795927072018c881e80196',
  '0600ff07018fe1933504040000e36e778b5a26a468500c577c2aa8ed1d17811c6320e801000003010502bf911200020f0000000079',
  '0600ff07010f9d077b0404000081fba61f1d180142f46bc4c39ba951dd0b2018c881ec3c040400004f',
  '0600ff070190e1933504040000655a242744f1a08ca2002ecda65b5f5308811c6320ec3c00b8',
].map(hex);
const password = fromLatin1('AdminPass123', 20);

describe('a recorded log-in with suite 3', () => {
  const payload = (n: number): Uint8Array => {
    const packet = parse20(suite3[n])!;
    return suite3[n].subarray(packet.start, packet.end);
  };
  const request = OpenSessionRequest.decode(payload(2));
  const opened = OpenSessionResponse.decode(payload(3));
  const rakp1 = Rakp1.decode(payload(4));
  const rakp2 = Rakp2.decode(payload(5));
  const exchange: Exchange = {
    authentication: opened.authentication.algorithm,
    consoleId: opened.consoleId,
    bmcId: opened.bmcId,
    consoleRandom: rakp1.consoleRandom,
    bmcRandom: rakp2.bmcRandom,
    bmcGuid: rakp2.bmcGuid,
    role: 0x14,
    name: rakp1.name,
  };
  const keys = sessionKeys(exchange, { user: password, bmc: password });

  test('every message is read and written back to the same bytes', () => {
    expect(request).toMatchObject({
      tag: 0,
      maxPrivilege: 0,
      consoleId: 0xa0a2a3a4,
      integrity: { type: 1, length: 8, algorithm: 1 },
    });
    expect(rakp1).toMatchObject({ nameOnly: true, role: 4, nameLength: 5 });
    for (const [n, layout] of [
      [2, OpenSessionRequest],
      [3, OpenSessionResponse],
      [4, Rakp1],
      [5, Rakp2],
      [6, Rakp3],
      [7, Rakp4],
    ] as const) {
      expect(toHex(layout.encode(layout.decode(payload(n)) as never))).toBe(toHex(payload(n)));
    }
    for (const n of [2, 3, 4, 5, 6, 7]) {
      const { payloadType, sessionId, sequence } = parse20(suite3[n])!;
      expect(toHex(build20(payloadType, sessionId, sequence, payload(n)))).toBe(toHex(suite3[n]));
    }
  });

  test('both sides computed the codes that we do', () => {
    expect(toHex(rakp2Code(exchange, password))).toBe(toHex(rakp2.code));
    expect(toHex(rakp3Code(exchange, password))).toBe(toHex(Rakp3.decode(payload(6)).code));
    expect(toHex(rakp4Code(exchange, keys.sik))).toBe(toHex(Rakp4.decode(payload(7)).code));
    expect(toHex(rakp2Code(exchange, fromLatin1('wrong', 20)))).not.toBe(toHex(rakp2.code));
  });

  test('every message of the session opens, and seals to the same datagram with the same IV', () => {
    const crypto = new SessionCrypto(
      cipherSuites.find((suite) => suite.id === 3)!,
      keys,
      password,
    );
    const opened = suite3.slice(8).map((datagram) => {
      const packet = parse20(datagram)!;
      expect(crypto.isAuthentic(datagram, packet)).toBe(true);
      const plain = crypto.open(datagram, packet)!;
      const iv = datagram.subarray(packet.start, packet.start + 16);
      expect(
        toHex(
          crypto.seal(packet.payloadType, packet.sessionId, packet.sequence, plain, {
            fill: (out, at) => out.set(iv, at),
          }),
        ),
      ).toBe(toHex(datagram));
      return parseMessage(plain)!;
    });
    expect(opened.map(({ netFn, cmd }) => [netFn, cmd])).toEqual([
      [6, 0x3b],
      [7, 0x3b],
      [0x2c, 0x3e],
      [0x2d, 0x3e],
      [6, 1],
      [7, 1],
    ]);
  });
});

describe.each(cipherSuites)('suite $id', (suite) => {
  const keys = { sik: new Uint8Array(20), k1: fromLatin1('key one', 20), k2: fromLatin1('key two', 20) };
  const crypto = new SessionCrypto(suite, keys, password);
  const iv = { fill: (out: Uint8Array, start: number, end: number) => out.fill(0x5a, start, end) };

  test('payloads of every length come back', () => {
    for (let length = 0; length < 70; length++) {
      const payload = Uint8Array.from({ length }, (_, i) => i);
      const datagram = crypto.seal(PayloadType.Ipmi, 0x01020304, 9, payload, iv);
      const packet = parse20(datagram)!;
      expect(packet).toMatchObject({
        payloadType: 0,
        sessionId: 0x01020304,
        sequence: 9,
        authenticated: suite.integrity !== 0,
        encrypted: suite.confidentiality !== 0,
      });
      expect(crypto.isAuthentic(datagram, packet)).toBe(true);
      expect(crypto.open(datagram, packet)).toEqual(payload);
    }
  });

  test('a change of any signed byte is noticed', () => {
    const datagram = crypto.seal(PayloadType.Ipmi, 1, 2, Uint8Array.of(1, 2, 3), iv);
    if (suite.integrity === 0) return;
    for (let i = 4; i < datagram.length; i++) {
      const changed = datagram.slice();
      changed[i] ^= 0x10;
      const packet = parse20(changed);
      expect(packet === undefined || !crypto.isAuthentic(changed, packet), `byte ${i}`).toBe(true);
    }
    const unsigned = build20(PayloadType.Ipmi, 1, 2, Uint8Array.of(1, 2, 3));
    expect(crypto.isAuthentic(unsigned, parse20(unsigned)!)).toBe(false);
  });
});

describe.each([
  ['MD5', AuthType.Md5, md5, 6],
  ['MD2', AuthType.Md2, md2, 4],
] as const)('a recorded IPMI 1.5 session with %s', (_name, authType, datagrams, first) => {
  test('codes are right, and are written as they came', () => {
    for (const datagram of datagrams.slice(first)) {
      const packet = parse15(datagram)!;
      expect(packet.authType).toBe(authType);
      expect(isAuthentic15(datagram, packet, password)).toBe(true);
      expect(isAuthentic15(datagram, packet, fromLatin1('AdminPass124', 20))).toBe(false);
      const { sequence, sessionId, start, end } = packet;
      expect(toHex(build15(authType, sequence, sessionId, datagram.subarray(start, end), password))).toBe(
        toHex(datagram),
      );
    }
  });
});

test('IPMI 1.5: no byte follows the message, whatever the length; a pad of others is taken', () => {
  for (let size = 7; size < 160; size++) {
    const datagram = build15(AuthType.Md5, 1, 2, new Uint8Array(size), password);
    expect(datagram.length).toBe(4 + 10 + 16 + size);
    expect(parse15(Uint8Array.of(...datagram, 0))).toMatchObject({ start: 30, end: datagram.length });
  }
});

test('messages: both checksums are made and checked; a response goes back where the request came from', () => {
  const bytes = md5[2].subarray(14);
  const request = parseMessage(bytes)!;
  expect(request).toMatchObject({
    to: 0x20,
    netFn: 6,
    toLun: 0,
    from: 0x81,
    seq: 1,
    cmd: 0x38,
    data: Uint8Array.of(0x0e, 0x04),
  });
  expect(toHex(buildMessage(request))).toBe(toHex(bytes));
  const response = parseMessage(buildResponse({ ...request, toLun: 2, fromLun: 1 }, Uint8Array.of(0xc1)))!;
  expect(response).toMatchObject({ to: 0x81, toLun: 1, netFn: 7, from: 0x20, fromLun: 2, seq: 1, cmd: 0x38 });
  for (let i = 0; i < bytes.length; i++) {
    const changed = bytes.slice();
    changed[i] ^= 1;
    expect(parseMessage(changed), `byte ${i}`).toBeUndefined();
  }
});

test('presence ping and pong', () => {
  expect(presencePingTag(md5[0])).toBe(0);
  expect(presencePingTag(buildPresencePing(0x7a))).toBe(0x7a);
  expect(toHex(buildPresencePong(0))).toBe(toHex(md5[1]));
  expect([isIpmiPong(md5[1]), isIpmiPong(md5[0])]).toEqual([true, false]);
});

test('cipher suite records', () => {
  expect(toHex(cipherSuiteRecords([3, 17], true))).toBe('c0 03 01 41 81 c0 11 03 44 81');
  expect(toHex(cipherSuiteRecords([1, 3, 17], false))).toBe('01 03 40 41 44 80 81');
});

describe('sequence window', () => {
  test('takes each number once, in any order within the window', () => {
    const window = new SequenceWindow(100, 16, 15);
    const taken = [101, 103, 102, 103, 101, 119, 104, 103, 136, 99].map((n) => window.take(n));
    expect(taken).toEqual([true, true, true, false, false, true, true, false, false, false]);
  });

  test.each([
    [8, 8],
    [16, 15],
  ])('%i ahead and %i behind, not one more', (ahead, behind) => {
    const moved = (to: number): SequenceWindow => {
      const window = new SequenceWindow(100, ahead, behind);
      expect([window.take(100 + ahead - 1), window.take(to)]).toEqual([true, true]);
      return window;
    };
    const high = 100 + ahead + 6;
    expect([high + ahead, high + ahead + 1].map((n) => moved(high).take(n))).toEqual([true, false]);
    expect([high - behind, high - behind - 1].map((n) => moved(high).take(n))).toEqual([true, false]);
  });

  test('goes on over the end of 32 bits, and 0 is left out', () => {
    const window = new SequenceWindow(0xfffffffe, 8, 8);
    expect([0xffffffff, 1, 0xffffffff, 0xfffffffd].map((n) => window.take(n))).toEqual([
      true,
      true,
      false,
      true,
    ]);
    expect([nextSequence(0xffffffff), nextSequence(1)]).toEqual([1, 2]);
  });

  test('property: nothing is taken twice', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(60), { maxLength: 200 }), (numbers) => {
        const window = new SequenceWindow(0, 16, 15);
        const taken = numbers.filter((n) => window.take(n));
        expect(new Set(taken).size).toBe(taken.length);
      }),
    );
  });
});

test('property: no bytes make a parser throw', () => {
  const crypto = new SessionCrypto(cipherSuites[3], { sik: password, k1: password, k2: password }, password);
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 120 }),
    fc
      .tuple(fc.constantFrom(...suite3, ...md5), fc.nat(80), fc.nat(255), fc.nat(90))
      .map(([datagram, at, value, length]) => {
        const changed = datagram.slice(0, datagram.length - Math.min(length, datagram.length));
        if (at < changed.length) changed[at] = value;
        return changed;
      }),
  );
  fc.assert(
    fc.property(bytes, (datagram) => {
      rmcpClass(datagram);
      presencePingTag(datagram);
      const old = parse15(datagram);
      if (old) isAuthentic15(datagram, old, password);
      const packet = parse20(datagram);
      if (packet) {
        crypto.isAuthentic(datagram, packet);
        crypto.open(datagram, packet);
      }
      parseMessage(datagram);
    }),
    { numRuns: 2000 },
  );
});
