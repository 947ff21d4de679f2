import type { Sleeper } from '../../state/sleeper.ts';
import type { Clock } from '../../world/world.ts';

/** Changes that are remembered, and for how long: the history of the machine's power reaches back an hour. */
const MOST = 64;
const REACH = 3_600_000;

type PowerTimesMemento = readonly { readonly at: number; readonly on: boolean }[];

/** When the machine had power. */
export class PowerTimes implements Sleeper<PowerTimesMemento> {
  readonly #clock: Clock;
  readonly #isOn: () => boolean;
  /** Wall times in milliseconds, oldest first. */
  readonly #changes: { readonly at: number; readonly on: boolean }[] = [];

  constructor(clock: Clock, isOn: () => boolean) {
    this.#clock = clock;
    this.#isOn = isOn;
  }

  memento(): PowerTimesMemento | undefined {
    return this.#changes.length > 0 ? this.#changes : undefined;
  }

  recall(changes: PowerTimesMemento): void {
    this.#changes.push(...changes);
  }

  went(on: boolean): void {
    const now = this.#clock.now();
    this.#changes.push({ at: now, on });
    while (this.#changes.length > MOST || this.#changes[0].at < now - REACH) this.#changes.shift();
  }

  /** Before the oldest change that is known: the other way round. */
  wasOn(time: number): boolean {
    let on = this.#isOn();
    for (let i = this.#changes.length - 1; i >= 0 && this.#changes[i].at > time; i--)
      on = !this.#changes[i].on;
    return on;
  }
}
