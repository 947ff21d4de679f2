import { CC, IpmiError } from '../codec/index.ts';
import type { Sleeper } from './sleeper.ts';

/** The last one given, and whether it holds. */
export type ReservationMemento = readonly [last: number, valid: boolean];

/**
 * A reservation of SEL or SDR repository (IPMI 2.0 §31.4, §33.11): the last one given, until something
 * cancels it.
 */
export class Reservation implements Sleeper<ReservationMemento> {
  #last = 0;
  #valid = false;

  /** 1..FFFFh, another one each time. */
  reserve(): number {
    this.#last = this.#last === 0xffff ? 1 : this.#last + 1;
    this.#valid = true;
    return this.#last;
  }

  cancel(): void {
    this.#valid = false;
  }

  /** Makes a reservation good again for the client that cancelled it by its own command. */
  keep(id: number): void {
    this.#valid = id === this.#last;
  }

  /** True for the present reservation. */
  holds(id: number): boolean {
    return this.#valid && id === this.#last;
  }

  memento(): ReservationMemento | undefined {
    return this.#last === 0 ? undefined : [this.#last, this.#valid];
  }

  recall([last, valid]: ReservationMemento): void {
    this.#last = last;
    this.#valid = valid;
  }

  /** Throws C5h unless `id` is the present reservation. */
  check(id: number): void {
    if (!this.holds(id)) throw new IpmiError(CC.ReservationCanceled);
  }
}
