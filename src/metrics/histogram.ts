import { numberText, type Labels, type Sample } from './exposition.ts';

/** How often a duration was at most so long. All its memory is there from the start. */
export class Histogram {
  readonly #bounds: readonly number[];
  readonly #counts: Float64Array;
  #sum = 0;

  /** `bounds`: seconds, rising. */
  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = new Float64Array(bounds.length + 1);
  }

  observe(seconds: number): void {
    let at = 0;
    while (at < this.#bounds.length && seconds > this.#bounds[at]) at++;
    this.#counts[at]++;
    this.#sum += seconds;
  }

  samples(labels: Labels = {}): Sample[] {
    let below = 0;
    const buckets = Array.from(this.#counts, (count, at): Sample => {
      below += count;
      const le = numberText(this.#bounds[at] ?? Infinity);
      return { suffix: '_bucket', labels: { ...labels, le }, value: below };
    });
    return [
      ...buckets,
      { suffix: '_sum', labels, value: this.#sum },
      { suffix: '_count', labels, value: below },
    ];
  }
}
