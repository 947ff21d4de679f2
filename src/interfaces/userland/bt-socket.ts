import type { CounterTable } from '../../joint/counters.ts';
import { CC } from '../../codec/index.ts';
import {
  OutQueue,
  refuse,
  type Answer,
  type Context,
  type Message,
  type Registration,
  type Router,
} from '../../router/index.ts';
import { BT_DATA_MAX, btReader, buildBt, parseBt } from '../../wire/bt-frame.ts';
import type { Clock, Stream, StreamAddress, StreamNetwork, StreamServer } from '../../world/world.ts';

export interface BtSocketOptions<B> {
  readonly router: Router<B>;
  readonly stream: StreamNetwork;
  readonly clock: Clock;
  readonly listen: StreamAddress;
  readonly log: (message: string) => void;
}

/** What the owner of the socket did wrong, or too late. */
const COUNTERS = {
  requests: { unit: 'requests', counts: 'for its owner' },
  answers: { unit: 'answers', counts: 'of its owner' },
  busy: { unit: 'requests', counts: 'answered C0h: every sequence number is in use' },
  stray: { unit: 'answers', counts: 'dropped: late, given twice, or to nothing that was asked' },
} satisfies CounterTable;
export type BtSocketCounters = Record<keyof typeof COUNTERS, number>;

interface Open {
  readonly answer: (answer: Answer) => void;
  readonly message: Message;
}

const SEQUENCES = 256;
/** Milliseconds after which an owner that has not answered a request never will. */
const FORGOTTEN_AFTER = 60_000;
const OWNER = 'bt-socket';

/**
 * The default handler in another process, over a stream that carries BT frames exactly as reading and writing
 * `/dev/ipmi-bt-host` does (R29): existing BMC userspace needs a new path only. Whatever the interface below,
 * the sequence number is ours. One owner at a time: while one is connected, others are turned away (R31).
 */
export class BtSocket<B> {
  readonly counterTable = COUNTERS;
  readonly counters: BtSocketCounters = { requests: 0, answers: 0, busy: 0, stray: 0 };
  readonly #options: BtSocketOptions<B>;
  readonly #open: (Open | undefined)[] = Array.from({ length: SEQUENCES });
  /**
   * Sequence numbers whose requester has had its C3h, and since when (monotonic ms), oldest first: not used
   * again before their late answer, so that nobody else gets it, or before no answer can be expected any
   * more.
   */
  readonly #abandoned = new Map<number, number>();
  #next = 0;
  #owner: Stream | undefined;
  #registration: Registration | undefined;
  #server: StreamServer | undefined;
  #out = new OutQueue<Uint8Array>(() => false);

  constructor(options: BtSocketOptions<B>) {
    this.#options = options;
  }

  async open(): Promise<void> {
    this.#server = await this.#options.stream.listen(this.#options.listen, (stream) => this.#accept(stream));
  }

  /** Where it listens. */
  get address(): StreamAddress {
    return this.#server?.address ?? this.#options.listen;
  }

  async close(): Promise<void> {
    await this.#server?.close();
    this.#leave(this.#owner, 'the BMC stops');
  }

  #accept(stream: Stream): void {
    if (this.#owner) {
      this.#options.log('BT socket: it has an owner; another one was turned away');
      return stream.destroy();
    }
    try {
      this.#registration = this.#options.router.setDefaultHandler(OWNER, (message, context) =>
        this.#ask(message, context),
      );
    } catch (error) {
      this.#options.log(`BT socket: ${(error as Error).message}`);
      return stream.destroy();
    }
    this.#owner = stream;
    let blocked = false;
    this.#out = new OutQueue((frame) => {
      if (blocked) return false;
      blocked = !stream.write(frame);
      return true;
    });
    stream.onDrain = () => {
      blocked = false;
      this.#out.ready();
    };
    const reader = btReader();
    stream.onData = (bytes) => {
      const frames = reader.push(bytes);
      if (!frames) return this.#leave(stream, 'what it wrote is no BT frame');
      for (const frame of frames) this.#answer(frame);
    };
    stream.onClose = () => this.#leave(stream, 'it closed the connection');
  }

  #leave(stream: Stream | undefined, reason: string): void {
    if (!stream || this.#owner !== stream) return;
    this.#owner = undefined;
    this.#options.log(`BT socket: owner gone: ${reason}`);
    void this.#registration?.unregister();
    this.#out.clear();
    this.#abandoned.clear();
    for (const [seq, open] of this.#open.entries()) {
      this.#open[seq] = undefined;
      open?.answer(refuse(open.message, CC.Timeout));
    }
    stream.destroy();
  }

  #ask(message: Message, context: Context<B>): Answer | Promise<Answer> {
    this.counters.requests++;
    if (message.data.length > BT_DATA_MAX) return refuse(message, CC.RequestLengthExceeded);
    const seq = this.#freeSequence();
    if (seq === undefined) {
      this.counters.busy++;
      return refuse(message, CC.NodeBusy);
    }
    const answer = new Promise<Answer>((resolve) => (this.#open[seq] = { answer: resolve, message }));
    const mine = this.#open[seq];
    context.onExpire(() => {
      if (this.#open[seq] !== mine) return;
      this.#open[seq] = undefined;
      this.#abandoned.set(seq, this.#options.clock.monotonic());
    });
    this.#out.put(buildBt({ ...message, seq }));
    return answer;
  }

  #answer(frame: Uint8Array): void {
    const response = parseBt(frame);
    const seq = frame[2];
    const open = this.#open[seq];
    const { netFn = 0, cmd, data = frame } = response ?? {};
    // As the device file: a response without a completion code is none.
    if (
      !response ||
      data.length === 0 ||
      !open ||
      netFn !== (open.message.netFn | 1) ||
      cmd !== open.message.cmd
    ) {
      this.counters.stray++;
      this.#abandoned.delete(seq);
      return;
    }
    this.counters.answers++;
    this.#open[seq] = undefined;
    open.answer(data.slice());
  }

  #freeSequence(): number | undefined {
    for (let tried = 0; tried < SEQUENCES; tried++) {
      const seq = this.#next;
      this.#next = (this.#next + 1) % SEQUENCES;
      if (this.#open[seq] === undefined && !this.#abandoned.has(seq)) return seq;
    }
    const [oldest] = this.#abandoned;
    // An owner that does not even read is given no more.
    if (
      oldest === undefined ||
      this.#out.length > 0 ||
      this.#options.clock.monotonic() - oldest[1] < FORGOTTEN_AFTER
    )
      return undefined;
    this.#abandoned.delete(oldest[0]);
    return oldest[0];
  }
}
