import type { BmcState } from '../../bmc-state.ts';
import type { Answer, Channel, SessionView } from '../../router/index.ts';
import { encodeBasic } from '../../wire/serial-basic.ts';
import { buildResponse, SMS_LUN, type IpmiMessage } from '../../wire/index.ts';
import { Arrival, messageOf } from '../arrival.ts';

/** How the messages of a mode look on the line. */
export interface ConsoleFrames {
  readonly answer: (request: IpmiMessage, answer: Answer) => Uint8Array;
  /** A whole message: a bridged response, or a request of somebody else's. */
  readonly bridged: (message: Uint8Array) => Uint8Array;
}

export const basicFrames: ConsoleFrames = {
  answer: (request, answer) => encodeBasic(buildResponse(request, answer)),
  bridged: encodeBasic,
};

/** The line that a request came by. */
export interface ConsoleLine {
  readonly channel: Channel;
  /** The highest level that the line gives: without a session, what it is open for. */
  readonly rights: number;
  /** Where it ends, in text. */
  readonly peer: string;
  respond(bytes: Uint8Array): void;
  respondBridged(arrival: SerialArrival, message: Uint8Array): void;
}

export interface SerialWay {
  readonly request: IpmiMessage;
  readonly frames: ConsoleFrames;
  readonly session: SessionView | undefined;
}

/**
 * A request by a serial line. It has no memory: nothing tells a repeated message from one of the next client
 * at the line that counts from the same number. Unlike on a LAN, where that one has a session of its own,
 * each is carried out.
 */
export class SerialArrival extends Arrival {
  readonly #line: ConsoleLine;
  readonly #way: SerialWay;

  constructor(bmc: BmcState, line: ConsoleLine, way: SerialWay) {
    super(bmc, line.channel, line.rights, messageOf(way.request), line.peer, way.session);
    this.#line = line;
    this.#way = way;
  }

  get frames(): ConsoleFrames {
    return this.#way.frames;
  }

  override get request(): IpmiMessage {
    return this.#way.request;
  }

  override get isForSystemSoftware(): boolean {
    return this.lun === SMS_LUN;
  }

  /** What comes late is not for the next one at the line. */
  override get isAwaited(): boolean {
    return this.session === undefined || this.session === this.bmc.sessions.activeOn(this.channel.number);
  }

  override answer(answer: Answer): void {
    this.#line.respond(this.#way.frames.answer(this.#way.request, answer));
  }

  override follow(message: Uint8Array): void {
    this.#line.respondBridged(this, message);
  }
}
