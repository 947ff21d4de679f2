import { hex2, utf8Text } from '../codec/index.ts';
import {
  cipherSuites,
  OpenSessionRequest,
  OpenSessionResponse,
  PayloadType,
  Rakp1,
  Rakp2,
  Rakp3,
  Rakp4,
  RakpStatus,
} from '../wire/index.ts';

const LEVELS = ['the highest allowed', 'Callback', 'User', 'Operator', 'Administrator', 'OEM'];

/** What each refusal of a log-in says, and what mostly is behind it. */
export const REFUSALS: Readonly<Record<number, string>> = {
  [RakpStatus.InsufficientResources]: 'no room for another session',
  [RakpStatus.InvalidSessionId]: 'no such log-in: it was given up, or ended',
  [RakpStatus.InvalidAuthenticationAlgorithm]: 'the suite is not offered: authentication algorithm',
  [RakpStatus.InvalidIntegrityAlgorithm]: 'the suite is not offered: integrity algorithm',
  [RakpStatus.InactiveSessionId]: 'the session is not active',
  [RakpStatus.InvalidRole]: 'no such privilege level',
  [RakpStatus.UnauthorizedRole]: 'the user or the channel does not allow the level that is asked for',
  [RakpStatus.InsufficientResourcesForRole]: 'no room for another session of this level',
  [RakpStatus.InvalidNameLength]: 'the user name is longer than 16 bytes',
  [RakpStatus.UnauthorizedName]: 'no user of this name may log in on this channel',
  [RakpStatus.UnauthorizedGuid]: 'the GUID is another one',
  [RakpStatus.InvalidIntegrityCheckValue]:
    'the code of RAKP 3 is not what the BMC computes: another password, K_g, privilege byte or name',
  [RakpStatus.InvalidConfidentialityAlgorithm]: 'the suite is not offered: confidentiality algorithm',
  [RakpStatus.NoCipherSuiteMatch]: 'the suite is not offered',
  [RakpStatus.IllegalParameter]: 'a parameter is illegal',
};

const SECTIONS: Readonly<Record<number, readonly [name: string, section: string]>> = {
  [PayloadType.OpenSessionRequest]: [OpenSessionRequest.name, '13.17'],
  [PayloadType.OpenSessionResponse]: [OpenSessionResponse.name, '13.18'],
  [PayloadType.Rakp1]: [Rakp1.name, '13.20'],
  [PayloadType.Rakp2]: [Rakp2.name, '13.21'],
  [PayloadType.Rakp3]: [Rakp3.name, '13.22'],
  [PayloadType.Rakp4]: [Rakp4.name, '13.23'],
};

/**
 * A step of an RMCP+ log-in in words, which Wireshark does not dissect: what it says, what the receiver
 * does with it. Undefined: not a step.
 */
export function setUpText(type: number, payload: Uint8Array): string | undefined {
  const [name, section] = SECTIONS[type] ?? [];
  if (name === undefined) return undefined;
  return `${name}: ${stepText(type, payload)}\nIPMI 2.0 §${section}`;
}

function stepText(type: number, payload: Uint8Array): string {
  const status = payload[1];
  const hasStatus = type !== PayloadType.OpenSessionRequest && type !== PayloadType.Rakp1;
  if (hasStatus && status !== 0 && status !== undefined)
    return `refused: ${REFUSALS[status] ?? 'status'} (${hex2(status)}h)`;
  try {
    return said(type, payload);
  } catch {
    return `${payload.length} byte(s), which are not what it has to be`;
  }
}

function said(type: number, payload: Uint8Array): string {
  switch (type) {
    case PayloadType.OpenSessionRequest: {
      const { consoleId, maxPrivilege, ...algorithms } = OpenSessionRequest.decode(payload);
      return `the console asks for ${suiteText(algorithms)}, privilege ${levelText(maxPrivilege)}; its session id is ${idText(consoleId)}`;
    }
    case PayloadType.OpenSessionResponse: {
      const { bmcId, maxPrivilege, ...algorithms } = OpenSessionResponse.decode(payload);
      return `accepted, ${suiteText(algorithms)}, up to ${levelText(maxPrivilege)}; the BMC's session id is ${idText(bmcId)}`;
    }
    case PayloadType.Rakp1: {
      const { name, nameOnly, role } = Rakp1.decode(payload);
      const how = nameOnly ? 'looked up by name alone' : 'looked up by name and level';
      return `user '${utf8Text(name)}' asks for ${levelText(role)}, ${how}; the console's random number`;
    }
    case PayloadType.Rakp2:
      return `the BMC's random number and GUID; its code, by which the console sees that the BMC has the user's password (${payload.length - 40} bytes)`;
    case PayloadType.Rakp3:
      return `the console's code, by which the BMC sees that it has the password (${payload.length - 8} bytes)`;
    default:
      return `the session is open; the code proves that both have the same session key, K_g included (${payload.length - 8} bytes)`;
  }
}

export interface Algorithms {
  readonly authentication: { readonly algorithm: number };
  readonly integrity: { readonly algorithm: number };
  readonly confidentiality: { readonly algorithm: number };
}

export function suiteText({ authentication, integrity, confidentiality }: Algorithms): string {
  const suite = cipherSuites.find(
    (cipherSuite) =>
      cipherSuite.authentication === authentication.algorithm &&
      cipherSuite.integrity === integrity.algorithm &&
      cipherSuite.confidentiality === confidentiality.algorithm,
  );
  return suite === undefined
    ? `algorithms ${authentication.algorithm}, ${integrity.algorithm}, ${confidentiality.algorithm}`
    : `suite ${suite.id}`;
}

export const levelText = (level: number): string => LEVELS[level] ?? `level ${level}`;
const idText = (id: number): string => `${id.toString(16).toUpperCase().padStart(8, '0')}h`;
