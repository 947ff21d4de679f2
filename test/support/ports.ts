import { randomInt } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { createServer } from 'node:net';

const FIRST = 2000;
/** Ports that one caller has; the last of them is held. */
const STRETCH = 64;
const STRETCHES = Math.floor((10_000 - FIRST) / STRETCH);

/** A socket that has a UDP port of loopback; undefined: somebody else has it. */
function held(port: number): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    socket.once('error', () => {
      socket.close();
      resolve(undefined);
    });
    socket.bind(port, '127.0.0.1', () => resolve(socket));
  });
}

async function isFree(port: number): Promise<boolean> {
  const udp = await held(port);
  if (!udp) return false;
  await new Promise<void>((resolve) => udp.close(resolve));
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

/**
 * A free port of loopback, UDP and TCP, of four digits: libipmiconsole (ipmiconsole, conman) has no room for a
 * fifth one and then says that the host name is invalid. The 62 behind it are free too. Nobody gets one of them
 * who asks here, in this process or another of this machine, until this process (or its thread) has ended; and
 * none is a port that the system chooses for anybody. Rejects when all are taken.
 */
export async function shortPort(): Promise<number> {
  for (let tries = 0; tries < 10 * STRETCHES; tries++) {
    const base = FIRST + STRETCH * randomInt(STRETCHES);
    // Who has the last one has the stretch, whatever of it is open at the time.
    const holder = await held(base + STRETCH - 1);
    if (!holder) continue;
    const others = Array.from({ length: STRETCH - 1 }, (_, i) => isFree(base + i));
    if ((await Promise.all(others)).every(Boolean)) {
      holder.unref();
      return base;
    }
    holder.close();
  }
  throw new Error('no stretch of free ports of four digits');
}
