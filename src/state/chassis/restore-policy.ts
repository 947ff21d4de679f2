/** Power restore policy, IPMI 2.0 §28.2. */
export const RestorePolicy = { AlwaysOff: 0, Previous: 1, AlwaysOn: 2 } as const;

/** System restart causes, §28.11. */
export const RestartCause = {
  Unknown: 0x0,
  ChassisControl: 0x1,
  ResetButton: 0x2,
  PowerButton: 0x3,
  Watchdog: 0x4,
  Oem: 0x5,
  AlwaysRestore: 0x6,
  RestorePrevious: 0x7,
  PefReset: 0x8,
  PefCycle: 0x9,
  SoftReset: 0xa,
  Rtc: 0xb,
} as const;

/** What the power restore policy makes of a machine that was on, or off, when its power went (§28.8). */
export const powerAfterLoss = (policy: number, wasOn: boolean): boolean =>
  policy === RestorePolicy.AlwaysOn || (policy === RestorePolicy.Previous && wasOn);

/** Why a machine starts that the policy starts. */
export const restoreCause = (policy: number): number =>
  policy === RestorePolicy.AlwaysOn ? RestartCause.AlwaysRestore : RestartCause.RestorePrevious;
