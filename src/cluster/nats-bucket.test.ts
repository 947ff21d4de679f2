import type { StreamInfo, StreamState } from '@nats-io/jetstream';
import type { KV, KvStatus, KvWatchEntry } from '@nats-io/kv';
import type { NatsConnection, QueuedIterator } from '@nats-io/nats-core';
import { expect, test } from 'vitest';
import { simWorld } from '../world/sim.ts';
import { natsBucket } from './nats-bucket.ts';
import { Retries } from './nats-retries.ts';

/** A bucket of one entry, of revision 50, whose servers say these last sequences, one after the other. */
async function watchedBucket(says: readonly number[]) {
  const { clock } = simWorld(1);
  const asked: number[] = [];
  const status = async () => {
    const last_seq = says[Math.min(asked.push(clock.monotonic()), says.length) - 1];
    return { values: 1, streamInfo: { state: { last_seq } as StreamState } as StreamInfo } as KvStatus;
  };
  const entry = {
    key: 'a',
    operation: 'PUT',
    value: new Uint8Array(1),
    revision: 50,
    isUpdate: false,
    delta: 0,
  };
  const watch = async () => {
    let stop = (): void => undefined;
    const isStopped = new Promise<void>((resolve) => (stop = resolve));
    return {
      stop,
      getProcessed: () => 0,
      getPending: () => 0,
      getReceived: () => 0,
      async *[Symbol.asyncIterator]() {
        yield entry;
        await isStopped;
      },
    } as QueuedIterator<KvWatchEntry>;
  };
  const never = { next: () => new Promise<never>(() => undefined), [Symbol.asyncIterator]: () => never };
  const connection: Partial<NatsConnection> = { isClosed: () => false, status: () => never };
  const shared: Partial<KV> = { status, watch };
  let wentBack = 0;
  let told = 0;
  const bucket = natsBucket(shared as KV, connection as NatsConnection, new Retries(clock), undefined);
  const watching = await bucket.watch(
    () => told++,
    () => wentBack++,
  );
  await clock.run(100);
  return { clock, watching, seen: () => ({ wentBack, told }) };
}

test('23.6: a server that was cut off while it led, and says less than there is, is asked again before a backup is believed in', async () => {
  // The watch begins, somebody looks after it, and it begins anew: with a server that has not heard of the next one.
  const stale = await watchedBucket([50, 50, 40, 50]);
  expect(stale.seen()).toEqual({ wentBack: 0, told: 1 });
  stale.watching.again();
  await stale.clock.run(1400);
  expect(stale.seen()).toEqual({ wentBack: 0, told: 1 });
  await stale.clock.run(2000);
  expect(stale.seen()).toEqual({ wentBack: 0, told: 2 });
  stale.watching.stop();

  const restored = await watchedBucket([50, 50, 40]);
  restored.watching.again();
  await restored.clock.run(3400);
  expect(restored.seen()).toEqual({ wentBack: 1, told: 2 });
  restored.watching.stop();
});
