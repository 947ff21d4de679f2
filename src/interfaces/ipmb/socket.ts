import type { WriteResult } from '../../state/bridge/requester.ts';
import { buildRecord, parseFrame, RecordReader } from '../../wire/index.ts';
import { endpointName, type Clock, type Stream, type StreamAddress, type StreamNetwork, type StreamServer, type Timer } from '../../world/world.ts';
import type { BusLink, MessageBus } from './bus.ts';
import type { Carrier } from './carrier.ts';

export interface IpmbSocketOptions {
  readonly stream: StreamNetwork;
  readonly clock: Clock;
  /** One of both. */
  readonly listen?: StreamAddress;
  readonly connect?: StreamAddress;
  readonly log: (message: string) => void;
}

/** Milliseconds until a connection is tried again. */
const RETRY = 1000;
/** Connections at once; one more is closed again. */
const PEERS = 64;

const nameOf = (at: StreamAddress): string => ('path' in at ? at.path : endpointName(at));

/** IPMB frames over a Unix or TCP socket, each with a length byte in front (docs/ipmb-socket.md); either end may listen. */
export class IpmbSocket implements Carrier {
  readonly #options: IpmbSocketOptions;
  readonly #peers = new Set<Peer>();
  #bus: MessageBus | undefined;
  #server: StreamServer | undefined;
  #retry: Timer | undefined;

  constructor(options: IpmbSocketOptions) {
    this.#options = options;
  }

  get name(): string {
    return nameOf(this.#server?.address ?? this.#options.listen ?? this.#options.connect!);
  }

  async open(bus: MessageBus): Promise<void> {
    const { stream, listen } = this.#options;
    this.#bus = bus;
    if (listen) this.#server = await stream.listen(listen, (one) => this.#accept(one));
    else void this.#connect();
  }

  async close(): Promise<void> {
    this.#bus = undefined;
    this.#retry?.cancel();
    for (const peer of this.#peers) peer.stream.destroy();
    await this.#server?.close();
    this.#server = undefined;
  }

  /** The other end may come later, and come again. */
  async #connect(): Promise<void> {
    const { stream, connect, clock } = this.#options;
    const one = await stream.connect(connect!).catch(() => undefined);
    if (!this.#bus) one?.destroy();
    else if (one) this.#accept(one);
    else this.#retry = clock.after(RETRY, () => void this.#connect());
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
    const reader = new RecordReader();
    stream.onClose = () => {
      leave();
      this.#peers.delete(peer);
      const { connect, clock } = this.#options;
      if (connect && this.#bus) this.#retry = clock.after(RETRY, () => void this.#connect());
    };
    stream.onDrain = () => (peer.full = false);
    stream.onData = (data) => {
      const frames = reader.push(data);
      for (const frame of frames ?? []) {
        peer.heard(frame);
        void bus.deliver(frame, peer);
      }
      if (frames) return;
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
