/** What the routes answer, for clients: types alone, so that nothing is loaded by them. */
export type { Role } from './route.ts';
export type { BmcList, BmcRow, BmcWhole } from './routes/bmcs.ts';
export type { ClockShown } from './routes/clock.ts';
export type { FaultList, FaultShown, PresetShown } from './routes/faults.ts';
export type { FleetApplied, FleetPlan, FleetStatus } from './routes/fleet.ts';
export type { RawAnswer } from './routes/raw.ts';
export type { ControlEvent, EventKind } from './events/kinds.ts';
export type { PowerState } from './routes/power.ts';
export type { ScenarioList, ScenarioShown } from './routes/scenarios.ts';
export type { SessionState, UserState } from './routes/access.ts';
export type { BootState, WatchdogState } from './routes/chassis.ts';
export type { CounterRow, HandlerRow } from './routes/inside.ts';
export type { SelEntry, SelList } from './routes/sel.ts';
export type { SensorState } from './routes/sensors.ts';
export type { ConsoleState } from './routes/console.ts';
export type { FirmwareState } from './routes/firmware.ts';
export type { LanChannelState, LanParameterState } from './routes/lan.ts';
export type { FruState, SdrState } from './routes/records.ts';
