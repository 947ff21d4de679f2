import { z } from 'zod';
import { backends, type BackendOptions } from '../kinds/backends/index.ts';
import type { SettingsOf } from '../kinds/kind.ts';
import { kindsSchema } from './kinds-schema.ts';
import type { Kinds } from './kinds.ts';

export const chassisSchema = (kinds: Kinds) =>
  z.strictObject({
    /** What the machine was before the first start, as the restore policy `previous` has it. Default on. */
    power: z.enum(['on', 'off']).optional(),
    /** At each start of the BMC, the first one too. Default `previous`. */
    restorePolicy: z.enum(['always-off', 'previous', 'always-on']).optional(),
    /** What switches the machine. Default: simulated, or the machine of the `vm` interface. */
    backend: kindsSchema<BackendOptions>(backends, kinds.backends).optional(),
    /** Seconds that the machine's system needs to shut down when it is asked to. Default 5. */
    softOff: z.number().min(0).max(3600).optional(),
    /** Log power changes, buttons, intrusion and resets of the BMC. Default true. */
    events: z.boolean().optional(),
  });

export const resetSchema = z.strictObject({
  /** Seconds that a cold reset takes. Meanwhile LAN is silent and system interfaces say D2h. Default 2. */
  dark: z.number().min(0).max(3600).optional(),
});

export type ChassisOptions = SettingsOf<ReturnType<typeof chassisSchema>>;
export type ResetOptions = SettingsOf<typeof resetSchema>;
