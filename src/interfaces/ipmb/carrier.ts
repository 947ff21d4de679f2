import type { MessageBus } from './bus.ts';

/** What connects a bus in memory with controllers elsewhere. */
export interface Carrier {
  /** Where it is, as the ready line shows it. */
  readonly name: string;
  /** Rejects if the socket or the node cannot be had. */
  open(bus: MessageBus): Promise<void>;
  close(): Promise<void>;
}
