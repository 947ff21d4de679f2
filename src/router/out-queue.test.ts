import { expect, test } from 'vitest';
import { simWorld } from '../world/index.ts';
import {
  Context,
  handleRaw,
  OutQueue,
  Router,
  type Answer,
  type Channel,
  type Dispatch,
  type Interface,
} from './index.ts';

const BT: Channel = { number: 15, medium: 'system-interface', maxAnswer: 252 };

/**
 * A host interface with one response register, as BT has: what is written stays until the host has read it.
 */
class OneRegister implements Interface {
  readonly channel = BT;
  readonly inFlightLimit = 3;
  readonly seen: number[] = [];
  #register: Answer | undefined;
  #dispatch: Dispatch = () => new Uint8Array(0);
  readonly #out = new OutQueue<Answer>((answer) => {
    if (this.#register) return false;
    this.#register = answer;
    return true;
  });

  get unsent(): number {
    return this.#out.length;
  }

  open = async (dispatch: Dispatch): Promise<void> => void (this.#dispatch = dispatch);
  close = async (): Promise<void> => undefined;

  async request(cmd: number): Promise<void> {
    this.#out.put(
      await this.#dispatch(
        { netFn: 0x30, cmd, lun: 0, data: new Uint8Array(0) },
        new Context(undefined, BT, 4),
      ),
    );
  }

  hostReads(): void {
    if (!this.#register) return;
    this.seen.push(this.#register[0]);
    this.#register = undefined;
    this.#out.ready();
  }
}

test('R22, R23, R34: an answer that cannot be sent now waits and is sent when the interface opens again, error answers included', async () => {
  const router = new Router({ clock: simWorld(1).clock });
  router.register({ owner: 'x', handlers: [handleRaw({ netFn: 0x30, cmd: 1 }, () => Uint8Array.of(0))] });
  const host = new OneRegister();
  await router.attach(host);
  await host.request(1);
  await host.request(2); // nobody's: C1h, while the first answer stands in the register
  await host.request(1);
  await host.request(2);
  expect(host.unsent).toBe(3);
  // Three wait: the host is told that the BMC is busy, and that answer waits its turn too.
  await host.request(1);
  for (let i = 0; i < 6; i++) host.hostReads();
  expect(host.seen).toEqual([0x00, 0xc1, 0x00, 0xc1, 0xc0]);
  await host.request(1);
  host.hostReads();
  expect(host.seen.at(-1)).toBe(0);
});

test('a send that opens the medium again at once keeps the order', () => {
  const sent: number[] = [];
  const out: OutQueue<number> = new OutQueue((frame) => {
    sent.push(frame);
    if (frame === 1) out.put(3);
    out.ready();
    return true;
  });
  out.put(1);
  out.put(2);
  expect(sent).toEqual([1, 3, 2]);
  expect([out.length, out.clear()]).toEqual([0, 0]);
});
