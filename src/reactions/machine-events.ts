import type { BmcState } from '../bmc-state.ts';
import { RestartCause } from '../commands/chassis/chassis.ts';
import { Chassis, type PowerChange, type PowerLoss } from '../machine/chassis/chassis.ts';
import type { Dcmi, LimitExceeded } from '../services/dcmi/dcmi.ts';
import type { Button, FrontPanel } from '../machine/chassis/front-panel.ts';
import type { WatchdogEvents, WatchdogSettings } from '../services/watchdog/watchdog.ts';
import { BMC_ADDRESS } from '../wire/message.ts';
import { EventType } from '../commands/codes/events.ts';
import { SensorType } from '../commands/codes/sensor-types.ts';
import { Life } from '../state/app/life.ts';
import { Users } from '../state/app/users.ts';
import type { Reactions } from '../state/occasions.ts';
import { unwaited } from '../state/store.ts';

/** Event types: of the sensor type itself, and generic ones (table 42-2). */
const LIMIT_EXCEEDED = 1;
const TRANSITION_TO_OFF = 2;
/** System software id 0: the machine's firmware (IPMI 2.0 §5.5). */
const FIRMWARE = 0x01;

/** Event offsets. */
const Power = { Off: 0, Cycle: 1 } as const;
const LOSSES: Readonly<Record<PowerLoss, number>> = { overload: 2, interlock: 3, acFailed: 4, fault: 6 };
const Boot = { PowerUp: 0, HardReset: 1 } as const;
const Acpi = { Working: 0, SoftOff: 6 } as const;
const BUTTONS: Readonly<Partial<Record<Button, number>>> = { powerOff: 0, standby: 1, reset: 2 };
const FRONT_PANEL_NMI = 0;
const LOG_CLEARED = 2;
const CONTROLLER_OFF_LINE = 2;
const LOCKED_OUT = 3;
const PRE_TIMEOUT = 8;
/** ACPI power states of Get ACPI Power State (§20.7): S0/G0, S4/S5 soft-off. */
const ACPI_STATES = { on: { system: 0x00, device: 0x00 }, off: { system: 0x06, device: 0x03 } } as const;

const WATCHDOG_ACTIONS = [undefined, 'reset', 'off', 'cycle'] as const;
/** Pre-timeout interrupts: 1 SMI and 3 messaging are told by the message flags alone (§27.6). */
const NMI = 2;

interface Happening {
  readonly type: number;
  readonly offset: number;
  readonly deassertion?: boolean;
  /** Default: sensor-specific. */
  readonly eventType?: number;
  readonly generator?: number;
  /** Event data 2 and 3; bits 7:4 of data 1 follow from them. */
  readonly more?: readonly number[];
}

/**
 * What happens to the machine and to the BMC, told as events, in the words of the sensor that shows it where
 * there is one.
 */
export function tellOfMachine<B extends BmcState>(reactions: Reactions<B>, log: boolean): void {
  reactions.on(Chassis.power, (bmc, change) => {
    if (change.changed) bmc.identity.acpi = change.on ? ACPI_STATES.on : ACPI_STATES.off;
    if (log) tellOfPower(bmc, change);
  });
  // Data 2: the user, data 3: the channel (table 42-3, Session Audit). LAN parameter 26 says whether it is
  // told.
  reactions.on(Users.lockedOut, (bmc, userId, channel) =>
    raise(bmc, { type: SensorType.SessionAudit, offset: LOCKED_OUT, more: [userId, channel] }),
  );
  if (!log) return;
  reactions.on(Chassis.intrusion, (bmc, open) =>
    show(bmc, { type: SensorType.PhysicalSecurity, offset: 0, deassertion: !open }),
  );
  reactions.on(Life.reset, (bmc, phase, kind) => {
    if (kind === 'cold')
      raise(bmc, {
        type: SensorType.ManagementHealth,
        offset: CONTROLLER_OFF_LINE,
        deassertion: phase === 'up',
      });
  });
}

/** What DCMI's limits do, from when they are built on. */
export function tellOfLimits(bmc: BmcState, dcmi: Dcmi): void {
  dcmi.onExceeded((exceeded) => actOnLimit(bmc, exceeded));
}

/** Buttons as events, from when they are built on. */
export function tellOfPanel(bmc: BmcState, panel: FrontPanel): void {
  panel.onPress((button) => {
    const offset = BUTTONS[button];
    if (offset !== undefined) raise(bmc, { type: SensorType.Button, offset });
  });
}

/** The events that DCMI has for its limits (DCMI 1.5 table 3-2), and the end of the machine's power. */
function actOnLimit(bmc: BmcState, { kind, powerOff }: LimitExceeded): void {
  raise(bmc, {
    type: kind === 'power' ? SensorType.PowerUnit : SensorType.Temperature,
    eventType: EventType.LimitStatus,
    offset: LIMIT_EXCEEDED,
  });
  if (!powerOff || !bmc.chassis.isOn) return;
  raise(bmc, { type: SensorType.SystemEvent, eventType: EventType.SystemState, offset: TRANSITION_TO_OFF });
  void bmc.chassis.attempt('off', RestartCause.Oem, `${kind} limit`);
}

function tellOfPower(bmc: BmcState, { on, action, cause, changed, starts, loss }: PowerChange): void {
  if (action === 'diag') {
    if (cause !== RestartCause.Watchdog)
      raise(bmc, { type: SensorType.CriticalInterrupt, offset: FRONT_PANEL_NMI });
    return;
  }
  if (changed) {
    const cycled = action === 'cycle' && !on;
    show(bmc, { type: SensorType.PowerUnit, offset: Power.Off, deassertion: on });
    if (cycled) raise(bmc, { type: SensorType.PowerUnit, offset: Power.Cycle });
    if (loss) raise(bmc, { type: SensorType.PowerUnit, offset: LOSSES[loss] });
    for (const sensor of bmc.sensors.all)
      if (sensor.declaration.type === SensorType.AcpiPowerState)
        sensor.setStates(1 << (on ? Acpi.Working : Acpi.SoftOff));
  }
  if (starts)
    raise(bmc, {
      type: SensorType.BootInitiated,
      offset: action === 'reset' ? Boot.HardReset : Boot.PowerUp,
      generator: FIRMWARE,
    });
}

/** The log area was cleared: the first entry of the empty log (table 42-3, Event Logging Disabled). */
export const tellOfClearing = (bmc: BmcState): void =>
  raise(bmc, { type: SensorType.EventLoggingDisabled, offset: LOG_CLEARED });

/** A server that was just switched on has something to tell. */
export function tellOfBoot(bmc: BmcState): void {
  raise(bmc, { type: SensorType.BootInitiated, offset: Boot.PowerUp, generator: FIRMWARE });
  // Firmware progress: starting the operating system. Then: C: boot completed.
  raise(bmc, { type: SensorType.FirmwareProgress, offset: 2, generator: FIRMWARE, more: [0x13] });
  raise(bmc, { type: SensorType.OsBoot, offset: 1, generator: FIRMWARE });
}

/** What the watchdog does when its time comes (§27.2-27.4). */
export const watchdogEvents = (bmc: BmcState): WatchdogEvents => ({
  expired: (settings) => {
    tellOfWatchdog(bmc, settings, settings.action);
    const action = WATCHDOG_ACTIONS[settings.action];
    if (action !== undefined) void bmc.chassis.attempt(action, RestartCause.Watchdog, 'watchdog');
  },
  preTimeout: (settings) => {
    tellOfWatchdog(bmc, settings, PRE_TIMEOUT);
    bmc.messages.watchdogPreTimeout = true;
    if (settings.preTimeoutInterrupt === NMI)
      void bmc.chassis.attempt('diag', RestartCause.Watchdog, 'watchdog');
  },
});

/** The offset is the action; data 2 has interrupt and use. */
function tellOfWatchdog(
  bmc: BmcState,
  { dontLog, preTimeoutInterrupt, use }: WatchdogSettings,
  offset: number,
): void {
  if (!dontLog) raise(bmc, { type: SensorType.Watchdog2, offset, more: [(preTimeoutInterrupt << 4) | use] });
}

/**
 * A state that lasts: the platform's sensor of that type shows it, and raises the event; without one the
 * event goes out alone.
 */
function show(bmc: BmcState, happening: Happening): void {
  const sensor = bmc.sensors.all.find(
    ({ declaration }) => declaration.type === happening.type && declaration.analog === undefined,
  );
  if (!sensor) return raise(bmc, happening);
  const bit = 1 << happening.offset;
  const states = sensor.lastStates;
  sensor.setStates(happening.deassertion === true ? states & ~bit : states | bit);
}

function raise(
  { events, sensors, setup }: BmcState,
  {
    type,
    offset,
    eventType = EventType.SensorSpecific,
    deassertion = false,
    generator = BMC_ADDRESS,
    more = [],
  }: Happening,
): void {
  const sensor =
    generator === BMC_ADDRESS && eventType === EventType.SensorSpecific
      ? sensors.all.find(({ declaration }) => declaration.type === type)
      : undefined;
  // Bits 7:6 and 5:4 say what data 2 and 3 are: 3 an extension of the sensor type's own, 0 nothing (§29.7).
  const used = (more.length > 0 ? 0xc0 : 0) | (more.length > 1 ? 0x30 : 0);
  const data = Uint8Array.from([used | offset, ...more, 0xff, 0xff].slice(0, 3));
  const { number: sensorNumber = 0, lun: generatorLun = 0 } = sensor?.declaration ?? {};
  const event = { generator, generatorLun, sensorType: type, sensorNumber, eventType, deassertion, data };
  unwaited(events.raise(event), setup.log, 'an event of the machine');
}
