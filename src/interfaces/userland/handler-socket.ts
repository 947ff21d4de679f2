import { addCounts, noCounts } from '../../joint/counters.ts';
import type { Router } from '../../router/index.ts';
import type { Clock, StreamAddress, StreamNetwork, StreamServer } from '../../world/world.ts';
import {
  WorkerLink,
  workerCounters,
  type ButtonSink,
  type SensorSink,
  type WorkerCounters,
} from './worker-link.ts';

export interface HandlerSocketOptions<B> {
  readonly router: Router<B>;
  readonly stream: StreamNetwork;
  readonly clock: Clock;
  readonly listen: StreamAddress;
  readonly bmc: string;
  /** Workers at once. Default 64. */
  readonly maxWorkers?: number;
  /** Open requests of one worker. Default 256. */
  readonly maxOpen?: number;
  /** Milliseconds to answer a ping. Default 5000. */
  readonly health?: number;
  readonly log: (message: string) => void;
  /** Takes readings from workers. */
  readonly sensors?: SensorSink;
  /** Takes pressed buttons. */
  readonly buttons?: ButtonSink;
}

/**
 * A Unix socket on which any process registers claims and answers requests (R6, R11-R14;
 * docs/handler-socket.md). The file's mode says who may; a worker that dies or stalls loses its claims, and
 * only its own requests suffer.
 */
export class HandlerSocket<B> {
  readonly counterTable = workerCounters;
  readonly #options: HandlerSocketOptions<B>;
  readonly #links = new Set<WorkerLink<B>>();
  /** What workers did that are gone. */
  readonly #gone = noCounts(workerCounters);
  #server: StreamServer | undefined;

  constructor(options: HandlerSocketOptions<B>) {
    this.#options = options;
  }

  async open(): Promise<void> {
    const { stream, listen, maxWorkers = 64, maxOpen = 256, health = 5000, ...options } = this.#options;
    this.#server = await stream.listen(listen, (connection) => {
      if (this.#links.size >= maxWorkers) {
        options.log(`handler socket: more than ${maxWorkers} workers; one was turned away`);
        return connection.destroy();
      }
      const link: WorkerLink<B> = new WorkerLink({
        ...options,
        stream: connection,
        maxOpen,
        health,
        closed: () => {
          if (this.#links.delete(link)) addCounts(this.#gone, link.counters);
        },
      });
      this.#links.add(link);
    });
  }

  /** Where it listens. */
  get address(): StreamAddress {
    return this.#server?.address ?? this.#options.listen;
  }

  async close(): Promise<void> {
    await this.#server?.close();
    for (const link of this.#links) link.close('the BMC stops');
  }

  /** Of all workers that are connected, and have been. */
  get counters(): WorkerCounters {
    const total = { ...this.#gone };
    for (const { counters } of this.#links) addCounts(total, counters);
    return total;
  }

  /** Each connected worker: its owners' names and what it did. */
  get workers(): { owners: string[]; counters: WorkerCounters }[] {
    return [...this.#links].map(({ owners, counters }) => ({ owners, counters }));
  }
}
