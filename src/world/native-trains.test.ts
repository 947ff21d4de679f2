// Many answers to one sender as one message to the system, and a system that does not take these.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { AT, HEADER, type Shared } from './native-layout.ts';
import { NativeNames } from './native-names.ts';
import { OutgoingBatch } from './native-outgoing.ts';
import { NativeSockets } from './native-sockets.ts';

/** What the system is asked to send: datagrams of each message of each call. */
const calls: number[][] = [];
/** It knows of no trains. */
const system = vi.hoisted(() => ({ isOld: false }));

vi.mock('koffi', async (original) => {
  const { default: koffi } = await original<typeof import('koffi')>();
  let isRefused = false;
  const load = (name: string | null) => {
    const library = koffi.load(name);
    const func = (declaration: string): unknown => {
      const real = library.func(declaration);
      if (!declaration.includes(' sendmmsg(')) return real;
      return (fd: number, address: bigint, count: number, flags: number): number => {
        const headers = new DataView(koffi.view(address, count * HEADER));
        const messages = Array.from({ length: count }, (_, i) =>
          headers.getUint32(i * HEADER + AT.iovecs, true),
        );
        calls.push(messages);
        isRefused = system.isOld && messages[0] > 1;
        if (isRefused) return -1;
        const train = messages.findIndex((datagrams) => datagrams > 1);
        return real(fd, address, system.isOld && train > 0 ? train : count, flags) as number;
      };
    };
    return { func };
  };
  const errno = (): number => (isRefused ? koffi.os.errno.EINVAL : koffi.errno());
  return { default: { ...koffi, load, errno } };
});

const native = await NativeSockets.load().then(
  (sockets) => sockets,
  () => undefined,
);
const closing: (() => unknown)[] = [];
afterEach(() => {
  system.isOld = false;
  for (const close of closing.splice(0)) close();
});

describe.skipIf(native === undefined)('with a real system', () => {
  async function heardOf(sockets: NativeSockets, texts: readonly string[]): Promise<string[]> {
    const receiver = createSocket('udp4').bind(0, '127.0.0.1');
    await once(receiver, 'listening');
    closing.push(() => receiver.close());
    const socket = sockets.open({ host: '127.0.0.1', port: 0 });
    closing.push(() => sockets.close(socket.fd));
    const heard: string[] = [];
    const all = new Promise<void>((resolve) => {
      receiver.on('message', (data) => heard.push(String(data)) === texts.length && resolve());
    });
    const there = { host: '127.0.0.1', port: receiver.address().port };
    const failed = (error: Error): void => expect.fail(error.message);
    calls.length = 0;
    for (const text of texts) sockets.put(Buffer.from(text), socket, there, undefined, failed);
    sockets.flush();
    await all;
    return heard;
  }

  test('I18: datagrams of one size to one endpoint, and a shorter one behind them, are one message', async () => {
    const texts = ['aa', 'bb', 'c', 'dd', 'ee', 'ffff'];
    expect(await heardOf(native!, texts)).toEqual(texts);
    expect(calls).toEqual([[3, 2, 1]]);
  });

  test('I18: where the system does not take them, each goes by itself, and so do all from then on', async () => {
    const sockets = await NativeSockets.load();
    expect(sockets.hasTrains).toBe(true);
    system.isOld = true;
    const texts = ['x', 'aa', 'bb', 'cc', 'dddd'];
    expect(await heardOf(sockets, texts)).toEqual(texts);
    expect(sockets.hasTrains).toBe(false);
    expect(await heardOf(sockets, texts)).toEqual(texts);
    expect(calls).toEqual([[1, 1, 1, 1, 1]]);
  });

  test('I18: an old system is found out at the start', async () => {
    system.isOld = true;
    expect((await NativeSockets.load()).hasTrains).toBe(false);
  });
});

test('I18: nothing is coupled to a train of another endpoint, of another address of this machine, or of larger datagrams', () => {
  let next = 0n;
  const share = (size: number): Shared => {
    const buffer = new ArrayBuffer(size);
    next += 0x1_0000_0000n;
    return {
      address: next,
      bytes: new Uint8Array(buffer),
      words: new Uint32Array(buffer),
      view: new DataView(buffer),
    };
  };
  const batch = new OutgoingBatch(share, new NativeNames());
  const [one, other] = [
    { host: '10.0.0.1', port: 7 },
    { host: '10.0.0.1', port: 7 },
  ];
  const put = (size: number, to = one, asked?: string): void =>
    void batch.put(new Uint8Array(size), false, to, asked);
  put(8);
  put(8);
  put(8, other);
  put(8, other, '10.0.0.9');
  put(8, other, '10.0.0.9');
  put(9, other, '10.0.0.9');
  put(600);
  put(600);
  expect(Array.from({ length: batch.messages }, (_, i) => batch.count(i))).toEqual([2, 1, 2, 1, 1, 1]);
  batch.clear();
  put(600);
  expect([batch.messages, batch.count(0)]).toEqual([1, 1]);
});
