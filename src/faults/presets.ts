import { SettingsError } from '../settings/errors.ts';
import type { FaultRule } from './rule.ts';

/** A story that people know: what it does to a BMC, and what its monitor should find. */
export interface Preset {
  readonly rules: readonly FaultRule[];
  /** What a client sees. */
  readonly effect: string;
  /** What a monitor should make of it. */
  readonly finding: string;
}

/** By name, as settings and the library have them. */
export const presets: Readonly<Record<string, Preset>> = {
  overloaded: {
    rules: [
      {
        id: 'overloaded-busy',
        when: { command: ['storage', 'sensor'] },
        then: { complete: 0xc0 },
        chance: 0.3,
      },
      { id: 'overloaded-slow', then: { delay: '400ms', jitter: '300ms' } },
    ],
    effect:
      'every answer takes 0.1 to 0.7 s; three of ten requests for sensors, SDRs and SEL are "node busy"',
    finding: 'slow; sensors complete after retries, no alarm about the machine itself',
  },
  'flaky-network': {
    rules: [
      {
        id: 'flaky-network',
        then: { loss: '10%', duplicate: '2%', reorder: '5%', corrupt: '1%', delay: '40ms', jitter: '30ms' },
      },
    ],
    effect: 'a tenth of all datagrams is lost, some come twice, out of order or damaged',
    finding: 'retries, and no session lost; at most a gap in the values',
  },
  'dying-psu': {
    rules: [
      { id: 'dying-psu-power-on', then: { power: 'fails' } },
      { id: 'dying-psu-self-test', then: { selfTest: 'fatal' } },
    ],
    effect: 'power actions are refused (D5h), and the self test finds a fatal hardware error',
    finding: 'a machine that cannot be switched, with a hardware fault',
  },
  'after-firmware-update': {
    rules: [
      { id: 'after-firmware-update-dark', then: { dark: '45s' }, for: '50s' },
      { id: 'after-firmware-update-sdr', then: { sdr: { changesEvery: 20 } } },
      { id: 'after-firmware-update-clock', then: { clock: '-365d' } },
    ],
    effect: 'silent for 45 s, then the clock is a year behind and SDR readers lose their reservations (C5h)',
    finding: 'BMC away and back; cached SDRs are stale; time of the log is wrong',
  },
  'wrong-clock': {
    rules: [{ id: 'wrong-clock', then: { clock: '-3d' } }],
    effect: 'SEL time is three days behind',
    finding: 'clock skew; events of now look old',
  },
  'out-of-sessions': {
    rules: [{ id: 'out-of-sessions', then: { sessions: 0 } }],
    effect: 'each log-in is refused: insufficient resources for a session (status 01h, or 81h)',
    finding: 'BMC there (it answers pings), not to be logged into: sessions leak somewhere',
  },
  'half-open-sol': {
    rules: [{ id: 'half-open-sol', when: { payload: 'sol', direction: 'out' }, then: { loss: 1 } }],
    effect: 'SOL is activated, and not a character comes',
    finding: 'console connected and silent: deactivate and activate again',
  },
};

/** The rules of a story. Throws SettingsError for a name that is none. */
export function presetRules(name: string): readonly FaultRule[] {
  if (!Object.hasOwn(presets, name))
    throw new SettingsError(
      `expected one of ${Object.keys(presets).join(', ')}, received ${JSON.stringify(name)}`,
    );
  return presets[name].rules;
}
