import type { BmcOptions } from '../config/options.ts';
import type { Bus, BusRequest } from './bus.ts';
import type { ClusterHost } from './host.ts';
import { tokenOf } from './names.ts';

/** Services of a process that one question lists at most. One that is asked for by its id always answers. */
const MOST_LISTED = 1000;

/** What lists of services show of one (ADR-32 of NATS). */
interface Service {
  /** Unlike all others' of its name: letters, digits, `_`, `-` and `=`. */
  readonly id: string;
  readonly description: string;
  readonly metadata: Readonly<Record<string, string>>;
}

interface Services {
  readonly name: string;
  readonly all: () => Iterable<Service>;
  readonly find: (id: string) => Service | undefined;
}

const VERBS = ['PING', 'INFO', 'STATS'] as const;

/**
 * Shows this host and the BMCs that it has where NATS lists its services (`nats micro ls`): names `ipmi-bmc-host`
 * and `ipmi-bmc`, with who has what and where it listens as metadata.
 */
export function serveDiscovery(bus: Bus, host: ClusterHost, started: Date, version: string): () => void {
  const own = (): string[] => [...host.bmcs].flatMap(([bmc, owner]) => (owner === host.name ? [bmc] : []));
  const theHost = (): Service => ({
    id: tokenOf(host.name),
    description: 'A host of BMCs',
    metadata: { host: host.name, bmcs: String(own().length) },
  });
  const bmcOf = (bmc: string): Service => ({
    id: tokenOf(bmc),
    description: 'A BMC',
    metadata: { bmc, host: host.name, ...addressesOf(host.desired.all.get(bmc)) },
  });
  const services: readonly Services[] = [
    {
      name: 'ipmi-bmc-host',
      all: () => [theHost()],
      find: (id) => (id === tokenOf(host.name) ? theHost() : undefined),
    },
    {
      name: 'ipmi-bmc',
      all: () => own().slice(0, MOST_LISTED).map(bmcOf),
      find(id) {
        const bmc = own().find((name) => tokenOf(name) === id);
        return bmc === undefined ? undefined : bmcOf(bmc);
      },
    },
  ];
  const answer = (
    verb: (typeof VERBS)[number],
    name: string,
    { id, description, metadata }: Service,
  ): Uint8Array =>
    new TextEncoder().encode(
      JSON.stringify({
        type: `io.nats.micro.v1.${verb.toLowerCase()}_response`,
        name,
        id,
        version: /^\d+\.\d+\.\d+/.test(version) ? version : '0.0.0',
        metadata,
        ...(verb === 'INFO' && { description, endpoints: [] }),
        ...(verb === 'STATS' && { started: started.toISOString(), endpoints: [] }),
      }),
    );
  const undo = VERBS.flatMap((verb) => {
    const list = (some: readonly Services[], { respond }: BusRequest): undefined => {
      for (const { name, all } of some) for (const service of all()) respond?.(answer(verb, name, service));
    };
    return [
      bus.serve(`$SRV.${verb}`, (request) => list(services, request)),
      ...services.flatMap((each) => [
        bus.serve(`$SRV.${verb}.${each.name}`, (request) => list([each], request)),
        bus.serve(`$SRV.${verb}.${each.name}.*`, ({ subject }) => {
          const found = each.find(subject.slice(subject.lastIndexOf('.') + 1));
          return found && answer(verb, each.name, found);
        }),
      ]),
    ];
  });
  return () => {
    for (const off of undo) off();
  };
}

/** Where it listens, and its labels. */
function addressesOf({ interfaces = [], labels = {} }: BmcOptions = {}): Record<string, string> {
  const listens = interfaces.flatMap((each) =>
    'listen' in each && typeof each.listen === 'string' ? [each.listen] : [],
  );
  const marks = Object.entries(labels).map(([key, value]) => [`label.${key}`, value] as const);
  return { ...(listens.length > 0 && { listen: listens.join(', ') }), ...Object.fromEntries(marks) };
}
