import type { WriteResult } from '../../services/bridging/requester.ts';
import { buildRecord, parseFrame, recordReader } from '../../wire/index.ts';
import { Redial } from '../../world/redial.ts';
import {
  streamName,
  type Clock,
  type Stream,
  type StreamAddress,
  type StreamNetwork,
  type StreamServer,
} from '../../world/world.ts';
import type { BusLink, MessageBus } from './bus.ts';
import type { Carrier } from './carrier.ts';

export interface IpmbSocketOptions {
  readonly stream: StreamNetwork;
  readonly clock: Clock;
  readonly at: { readonly listen: StreamAddress } | { readonly connect: StreamAddress };
  readonly log: (message: string) => void;
}

/** Milliseconds until a connection is tried again: the other end may come later, and come again. */
const RETRY = { first: 1000, most: 1000 };
/** Connections at once; one more is closed again. */
const PEERS = 64;

/**
 * IPMB frames over a Unix or TCP socket, each with a length byte in front (docs/ipmb-socket.md); either end
 * may listen.
 */
export class IpmbSocket implements Carrier {
  readonly #options: IpmbSocketOptions;
  readonly #peers = new Set<Peer>();
  #bus: MessageBus | undefined;
  #server: StreamServer | undefined;
  #redial: Redial | undefined;

  constructor(options: IpmbSocketOptions) {
    this.#options = options;
  }

  get name(): string {
    const { at } = this.#options;
    return streamName(this.#server?.address ?? ('listen' in at ? at.listen : at.connect));
  }

  async open(bus: MessageBus): Promise<void> {
    const { stream, clock, at } = this.#options;
    const accept = (stream: Stream): void => this.#accept(stream);
    this.#bus = bus;
    if ('listen' in at) this.#server = await stream.listen(at.listen, accept);
    else {
      this.#redial = new Redial({
        clock,
        connect: () => stream.connect(at.connect),
        connected: accept,
        pause: RETRY,
      });
      void this.#redial.start();
    }
  }

  async close(): Promise<void> {
    this.#bus = undefined;
    this.#redial?.stop();
    for (const peer of this.#peers) peer.stream.destroy();
    await this.#server?.close();
    this.#server = undefined;
  }

  #accept(stream: Stream): void {
    const bus = this.#bus;
    if (!bus || this.#peers.size >= PEERS) {
      stream.destroy();
      return;
    }
    const peer = new Peer(stream);
    this.#peers.add(peer);
    const leave = bus.link(peer);
    const reader = recordReader();
    stream.onClose = () => {
      leave();
      this.#peers.delete(peer);
      this.#redial?.lost();
    };
    stream.onDrain = () => (peer.full = false);
    stream.onData = (data) => {
      const records = reader.push(data);
      for (const record of records ?? []) {
        const frame = record.subarray(1);
        peer.heard(frame);
        void bus.deliver(frame, peer);
      }
      if (records) return;
      this.#options.log(`${this.name}: what came is no IPMB; connection closed`);
      stream.destroy();
    };
  }
}

/** One connection: a bus of its own with the controllers that have been heard there. */
class Peer implements BusLink {
  readonly stream: Stream;
  full = false;
  readonly #addresses = new Set<number>();

  constructor(stream: Stream) {
    this.stream = stream;
  }

  heard(frame: Uint8Array): void {
    const from = parseFrame(frame)?.message.from;
    if (from !== undefined) this.#addresses.add(from);
  }

  has(address: number): boolean {
    return this.#addresses.has(address);
  }

  /** A peer that does not read is a bus that nobody can use. */
  write(frame: Uint8Array): WriteResult {
    if (this.full) return 'bus-error';
    this.full = !this.stream.write(buildRecord(frame));
    return 'taken';
  }
}
