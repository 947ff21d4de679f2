import { toRaw, toReal, type Factors } from './sensor-factors.ts';
import type { OwnSource, SensorSource } from './sensor-source.ts';

/** Thresholds in the order of their bits in masks and comparison states (IPMI 2.0 §35.8, §35.14). */
export const THRESHOLDS = ['lnc', 'lc', 'lnr', 'unc', 'uc', 'unr'] as const;
export type ThresholdName = (typeof THRESHOLDS)[number];

export interface AnalogDeclaration {
  readonly factors: Factors;
  /** §43.17 unit type code. */
  readonly unit: number;
  readonly percentage?: boolean;
  readonly min: number;
  readonly max: number;
  readonly nominal?: number;
  /** In the sensor's unit. */
  readonly thresholds: Readonly<Partial<Record<ThresholdName, number>>>;
  /** Bits of the thresholds that Set Sensor Threshold changes. Default: all that there are. */
  readonly settable?: number;
  /** In the sensor's unit, both ways; or in steps of the raw reading. */
  readonly hysteresis?: number;
  readonly hysteresisSteps?: { readonly positive: number; readonly negative: number };
}

export interface SensorDeclaration {
  /** 1..254. */
  readonly number: number;
  /** 0, 1 or 3; 2 is system software's. Default 0. */
  readonly lun?: number;
  /** At most 16 characters. */
  readonly name: string;
  readonly entityId: number;
  readonly entityInstance: number;
  /** §42.2 sensor type code. */
  readonly type: number;
  /** 1: threshold; 2..0Ch generic, 6Fh sensor-specific, 70h..7Fh OEM. */
  readonly eventType: number;
  /** For a threshold sensor. */
  readonly analog?: AnalogDeclaration;
  /** For a discrete sensor: states that it can show, and those that it shows at first. */
  readonly possibleStates?: number;
  readonly states?: number;
  /** Where its readings come from. Default: it stands still. */
  readonly source?: SensorSource | OwnSource;
  /** It tells of events and has no reading. */
  readonly eventOnly?: boolean;
  /** It hangs on the machine's power: while that is off, it cannot be read. */
  readonly needsPower?: boolean;
  /**
   * Each event is told once, until Re-arm Sensor Events (§36.1). Default: as often as its state comes and
   * goes.
   */
  readonly manualRearm?: boolean;
  /**
   * Events that it can generate, a bit for each offset. Default: those of its thresholds or states, both
   * ways.
   */
  readonly assertionEvents?: number;
  readonly deassertionEvents?: number;
  /** The SDR that it was loaded from. */
  readonly record?: Uint8Array;
}

/**
 * One shape for all declarations, whatever is left out: a hundred thousand sensors share it, and those who
 * read them are fast.
 */
export const sensorDeclaration = (declaration: SensorDeclaration): SensorDeclaration => ({
  number: declaration.number,
  lun: declaration.lun ?? 0,
  name: declaration.name,
  entityId: declaration.entityId,
  entityInstance: declaration.entityInstance,
  type: declaration.type,
  eventType: declaration.eventType,
  analog: declaration.analog,
  possibleStates: declaration.possibleStates,
  states: declaration.states,
  source: declaration.source,
  eventOnly: declaration.eventOnly,
  needsPower: declaration.needsPower,
  manualRearm: declaration.manualRearm,
  assertionEvents: declaration.assertionEvents,
  deassertionEvents: declaration.deassertionEvents,
  record: declaration.record,
});

/** What a client changed; raw readings. */
export interface StoredSensor {
  readonly thresholds?: Readonly<Partial<Record<ThresholdName, number>>>;
  readonly hysteresis?: { readonly positive: number; readonly negative: number };
  readonly enables?: EventEnables;
  readonly type?: { readonly sensor: number; readonly event: number };
}

export interface EventEnables {
  readonly events: boolean;
  readonly scanning: boolean;
  /** A bit for each event offset. */
  readonly assertions: number;
  readonly deassertions: number;
}

export interface Reading {
  /** Raw; 0 for a discrete sensor. */
  readonly raw: number;
  /** Threshold comparison in bits 5:0, or discrete states in bits 14:0. */
  readonly states: number;
  readonly unavailable: boolean;
}

/**
 * The raw reading of a value. Beyond the range it is the range's end; a record from elsewhere may have a
 * range that says nothing.
 */
export const rawOf = (
  { record }: SensorDeclaration,
  { factors, min, max }: AnalogDeclaration,
  value: number,
): number => toRaw(factors, record === undefined ? Math.min(Math.max(value, min), max) : value);

/**
 * What a sensor can read, in its unit: values beyond give an end. Of one with a range that is it; of one that
 * a loaded record describes, what its factors make of all readings.
 */
export function spanOf(
  { record }: SensorDeclaration,
  { factors, min, max }: AnalogDeclaration,
): readonly [least: number, most: number] {
  if (record === undefined) return [Math.min(min, max), Math.max(min, max)];
  const all = Array.from({ length: 0x100 }, (_, raw) => toReal(factors, raw)).filter(Number.isFinite);
  return [Math.min(...all), Math.max(...all)];
}

/** How a client sets the event data of a sensor's events (IPMI 2.0 §35.17). */
export interface GivenEventData {
  readonly data: Uint8Array;
  /** Whether its offset counts as well, or the event's own does. */
  readonly withOffset: boolean;
}
