import type { Fleet } from '../fleet/index.ts';

/** Why BMCs of a fleet do not run that somebody wanted to. */
export class Failures {
  readonly #fleet: Fleet;
  readonly #why = new Map<string, string>();

  constructor(fleet: Fleet) {
    this.#fleet = fleet;
    fleet.onApplied(({ plan: { added, removed, changed }, refused, failed }) => {
      for (const name of [...added, ...removed, ...changed.map((change) => change.name)])
        this.#why.delete(name);
      for (const { bmc, error } of [...refused, ...failed])
        this.#why.set(bmc, error instanceof Error ? error.message : String(error));
    });
  }

  /** Undefined: it runs, or was not tried. */
  of(name: string): string | undefined {
    return this.#fleet.settings.has(name) ? undefined : this.#why.get(name);
  }
}
