import type { CounterTable, Counts } from '../joint/counters.ts';
import { attachmentCounters, type Router } from '../router/index.ts';
import { dropCounters, type Drops } from '../state/app/drops.ts';
import { logInCounters, type LogIns } from '../state/app/log-ins.ts';

/** The counters of one part of a BMC. All have this shape, whatever they count. */
export interface CounterGroup {
  /** `channel 1 (lan)`, `log-ins`, `dropped datagrams`, `handler socket`, `bt socket`. */
  readonly name: string;
  /** Of an interface: its channel and that one's medium. */
  readonly channel?: number;
  readonly medium?: string;
  /**
   * As they are now. They begin at nought with the BMC or the interface, and those that a command clears
   * (Get IP/UDP/RMCP Statistics, Clear Bridge Statistics) begin again with it.
   */
  readonly counters: Counts;
  /** What each of `counters` counts: the same names. */
  readonly table: CounterTable;
}

/** What counters are read of. */
export interface CountedBmc<B> {
  readonly router: Pick<Router<B>, 'attachments'>;
  readonly drops: Drops;
  readonly logIns: LogIns;
  /** What counts besides interfaces: sockets of handlers. */
  readonly others?: readonly CounterGroup[];
}

/**
 * Everything that a BMC counts. Counting is an addition to a field where the thing happens, whoever reads it
 * or not; all that costs more is here, where somebody asks.
 */
export function countersOf<B>({ router, drops, logIns, others = [] }: CountedBmc<B>): CounterGroup[] {
  const interfaces = Array.from(router.attachments, ({ interface: attached, counters }): CounterGroup => {
    const { number: channel, medium } = attached.channel;
    return {
      name: `channel ${channel} (${medium})`,
      channel,
      medium,
      counters: { ...attached.counters, ...counters },
      table: { ...attached.counterTable, ...attachmentCounters },
    };
  });
  return [
    ...interfaces,
    { name: 'log-ins', counters: { ...logIns.counters }, table: logInCounters },
    { name: 'dropped datagrams', counters: { ...drops.counters }, table: dropCounters },
    ...others,
  ];
}
