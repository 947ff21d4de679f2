/**
 * Completion codes, IPMI 2.0 §5.2 table 5-2. Codes 80h-BEh belong to single commands and stand beside their
 * declarations; 01h-7Eh are device-specific (OEM).
 */
export const CC = {
  Ok: 0x00,
  NodeBusy: 0xc0,
  InvalidCommand: 0xc1,
  InvalidForLun: 0xc2,
  Timeout: 0xc3,
  OutOfSpace: 0xc4,
  ReservationCanceled: 0xc5,
  RequestTruncated: 0xc6,
  RequestLengthInvalid: 0xc7,
  RequestLengthExceeded: 0xc8,
  ParameterOutOfRange: 0xc9,
  CannotReturnBytes: 0xca,
  NotPresent: 0xcb,
  InvalidDataField: 0xcc,
  IllegalForSensor: 0xcd,
  ResponseUnavailable: 0xce,
  DuplicatedRequest: 0xcf,
  SdrRepositoryInUpdateMode: 0xd0,
  FirmwareUpdateMode: 0xd1,
  InitializationInProgress: 0xd2,
  DestinationUnavailable: 0xd3,
  InsufficientPrivilege: 0xd4,
  NotSupportedInState: 0xd5,
  SubFunctionDisabled: 0xd6,
  Unspecified: 0xff,
} as const;

const names: Readonly<Record<number, string>> = {
  [CC.Ok]: 'completed normally',
  [CC.NodeBusy]: 'node busy',
  [CC.InvalidCommand]: 'invalid command',
  [CC.InvalidForLun]: 'command invalid for this LUN',
  [CC.Timeout]: 'timeout while processing command',
  [CC.OutOfSpace]: 'out of space',
  [CC.ReservationCanceled]: 'reservation canceled or invalid',
  [CC.RequestTruncated]: 'request data truncated',
  [CC.RequestLengthInvalid]: 'request data length invalid',
  [CC.RequestLengthExceeded]: 'request data field length limit exceeded',
  [CC.ParameterOutOfRange]: 'parameter out of range',
  [CC.CannotReturnBytes]: 'cannot return number of requested data bytes',
  [CC.NotPresent]: 'requested sensor, data, or record not present',
  [CC.InvalidDataField]: 'invalid data field in request',
  [CC.IllegalForSensor]: 'command illegal for sensor or record type',
  [CC.ResponseUnavailable]: 'response could not be provided',
  [CC.DuplicatedRequest]: 'cannot execute duplicated request',
  [CC.SdrRepositoryInUpdateMode]: 'SDR repository in update mode',
  [CC.FirmwareUpdateMode]: 'device in firmware update mode',
  [CC.InitializationInProgress]: 'BMC initialization in progress',
  [CC.DestinationUnavailable]: 'destination unavailable',
  [CC.InsufficientPrivilege]: 'insufficient privilege level',
  [CC.NotSupportedInState]: 'not supported in present state',
  [CC.SubFunctionDisabled]: 'sub-function disabled or unavailable',
  [CC.Unspecified]: 'unspecified error',
};

/**
 * The specification's words for a completion code; a command's own table of 80h-BEh goes first where it is
 * given.
 */
export function completionCodeName(cc: number, own?: Readonly<Record<number, string>>): string {
  return (
    own?.[cc] ??
    names[cc] ??
    (cc >= 0x80 && cc <= 0xbe
      ? 'command-specific code'
      : cc < 0x7f
        ? 'device-specific (OEM) code'
        : 'reserved code')
  );
}

/** True where trying again later may succeed without any change by the requester. */
export function isTemporary(cc: number): boolean {
  return (
    cc === CC.NodeBusy ||
    cc === CC.Timeout ||
    cc === CC.SdrRepositoryInUpdateMode ||
    cc === CC.InitializationInProgress
  );
}
