/** A rule that was added. `using fault = bmc.faults.add(...)` takes it off where its block ends. */
export interface Fault extends Disposable {
  readonly id: string;
  /** Times that it has happened. */
  readonly hits: number;
  /** False: it is gone, by its `times`, its `for`, or somebody's `remove`. */
  readonly isArmed: boolean;
  /** Takes it off; doing so twice is nothing. */
  remove(): void;
}
