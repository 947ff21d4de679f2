import type { Zod } from '../../settings/texts.ts';
import { MediumType, ProtocolType, SessionSupport } from '../../commands/codes/channels.ts';
import type { ChannelOptions } from '../../state/app/channels.ts';

/** The number of the system interface's channel (IPMI 2.0 §6.3). */
export const SYSTEM_INTERFACE = 0x0f;

/** A channel to the host: 0..Bh or Fh. */
export const channelToHost = (zod: Zod) =>
  zod.union([zod.int().min(0).max(11), zod.literal(SYSTEM_INTERFACE)]);

/** A system interface's channel; SSIF counts as IPMI over SMBus (IPMI 2.0 §6.4). */
export function systemChannel(number: number, kind: 'bt' | 'kcs' | 'ssif'): ChannelOptions {
  const protocol = { bt: ProtocolType.Bt15, kcs: ProtocolType.Kcs, ssif: ProtocolType.Smbus }[kind];
  return { number, medium: MediumType.SystemInterface, protocol, sessionSupport: SessionSupport.None };
}
