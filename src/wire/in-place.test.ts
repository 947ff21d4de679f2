// What is opened and sealed where it lies.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  build15,
  buildMessage,
  buildResponse,
  cipherSuites,
  isAuthentic15,
  message15At,
  parse15,
  parse20,
  parseMessage,
  payloadStart,
  preparedKey,
  putResponse,
  rakp2Code,
  rakp3Code,
  rakp4Code,
  responseSize,
  seal15,
  SessionCrypto,
  sessionKeys,
  type CipherSuite,
  type Exchange,
} from './index.ts';

const crypto = (suite: CipherSuite): SessionCrypto =>
  new SessionCrypto(
    suite,
    { sik: new Uint8Array(20), k1: new Uint8Array(20).fill(1), k2: new Uint8Array(20).fill(2) },
    new Uint8Array(20).fill(3),
  );
const ivs = { fill: (bytes: Uint8Array, start: number, end: number) => bytes.fill(0x5a, start, end) };
const DIRTY = 0xee;

test.each(cipherSuites)(
  'I18: suite $id: sealed and opened in place as apart, whatever lay there',
  (suite) => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.boolean(), (payload, encrypted) => {
        const apart = crypto(suite).seal(0, 7, 9, payload, ivs, encrypted);
        const one = crypto(suite);
        const out = new Uint8Array(one.sealedSize(payload.length, encrypted)).fill(DIRTY);
        out.set(payload, one.payloadAt(encrypted));
        expect(one.sealInPlace(out, 0, 7, 9, payload.length, ivs, encrypted)).toEqual(apart);
        const packet = parse20(out)!;
        expect(one.isAuthentic(out, packet)).toBe(true);
        expect(one.open(out, packet)).toEqual(payload);
        // Opened apart, it is still what came.
        expect(out).toEqual(apart);
        const end = one.openInPlace(out, packet);
        expect(out.slice(payloadStart(packet), end)).toEqual(payload);
      }),
    );
  },
);

test('I18: a padding that is not one is refused in place too', () => {
  const one = crypto(cipherSuites.find(({ id }) => id === 3)!);
  const sealed = one.seal(0, 7, 9, new Uint8Array(5), ivs, true, true);
  expect(one.openInPlace(sealed, parse20(sealed)!)).toBeUndefined();
});

test('I18: IPMI 1.5: sealed in place as apart, with a code and without', () => {
  const message = buildMessage({
    to: 0x81,
    toLun: 0,
    netFn: 7,
    from: 0x20,
    fromLun: 0,
    seq: 5,
    cmd: 1,
    data: new Uint8Array(9).fill(4),
  });
  for (const authType of [0, 1, 2, 4]) {
    const password = authType === 0 ? undefined : new Uint8Array(16).fill(6);
    const out = new Uint8Array(message15At(authType) + message.length).fill(DIRTY);
    out.set(message, message15At(authType));
    expect(seal15(out, authType, 3, 8, password)).toEqual(build15(authType, 3, 8, message, password));
    expect(isAuthentic15(out, parse15(out)!, password ?? new Uint8Array(16))).toBe(true);
  }
});

test('I18: a response is put where it belongs, and nothing beside it is touched', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), fc.nat(20), (answer, at) => {
      const bytes = buildMessage({
        to: 0x20,
        toLun: 0,
        netFn: 6,
        from: 0x81,
        fromLun: 1,
        seq: 63,
        cmd: 1,
        data: new Uint8Array(0),
      });
      const request = parseMessage(bytes)!;
      const out = new Uint8Array(at + responseSize(answer) + 3).fill(DIRTY);
      putResponse(out, at, request, answer);
      expect(out.slice(at, -3)).toEqual(buildResponse(request, answer));
      expect(parseMessage(out, at, out.length - 3)).toMatchObject({ netFn: 7, to: 0x81, data: answer });
      expect([...out.slice(0, at), ...out.slice(-3)].every((byte) => byte === DIRTY)).toBe(true);
    }),
  );
});

test('I18: a copied message outlives its bytes; a window shows what becomes of them', () => {
  const bytes = buildResponse(
    { to: 0x20, toLun: 0, netFn: 6, from: 0x81, fromLun: 0, seq: 1, cmd: 1, data: new Uint8Array(0) },
    Uint8Array.of(0, 1, 2),
  );
  const [copied, window] = [parseMessage(bytes, 0, bytes.length, true)!, parseMessage(bytes)!];
  bytes.fill(DIRTY);
  expect([...copied.data]).toEqual([0, 1, 2]);
  expect([...window.data]).toEqual([DIRTY, DIRTY, DIRTY]);
});

test('I18: what Node gives as a Buffer is copied too, and opened apart it is still what came', () => {
  const one = crypto(cipherSuites.find(({ id }) => id === 3)!);
  const sealed = Buffer.from(one.seal(0, 7, 9, Uint8Array.of(1, 2, 3), ivs));
  const before = Uint8Array.from(sealed);
  expect(one.open(sealed, parse20(sealed)!)).toEqual(Uint8Array.of(1, 2, 3));
  expect(Uint8Array.from(sealed)).toEqual(before);
  const bytes = Buffer.from(
    buildResponse(
      { to: 0x20, toLun: 0, netFn: 6, from: 0x81, fromLun: 0, seq: 1, cmd: 1, data: new Uint8Array(0) },
      Uint8Array.of(0, 1, 2),
    ),
  );
  const { data } = parseMessage(bytes, 0, bytes.length, true)!;
  bytes.fill(DIRTY);
  expect(data).toEqual(Uint8Array.of(0, 1, 2));
});

test.each([1, 2, 3])(
  'I18: authentication algorithm %i: a prepared key makes the codes that its bytes make',
  (authentication) => {
    const key = Uint8Array.from({ length: 20 }, (_, i) => i);
    const exchange: Exchange = {
      authentication,
      consoleId: 0x01020304,
      bmcId: 0xf1f2f3f4,
      consoleRandom: new Uint8Array(16).fill(1),
      bmcRandom: new Uint8Array(16).fill(2),
      bmcGuid: new Uint8Array(16).fill(3),
      role: 0x14,
      name: new TextEncoder().encode('sixteen-bytes-na'),
    };
    const prepared = preparedKey(authentication, key)!;
    expect(rakp2Code(exchange, prepared)).toEqual(rakp2Code(exchange, key));
    expect(rakp3Code(exchange, prepared)).toEqual(rakp3Code(exchange, key));
    const keys = sessionKeys(exchange, { user: prepared, bmc: prepared });
    expect(keys.sik).toEqual(sessionKeys(exchange, { user: key, bmc: key }).sik);
    expect(rakp4Code(exchange, keys.prepared!)).toEqual(rakp4Code(exchange, keys.sik));
  },
);
