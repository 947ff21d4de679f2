/**
 * The classes of errors that leave ipmi-bmc, and the `code` of each. A code stays as it is when words of
 * messages change, and tells an error of ours where `instanceof` cannot: in another copy of the package, or
 * in a line of the log.
 */
export const ERROR_CODES = {
  IpmiError: 'IPMI_BMC_COMPLETION_CODE',
  DecodeError: 'IPMI_BMC_DECODE',
  EncodeError: 'IPMI_BMC_ENCODE',
  ConfigError: 'IPMI_BMC_CONFIG',
  SettingsError: 'IPMI_BMC_SETTINGS',
  FormulaError: 'IPMI_BMC_FORMULA',
  FruError: 'IPMI_BMC_FRU',
  RegistrationError: 'IPMI_BMC_REGISTRATION',
  StorageError: 'IPMI_BMC_STORAGE',
  UpdateError: 'IPMI_BMC_UPDATE',
  BlobError: 'IPMI_BMC_BLOB',
  HostError: 'IPMI_BMC_HOST',
  LogInError: 'IPMI_BMC_LOG_IN',
  TimeoutError: 'IPMI_BMC_TIMEOUT',
  WorkerError: 'IPMI_BMC_WORKER',
  FlashError: 'IPMI_BMC_FLASH',
  HpmImageError: 'IPMI_BMC_HPM_IMAGE',
  CaptureError: 'IPMI_BMC_CAPTURE',
  InputError: 'IPMI_BMC_INPUT',
  ControlError: 'IPMI_BMC_CONTROL',
  TapeError: 'IPMI_BMC_TAPE',
  CliError: 'IPMI_BMC_CLI',
  ExpectationError: 'IPMI_BMC_EXPECTATION',
  ToolError: 'IPMI_BMC_TOOL',
  ShardError: 'IPMI_BMC_SHARD',
  ConflictError: 'IPMI_BMC_CLUSTER_CONFLICT',
  NoRoomError: 'IPMI_BMC_CLUSTER_NO_ROOM',
  NobodyError: 'IPMI_BMC_CLUSTER_NOBODY',
  FencedError: 'IPMI_BMC_CLUSTER_FENCED',
  NoLeaderError: 'IPMI_BMC_CLUSTER_LEADERLESS',
  EndedWaitingError: 'IPMI_BMC_CLUSTER_ENDED_WAITING',
  ImagesAwayError: 'IPMI_BMC_IMAGES_AWAY',
} as const;

export type ErrorCode = (typeof ERROR_CODES)[keyof typeof ERROR_CODES];

const known: ReadonlySet<unknown> = new Set(Object.values(ERROR_CODES));

/**
 * The code of an error of ours; undefined for anything else, also for the system's own errors, whose codes
 * are `ENOENT` and the like.
 */
export function errorCodeOf(error: unknown): ErrorCode | undefined {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
  return known.has(code) ? (code as ErrorCode) : undefined;
}
