/** A serial console that somebody may work: of a BMC that is here, or at another host. */
export interface ConsoleLine {
  /** What it has said before, as far as that was asked for. */
  readonly past: Uint8Array;
  readonly write: (typed: Uint8Array) => void;
  /** Hears what it says, in bytes that are another's after the call, and its end. Returns its undoing. */
  readonly listen: (hear: (characters: Uint8Array) => void, ended: () => void) => () => void;
}
