import type { SensorValue } from '../kinds/sources/index.ts';

export type ThresholdOption = 'lnr' | 'lc' | 'lnc' | 'unc' | 'uc' | 'unr';

export interface SensorOptions {
  /** At most 16 characters of Latin-1; what `sdr list` shows. */
  readonly name: string;
  /** 1..254. Default: the next free one, on LUN 0, then 1, then 3. */
  readonly number?: number;
  /**
   * The logical unit that it is read at: 0, 1 or 3 (2 is system software's). Default: 0, or where there is a
   * free number.
   */
  readonly lun?: 0 | 1 | 3;
  /** `id.instance`, as `ipmitool sdr` prints it. */
  readonly entity: string;
  /**
   * Sensor type by the specification's name, in lower case (`temperature`, `power supply`) or as a number.
   */
  readonly type: string | number;
  /** Unit of a threshold sensor (`degrees C`, `RPM`, `Volts`, `Watts`, `Amps`). */
  readonly unit?: string;
  /** The readings that the sensor can show. */
  readonly range?: readonly [number, number];
  /** Where its reading comes from ([sensors](sensors.md)). Default 0, or the nearest in the range. */
  readonly value?: SensorValue;
  /** The reading when all is well. */
  readonly nominal?: number;
  /** Limits, within the range and in order. Default: none. */
  readonly thresholds?: { readonly [K in ThresholdOption]?: number };
  /** Thresholds that clients can set. Default: all that there are. */
  readonly settable?: readonly ThresholdOption[];
  /** How far a reading must come back before an event ends, in its unit. Default 0. */
  readonly hysteresis?: number;
  /** How raw readings become values. Default `linear`. */
  readonly linearization?:
    | 'linear'
    | 'ln'
    | 'log10'
    | 'log2'
    | 'e'
    | 'exp10'
    | 'exp2'
    | '1/x'
    | 'sqr'
    | 'cube'
    | 'sqrt'
    | 'cbrt';
  /** A non-linear sensor: raw readings 0..255, rising, with their values; straight lines lie between them. */
  readonly curve?: readonly (readonly [number, number])[];
  /**
   * A discrete sensor: its event/reading type (default 6Fh, sensor-specific) and the states that are
   * asserted.
   */
  readonly eventType?: number;
  /** States (event offsets) that are asserted at first. Default: none. */
  readonly states?: readonly number[];
  /** It tells of events and has no reading. */
  readonly eventOnly?: boolean;
  /** While the machine is off, it cannot be read. Default false. */
  readonly needsPower?: boolean;
  /** `manual`: each event is told once, until Re-arm Sensor Events. Default `auto`. */
  readonly rearm?: 'auto' | 'manual';
  /** Event offsets that it can generate. Default: those of its thresholds or states, both ways. */
  readonly events?: {
    /** 0..14; of thresholds 0..11. */
    readonly assert?: readonly number[];
    /** The same, for deassertions. */
    readonly deassert?: readonly number[];
  };
}

/** What the SDR repository holds besides the records of sensors, FRU devices and controllers. */
export interface SdrOptions {
  /** Name of this controller's locator record. */
  readonly name?: string;
  /** What `ipmitool sdr dump FILE` wrote: its records, and the sensors that they describe. */
  readonly file?: string;
  /** The bytes of that file, where no file is read (the library). */
  readonly image?: Uint8Array;
  /**
   * When its records were written, as its information says: a date and time. Default: when the file was
   * changed last; for a program, its start.
   */
  readonly time?: string;
  /**
   * Values for sensors of the file: by name (`Temp`, `Temp@3.1`), entity (`@3.1`) or number (`#14`). Default:
   * the nominal reading.
   */
  readonly values?: Readonly<Record<string, SensorValue>>;
  /** What belongs together. */
  readonly associations?: readonly AssociationOptions[];
}

/** An entity and what it consists of, as `id.instance`. */
export interface AssociationOptions {
  /** The whole, as `id.instance`. */
  readonly container: string;
  /** More than four make linked records. With `range`: pairs of first and last. */
  readonly entities: readonly string[];
  /** The entities are pairs of first and last. Default false. */
  readonly range?: boolean;
  /** The container's presence sensor can always be read. */
  readonly presence?: boolean;
  /** Instances are those of this controller's device (60h and up), and not of the system. */
  readonly deviceRelative?: boolean;
}

/**
 * HTTP: `PUT /sensors/NAME` with a number sets a sensor whose value is `push`. Nobody is asked for a
 * password.
 */
export interface SensorFeedOptions {
  /** `host:port` or the path of a Unix socket. */
  readonly listen: string;
}
