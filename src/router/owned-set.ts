import type { Claim } from './handlers.ts';
import type { Answer, Context, Dispatch, Message } from '../joint/message.ts';
import { whole } from './bodies.ts';
import { Running } from './running.ts';
import type { Entry } from './table.ts';

/** Who takes what nobody claims. */
export class DefaultHandler<B> {
  readonly owner: string;
  readonly site: string;
  readonly running = new Running();
  readonly #dispatch: Dispatch<B>;

  constructor(owner: string, dispatch: Dispatch<B>, site: string) {
    this.owner = owner;
    this.site = site;
    this.#dispatch = dispatch;
  }

  /** Its answer, counted as running until then; `failed` makes one of what it throws. */
  answer(
    message: Message,
    context: Context<B>,
    failed: (error: unknown) => Answer,
  ): Answer | Promise<Answer> {
    try {
      const answer = this.#dispatch(message, context);
      if (!(answer instanceof Promise)) return whole(answer);
      return answer.then(whole).catch(failed).finally(this.running.start(context));
    } catch (error) {
      return failed(error);
    }
  }
}

/** The entries that one owner registered. */
export class OwnedSet {
  readonly entries: readonly Entry[];
  readonly site: string;
  readonly running = new Running();

  constructor(entries: readonly Entry[], site: string) {
    this.entries = entries;
    this.site = site;
  }
}

export const sameClaim = (a: Claim, b: Claim): boolean =>
  a.netFn === b.netFn && a.cmd === b.cmd && a.body === b.body && a.channel === b.channel && a.lun === b.lun;
