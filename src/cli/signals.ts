/** What signals do to BMCs that run. */
export interface SignalWork {
  /** SIGHUP. */
  readonly reload: () => void;
  /** SIGUSR1. */
  readonly counters: () => void;
}

/**
 * SIGTERM and SIGINT: `stopped` resolves. SIGUSR1: counters. SIGHUP, which service managers send for "read
 * your config again" and a closed terminal sends as well: it is read again, and nothing ends by it.
 */
export function onSignals({ reload, counters }: SignalWork): {
  readonly stopped: Promise<void>;
  readonly off: () => void;
} {
  let stop: () => void = () => undefined;
  const stopped = new Promise<void>((resolve) => (stop = resolve));
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, stop);
  process.on('SIGHUP', reload);
  process.on('SIGUSR1', counters);
  return {
    stopped,
    off() {
      for (const signal of ['SIGTERM', 'SIGINT'] as const) process.off(signal, stop);
      process.off('SIGHUP', reload);
      process.off('SIGUSR1', counters);
    },
  };
}
