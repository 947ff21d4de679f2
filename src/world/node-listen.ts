import type { Server } from 'node:net';
import { listenUnix } from './node-unix.ts';
import type { StreamAddress, StreamServer } from './world.ts';

/**
 * Makes `server` listen, at a Unix socket as listenUnix does it; `end` is what closing does once the name is
 * gone. Rejects with the system's error.
 */
export async function listenAt(
  server: Server,
  at: StreamAddress,
  end: () => void | Promise<void>,
): Promise<StreamServer> {
  let address = at;
  let withdraw: (() => Promise<void>) | undefined;
  if ('path' in at) {
    withdraw = await listenUnix(server, at.path, at.mode);
  } else {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host: at.host, port: at.port, exclusive: true }, () => {
        server.off('error', reject);
        resolve();
      });
    });
    const bound = server.address();
    if (bound && typeof bound === 'object') address = { host: bound.address, port: bound.port };
  }
  server.on('error', () => {}); // a failed accept (EMFILE) costs one connection, not the process
  return {
    address,
    async close() {
      await withdraw?.();
      withdraw = undefined;
      await end();
    },
  };
}
