import { Privilege } from '../../commands/command.ts';
import type { Answer } from '../../router/index.ts';
import { buildResponse, SMS_LUN, type IpmiMessage } from '../../wire/index.ts';
import { endpointName, type Endpoint } from '../../world/world.ts';
import { Arrival, messageOf } from '../arrival.ts';
import type { Answered, RepeatedRequests } from '../repeated.ts';
import type { LanServer, Link, Wrap } from './link.ts';
import { showOutside } from './seen.ts';

/** A request outside of any session: only commands that need no privilege are served. */
export class OutsideArrival extends Arrival {
  readonly #lan: LanServer;
  readonly #request: IpmiMessage;
  readonly #from: Endpoint;
  readonly #wrap: Wrap;

  constructor(lan: LanServer, request: IpmiMessage, from: Endpoint, wrap: Wrap) {
    super(lan.bmc, lan.channel, Privilege.None, messageOf(request));
    this.#lan = lan;
    this.#request = request;
    this.#from = from;
    this.#wrap = wrap;
  }

  override get requester(): string {
    return endpointName(this.#from);
  }

  override answer(answer: Answer): void {
    const message = buildResponse(this.#request, answer);
    showOutside(this.bmc.taps, this.channel, this.#from, message);
    this.#lan.send(this.#wrap(message), this.#from);
  }
}

/** A request of a session. */
export class SessionArrival extends Arrival {
  readonly #lan: LanServer;
  readonly #request: IpmiMessage;
  readonly #from: Endpoint;
  readonly #link: Link;

  constructor(lan: LanServer, request: IpmiMessage, from: Endpoint, link: Link, ceiling: number) {
    super(lan.bmc, lan.channel, ceiling, messageOf(request), '', link.session);
    this.#lan = lan;
    this.#request = request;
    this.#from = from;
    this.#link = link;
  }

  /** A text only when somebody asks. */
  override get requester(): string {
    return endpointName(this.#from);
  }

  override get request(): IpmiMessage {
    return this.#request;
  }

  override get memory(): RepeatedRequests {
    return this.#link.repeated;
  }

  override get at(): number {
    return this.#link.session.lastHeard;
  }

  override get isForSystemSoftware(): boolean {
    return this.lun === SMS_LUN;
  }

  /** To where the request came from, whether its session has moved there or not. */
  override answer(answer: Answer): void {
    this.#lan.send(this.#link.respond(this.#request, answer), this.#from);
  }

  override follow(message: Uint8Array): void {
    if (this.#link.session.active) this.#lan.sendInto(this.#link, this.#link.seal(message));
  }

  override again(earlier: Answered): void {
    super.again(earlier);
    if (earlier.followUp !== undefined) this.#lan.send(this.#link.seal(earlier.followUp), this.#from);
  }
}
