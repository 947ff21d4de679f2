import type { Bus } from '../cluster/bus.ts';
import { tokenOf } from '../cluster/names.ts';
import type { ClusterOptions } from '../config/options.ts';
import type { Daemon } from '../control/daemon.ts';
import type { EventLog } from '../control/events/event-log.ts';
import { metricsOf } from '../control/metrics-server.ts';
import type { Log } from '../state/setup.ts';
import type { Clock, Timer } from '../world/world.ts';

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const DAY = 86_400_000;

/** A line of the audit log at the subject of its BMC, or of its host. */
export const tellAudit =
  (bus: Bus, host: string) =>
  (line: string): void => {
    const { bmc = host } = JSON.parse(line) as { readonly bmc?: string };
    bus.publish(`audit.${tokenOf(bmc)}`, bytesOf(line));
  };

/** BMCs that a line names. */
const FEW = 3;

/** BMCs that nobody has served for a while: a line of the log for each reason, an event for each BMC. */
export function tellUnserved(
  bmcs: readonly string[],
  why: string,
  { log, events }: { readonly log: Log; readonly events: Pick<EventLog, 'tell'> },
): void {
  const more = bmcs.length > FEW ? ` and ${bmcs.length - FEW} more` : '';
  log.warn(`cluster: nobody serves ${bmcs.slice(0, FEW).join(', ')}${more}: ${why}`);
  for (const bmc of bmcs) events.tell(bmc, 'fleet', `failed: ${why}`, { what: 'failed', problem: why });
}

/** Says on the bus what happens here: events, and numbers where the file asks for them. */
export async function tellBus(
  bus: Bus,
  daemon: Daemon,
  { clock, host, log }: { readonly clock: Clock; readonly host: string; readonly log: Log },
  { metricsEvery, selDays }: ClusterOptions,
): Promise<() => void> {
  if (selDays !== undefined) await bus.keep('sel', 'event.*.sel', selDays * DAY);
  const undo = daemon.events.listen({}, ({ event }) =>
    bus.publish(`event.${tokenOf(event.bmc ?? host)}.${event.kind}`, bytesOf(JSON.stringify(event))),
  );
  const source = metricsOf(daemon);
  let timer: Timer | undefined;
  const tellNumbers = async (): Promise<void> => {
    try {
      const answer = await source.metrics({}, null);
      bus.publish(`metrics.${tokenOf(host)}`, new Uint8Array(await answer.arrayBuffer()));
    } catch (error) {
      log.error('cluster: its numbers cannot be told', error);
    }
  };
  const later = (seconds: number): void => {
    timer = clock.after(seconds * 1000, () => {
      void tellNumbers();
      later(seconds);
    });
  };
  if (metricsEvery !== undefined) {
    source.begin();
    later(metricsEvery);
  }
  return () => {
    undo();
    timer?.cancel();
  };
}
