import type { Claim } from './handlers.ts';
import type { Dispatch } from '../joint/message.ts';
import { Running } from './running.ts';
import type { Entry } from './table.ts';

export interface DefaultHandler<B> {
  readonly owner: string;
  readonly dispatch: Dispatch<B>;
  readonly site: string;
  readonly running: Running;
}

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
