import {
  Attachment,
  nameOf,
  type AttachmentOwner,
  type AttachmentRouter,
  type Interface,
} from './attachment.ts';
import { RegistrationError } from './errors.ts';

const NONE: readonly never[] = [];

/** The interfaces of a router, each attached once. */
export class Attachments<B> implements AttachmentOwner<B> {
  readonly #router: AttachmentRouter<B>;
  #all: readonly Attachment<B>[] = NONE;

  constructor(router: AttachmentRouter<B>) {
    this.#router = router;
  }

  get all(): readonly Attachment<B>[] {
    return this.#all;
  }

  /** Requests are under way by one of them. */
  get areBusy(): boolean {
    return this.#all.some((attachment) => attachment.isBusy);
  }

  async attach(iface: Interface<B>): Promise<Attachment<B>> {
    const attachment = this.#attachmentOf(iface);
    try {
      await iface.open(attachment.dispatch);
    } catch (error) {
      this.removed(iface);
      throw error;
    }
    return attachment;
  }

  /** It is closed. */
  removed(iface: Interface<B>): void {
    this.#all = this.#all.filter((attachment) => attachment.interface !== iface);
  }

  resume(iface: Interface<B>): Attachment<B> {
    const attachment = this.#attachmentOf(iface);
    iface.resume?.(attachment.dispatch);
    return attachment;
  }

  #attachmentOf(iface: Interface<B>): Attachment<B> {
    if (this.#all.some((attachment) => attachment.interface === iface))
      throw new RegistrationError([`${nameOf(iface)}: this interface is attached already`]);
    const attachment = new Attachment(this.#router, iface, this);
    this.#all = this.#all.concat(attachment);
    return attachment;
  }
}
