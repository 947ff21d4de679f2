import type { ControlEvent } from '../../control/answers.ts';

/** A command with what it took, in microseconds. */
export interface SlowCommand {
  readonly command: string;
  readonly count: number;
  readonly most: number;
  readonly mean: number;
}

/** What passed in a stretch of time. */
export interface Passed {
  readonly requests: number;
  readonly refused: number;
  /** Requests by BMC. */
  readonly byBmc: Readonly<Record<string, number>>;
  /** The slowest first. */
  readonly slowest: readonly SlowCommand[];
}

const SLOWEST = 8;
const TAIL = 8;

/** Counts what passes, a stretch at a time. */
export class TopModel {
  #requests = 0;
  #refused = 0;
  readonly #byBmc = new Map<string, number>();
  readonly #commands = new Map<string, { count: number; most: number; sum: number }>();
  readonly #tail: ControlEvent[] = [];

  hear(event: ControlEvent): void {
    if (event.kind !== 'request') {
      this.#tail.push(event);
      if (this.#tail.length > TAIL) this.#tail.shift();
      return;
    }
    const { bmc, command, code, microseconds } = event;
    this.#requests++;
    if (code !== 0) this.#refused++;
    if (bmc !== null) this.#byBmc.set(bmc, (this.#byBmc.get(bmc) ?? 0) + 1);
    if (typeof command !== 'string' || typeof microseconds !== 'number') return;
    const { count, most, sum } = this.#commands.get(command) ?? { count: 0, most: 0, sum: 0 };
    this.#commands.set(command, {
      count: count + 1,
      most: Math.max(most, microseconds),
      sum: sum + microseconds,
    });
  }

  /** The last entries of the logs and what else happened, the newest last. */
  get tail(): readonly ControlEvent[] {
    return this.#tail;
  }

  /** What passed since the last call. */
  take(): Passed {
    const slowest = [...this.#commands]
      .map(([command, { count, most, sum }]) => ({ command, count, most, mean: Math.round(sum / count) }))
      .sort((a, b) => b.most - a.most)
      .slice(0, SLOWEST);
    const passed = {
      requests: this.#requests,
      refused: this.#refused,
      byBmc: Object.fromEntries(this.#byBmc),
      slowest,
    };
    this.#requests = 0;
    this.#refused = 0;
    this.#byBmc.clear();
    this.#commands.clear();
    return passed;
  }
}
