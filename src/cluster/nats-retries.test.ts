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

test('23: a command waits two seconds for a server, a host without an end, and who is shut out for good is told why', async () => {
  const refused = coded('connect ECONNREFUSED 127.0.0.1:4222', 'ECONNREFUSED');
  const connecting = async (waiting?: Waiting, there = Infinity): Promise<[unknown, number]> => {
    const { clock } = simWorld(1);
    const begun = clock.monotonic();
    let outcome: [unknown, number] = ['waiting', Infinity];
    const end = (value: unknown): void => void (outcome = [value, clock.monotonic() - begun]);
    const connect = (): Promise<string> =>
      clock.monotonic() - begun < there ? Promise.reject(refused) : Promise.resolve('let in');
    void new Retries(clock, waiting).connected(connect, () => Promise.resolve(false)).then(end, end);
    await clock.run(60_000);
    return outcome;
  };
  expect(await connecting()).toEqual([refused, 2000]);
  expect(await connecting(undefined, 1900)).toEqual(['let in', 2000]);
  expect(await connecting({ limit: Infinity, tell: () => undefined }, 50_000)).toEqual(['let in', 50_000]);
  // Silence that a certificate would end is no server that is away.
  const { clock } = simWorld(1);
  const silent = new Retries(clock).connected(
    () => Promise.reject(new Error('timeout')),
    () => Promise.resolve(true),
  );
  await expect(silent).rejects.toThrow('no connection without a certificate');
});

test('23.6: a question is asked again while nobody answers, and answered as soon as somebody does', async () => {
  const { clock } = simWorld(1);
  const begun = clock.monotonic();
  /** Answers after 10 ms from `there` on; a question before that fails after a second. */
  const asked = async (there: number): Promise<[unknown, number, number]> => {
    const from = clock.monotonic();
    let questions = 0;
    let outcome: [unknown, number, number] = ['waiting', Infinity, 0];
    const ask = (): Promise<string> => {
      questions++;
      const isThere = clock.monotonic() - from >= there;
      return new Promise((resolve, reject) =>
        isThere
          ? clock.after(10, () => resolve('here'))
          : clock.after(1000, () => reject(new Error('timeout'))),
      );
    };
    const end = (value: unknown): void => void (outcome = [value, clock.monotonic() - from, questions]);
    void new Retries(clock).first(ask).then(end, end);
    await clock.run(10_000);
    return outcome;
  };
  expect(await asked(0)).toEqual(['here', 10, 1]);
  expect(await asked(600)).toEqual(['here', 760, 4]);
  expect(await asked(9000)).toEqual([new Error('timeout'), expect.any(Number), 8]);
  expect(clock.monotonic() - begun).toBe(30_000);
});

test('23.6: a server that has no room has surely not written, and says so', async () => {
  const { clock } = simWorld(1);
  for (const code of [10023, 10047, 10002, 10077]) {
    const full = coded('insufficient resources', code);
    const known = new Retries(clock).known(() => Promise.reject(full), 'node');
    await expect(known).rejects.toEqual(
      expect.objectContaining({
        name: 'NoRoomError',
        cause: full,
        message: expect.stringMatching(/room for node/),
      }),
    );
  }
});
