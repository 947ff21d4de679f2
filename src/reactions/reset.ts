import type { BmcState } from '../bmc-state.ts';
import type { ResetKind } from '../state/app/life.ts';
import { BMC_ADDRESS } from '../wire/message.ts';

/** What the BMC forgets as it is reset (IPMI 2.0 §20.2, §20.3); docs/durability.md has what it keeps. */
export function forgetVolatile(bmc: BmcState, kind: ResetKind): void {
  bmc.sessions.closeAll('reset');
  bmc.messages.reset();
  bmc.built.watchdog?.forget();
  bmc.built.pef?.reset();
  bmc.built.sol?.reset();
  if (kind === 'warm') return;
  for (const reservation of [bmc.sel.reservation, bmc.sdr.reservation, bmc.sdr.deviceReservation])
    reservation.cancel();
  bmc.sdr.leaveUpdateMode();
  bmc.channels.forgetPresentAccess();
  bmc.lan.reset();
  bmc.built.forwarding?.reset();
  for (const serial of bmc.built.serial?.all ?? []) serial.reset();
  bmc.events.receiver = { address: BMC_ADDRESS, lun: 0 };
  bmc.identity.manufacturingTest = false;
}
