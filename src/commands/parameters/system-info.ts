import { bits, byte, rest } from '../../codec/index.ts';
import { parameterSet, parametersOf } from './parameter.ts';

const systemInfo = parametersOf('system info');

export const SYSTEM_INFO_BLOCK = 16;
/** Encoding and length stand in set 0 before the text. */
export const SYSTEM_INFO_TEXT = 2;
/**
 * A text of 255 characters at most, in blocks. Set 0 begins with the encoding (0: ASCII) and the length of
 * the whole text.
 */
const text = {
  sets: Math.ceil((255 + SYSTEM_INFO_TEXT) / SYSTEM_INFO_BLOCK),
  padded: true,
  layout: { block: rest(0, SYSTEM_INFO_BLOCK) },
} as const;

/** System info parameters, IPMI 2.0 §22.14b table 22-16c. */
export const SystemInfoParameter = {
  SetInProgress: systemInfo({ selector: 0, name: 'Set In Progress', layout: byte({ state: bits(1, 0) }) }),
  FirmwareVersion: systemInfo({ selector: 1, name: 'System Firmware Version', ...text }),
  SystemName: systemInfo({ selector: 2, name: 'System Name', ...text }),
  PrimaryOsName: systemInfo({ selector: 3, name: 'Primary Operating System Name', ...text }),
  OsName: systemInfo({ selector: 4, name: 'Operating System Name', ...text }),
  PresentOsVersion: systemInfo({ selector: 5, name: 'Present OS Version Number', ...text }),
  BmcUrl: systemInfo({ selector: 6, name: 'BMC URL', ...text }),
  HypervisorUrl: systemInfo({ selector: 7, name: 'Base OS/Hypervisor URL', ...text }),
} as const;

export const systemInfoParameters = parameterSet('IPMI 2.0 §22.14b', SystemInfoParameter);
