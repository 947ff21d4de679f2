import { claimName, type Handler } from './handlers.ts';
import type { Entry } from './table.ts';

/** What forbids an owner to register a handler; `taken`: whose claim it is now. A line for each. */
export function clashesOf(
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
