import type { Router } from '../router/index.ts';
import type { BmcState } from '../bmc-state.ts';
import { RestartCause } from '../commands/chassis/chassis.ts';
import { both, type Durable } from '../state/store.ts';
import { sessionKey } from '../services/update/index.ts';
import { faultsFromSensors } from './faults.ts';
import { tellOfLogIns } from './log-in-lines.ts';
import { tellOfClearing, tellOfMachine } from './machine-events.ts';
import { forwardEvents } from './forward-events.ts';

type Whole = BmcState & { readonly name: string; readonly router: Router<BmcState> };

/**
 * What one piece of state has to know of another. `events`: what happens to the machine goes into the log;
 * `clearEvent`: that it was cleared.
 */
export function connectState(
  bmc: Whole,
  { events = true, clearEvent = false }: { readonly events?: boolean; readonly clearEvent?: boolean } = {},
): void {
  // What PEF does about an event comes before what others see of it; its clock before the events of a start.
  bmc.events.onLogged((event, recordId, during) => bmc.pef.take(event, recordId, during));
  bmc.chassis.onPower((change) => bmc.pef.powered(change));
  bmc.sel.onClear(() => bmc.pef.selCleared());
  bmc.messages.onAttention((attention) => {
    for (const attachment of bmc.router.attachments) attachment.interface.attention?.(attention);
  });
  bmc.sessions.onClose((session, reason) => {
    bmc.payloads.release(session, reason);
    bmc.built.blobs?.release(session);
    // Who is only gone may come back to an upload; whose rights were taken may not.
    if (reason === 'user-changed' || reason === 'revoked') {
      bmc.built.update?.revoke(sessionKey(session));
      bmc.messages.forget(session);
    }
    const { built } = bmc;
    built.sol?.release(session);
    bmc.lan.release(session);
    bmc.sdr.release(session);
    built.serial?.release(session);
    built.bootOptions?.setInProgress.release(session);
    built.systemInfo?.setInProgress.release(session);
    built.pef?.parameters.setInProgress.release(session);
  });
  bmc.users.onRevoked((userId) => bmc.built.update?.revokeUser(userId));
  tellOfLogIns(bmc);
  const stored = (done: Durable): void =>
    void done?.catch((error: unknown) => bmc.setup.log.error(`${bmc.name}: what a start changes`, error));
  bmc.chassis.onRestart((cause) => {
    stored(both(bmc.bootOptions.restarting(cause), bmc.built.systemInfo?.machineStarts()));
    // Chassis Control leaves a console that blocked the switch where it is (§25.3).
    if (cause !== RestartCause.ChassisControl)
      for (const serial of bmc.built.serial?.all ?? []) serial.unblock();
  });
  bmc.chassis.onPower(({ action, changed, on, starts }) => {
    if (changed) bmc.dcmi.powerWent(on);
    stored(starts ? bmc.bootOptions.booted() : bmc.bootOptions.hold());
    if (action !== 'diag') bmc.built.watchdog?.halt();
  });
  bmc.events.forwardBy(forwardEvents(bmc));
  tellOfMachine(bmc, events);
  if (clearEvent) bmc.sel.onClear(() => tellOfClearing(bmc));
  faultsFromSensors(bmc);
  bmc.sensors.followPower(() => bmc.chassis.isOn);
}

/**
 * A datagram of the BMC's own leaves by the interface of its channel; false: that has none, or cannot send.
 */
export function sendBy(
  router: Router<BmcState>,
  channel: number,
  to: { readonly host: string; readonly port: number },
  datagram: Uint8Array,
): boolean {
  const outlet = [...router.attachments].find(
    (attachment) => attachment.interface.channel.number === channel,
  )?.interface;
  outlet?.send?.(datagram, to);
  return outlet?.send !== undefined;
}
