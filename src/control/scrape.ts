import type { Bmc } from '../bmc.ts';
import { loopback } from '../client/index.ts';
import { Privilege } from '../commands/command.ts';
import { nearest } from '../config/wording.ts';
import { Context } from '../joint/message.ts';
import { collectors, formFor, scrape, SCRAPER, textOf, type Collector } from '../metrics/index.ts';
import type { Daemon } from './daemon.ts';
import { refusal } from './problem.ts';

/** The BMC's own software asks: whatever users and channels there are, it hears all. */
const CHANNEL = { number: 15, medium: 'system-interface', maxAnswer: 248 } as const;

export interface ScrapeQuery {
  /** A BMC. Default: the process. */
  readonly target?: string;
  /** Of a target, a comma between two. Default: all. */
  readonly collectors?: string;
}

/** What a scraper gets, in the form that its Accept header asks for. Throws ControlError. */
export async function metricsAnswer(
  daemon: Daemon,
  query: ScrapeQuery,
  accept: string | null,
): Promise<Response> {
  const families =
    query.target === undefined
      ? daemon.metrics.families
      : await scrape(clientOf(daemon.bmc(query.target)), wantedOf(query.collectors), () =>
          daemon.world.clock.monotonic(),
        );
  const form = formFor(accept);
  return new Response(textOf(families, form), { headers: { 'content-type': form } });
}

function clientOf(bmc: Bmc) {
  const context = new Context<Bmc>(bmc, CHANNEL, Privilege.Administrator, 0, undefined, SCRAPER);
  return loopback(bmc.router.enter, context);
}

function wantedOf(text: string | undefined): readonly Collector[] {
  if (text === undefined) return collectors;
  return text.split(',').map((name) => {
    const found = collectors.find((collector) => collector === name.trim());
    if (found) return found;
    const near = nearest(name, collectors);
    throw refusal('bad-request', `there is no collector '${name}'`, {
      key: 'collectors',
      ...(near !== undefined && { nearest: near }),
      next: `collectors: ${collectors.join(', ')}`,
    });
  });
}
