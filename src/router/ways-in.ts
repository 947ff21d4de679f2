import type { Answer, Context, Dispatch, Message } from '../joint/message.ts';
import type { Attachment } from './attachment.ts';

type Ran = Answer | Promise<Answer>;

/**
 * The ways into a router as functions, which can be handed on. Each is made when somebody asks for it: most
 * routers of a fleet have interfaces alone, which go in by `carryOut` and what wraps it.
 */
export abstract class WaysIn<B> {
  #dispatch: Dispatch<B> | undefined = undefined;
  #enter: Dispatch<B> | undefined = undefined;
  #enterBy: Dispatch<B> | undefined = undefined;

  abstract get attachments(): readonly Attachment<B>[];

  abstract get outermost(): Dispatch<B> | undefined;

  abstract carryOut(message: Message, context: Context<B>): Ran;

  /** `carryOut`, as a value. */
  get dispatch(): Dispatch<B> {
    return (this.#dispatch ??= (message, context) => this.carryOut(message, context));
  }

  /**
   * Where every request comes in, from interfaces and from the BMC's own bridges: dispatch, and what wraps
   * it now.
   */
  get enter(): Dispatch<B> {
    return (this.#enter ??= (message, context) => (this.outermost ?? this.dispatch)(message, context));
  }

  /**
   * As `enter`, under the limits and the deadline of the interface of the context's channel; where there is
   * none, under its cause's.
   */
  get enterBy(): Dispatch<B> {
    return (this.#enterBy ??= (message, context) => {
      for (const { interface: attached, dispatch } of this.attachments)
        if (attached.channel.number === context.channel.number) return dispatch(message, context);
      context.cause?.onExpire(() => context.expire());
      return this.enter(message, context);
    });
  }
}
