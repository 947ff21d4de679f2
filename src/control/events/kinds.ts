/** What events there are. */
export const EVENT_KINDS = [
  'power',
  'boot',
  'reset',
  'session',
  'login-refused',
  'sel',
  'sensor',
  'pef',
  'firmware',
  'handler',
  'fault',
  'scenario',
  'fleet',
  'request',
] as const;
export type EventKind = (typeof EVENT_KINDS)[number];

/** Something that happened to a BMC, or to which BMCs there are. */
export interface ControlEvent {
  readonly kind: EventKind;
  /** Wall time of the process, ISO 8601. */
  readonly time: string;
  /** Of a satellite, its own name; null: of no BMC. */
  readonly bmc: string | null;
  /** For people, without the BMC's name and the time. */
  readonly text: string;
  /** Beside those: who, from where, which. Never a secret. */
  readonly [field: string]: string | number | boolean | null | undefined;
}

/** A kind, a text, and what else there is to say. */
export type Told = (
  kind: EventKind,
  text: string,
  fields?: Readonly<Record<string, string | number | boolean | undefined>>,
) => void;
