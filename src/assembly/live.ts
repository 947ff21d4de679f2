import type { BmcState } from '../bmc-state.ts';
import type { BmcOptions } from '../config/options.ts';
import { usersWithoutSol } from '../config/platform.ts';
import { milliseconds } from '../settings/durations.ts';
import { DARKNESS } from '../state/app/life.ts';
import type { Templates } from './templates.ts';

/** Sessions at a time, and seconds without a message, where nothing is said. */
const SESSIONS = 64;
const INACTIVITY = 60;
/** Seconds between two looks at sensors. */
const SENSOR_INTERVAL = 2;

export const darknessOf = ({ reset }: BmcOptions): number => milliseconds(reset?.dark ?? DARKNESS);

export const sessionLimitsOf = ({ sessions }: BmcOptions): { limit: number; inactivity: number } => ({
  limit: sessions?.limit ?? SESSIONS,
  inactivity: milliseconds(sessions?.inactivity ?? INACTIVITY),
});

export const sensorIntervalOf = ({ sensorInterval = SENSOR_INTERVAL }: BmcOptions): number =>
  milliseconds(sensorInterval);

/**
 * Settings that a BMC takes while it runs, each with how. A change of any other needs it closed and made
 * again: it says what the BMC consists of, or what its stores begin with.
 */
export const liveSettings: {
  readonly [K in keyof BmcOptions]?: (
    bmc: Pick<BmcState, 'sessions' | 'life' | 'sensors' | 'users' | 'payloads'>,
    options: BmcOptions,
    templates: Templates,
  ) => void;
} = {
  sessions: ({ sessions }, options) => sessions.adjust(sessionLimitsOf(options)),
  reset: ({ life }, options) => void (life.darkness = darknessOf(options)),
  // Who looks for BMCs by them reads the settings.
  labels: () => undefined,
  users: ({ users, payloads }, options, templates) => {
    users.adjust(templates.users(options));
    payloads.withoutSol = usersWithoutSol(options);
  },
  sensorInterval: ({ sensors }, options) => void (sensors.interval = sensorIntervalOf(options)),
};

/** By key of the settings. */
export const isLive = (key: string): boolean => Object.hasOwn(liveSettings, key);
