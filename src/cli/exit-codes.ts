/** What the process of a command ends with; docs/cli.md tells users. */
export const EXIT = {
  done: 0,
  /** Refused, failed, or different where a command says whether there is a difference. */
  failed: 1,
  /** A mistake of the caller: nothing is done. */
  mistake: 2,
  /** What was named is not there. */
  notThere: 3,
  /** No daemon answers, or it is not clear which is meant. */
  noDaemon: 4,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
