import type { BmcState } from '../bmc-state.ts';
import { Context, type Answer, type Channel, type Message, type SessionView } from '../router/index.ts';
import type { IpmiMessage } from '../wire/index.ts';
import type { Answered, RepeatedRequests } from './repeated.ts';

/**
 * A request that has arrived: its context, and the way on which its answer goes back. Each interface has its
 * own kind, made once a request in place of a bare context; the exchange is given nothing else.
 */
export abstract class Arrival extends Context<BmcState> {
  readonly message: Message;

  /** `privilege`: the highest that the interface grants to this one message. */
  constructor(
    bmc: BmcState,
    channel: Channel,
    privilege: number,
    message: Message,
    requester?: string,
    session?: SessionView,
    cause?: Context,
  ) {
    super(bmc, channel, privilege, message.lun, session, requester, cause);
    this.message = message;
  }

  /** The request as its frame addressed it; the frames of system interfaces have no addresses. */
  get request(): IpmiMessage | undefined {
    return undefined;
  }

  /** What was answered to its requester before; none where a repetition cannot be told. */
  get memory(): RepeatedRequests | undefined {
    return undefined;
  }

  /** Monotonic milliseconds when it came; the memory goes by it. */
  get at(): number {
    return this.bmc.setup.clock.monotonic();
  }

  /** LUN 10b of a channel with sessions: the message is for system software (IPMI 2.0 §6.13.1). */
  get isForSystemSoftware(): boolean {
    return false;
  }

  /** False: whoever asked has gone, and a late answer is for nobody. */
  get isAwaited(): boolean {
    return true;
  }

  /** Sends the response: completion code and data. */
  abstract answer(answer: Answer): void;

  /** Sends a whole message some time after the answer: the response to a bridged request. */
  follow(_message: Uint8Array): void {
    // Where there are no sessions nothing is bridged for a requester.
  }

  /**
   * Sends again what was sent for an equal request; nothing while that one is at work: its answer is on its
   * way.
   */
  again({ answer }: Answered): void {
    if (answer !== undefined) this.answer(answer);
  }

  /** The handler takes its time; `answer` comes later. */
  later(): void {
    // Most have a requester that waits.
  }
}

/** The part of an addressed message that handlers see. */
export const messageOf = ({ netFn, toLun: lun, cmd, data }: IpmiMessage): Message => ({
  netFn,
  lun,
  cmd,
  data,
});
