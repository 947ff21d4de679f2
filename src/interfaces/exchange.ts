import type { BmcState } from '../bmc-state.ts';
import { CC, IpmiError } from '../codec/index.ts';
import { Privilege } from '../commands/command.ts';
import { notOpen, partyOf, type Answer, type Dispatch } from '../router/index.ts';
import { buildMessage } from '../wire/index.ts';
import type { Arrival } from './arrival.ts';

/**
 * Where every interface hands in its requests: repetition, system software's own, now or later, what follows
 * an answer. Interfaces hold frames, sessions and sockets only.
 */
export class Exchange {
  readonly #bmc: BmcState;
  #dispatch: Dispatch<BmcState> = notOpen;

  constructor(bmc: BmcState) {
    this.#bmc = bmc;
  }

  /** What the interface was opened with; before that, whoever asks is told to ask again (C0h). */
  open(dispatch: Dispatch<BmcState>): void {
    this.#dispatch = dispatch;
  }

  /** A request whose answer goes nowhere but to the caller: what text commands are made of. */
  get ask(): Dispatch<BmcState> {
    return this.#dispatch;
  }

  /** Answers a request, now or later, once. `ask`: who is asked, where it is not this BMC. */
  serve(arrival: Arrival, ask: Dispatch<BmcState> = this.#dispatch): void {
    const { message, memory, request } = arrival;
    if (memory !== undefined && request !== undefined) {
      const earlier = memory.find(request, arrival, arrival.at);
      if (earlier !== undefined && this.#isStillAllowed(arrival)) return arrival.again(earlier);
    }
    if (arrival.isForSystemSoftware) return this.#toSystemSoftware(arrival);
    const answer = ask(message, arrival);
    if (!(answer instanceof Promise)) return this.#answered(arrival, answer);
    arrival.later();
    void answer.then((body) => arrival.isAwaited && this.#answered(arrival, body));
  }

  /** What was answered once is given again only to who might ask now. */
  #isStillAllowed(arrival: Arrival): boolean {
    return arrival.isForSystemSoftware || this.#bmc.router.check(arrival.message, arrival) === CC.Ok;
  }

  #answered(arrival: Arrival, answer: Answer): void {
    const { request, memory, followUp } = arrival;
    if (answer.length === 0) {
      // Who asks again has a new request: what was not answered is not under way, either.
      if (request !== undefined) memory?.forget(request);
      return;
    }
    if (request !== undefined) memory?.answered(request, answer);
    arrival.answer(answer);
    if (followUp !== undefined) void followUp.then((message) => message && this.#follow(arrival, message));
  }

  /** The response to a bridged request, as a message of its own. */
  #follow(arrival: Arrival, message: Uint8Array): void {
    const { request, memory } = arrival;
    if (request !== undefined) memory?.followed(request, message);
    arrival.follow(message);
  }

  /**
   * The message goes to the Receive Message Queue with its session's handle; system software answers it, or
   * does not.
   */
  #toSystemSoftware(arrival: Arrival): void {
    const { privilege, request, session } = arrival;
    if (request === undefined) return;
    try {
      if (privilege < Privilege.User) throw new IpmiError(CC.InsufficientPrivilege);
      const data = Uint8Array.of(session?.handle ?? 0, ...buildMessage(request));
      this.#bmc.messages.deliver(
        { channel: arrival.channel.number, privilege, data },
        partyOf(arrival),
        arrival.session,
      );
    } catch (error) {
      const cc = error instanceof IpmiError ? error.cc : CC.Unspecified;
      if (request.netFn % 2 === 0) this.#answered(arrival, Uint8Array.of(cc));
    }
  }
}
