import type { Bus } from './bus.ts';
import type { ClusterHost } from './host.ts';

/**
 * Shows a host where NATS lists its services (`nats micro ls`, ADR-32): name, version, and as metadata how many
 * BMCs it has.
 */
export function serveDiscovery(bus: Bus, host: ClusterHost, started: Date, version: string): () => void {
  const name = 'ipmi-bmc';
  const id = host.name.replaceAll(/[^\w-]/g, '_');
  const base = () => ({
    name,
    id,
    version: /^\d+\.\d+\.\d+/.test(version) ? version : '0.0.0',
    metadata: {
      host: host.name,
      bmcs: String([...host.bmcs.values()].filter((one) => one === host.name).length),
    },
  });
  const answers = {
    PING: () => ({ type: 'io.nats.micro.v1.ping_response', ...base() }),
    INFO: () => ({
      type: 'io.nats.micro.v1.info_response',
      ...base(),
      description: 'A host of BMCs',
      endpoints: [],
    }),
    STATS: () => ({
      type: 'io.nats.micro.v1.stats_response',
      ...base(),
      started: started.toISOString(),
      endpoints: [],
    }),
  };
  const undo = Object.entries(answers).flatMap(([verb, answer]) =>
    [`$SRV.${verb}`, `$SRV.${verb}.${name}`, `$SRV.${verb}.${name}.${id}`].map((subject) =>
      bus.serve(subject, () => new TextEncoder().encode(JSON.stringify(answer()))),
    ),
  );
  return () => {
    for (const off of undo) off();
  };
}
