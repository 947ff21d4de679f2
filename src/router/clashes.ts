import { isVendorNetFn } from '../commands/oem-registry.ts';
import { claimName, type Claim, type Handler, type HandlerSet } from './handlers.ts';
import type { RouterLog } from './options.ts';
import { sameClaim } from './owned-set.ts';
import { entryOf, type Entry } from './table.ts';

/** The entries of a set, and what forbids each; `find`: whose a claim is now. */
export function entriesOf(
  { owner, handlers }: HandlerSet,
  site: string,
  find: (claim: Claim) => Entry | undefined,
  manufacturer: number | undefined,
): { readonly added: readonly Entry[]; readonly problems: string[] } {
  const problems: string[] = [];
  const added: Entry[] = [];
  for (const handler of handlers) {
    const { override, claim } = handler;
    const taken = find(claim) ?? added.find((entry) => sameClaim(entry.handler.claim, claim));
    problems.push(...clashesOf(handler, owner, taken, manufacturer));
    added.push(entryOf(handler, owner, site, override === undefined ? undefined : taken));
  }
  return { added, problems };
}

/** Says of each command of a vendor's NetFn that it is nobody's in particular. */
export function warnOfVendors({ owner, handlers }: HandlerSet, log: RouterLog | undefined): void {
  for (const handler of handlers)
    if (isVendorNetFn(handler.claim.netFn) && handler.manufacturer === undefined)
      log?.warn?.(
        `${owner}: ${claimName(handler)} does not say whose command it is: name its manufacturer, or use NetFn 2Eh`,
      );
}

/** What forbids an owner to register a handler; `taken`: whose claim it is now. A line for each. */
function clashesOf(
  handler: Handler,
  owner: string,
  taken: Entry | undefined,
  manufacturer: number | undefined,
): string[] {
  const { override } = handler;
  const claimed = taken && `claimed by ${taken.owner}, registered at ${taken.site}`;
  const problems: string[] = [];
  if (taken && override === undefined)
    problems.push(
      `${owner} cannot claim ${claimName(handler)}: ${claimed}; say { override: '${taken.owner}' }`,
    );
  else if (override !== undefined && taken?.owner !== override)
    problems.push(
      `${owner} cannot override ${claimName(handler)} of ${override}: ${claimed ?? 'nobody claims it'}`,
    );
  const whose = handler.manufacturer;
  if (whose !== undefined && manufacturer !== undefined && whose !== manufacturer)
    problems.push(
      `${owner} cannot claim ${claimName(handler)}: it is a command of manufacturer ${whose}, and this BMC's is ${manufacturer}`,
    );
  return problems;
}
