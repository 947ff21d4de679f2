// `probe.ts COUNT SWEEP`, on a machine: asks every BMC's address there, round and round, whether somebody is there
// (an ASF presence ping), and prints who answered when: `[[bmc, milliseconds], ...]`, a line each quarter second.
import { createSocket } from 'node:dgram';
import { addressOf, indexOf } from './machines.ts';

const [count, sweep] = process.argv.slice(2).map(Number);
const SLICE = 20;
const PING = Uint8Array.of(6, 0, 0xff, 6, 0, 0, 0x11, 0xbe, 0x80, 1, 0, 0);

const socket = createSocket({ type: 'udp4', recvBufferSize: 1 << 20 });
let answered: [bmc: number, at: number][] = [];
socket.on('message', (_data, { address }) => answered.push([indexOf(address), Date.now()]));
// Nobody is there: the system says so.
socket.on('error', () => undefined);
let next = 0;
socket.bind(0, () => {
  setInterval(() => {
    for (let i = Math.ceil((count * SLICE) / sweep); i > 0; i--) {
      socket.send(PING, 623, addressOf(next));
      next = (next + 1) % count;
    }
  }, SLICE);
});
setInterval(() => {
  console.log(JSON.stringify(answered));
  answered = [];
}, 250);
