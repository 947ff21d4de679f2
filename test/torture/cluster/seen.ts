/** A BMC's address answered on a machine, at a time (milliseconds). */
export interface Answer {
  readonly machine: string;
  readonly at: number;
}

/** Who answered for each BMC, as a prober on each machine saw it. */
export class Seen {
  readonly #answers: Answer[][];
  /** Milliseconds from one question to the next: what is told of times is no finer. */
  readonly sweep: number;

  constructor(count: number, sweep: number) {
    this.#answers = Array.from({ length: count }, () => []);
    this.sweep = sweep;
  }

  add(machine: string, answers: readonly (readonly [bmc: number, at: number])[]): void {
    for (const [bmc, at] of answers) this.#answers[bmc]?.push({ machine, at });
  }

  /** Machines that answered for a BMC from a time on. */
  #since(bmc: number, from: number): Answer[] {
    const answers = this.#answers[bmc];
    const at = answers.findIndex((answer) => answer.at >= from);
    return at < 0 ? [] : answers.slice(at);
  }

  /** BMCs that nobody, or nobody but `except`, has answered for since then. */
  silent(from: number, except?: string): number[] {
    return this.#which((bmc) => !this.#since(bmc, from).some(({ machine }) => machine !== except));
  }

  /** BMCs whose last answer is this machine's. */
  of(machine: string): number[] {
    return this.#which((bmc) => this.#answers[bmc].at(-1)?.machine === machine);
  }

  /** Milliseconds from `from` until the first answer of another machine than `except`. */
  back(bmc: number, from: number, except: string): number {
    const first = this.#since(bmc, from).find(({ machine }) => machine !== except);
    return first === undefined ? Infinity : first.at - from;
  }

  /** The longest time without an answer that began at `from` or later, before `until`. */
  gap(bmc: number, from: number, until: number): number {
    let before = from;
    let longest = 0;
    for (const { at } of this.#since(bmc, from).toSorted((a, b) => a.at - b.at)) {
      longest = Math.max(longest, Math.min(at, until) - before);
      if (at >= until) return longest;
      before = at;
    }
    return Math.max(longest, until - before);
  }

  /**
   * BMCs for which two machines answered in turns: one before and after another within `within`
   * milliseconds. A BMC that moves away and back takes longer than that.
   */
  twice(within: number): string[] {
    return this.#which((bmc) => this.#turns(bmc, within) !== undefined).map((bmc) => {
      const turns = this.#turns(bmc, within) ?? [];
      return `${bmc}: ${turns.map(({ machine, at }) => `${machine} at ${at}`).join(', ')}`;
    });
  }

  #turns(bmc: number, within: number): Answer[] | undefined {
    const answers = this.#answers[bmc].toSorted((a, b) => a.at - b.at);
    for (let i = 1; i + 1 < answers.length; i++) {
      if (answers[i].machine === answers[i - 1].machine) continue;
      const { machine } = answers[i - 1];
      const again = answers.slice(i).find((answer) => answer.machine === machine);
      if (again && again.at - answers[i - 1].at < within) return [answers[i - 1], answers[i], again];
    }
    return undefined;
  }

  #which(is: (bmc: number) => boolean): number[] {
    return this.#answers.flatMap((_, bmc) => (is(bmc) ? [bmc] : []));
  }
}
