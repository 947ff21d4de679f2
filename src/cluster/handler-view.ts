import { keyName } from '../commands/command.ts';
import { addCounts, noCounts } from '../joint/counters.ts';
import type { HandlerState } from './bus-handlers.ts';
import type { Bus } from './bus.ts';
import { callCounters, type CallCounters } from './handler-calls.ts';
import { handlerEntryOf, handlerSubjects, type HandlerEntry } from './handler-entry.ts';
import { nameOfToken } from './names.ts';
import { viewOf } from './view.ts';

/** Handlers of one owner, as the hosts of a cluster see them together. */
export interface HandlersSeen {
  readonly owner: string;
  /** Claims in words; undefined: it has none, as it was refused. */
  readonly claims?: readonly string[];
  /** The process that serves it, the last one that said so. */
  readonly from?: string;
  readonly shared?: boolean;
  /** BMCs that ask it. */
  readonly bmcs: number;
  /** Why others do not, or why it was refused: a line each. */
  readonly problems: readonly string[];
  readonly counters: CallCounters;
}

/** What processes on the bus answer, and whom hosts refused in the last minute. `timeout`: ms for each host. */
export async function handlersOf(bus: Bus, timeout: number): Promise<HandlersSeen[]> {
  const [{ hosts }, written] = await Promise.all([viewOf(bus), bus.entries('handlers')]);
  const asked = Array.from(hosts.keys(), async (host) => {
    const answer = await bus.request(handlerSubjects.state(host), new Uint8Array(0), { timeout });
    return JSON.parse(new TextDecoder().decode(answer)) as HandlerState[];
  });
  const states = (await Promise.all(asked)).flat();
  const entries = new Map([...written].map(([token, entry]) => [nameOfToken(token), handlerEntryOf(entry)]));
  const owners = [...new Set([...entries.keys(), ...states.map(({ owner }) => owner)])].toSorted();
  return owners.map((owner) =>
    together(
      owner,
      states.filter((state) => state.owner === owner),
      entries.get(owner),
    ),
  );
}

function together(
  owner: string,
  states: readonly HandlerState[],
  entry: HandlerEntry | undefined,
): HandlersSeen {
  const counters = noCounts(callCounters);
  for (const state of states) addCounts(counters, state.counters);
  return {
    owner,
    ...(entry && { claims: claimsOf(entry), from: entry.from, shared: entry.shared }),
    bmcs: states.reduce((sum, { bmcs }) => sum + bmcs, 0),
    problems: [...new Set(states.flatMap(({ problems }) => problems))],
    counters,
  };
}

const claimsOf = ({ handlers }: HandlerEntry): string[] =>
  handlers === 'default' ? ['all that nobody claims'] : handlers.map((claim) => claim.name ?? keyName(claim));
