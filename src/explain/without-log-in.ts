import { completionCodeName } from '../codec/index.ts';
import type { CapturedDatagram } from './conversations.ts';
import type { Explained } from './explained.ts';

/** It asked what it may log in with, and then did not. */
export function withoutLogIn(
  console: string,
  bmc: string,
  { number, time }: CapturedDatagram,
  answer: Uint8Array | undefined,
): Explained {
  const name = 'nobody: none was begun';
  const where = { kind: 'log-in' as const, number, time, console, bmc, name, says: [] };
  const step = 'Get Channel Authentication Capabilities';
  if (answer === undefined)
    return {
      ...where,
      verdict: {
        outcome: 'unanswered',
        step,
        cause: 'no answer',
        says: 'nothing answers: another address or port, IPMI over LAN switched off, or a firewall',
      },
    };
  if (answer[0] !== 0 || answer.length < 9)
    return {
      ...where,
      verdict: { outcome: 'refused', step, cause: 'other', says: completionCodeName(answer[0] ?? 0xff) },
    };
  const [, , types, status, versions] = answer;
  const isExtended = (types & 0x80) !== 0;
  if (isExtended && (versions & 2) !== 0 && (status & KG_SET) !== 0)
    return {
      ...where,
      verdict: {
        outcome: 'given up',
        step,
        cause: 'K_g',
        says: 'the console did not go on: the BMC says that it has a K_g, and FreeIPMI stops here where none is given (-k)',
      },
    };
  const offered = ['none', 'MD2', 'MD5', '', 'password', 'OEM'].filter(
    (type, bit) => type && types & (1 << bit),
  );
  const protocols = !isExtended ? 'IPMI 1.5' : versions & 2 ? 'RMCP+' : 'IPMI 1.5 alone';
  return {
    ...where,
    verdict: {
      outcome: 'given up',
      step,
      cause: 'authentication type',
      says: `the console did not go on: the BMC offers ${protocols}, no K_g, authentication types ${offered.join(', ') || 'none at all'} of IPMI 1.5`,
    },
  };
}

/** Of the status byte of Get Channel Authentication Capabilities: log-ins take two keys. */
const KG_SET = 0x20;
