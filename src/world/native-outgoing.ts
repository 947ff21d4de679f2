import { putIpv4, putIpv6 } from './ip-address.ts';
import {
  AT,
  Batch,
  BURST,
  CONTROL,
  FROM_INTERFACE,
  FROM_INTERFACE6,
  HEADER,
  IOVEC,
  NAME,
  SLOT,
  V4,
  V6,
  type Shared,
} from './native-layout.ts';
import type { NativeNames } from './native-names.ts';
import type { Endpoint } from './world.ts';

/** Numbers of Linux's headers; the same on all machines. */
export const IPPROTO_IP = 0;
export const IP_PKTINFO = 8;
export const IPPROTO_IPV6 = 41;
export const IPV6_PKTINFO = 50;
const SOL_UDP = 17;
const UDP_SEGMENT = 103;
/** `struct cmsghdr` with two bytes behind it, and the room that these take. */
const SEGMENT_CONTROL = 18;
const SEGMENT_CONTROL_ROOM = 24;
/** Most bytes of a datagram of a train: whatever the way, they fit a packet. */
const CARRIAGE = 512;

/**
 * What the next call of the system sends: BURST datagrams at most. Those that follow each other to one place
 * and are of one size, the last perhaps shorter, are one message to the system, which cuts it apart as late
 * as it can (UDP_SEGMENT): a train. It finds the way to its destination once.
 */
export class OutgoingBatch {
  readonly #batch: Batch;
  readonly #names: NativeNames;
  /** Where each datagram's bytes are said to be. */
  readonly #iovecs: readonly bigint[];
  /** Of each message its first datagram. */
  readonly #first = new Uint8Array(BURST);
  /** False: each datagram is a message. */
  hasTrains = true;
  #datagrams = 0;
  #messages = 0;
  /** Of the last message: destination, address it leaves from, bytes of a datagram and of its control. */
  #to: Endpoint | undefined;
  #asked: string | undefined;
  #size = 0;
  #control = 0;
  /** Nothing fits behind the last datagram. */
  #isComplete = true;

  constructor(share: (size: number) => Shared, names: NativeNames) {
    this.#batch = new Batch(share);
    this.#names = names;
    const { address } = this.#batch.lengths;
    this.#iovecs = Array.from({ length: BURST }, (_, i) => address + BigInt(i * IOVEC));
  }

  get isFull(): boolean {
    return this.#datagrams === BURST;
  }

  get messages(): number {
    return this.#messages;
  }

  /** Of the first message, for the system. */
  get address(): bigint {
    return this.#batch.headers.address;
  }

  /** The destinations of all messages, NAME bytes each. */
  get destinations(): Uint8Array {
    return this.#batch.names.bytes;
  }

  /**
   * Puts a datagram behind the others; there must be room. False: it is none, too long or its address is not
   * of the socket's family. `asked`: the address of this machine that it leaves from.
   */
  put(data: Uint8Array, isV6: boolean, to: Endpoint, asked: string | undefined): boolean {
    const { lengths, data: slots } = this.#batch;
    const place = this.#datagrams;
    const { length } = data;
    // Who answers a datagram gives the endpoint it came from, which is the same object for all of a sender's.
    if (!this.#isComplete && to === this.#to && asked === this.#asked && length <= this.#size && length > 0)
      this.#couple(length);
    else if (length > SLOT || !this.#begin(place, length, isV6, to, asked)) return false;
    slots[place].set(data);
    lengths.words[(place * IOVEC + 8) >> 2] = length;
    this.#datagrams++;
    return true;
  }

  /** Nothing waits any more. */
  clear(): void {
    this.#datagrams = 0;
    this.#messages = 0;
    this.#isComplete = true;
    this.#to = undefined;
  }

  /** Datagrams of a message. */
  count(message: number): number {
    return this.#batch.headers.words[(message * HEADER + AT.iovecs) >> 2];
  }

  /** Makes a message of one of the datagrams that were its own, counted from 0. */
  single(message: number, datagram: number): void {
    const { headers } = this.#batch;
    const header = message * HEADER;
    if (this.count(message) > 1) headers.words[(header + AT.controlLength) >> 2] -= SEGMENT_CONTROL_ROOM;
    this.#point(message, this.#first[message] + datagram);
  }

  /** One more for the last message. */
  #couple(length: number): void {
    const { headers, controls } = this.#batch;
    const message = this.#messages - 1;
    const count = ++headers.words[(message * HEADER + AT.iovecs) >> 2];
    if (count === 2) {
      const at = message * CONTROL + this.#control;
      controls.words[at >> 2] = SEGMENT_CONTROL;
      controls.words[(at + 8) >> 2] = SOL_UDP;
      controls.words[(at + 12) >> 2] = UDP_SEGMENT;
      controls.words[(at + 16) >> 2] = this.#size;
      headers.words[(message * HEADER + AT.controlLength) >> 2] = this.#control + SEGMENT_CONTROL_ROOM;
    }
    this.#isComplete = length < this.#size;
  }

  #begin(place: number, length: number, isV6: boolean, to: Endpoint, asked: string | undefined): boolean {
    const { names, controls, headers } = this.#batch;
    const message = this.#messages;
    if (!this.#names.put(names.bytes, message * NAME, isV6, to.host, to.port)) return false;
    this.#messages++;
    this.#first[message] = place;
    this.#point(message, place);
    const header = message * HEADER;
    const at = message * CONTROL;
    const family = isV6 ? V6 : V4;
    const isFrom = asked !== undefined && putAddress(controls.bytes, at + family.asked, isV6, asked);
    headers.words[(header + AT.nameLength) >> 2] = family.name;
    headers.words[(header + AT.controlLength) >> 2] = this.#control = isFrom ? family.controlRoom : 0;
    if (isFrom) {
      controls.words[at >> 2] = family.control;
      controls.words[(at + 8) >> 2] = isV6 ? IPPROTO_IPV6 : IPPROTO_IP;
      controls.words[(at + 12) >> 2] = isV6 ? IPV6_PKTINFO : IP_PKTINFO;
      // No interface of its own: the address says which.
      controls.words[(at + (isV6 ? FROM_INTERFACE6 : FROM_INTERFACE)) >> 2] = 0;
    }
    this.#to = to;
    this.#asked = asked;
    this.#size = length;
    this.#isComplete = !this.hasTrains || length > CARRIAGE || length === 0;
    return true;
  }

  /** A message of one datagram. */
  #point(message: number, place: number): void {
    const { headers } = this.#batch;
    headers.view.setBigUint64(message * HEADER + AT.iovec, this.#iovecs[place], true);
    headers.words[(message * HEADER + AT.iovecs) >> 2] = 1;
  }
}

const putAddress = (bytes: Uint8Array, at: number, isV6: boolean, host: string): boolean =>
  isV6 ? putIpv6(bytes, at, host) : putIpv4(bytes, at, host);
