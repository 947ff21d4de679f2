import { bit, bits, byte, bytes, layout, nested, rest, u16, u8 } from '../../codec/index.ts';
import { parameterSet, parametersOf } from './parameter.ts';

const pef = parametersOf('PEF');

export const PEF_FILTERS = 40;
export const PEF_POLICIES = 20;
/** Alert strings besides string 0, which is volatile and belongs to Alert Immediate. */
export const PEF_STRINGS = 8;
const STRING_BLOCKS = 5;
/** Bytes of a block of an alert string. */
export const STRING_BLOCK = 16;
const GROUPS = 4;

/** Actions of PEF, by their bits in masks (IPMI 2.0 §17.6, §30.1). */
export const pefActions = {
  diagnosticInterrupt: bit(5),
  oem: bit(4),
  powerCycle: bit(3),
  reset: bit(2),
  powerDown: bit(1),
  alert: bit(0),
};

/**
 * One byte of event data is compared so: `value & and`, then each bit exactly (1 in compare 1) or as one of
 * many (0) with compare 2.
 */
const comparison = layout('comparison', { and: u8, compare1: u8, compare2: u8 });
export type Comparison = ReturnType<typeof comparison.decode>;

/** What a policy entry does when the alert before it was successful (§17.11). */
export const PolicyRule = { Always: 0, NextEntry: 1, Stop: 2, NextChannel: 3, NextType: 4 } as const;

/** PEF configuration parameters, IPMI 2.0 §30.4 table 30-6. */
export const PefParameter = {
  SetInProgress: pef({ selector: 0, name: 'Set In Progress', layout: byte({ state: bits(1, 0) }) }),
  // Reserved bits are dropped: software finds out by reading back which actions there are (§17.7).
  Control: pef({
    selector: 1,
    name: 'PEF Control',
    reserved: 'dropped',
    layout: byte({ alertStartupDelay: bit(3), startupDelay: bit(2), eventMessages: bit(1), enabled: bit(0) }),
  }),
  ActionControl: pef({
    selector: 2,
    name: 'PEF Action Global Control',
    reserved: 'dropped',
    layout: byte(pefActions),
  }),
  StartupDelay: pef({ selector: 3, name: 'PEF Startup Delay', layout: { seconds: u8 } }),
  AlertStartupDelay: pef({ selector: 4, name: 'PEF Alert Startup Delay', layout: { seconds: u8 } }),
  FilterCount: pef({
    selector: 5,
    name: 'Number of Event Filters',
    access: 'read-only',
    layout: { filters: u8 },
    initial: { filters: PEF_FILTERS },
  }),
  /** §17.7 table 17-2. FFh matches any generator, sensor type, sensor or event type. */
  Filter: pef({
    selector: 6,
    name: 'Event Filter Table',
    firstSet: 1,
    sets: PEF_FILTERS,
    reserved: 'dropped',
    layout: {
      /** `kind` 2: pre-configured by the manufacturer; 0: for software to configure. */
      ...byte({ enabled: bit(7), kind: bits(6, 5) }),
      ...byte({ groupControl: bit(6), ...pefActions }),
      ...byte({ groupSelector: bits(6, 4), policy: bits(3, 0) }),
      /**
       * As in the trap: 0 unspecified, 1 monitor, 2 information, 4 ok, 8 non-critical, 10h critical, 20h
       * non-recoverable.
       */
      severity: u8,
      generator: u8,
      /** Channel and LUN. */
      generator2: u8,
      sensorType: u8,
      sensorNumber: u8,
      /** Event/reading type, without the direction. */
      eventType: u8,
      /** A bit for each offset. */
      offsets: u16,
      data1: nested(comparison),
      data2: nested(comparison),
      data3: nested(comparison),
    },
  }),
  /** The first byte of a filter, by itself. */
  FilterConfiguration: pef({
    selector: 7,
    name: 'Event Filter Table Data 1',
    firstSet: 1,
    sets: PEF_FILTERS,
    layout: byte({ enabled: bit(7), kind: bits(6, 5) }),
  }),
  PolicyCount: pef({
    selector: 8,
    name: 'Number of Alert Policy Entries',
    access: 'read-only',
    layout: { policies: u8 },
    initial: { policies: PEF_POLICIES },
  }),
  /** §17.11 table 17-4. */
  Policy: pef({
    selector: 9,
    name: 'Alert Policy Table',
    firstSet: 1,
    sets: PEF_POLICIES,
    layout: {
      ...byte({ set: bits(7, 4), enabled: bit(3), rule: bits(2, 0) }),
      ...byte({ channel: bits(7, 4), destination: bits(3, 0) }),
      /**
       * `stringEventSpecific`: `string` is a set number, looked up together with the filter's number; else a
       * string selector, 0 none.
       */
      ...byte({ stringEventSpecific: bit(7), string: bits(6, 0) }),
    },
  }),
  SystemGuid: pef({
    selector: 10,
    name: 'System GUID',
    layout: { ...byte({ used: bit(0) }), guid: bytes(16) },
  }),
  StringCount: pef({
    selector: 11,
    name: 'Number of Alert Strings',
    access: 'read-only',
    layout: { strings: u8 },
    initial: { strings: PEF_STRINGS },
  }),
  StringKeys: pef({
    selector: 12,
    name: 'Alert String Keys',
    sets: PEF_STRINGS + 1,
    volatileSet: true,
    reserved: 'dropped',
    layout: { ...byte({ filter: bits(6, 0) }), ...byte({ set: bits(6, 0) }) },
  }),
  String: pef({
    selector: 13,
    name: 'Alert Strings',
    sets: PEF_STRINGS + 1,
    blocks: STRING_BLOCKS,
    volatileSet: true,
    padded: true,
    layout: { text: rest(0, STRING_BLOCK) },
  }),
  GroupControlCount: pef({
    selector: 14,
    name: 'Number of Group Control Table Entries',
    access: 'read-only',
    layout: { entries: u8 },
    initial: { entries: GROUPS },
  }),
  GroupControl: pef({
    selector: 15,
    name: 'Group Control Table',
    firstSet: 1,
    sets: GROUPS,
    layout: { entry: bytes(10) },
  }),
} as const;

export const pefParameters = parameterSet('IPMI 2.0 §30.4', PefParameter);

export const PefControl = PefParameter.Control.layout;
export const PefActions = PefParameter.ActionControl.layout;
export type PefActionSet = ReturnType<typeof PefActions.decode>;
export const EventFilter = PefParameter.Filter.layout;
export type EventFilter = ReturnType<typeof EventFilter.decode>;
export const AlertPolicy = PefParameter.Policy.layout;
export type AlertPolicy = ReturnType<typeof AlertPolicy.decode>;
export const StringKeys = PefParameter.StringKeys.layout;
export const PefGuid = PefParameter.SystemGuid.layout;
