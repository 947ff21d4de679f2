/**
 * A piece of a BMC that can sleep: of what it knows beside the stores, it gives what differs from its
 * beginning, and a new one takes it back. What it gives is plain data, and belongs to who takes it.
 */
export interface Sleeper<M = unknown> {
  /** Why its BMC has to stay awake; undefined: not because of this. Who waits for a timer need not say so. */
  readonly wakeful?: string | undefined;
  /** Undefined: as it began. */
  memento(): M | undefined;
  /** Called once, on a new one. */
  recall(memento: M): void;
}
