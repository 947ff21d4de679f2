/** Platform event filtering, as clients find it until they change it. */
export interface PefOptions {
  /** Default true. */
  readonly enabled?: boolean;
  /** Log each PEF action as an event. Default false. */
  readonly eventMessages?: boolean;
  /** Seconds after a power-on or reset in which PEF switches nothing; 0..255. Default 60. */
  readonly startupDelay?: number;
  /** Seconds after a power-on or reset in which alerts wait; 0..255. Default: no delay. */
  readonly alertStartupDelay?: number;
  /** UDP port of trap receivers. Default 162. */
  readonly trapPort?: number;
  /** Filters besides the pre-configured ones, 21 and up. */
  readonly filters?: readonly PefFilterOptions[];
  /** Default: policy set 1 sends to each of the destinations. */
  readonly policies?: readonly AlertPolicyOptions[];
  /** Where alerts go. */
  readonly destinations?: readonly AlertDestinationOptions[];
  /** Alert strings 1, 2, ...; at most eight, of at most 60 characters. */
  readonly strings?: readonly string[];
}

export interface PefFilterOptions {
  /** 1..40. Default: the next free one after the pre-configured ones; a number of those replaces one. */
  readonly number?: number;
  /** Default true. */
  readonly enabled?: boolean;
  /** What is done when an event matches. */
  readonly actions: readonly (
    | 'alert'
    | 'power-off'
    | 'power-cycle'
    | 'reset'
    | 'diagnostic-interrupt'
    | 'oem'
  )[];
  /** Policy set, 1..15. Default 1. */
  readonly policy?: number;
  /** What the alert says of it. Default unspecified. */
  readonly severity?:
    | 'unspecified'
    | 'monitor'
    | 'information'
    | 'ok'
    | 'non-critical'
    | 'critical'
    | 'non-recoverable';
  /** Name or number. What is left out matches everything. */
  readonly sensorType?: string | number;
  /** The sensor, 1..FEh. Default: any. */
  readonly sensorNumber?: number;
  /** Event/reading type; with 80h added, only deassertions. */
  readonly eventType?: number;
  /** Event offsets. Default: all. */
  readonly offsets?: readonly number[];
}

export interface AlertPolicyOptions {
  /** 1..15. Default 1. */
  readonly set?: number;
  /** LAN channel. Default 1. */
  readonly channel?: number;
  /** Number of the destination, 1..4. */
  readonly destination: number;
  /** What happens if the alert before it was successful. Default `always`: it is sent all the same. */
  readonly rule?: 'always' | 'next-entry' | 'stop' | 'next-channel' | 'next-type';
  /** Alert string, 1..8. */
  readonly string?: number;
}

export interface AlertDestinationOptions {
  /** 1..4. Default: the next one of its channel. */
  readonly number?: number;
  /** LAN channel. Default 1. */
  readonly channel?: number;
  /** IPv4 address of the trap receiver. */
  readonly address: string;
  /** Repeat until PET Acknowledge comes. Default false. */
  readonly acknowledged?: boolean;
  /** Seconds to wait before a repetition, 1..256. Default 3. */
  readonly timeout?: number;
  /** Repetitions, 0..7. Default 3 if it is to be acknowledged, else 0. */
  readonly retries?: number;
}
