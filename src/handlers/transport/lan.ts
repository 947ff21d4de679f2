import { CC, IpmiError } from '../../codec/index.ts';
import {
  GetIpUdpRmcpStatistics,
  GetLanConfigurationParameters,
  SetLanConfigurationParameters,
  SuspendBmcArps,
} from '../../commands/transport/lan.ts';
import { PARAMETER_REVISION } from '../../commands/parameters/requests.ts';
import type { Context, Handler } from '../../router/index.ts';
import type { BmcState } from '../../bmc-state.ts';
import { after } from '../../state/store.ts';
import { handle } from '../handle.ts';

export const lanHandlers: readonly Handler<BmcState>[] = [
  handle(SetLanConfigurationParameters, ({ channel, parameter, data }, context) => {
    const number = lanChannel(context, channel);
    return after(context.bmc.lan.set(number, parameter, data, context.session ?? context.channel), {});
  }),

  handle(
    GetLanConfigurationParameters,
    ({ revisionOnly, channel, parameter, setSelector, blockSelector }, context) => {
      const number = lanChannel(context, channel);
      return {
        revision: PARAMETER_REVISION,
        data: revisionOnly
          ? new Uint8Array(0)
          : context.bmc.lan.get(number, parameter, setSelector, blockSelector),
      };
    },
  ),

  handle(SuspendBmcArps, ({ channel, suspendResponses, suspendGratuitous }, context) => {
    const suspended = { responses: suspendResponses, gratuitous: suspendGratuitous };
    const { responses, gratuitous } = context.bmc.lan.suspendArps(lanChannel(context, channel), suspended);
    return { responsesOccurring: responses, gratuitousOccurring: gratuitous };
  }),

  handle(GetIpUdpRmcpStatistics, ({ channel, clear }, context) => {
    const number = lanChannel(context, channel);
    const counted = { ...context.bmc.lan.statistics(number) };
    if (clear) context.bmc.lan.clearStatistics(number);
    const limited = (count: number): number => Math.min(count, 0xffff);
    return {
      ipReceived: limited(counted.received),
      ipHeaderErrors: 0,
      ipAddressErrors: 0,
      ipFragments: 0,
      ipSent: limited(counted.sent),
      udpReceived: limited(counted.received),
      rmcpValid: limited(counted.valid),
      udpProxyReceived: 0,
      udpProxyDropped: 0,
    };
  }),
];

/** The LAN channel that a request means. 0Eh: the one that it came by. */
export function lanChannel(context: Context<BmcState>, number: number): number {
  const channel = context.bmc.channels.resolve(number, context);
  if (!context.bmc.channels.isLan(channel))
    throw new IpmiError(CC.InvalidDataField, `channel ${channel} is no LAN channel`);
  return channel;
}
