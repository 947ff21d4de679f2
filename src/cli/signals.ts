import type { Log } from '../state/setup.ts';

/** What signals do to a BMC that runs. */
export interface SignalWork {
  readonly log: Log;
  /** SIGUSR1. */
  readonly counters: () => void;
}

/**
 * SIGTERM and SIGINT: `stopped` resolves. SIGUSR1: counters. SIGHUP, which a closed terminal sends and
 * service managers send for "read your config again", is a line in the log: a BMC does not end by it.
 */
export function onSignals({ log, counters }: SignalWork): {
  readonly stopped: Promise<void>;
  readonly off: () => void;
} {
  const hangUp = (): void =>
    log.warn('SIGHUP: the config is not read again while it runs; restart to read it');
  let stop: () => void = () => undefined;
  const stopped = new Promise<void>((resolve) => (stop = resolve));
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, stop);
  process.on('SIGHUP', hangUp);
  process.on('SIGUSR1', counters);
  return {
    stopped,
    off() {
      for (const signal of ['SIGTERM', 'SIGINT'] as const) process.off(signal, stop);
      process.off('SIGHUP', hangUp);
      process.off('SIGUSR1', counters);
    },
  };
}
