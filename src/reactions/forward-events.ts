import type { BmcState } from '../bmc-state.ts';
import { CC } from '../codec/index.ts';
import { EventBody, PlatformEventMessage } from '../commands/sensor/events.ts';
import type { PlatformEvent } from '../state/log/events.ts';

/** Event message revision of IPMI 1.5 and 2.0. */
const EVM_REV = 0x04;
const NO_RECEIVER = 0xff;

/**
 * Takes a controller's own events to their receiver over its primary IPMB (IPMI 2.0 §29.1). FFh: nobody wants
 * them.
 */
export function forwardEvent(bmc: BmcState, { generator, ...event }: PlatformEvent): boolean {
  const { address, lun } = bmc.events.receiver;
  if (generator !== bmc.identity.address || address === bmc.identity.address) return false;
  const outlet = bmc.bridge.outlet(0);
  if (outlet?.kind !== 'bus') return false;
  if (address === NO_RECEIVER) return true;
  const { netFn, cmd } = PlatformEventMessage;
  void outlet.requester
    .request({
      to: address,
      toLun: lun,
      netFn,
      cmd,
      data: EventBody.encode({ ...event, evmRev: event.evmRev ?? EVM_REV }),
    })
    .then(
      (answer) =>
        answer[0] !== CC.Ok &&
        bmc.setup.log.warn(`${address.toString(16)}h refused an event: ${answer[0].toString(16)}h`),
    )
    .catch((error: unknown) => bmc.setup.log.warn(`an event did not get through: ${String(error)}`));
  return true;
}
