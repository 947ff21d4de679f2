import { bits, byte, i8, ignored, layout, many, nested, pad, rest, u16, u32, u8 } from '../../codec/index.ts';
import { Body, command, NetFn, Privilege, type CommandLiteral } from '../command.ts';
import { dcmiParameters } from '../parameters/dcmi.ts';
import type { Shape } from '../../codec/index.ts';

/** What every DCMI command has in common. */
const dcmi = <const Q extends Shape, const R extends Shape, const N extends string = never>(
  literal: Omit<CommandLiteral<Q, R, N>, 'netFn' | 'body'>,
) => command({ ...literal, netFn: NetFn.Group, body: Body.Dcmi });

const version = { major: u8, minor: u8, revision: u8 };

export const GetDcmiCapabilitiesInfo = dcmi({
  name: 'Get DCMI Capabilities Info',
  spec: 'DCMI 1.5 §6.1.1',
  cmd: 0x01,
  privilege: Privilege.None,
  request: { parameter: u8 },
  response: { ...version, data: rest() },
});

export const PowerReadingMode = { Statistics: 1, Enhanced: 2 } as const;

export const GetPowerReading = dcmi({
  name: 'Get Power Reading',
  spec: 'DCMI 1.5 §6.6.1',
  cmd: 0x02,
  privilege: Privilege.User,
  /** `period`, for enhanced statistics: [7:6] seconds, minutes, hours or days, [5:0] how many. */
  request: { mode: u8, period: u8, reserved: pad(1) },
  response: {
    /** Watts. */
    current: u16,
    minimum: u16,
    maximum: u16,
    average: u16,
    timestamp: u32,
    /** Milliseconds that minimum, maximum and average are of. */
    period: u32,
    ...byte({ active: bits(6, 6) }),
  },
});

export const ExceptionAction = { None: 0x00, PowerOff: 0x01, LogOnly: 0x11 } as const;

export const GetPowerLimit = dcmi({
  name: 'Get Power Limit',
  spec: 'DCMI 1.5 §6.6.2',
  cmd: 0x03,
  privilege: Privilege.User,
  codes: { notActive: [0x80, 'no active power limit'] },
  request: { reserved: pad(2) },
  response: {
    reserved: pad(2),
    exceptionAction: u8,
    /** Watts. */
    limit: u16,
    /** Milliseconds. */
    correctionTime: u32,
    reserved2: pad(2),
    /** Seconds. */
    samplingPeriod: u16,
  },
});

export const SetPowerLimit = dcmi({
  name: 'Set Power Limit',
  spec: 'DCMI 1.5 §6.6.3',
  cmd: 0x04,
  privilege: Privilege.Operator,
  codes: {
    limitOutOfRange: [0x84, 'power limit out of range'],
    correctionTimeOutOfRange: [0x85, 'correction time out of range'],
    periodOutOfRange: [0x89, 'statistics reporting period out of range'],
  },
  request: {
    reserved: pad(3),
    exceptionAction: u8,
    limit: u16,
    correctionTime: u32,
    reserved2: pad(2),
    samplingPeriod: u16,
  },
  response: {},
});

export const ActivatePowerLimit = dcmi({
  name: 'Activate/Deactivate Power Limit',
  spec: 'DCMI 1.5 §6.6.4',
  cmd: 0x05,
  privilege: Privilege.Operator,
  request: { activate: u8, reserved: pad(2) },
  response: {},
});

export const GetAssetTag = dcmi({
  name: 'Get Asset Tag',
  spec: 'DCMI 1.5 §6.4.2',
  cmd: 0x06,
  privilege: Privilege.User,
  request: { offset: u8, count: u8 },
  response: { length: u8, data: rest(0, 16) },
});

const sensorRequest = { sensorType: u8, entityId: u8, entityInstance: u8, start: u8 };

export const GetDcmiSensorInfo = dcmi({
  name: 'Get DCMI Sensor Info',
  spec: 'DCMI 1.5 §6.5.2',
  cmd: 0x07,
  privilege: Privilege.Operator,
  /** Instance 0: all; `start` then says which to begin with. */
  request: sensorRequest,
  response: { total: u8, count: u8, recordIds: many(u16, 8) },
});

export const SetAssetTag = dcmi({
  name: 'Set Asset Tag',
  spec: 'DCMI 1.5 §6.4.3',
  cmd: 0x08,
  privilege: Privilege.Operator,
  request: { offset: u8, count: u8, data: rest(0, 16) },
  response: { length: u8 },
});

export const GetControllerIdString = dcmi({
  name: 'Get Management Controller Identifier String',
  spec: 'DCMI 1.5 §6.4.6.1',
  cmd: 0x09,
  privilege: Privilege.User,
  request: { offset: u8, count: u8 },
  response: { length: u8, data: rest(0, 16) },
});

export const SetControllerIdString = dcmi({
  name: 'Set Management Controller Identifier String',
  spec: 'DCMI 1.5 §6.4.6.2',
  cmd: 0x0a,
  privilege: Privilege.Administrator,
  request: { offset: u8, count: u8, data: rest(0, 16) },
  response: { length: u8 },
});

/** Bits of a thermal limit's `action`; without one the limit is off (§6.7.2). */
export const ThermalAction = { PowerOff: 0x40, LogOnly: 0x20 } as const;

/** `action`: see ThermalAction; `limit` in degrees C; `exceptionTime` in seconds. */
const thermalLimit = { action: u8, limit: i8, exceptionTime: u16 };

export const SetThermalLimit = dcmi({
  name: 'Set Thermal Limit',
  spec: 'DCMI 1.5 §6.7.2',
  cmd: 0x0b,
  privilege: Privilege.Operator,
  codes: {
    limitOutOfRange: [0x84, 'thermal limit out of range'],
    exceptionTimeOutOfRange: [0x85, 'exception time out of range'],
  },
  request: { entityId: u8, entityInstance: u8, ...thermalLimit },
  response: {},
});

export const GetThermalLimit = dcmi({
  name: 'Get Thermal Limit',
  spec: 'DCMI 1.5 §6.7.1',
  cmd: 0x0c,
  privilege: Privilege.User,
  request: { entityId: u8, entityInstance: u8 },
  response: thermalLimit,
});

const TemperatureReading = layout('temperature reading', {
  /** Sign and magnitude, degrees C. */
  ...byte({ negative: bits(7, 7), degrees: bits(6, 0) }),
  instance: u8,
});

export const GetTemperatureReadings = dcmi({
  name: 'Get Temperature Readings',
  spec: 'DCMI 1.5 §6.7.3',
  cmd: 0x10,
  privilege: Privilege.User,
  request: sensorRequest,
  response: { total: u8, count: u8, readings: many(nested(TemperatureReading), 8) },
});

export const SetDcmiConfigurationParameters = dcmi({
  name: 'Set DCMI Configuration Parameters',
  spec: 'DCMI 1.5 §6.1.2',
  cmd: 0x12,
  privilege: Privilege.Administrator,
  parameters: dcmiParameters,
  request: { parameter: u8, setSelector: u8, data: rest() },
  response: {},
});

export const GetDcmiConfigurationParameters = dcmi({
  name: 'Get DCMI Configuration Parameters',
  spec: 'DCMI 1.5 §6.1.3',
  cmd: 0x13,
  privilege: Privilege.User,
  parameters: dcmiParameters,
  request: { parameter: u8, setSelector: u8, ignored },
  response: { ...version, data: rest() },
});
