import {
  ActivateSession,
  CloseSession,
  GetChannelAuthenticationCapabilities,
  GetChannelCipherSuites,
  GetSessionChallenge,
  SetSessionPrivilegeLevel,
} from '../commands/app/sessions.ts';
import { GetDeviceId } from '../commands/app/device.ts';
import { GetLanConfigurationParameters } from '../commands/transport/lan.ts';
import { Body, NetFn, type CommandKey } from '../commands/command.ts';
import type { Message } from '../joint/message.ts';

/**
 * What clients send besides what they are told to: to log in and out, and to know whom they talk to.
 * ipmitool asks every BMC for PICMG's, VITA's and HPM's properties.
 */
const ASIDES: readonly CommandKey[] = [
  GetChannelAuthenticationCapabilities,
  GetChannelCipherSuites,
  GetSessionChallenge,
  ActivateSession,
  SetSessionPrivilegeLevel,
  CloseSession,
  GetDeviceId,
  { netFn: NetFn.Group, cmd: 0x00, body: Body.Picmg },
  { netFn: NetFn.Group, cmd: 0x00, body: Body.Vso },
  { netFn: NetFn.Group, cmd: 0x3e, body: Body.Picmg },
];
/** Where HPM.1's properties of the LAN begin, for those who asked for HPM's. */
const HPM_PARAMETERS = 0xc0;

/** It is one of those. */
export function isAside({ netFn, cmd, data }: Message): boolean {
  const { netFn: lan, cmd: get } = GetLanConfigurationParameters;
  if (netFn === lan && cmd === get) return data[1] === HPM_PARAMETERS;
  return ASIDES.some(
    (aside) =>
      aside.netFn === netFn && aside.cmd === cmd && (aside.body === undefined || aside.body === data[0]),
  );
}
