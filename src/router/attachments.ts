import { Attachment, type AttachmentRouter, type Interface } from './attachment.ts';
import { prefixIn } from './answers.ts';
import { RegistrationError } from './errors.ts';
import type { Answer, Context } from '../joint/message.ts';

type FailureOf = (who: string, prefix: Uint8Array, error: unknown, context: Context) => Answer;

/** The interfaces of a router, each attached once. */
export class Attachments<B> {
  readonly #router: AttachmentRouter<B>;
  readonly #failureOf: FailureOf;
  readonly #all = new Map<Interface<B>, Attachment<B>>();

  constructor(router: AttachmentRouter<B>, failureOf: FailureOf) {
    this.#router = router;
    this.#failureOf = failureOf;
  }

  get all(): Iterable<Attachment<B>> {
    return this.#all.values();
  }

  /** Requests are under way by one of them. */
  get areBusy(): boolean {
    for (const attachment of this.#all.values()) if (attachment.isBusy) return true;
    return false;
  }

  async attach(iface: Interface<B>): Promise<Attachment<B>> {
    const attachment = this.#made(iface);
    try {
      await iface.open(attachment.dispatch);
    } catch (error) {
      this.#all.delete(iface);
      throw error;
    }
    return attachment;
  }

  resume(iface: Interface<B>): Attachment<B> {
    const attachment = this.#made(iface);
    iface.resume?.(attachment.dispatch);
    return attachment;
  }

  #made(iface: Interface<B>): Attachment<B> {
    const name = `channel ${iface.channel.number} (${iface.channel.medium})`;
    if (this.#all.has(iface)) throw new RegistrationError([`${name}: this interface is attached already`]);
    const attachment = new Attachment(this.#router, iface, {
      failed: (message, error, context) => this.#failureOf(name, prefixIn(message), error, context),
      removed: () => this.#all.delete(iface),
    });
    this.#all.set(iface, attachment);
    return attachment;
  }
}
