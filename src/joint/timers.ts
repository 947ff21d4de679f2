/** The part of the world's clock that the router needs. */
export interface Timers {
  monotonic(): number;
  after(ms: number, action: () => void): { cancel(): void };
}
