import { Fragments } from '../capture/fragments.ts';
import { readPackets, type Chunks } from '../capture/read-packets.ts';
import type { Message } from '../joint/message.ts';
import type { IpmiMessage } from '../wire/index.ts';
import type { Candidates } from './candidates.ts';
import { Duplicates } from './duplicates.ts';
import { Tally } from './tally.ts';
import { Conversations, type CapturedDatagram, type Seen } from './conversations.ts';

/** A request of a capture and its answer, as they stand above the session layer. */
export interface CapturedExchange {
  /** Of the request's packet, as Wireshark counts. */
  readonly number: number;
  /** Microseconds since 1970, of the request. */
  readonly time: number;
  /** Microseconds until the answer; undefined where there is none. */
  readonly took: number | undefined;
  readonly channel: 'lan';
  /** The BMC's session id; undefined outside of any. */
  readonly session: number | undefined;
  /** Empty for the null user; undefined outside of a session. */
  readonly user: string | undefined;
  /** The session's level when it was asked, 0 outside of any. */
  readonly privilege: number;
  /** Address and port of the console, and of the BMC. */
  readonly peer: string;
  readonly bmc: string;
  readonly request: Message;
  /** Undefined: none came. */
  readonly answer: { readonly cc: number; readonly data: Uint8Array } | undefined;
}

/** An interface of ours, in a file with several BMCs. */
const OWNER = /^(.+) wire$/;
/** Requests that wait for an answer; of more the oldest counts as one without. */
const AWAITED = 1024;

/**
 * The datagrams of UDP in a capture, on any port; what IP has sent in pieces is put together, and what is
 * there twice is given once. `tally` is told that, and what could not be read. Throws CaptureError as `readPackets` does.
 */
export async function* readDatagrams(
  chunks: Chunks,
  tally = new Tally(),
): AsyncGenerator<CapturedDatagram, void, void> {
  const fragments = new Fragments();
  const duplicates = new Duplicates();
  for await (const packet of readPackets(chunks)) {
    // A capture of ours has the sealed datagrams and the same in the clear: the second are for Wireshark. Who
    // has merged or cut it since has put his own name in the place of ours.
    if (/(?:^| )decrypted$/.test(packet.interfaceName)) continue;
    tally.count(packet);
    const found = fragments.take(packet.linkType, packet.bytes);
    tally.pieces = fragments.left;
    if (found === undefined) continue;
    const [, owner] = OWNER.exec(packet.interfaceName) ?? [];
    const datagram = {
      number: packet.number,
      time: packet.time,
      ...found,
      ...(owner !== undefined && { owner }),
    };
    if (duplicates.isOne(datagram)) tally.duplicates++;
    else yield datagram;
  }
}

/**
 * Requests and answers of a capture file (pcapng or pcap), opened with the passwords and K_g given, in the
 * order of their answers; those without one come when nobody can answer them any more. What no candidate
 * opens is left out.
 *
 *   for await (const exchange of readCapture(createReadStream(file), { passwords: ['secret'] })) ...
 *
 * `seen` hears of each datagram besides, `tally` of what could not be read. Throws CaptureError for a file
 * that cannot be read.
 */
export async function* readCapture(
  chunks: Chunks,
  candidates: Candidates = {},
  seen?: (message: Seen, conversations: Conversations) => void,
  tally?: Tally,
): AsyncGenerator<CapturedExchange, void, void> {
  const conversations = new Conversations(candidates);
  const pairs = new Pairs();
  for await (const datagram of readDatagrams(chunks, tally)) {
    const message = conversations.take(datagram);
    if (message === undefined) continue;
    seen?.(message, conversations);
    yield* pairs.take(message);
  }
  yield* pairs.end();
}

/** Pairs requests with answers, by who asks, in which session, and their sequence number. */
export class Pairs {
  readonly #awaited = new Map<string, Omit<CapturedExchange, 'took' | 'answer'>>();

  /** What one more datagram has finished. */
  take({ message, direction, datagram, session, console, bmc }: Seen): CapturedExchange[] {
    if (message === undefined) return [];
    const key = `${console} ${bmc} ${session?.id ?? 0} ${message.seq} ${message.netFn & ~1} ${message.cmd}`;
    if (message.netFn % 2 === 0) {
      // Requests of the BMC itself are nobody's who asks it.
      if (direction === 'out') return [];
      const before = this.#awaited.get(key);
      const request = requestOf(message);
      // The same once more is a repetition: the first counts.
      if (before !== undefined && isSame(before.request, request)) return [];
      this.#awaited.delete(key);
      this.#awaited.set(key, {
        number: datagram.number,
        time: datagram.time,
        channel: 'lan',
        session: session?.id,
        user: session?.user,
        privilege: session?.privilege ?? 0,
        peer: console,
        bmc,
        request,
      });
      const ended = before === undefined ? [] : [unanswered(before)];
      return [...ended, ...this.#forgotten()];
    }
    const asked = this.#awaited.get(key);
    if (asked === undefined || direction === 'in') return [];
    this.#awaited.delete(key);
    const [cc] = message.data;
    if (cc === undefined) return [unanswered(asked)];
    return [{ ...asked, took: datagram.time - asked.time, answer: { cc, data: message.data.slice(1) } }];
  }

  /** Nothing more comes. */
  end(): CapturedExchange[] {
    const left = [...this.#awaited.values()].map(unanswered);
    this.#awaited.clear();
    return left;
  }

  #forgotten(): CapturedExchange[] {
    if (this.#awaited.size <= AWAITED) return [];
    for (const [key, oldest] of this.#awaited) {
      this.#awaited.delete(key);
      return [unanswered(oldest)];
    }
    return [];
  }
}

const unanswered = (asked: Omit<CapturedExchange, 'took' | 'answer'>): CapturedExchange => ({
  ...asked,
  took: undefined,
  answer: undefined,
});

const requestOf = ({ netFn, toLun: lun, cmd, data }: IpmiMessage): Message => ({
  netFn,
  lun,
  cmd,
  data: data.slice(),
});

const isSame = (a: Message, b: Message): boolean =>
  a.lun === b.lun && a.data.length === b.data.length && a.data.every((byte, i) => byte === b.data[i]);
