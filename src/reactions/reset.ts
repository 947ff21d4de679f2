import type { BmcState } from '../bmc-state.ts';
import { CC } from '../codec/index.ts';
import type { Router } from '../router/index.ts';
import type { ResetKind, ResetPhase } from '../state/app/life.ts';
import { BMC_ADDRESS } from '../wire/message.ts';

/** What the BMC forgets as it is reset (IPMI 2.0 §20.2, §20.3); docs/durability.md has what it keeps. */
function forgetVolatile(bmc: BmcState, kind: ResetKind): void {
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

/** The BMC goes down, or is up again. */
export function followReset(
  bmc: BmcState & { readonly router: Router<BmcState> },
  phase: ResetPhase,
  kind: ResetKind,
): void {
  if (phase === 'up') {
    // A fault may hide it still.
    bmc.router.suspended = bmc.life.dark ? CC.InitializationInProgress : undefined;
    return;
  }
  forgetVolatile(bmc, kind);
  if (kind === 'warm') return;
  bmc.built.blobs?.kill();
  bmc.built.update?.kill('the BMC was reset');
  // A host's ipmitool that waits for its new firmware asks again after C0h, and gives up at D2h.
  bmc.router.suspended = bmc.life.startsFirmware ? CC.NodeBusy : CC.InitializationInProgress;
  bmc.life.startsFirmware = false;
}
