import { expect, test } from 'vitest';
import { simWorld } from '../world/index.ts';
import { fencedUdp } from './fenced-udp.ts';

test("23.2: what a host that lost its place finds in its sockets is nobody's, and it answers nothing", async () => {
  const world = simWorld(1);
  let isOurs = true;
  const udp = fencedUdp(world.udp, () => isOurs);
  const here = { host: '192.0.2.1', port: 623 };
  const [socket, client] = await world.until(
    Promise.all([udp.bind(here), world.udp.bind({ host: '192.0.2.2', port: 700 })]),
  );
  const heard: number[] = [];
  const answers: number[] = [];
  socket.onDatagram = (data, from) => {
    heard.push(data[0]);
    socket.send(Uint8Array.of(data[0] + 100), from);
  };
  client.onDatagram = (data) => answers.push(data[0]);
  client.send(Uint8Array.of(1), here);
  await world.run(1000);
  isOurs = false;
  client.send(Uint8Array.of(2), here);
  socket.send(Uint8Array.of(9), client.address);
  await world.run(1000);
  isOurs = true;
  client.send(Uint8Array.of(3), here);
  await world.run(1000);
  expect([heard, answers]).toEqual([
    [1, 3],
    [101, 103],
  ]);
  expect(socket.address).toEqual(here);
  socket.onDatagram = undefined;
  expect(socket.onDatagram).toBeUndefined();
  await world.until(socket.close());
});
