// Sessions with BMCs, and so many requests to them in turn, so many under way at a time: node --import tsx load.ts
// HOW_MANY_SESSIONS REQUESTS ADDRESS[,ADDRESS ...]. Says `ready`, waits for a line, asks, and says the milliseconds.
import { once } from 'node:events';
import { connectLan, type LanClient } from '../../src/client/index.ts';
import { nodeWorld } from '../../src/world/index.ts';

const [count, requests] = process.argv.slice(2, 4).map(Number);
const addresses = process.argv[4].split(',');
const AT_A_TIME = 64;
const world = nodeWorld();
const clients: LanClient[] = [];
const login = { user: 'admin', password: 'AdminPass123', cipherSuite: 17 };
const opening = Array.from({ length: count }, (_, i) => addresses[i % addresses.length]).values();
await Promise.all(
  Array.from({ length: 16 }, async () => {
    for (const address of opening) {
      const [host, port] = address.split(':');
      clients.push(await connectLan(world, { host, port: Number(port), ...login }));
    }
  }),
);
console.log('ready');
await once(process.stdin, 'data');
const began = performance.now();
let asked = 0;
await Promise.all(
  Array.from({ length: AT_A_TIME }, async () => {
    while (asked < requests) await clients[asked++ % clients.length].raw(6, 1, new Uint8Array());
  }),
);
console.log(String(performance.now() - began));
process.exit(0);
