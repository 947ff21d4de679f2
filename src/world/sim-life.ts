/** One run of a simulated process: what it began ends with it. */
export interface Life {
  alive: boolean;
}
