import { DecodeError, IpmiError } from '../../codec/index.ts';
import { GetChassisStatus } from '../../commands/chassis/chassis.ts';
import { GetDeviceId } from '../../commands/app/device.ts';
import { GetWatchdogTimer } from '../../commands/app/watchdog.ts';
import { GetPowerReading } from '../../commands/dcmi/dcmi.ts';
import { manufacturers } from '../../commands/oem-registry.ts';
import { SYSTEM_INFO_TEXT, SystemInfoParameter } from '../../commands/parameters/system-info.ts';
import { GetSelInfo } from '../../commands/storage/sel.ts';
import type { Client } from '../../client/index.ts';
import type { Family, Sample } from '../exposition.ts';
import { sensorFamilies } from './sensors.ts';

const gauge = (name: string, help: string, ...samples: readonly Sample[]): Family => ({
  name,
  type: 'gauge',
  help,
  samples,
});
/** One sample for each name that there is: 1 for the present one. */
const oneOf = (label: string, names: readonly string[], present: number): Sample[] =>
  names.map((name, at) => ({ labels: { [label]: name }, value: at === present ? 1 : 0 }));

const USES = ['BIOS FRB2', 'BIOS POST', 'OS LOAD', 'SMS/OS', 'OEM'];
const ACTIONS = ['None', 'Hard Reset', 'Power Down', 'Power Cycle'];
const INTERRUPTS = ['None', 'SMI', 'NMI / Diagnostic Interrupt', 'Messaging Interrupt'];

/** What a BMC that is asked as prometheus-community's ipmi_exporter asks it says, by that one's collectors. */
const COLLECTORS = {
  bmc: async (client) => {
    const { firmwareMajor, firmwareMinor, manufacturerId } = await client.send(GetDeviceId);
    const known = manufacturers[manufacturerId];
    return [
      gauge('ipmi_bmc_info', 'Constant, with what the BMC says of itself.', {
        labels: {
          firmware_revision: `${firmwareMajor}.${String(firmwareMinor).padStart(2, '0')}`,
          manufacturer_id: known === undefined ? String(manufacturerId) : `${known} (${manufacturerId})`,
          system_firmware_version: (await firmwareVersion(client)) ?? 'N/A',
        },
        value: 1,
      }),
    ];
  },
  'bmc-watchdog': async (client) => {
    const timer = await client.send(GetWatchdogTimer);
    const name = (rest: string): string => `ipmi_bmc_watchdog_${rest}`;
    return [
      gauge(name('timer_state'), 'Whether the watchdog timer runs.', { value: Number(timer.running) }),
      gauge(name('timer_use_state'), 'The use of the timer: 1.', ...oneOf('name', USES, timer.use - 1)),
      gauge(name('logging_state'), 'Whether it is logged when it runs out.', {
        value: Number(!timer.dontLog),
      }),
      gauge(name('timeout_action_state'), 'The action: 1.', ...oneOf('action', ACTIONS, timer.action)),
      gauge(
        name('pretimeout_interrupt_state'),
        'The interrupt before it runs out: 1.',
        ...oneOf('interrupt', INTERRUPTS, timer.preTimeoutInterrupt),
      ),
      gauge(name('pretimeout_interval_seconds'), 'How long before it runs out.', { value: timer.preTimeout }),
      gauge(name('initial_countdown_seconds'), 'Where it begins.', { value: timer.initialCountdown / 10 }),
      gauge(name('current_countdown_seconds'), 'Where it is.', { value: timer.presentCountdown / 10 }),
    ];
  },
  chassis: async (client) => {
    const { powerOn, driveFault, coolingFault } = await client.send(GetChassisStatus);
    return [
      gauge('ipmi_chassis_power_state', 'Whether the machine is on.', { value: Number(powerOn) }),
      gauge('ipmi_chassis_drive_fault_state', '0: a drive fault, 1: none.', { value: Number(!driveFault) }),
      gauge('ipmi_chassis_cooling_fault_state', '0: a cooling fault, 1: none.', {
        value: Number(!coolingFault),
      }),
    ];
  },
  dcmi: async (client) => {
    const { current, active } = await client.send(GetPowerReading, { mode: 1, period: 0 });
    const name = 'ipmi_dcmi_power_consumption_watts';
    return active ? [gauge(name, 'What the machine takes now.', { value: current })] : [];
  },
  ipmi: sensorFamilies,
  sel: async (client) => {
    const { entries, free } = await client.send(GetSelInfo);
    return [
      gauge('ipmi_sel_logs_count', 'Entries of the SEL.', { value: entries }),
      gauge('ipmi_sel_free_space_bytes', 'Room for more of them.', { value: free }),
    ];
  },
} as const satisfies Record<string, (client: Client) => Promise<Family[]>>;

export type Collector = keyof typeof COLLECTORS;
export const collectors = Object.keys(COLLECTORS) as readonly Collector[];

/** Undefined: the BMC has none. */
async function firmwareVersion(client: Client): Promise<string | undefined> {
  try {
    const { block } = await client.get(SystemInfoParameter.FirmwareVersion);
    const [, length] = block;
    const text = Buffer.from(block.subarray(SYSTEM_INFO_TEXT, SYSTEM_INFO_TEXT + length)).toString('latin1');
    return /^[\d.]*/.exec(text)?.[0];
  } catch (error) {
    if (isRefusal(error)) return undefined;
    throw error;
  }
}

const isRefusal = (error: unknown): boolean => error instanceof IpmiError || error instanceof DecodeError;

/** All that a scrape of one BMC has. What the BMC refuses is down, and the rest there. */
export async function scrape(
  client: Client,
  wanted: readonly Collector[],
  monotonic: () => number,
): Promise<Family[]> {
  const begun = monotonic();
  const up: Sample[] = [];
  const found: Family[] = [];
  for (const collector of wanted) {
    let value = 1;
    try {
      found.push(...(await COLLECTORS[collector](client)));
    } catch (error) {
      if (!isRefusal(error)) throw error;
      value = 0;
    }
    up.push({ labels: { collector }, value });
  }
  const took = { value: (monotonic() - begun) / 1000 };
  return [
    gauge('ipmi_up', '1: the collector had an answer, 0: it was refused.', ...up),
    gauge('ipmi_scrape_duration_seconds', 'What the scrape took.', took),
    ...found,
  ];
}
