import { z } from '@hono/zod-openapi';
import type { Daemon } from './daemon.ts';
import { HEALTH, healthAt } from './health.ts';

const address = z
  .strictObject({ type: z.string(), channel: z.int().optional(), address: z.string() })
  .openapi('Address');
export const STATE = ['running', 'stopped', 'failed'] as const;
export const POWER = ['on', 'off', 'unknown'] as const;
export const MACHINE = ['simulated', 'connected', 'away', 'unknown'] as const;
export const HEALTHS = [...HEALTH, 'unknown'] as const;

export const row = z.strictObject({
  name: z.string(),
  state: z.enum(STATE).openapi({ description: '`failed`: it could not be had, as a port in use.' }),
  problem: z.string().optional().openapi({ description: 'Why it is `failed`, where that is known.' }),
  origin: z.enum(['file', 'added']),
  power: z.enum(POWER),
  machine: z
    .enum(MACHINE)
    .openapi({ description: '`away`: what it is reached by is not there, as with a QEMU that is off.' }),
  health: z.enum(HEALTHS),
  sessions: z.int(),
  addresses: z.array(address),
  labels: z.record(z.string(), z.string()),
});
export const bmcRow = row.openapi('BmcRow');
export type BmcRow = z.infer<typeof row>;

/** What a list says of one that there is to be. */
export function rowOf(name: string, daemon: Daemon): BmcRow {
  const seen = daemon.fleet.glance(name);
  const { origin = 'file', isStopped = false } = daemon.wanted.get(name) ?? {};
  const of = { name, origin, labels: { ...daemon.settings(name).labels } };
  if (seen === undefined) return away(of, isStopped, daemon.failures.of(name));
  return {
    ...of,
    state: 'running',
    power: seen.isOn ? 'on' : 'off',
    machine: seen.machine,
    health: healthAt(seen.health),
    sessions: seen.sessions,
    addresses: daemon.fleet
      .interfacesOf(name)
      .map(({ type, channel, address: at }) => ({ type, channel, address: at })),
  };
}

/** One that does not run. */
export const away = (
  of: Pick<BmcRow, 'name' | 'origin' | 'labels'>,
  isStopped: boolean,
  problem?: string,
): BmcRow => ({
  ...of,
  state: isStopped ? 'stopped' : 'failed',
  ...(!isStopped && problem !== undefined && { problem }),
  power: 'unknown',
  machine: 'unknown',
  health: 'unknown',
  sessions: 0,
  addresses: [],
});
