/** What signals do to BMCs that run. */
export interface SignalWork {
  /** SIGHUP. */
  readonly reload: () => void;
  /** SIGUSR1. */
  readonly counters: () => void;
  /** SIGUSR2. */
  readonly reopen: () => void;
}

/** How a process ends: `machines`: those that would go on without it end too. */
export type Stop = 'plain' | 'machines';

/**
 * SIGTERM and SIGINT: `stopped` resolves; SIGQUIT: and machines that would go on end too. SIGUSR1: counters.
 * SIGUSR2: the audit log is opened anew.
 * SIGHUP, which service managers send for "read your config again" and a closed terminal sends as well: it is
 * read again, and nothing ends by it.
 */
export function onSignals({ reload, counters, reopen }: SignalWork): {
  readonly stopped: Promise<Stop>;
  readonly off: () => void;
} {
  let stop: (how: Stop) => void = () => undefined;
  const stopped = new Promise<Stop>((resolve) => (stop = resolve));
  const plain = (): void => stop('plain');
  const withMachines = (): void => stop('machines');
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, plain);
  process.once('SIGQUIT', withMachines);
  process.on('SIGHUP', reload);
  process.on('SIGUSR1', counters);
  process.on('SIGUSR2', reopen);
  return {
    stopped,
    off() {
      for (const signal of ['SIGTERM', 'SIGINT'] as const) process.off(signal, plain);
      process.off('SIGQUIT', withMachines);
      process.off('SIGHUP', reload);
      process.off('SIGUSR1', counters);
      process.off('SIGUSR2', reopen);
    },
  };
}
