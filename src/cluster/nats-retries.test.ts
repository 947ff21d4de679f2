import { expect, test } from 'vitest';
import { simWorld } from '../world/sim.ts';
import { EndedWaitingError, NoLeaderError, Retries, type Waiting } from './nats-retries.ts';

const coded = (message: string, code: unknown): Error => Object.assign(new Error(message), { code });

/** Fails so until `there`, by the clock; what became of it, and when. */
async function tried(
  error: Error,
  { there = Infinity, waiting, until = 200_000 }: { there?: number; waiting?: Waiting; until?: number },
): Promise<[outcome: unknown, seconds: number]> {
  const { clock } = simWorld(1);
  const begun = clock.monotonic();
  let outcome: unknown = 'waiting';
  let ended = Infinity;
  const work = (): Promise<string> =>
    clock.monotonic() - begun < there ? Promise.reject(error) : Promise.resolve('done');
  void new Retries(clock, waiting)
    .patiently(work)
    .then(
      (value) => (outcome = value),
      (problem: unknown) => (outcome = problem),
    )
    .finally(() => (ended = clock.monotonic() - begun));
  await clock.run(until);
  return [outcome, Math.round(ended / 1000)];
}

test('23: what comes by itself is waited for, for seconds or without an end; what does not is told at once', async () => {
  const told: string[] = [];
  const waiting = { limit: Infinity, tell: ({ message }: Error) => void told.push(message) };
  const silence = new Error('timeout');
  expect(await tried(silence, { there: 9000 })).toEqual(['done', 9]);
  expect(await tried(silence, {})).toEqual([expect.any(NoLeaderError), 15]);
  expect(await tried(coded('temporarily unavailable', 10008), { waiting, there: 100_000 })).toEqual([
    'done',
    100,
  ]);
  expect(told).toEqual(Array.from({ length: 4 }, () => 'JetStream has no leader'));
  expect(await tried(coded('getaddrinfo', 'EAI_AGAIN'), { waiting })).toEqual(['waiting', Infinity]);
  for (const final of [
    'Authorization Violation',
    'unable to verify the first certificate',
    'jetstream is not enabled',
  ])
    expect(await tried(new Error(final), { waiting })).toEqual([new Error(final), 0]);
  // Nobody has foreseen it.
  expect(await tried(new Error('odd'), { waiting })).toEqual([new Error('odd'), 15]);
  const ended = { ...waiting, signal: AbortSignal.abort() };
  expect(await tried(silence, { waiting: ended })).toEqual([expect.any(EndedWaitingError), 0]);
});
