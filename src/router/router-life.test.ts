// Interfaces and handlers that come and go while requests run.
import { expect, test } from 'vitest';
import { simWorld, type SimWorld } from '../world/index.ts';
import { Context, handleRaw, Router, type Channel, type Dispatch, type Interface } from './index.ts';

/** An interface without a wire: what it hears and says is in the test's hands. */
class Line implements Interface {
  readonly channel: Channel;
  readonly inFlightLimit: number | undefined;
  readonly deadline = 500;
  readonly heard: string[] = [];
  #dispatch: Dispatch | undefined;

  constructor(number: number, inFlightLimit?: number) {
    this.channel = { number, medium: 'lan', maxAnswer: 248 };
    this.inFlightLimit = inFlightLimit;
  }

  open = async (dispatch: Dispatch): Promise<void> => void (this.#dispatch = dispatch);
  close = async (): Promise<void> => void (this.#dispatch = undefined);

  say(cmd: number, ...data: number[]): void {
    const answer = this.#dispatch!(
      { netFn: 0x30, cmd, lun: 0, data: Uint8Array.from(data) },
      new Context(undefined, this.channel, 4),
    );
    void Promise.resolve(answer).then((bytes) => this.heard.push(bytes.join(' ')));
  }
}

const later = (world: SimWorld, ms: number) =>
  handleRaw({ netFn: 0x30, cmd: 1 }, ({ data }) => {
    const mine = data.slice();
    return new Promise((resolve) => world.clock.after(ms, () => resolve(Uint8Array.of(0, ...mine))));
  });

test('R3, R11, R15: N interfaces and M handlers on one router; each answer goes to the interface its request came from', async () => {
  const world = simWorld(1);
  const router = new Router({ clock: world.clock });
  router.register({ owner: 'slow', handlers: [later(world, 100)] });
  router.register({
    owner: 'fast',
    handlers: [handleRaw({ netFn: 0x30, cmd: 2 }, ({ data }) => Uint8Array.of(0, data[0] + 100))],
  });
  router.setDefaultHandler('rest', ({ cmd }) => Uint8Array.of(0x80, cmd));
  const lines = [new Line(1), new Line(2), new Line(15)];
  for (const line of lines) await router.attach(line);
  for (const [i, line] of lines.entries()) for (const cmd of [1, 2, 3]) line.say(cmd, i);
  await world.run(200);
  expect(lines.map(({ heard }) => heard)).toEqual([0, 1, 2].map((i) => [`0 ${100 + i}`, '128 3', `0 ${i}`]));
});

test('R16: an interface is added and removed while others work, and takes its own requests with it', async () => {
  const world = simWorld(1);
  const router = new Router({ clock: world.clock });
  router.register({ owner: 'slow', handlers: [later(world, 100)] });
  const [stays, goes] = [new Line(1), new Line(2)];
  await router.attach(stays);
  const attachment = await router.attach(goes);
  stays.say(1, 1);
  goes.say(1, 2);
  const detached = attachment.detach();
  await world.run(50);
  expect([...router.attachments].length).toBe(2);
  await world.run(100);
  await detached;
  expect([stays.heard, goes.heard, [...router.attachments].length]).toEqual([['0 1'], ['0 2'], 1]);
  await router.attach(goes);
  goes.say(1, 3);
  await world.run(200);
  expect(goes.heard).toEqual(['0 2', '0 3']);
});

test('R41, R43: 256 requests wait by default; an interface that wants one at a time says so', async () => {
  const world = simWorld(1);
  const router = new Router({ clock: world.clock });
  router.register({ owner: 'slow', handlers: [later(world, 100)] });
  const [wide, narrow] = [new Line(1), new Line(2, 1)];
  await router.attach(wide);
  await router.attach(narrow);
  for (let i = 0; i < 257; i++) wide.say(1, i & 0xff);
  for (let i = 0; i < 3; i++) narrow.say(1, i);
  await world.run(200);
  expect([wide.heard.filter((answer) => answer === '192').length, wide.heard.length]).toEqual([1, 257]);
  expect(narrow.heard.toSorted()).toEqual(['0 0', '192', '192']);
});

test('R38: unregister does not wait for a handler whose deadline has passed', async () => {
  const world = simWorld(1);
  const router = new Router({ clock: world.clock });
  const registration = router.register({
    owner: 'stuck',
    handlers: [handleRaw({ netFn: 0x30, cmd: 1 }, () => new Promise(() => undefined))],
  });
  const line = new Line(1);
  await router.attach(line);
  line.say(1);
  let gone = false;
  const removing = registration.unregister().then(() => (gone = true));
  await world.run(400);
  expect(gone).toBe(false);
  await world.run(200);
  await removing;
  expect(line.heard).toEqual(['195']);
});
