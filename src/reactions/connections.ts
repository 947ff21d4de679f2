import type { Router } from '../router/index.ts';
import type { BmcState } from '../bmc-state.ts';
import { RestartCause } from '../commands/chassis/chassis.ts';
import { both, type Durable } from '../state/store.ts';
import { sessionKey } from '../services/update/index.ts';
import { faultsFromSensors } from './faults.ts';
import { Chassis } from '../machine/chassis/chassis.ts';
import { Channels } from '../state/app/channels.ts';
import { Life } from '../state/app/life.ts';
import { MessageBuffers } from '../state/app/message-buffers.ts';
import { Sessions, type CloseReason, type Session } from '../state/app/sessions.ts';
import { Users } from '../state/app/users.ts';
import { Events } from '../state/log/events.ts';
import { Sel } from '../state/log/sel.ts';
import { Reactions } from '../state/occasions.ts';
import { forwardEvent } from './forward-events.ts';
import { tellOfLogIns } from './log-in-lines.ts';
import { tellOfClearing, tellOfMachine } from './machine-events.ts';
import { followReset } from './reset.ts';

type Whole = BmcState & { readonly name: string; readonly router: Router<BmcState> };

interface Told {
  /** What happens to the machine goes into the log. */
  readonly events: boolean;
  /** That the log was cleared goes into it. */
  readonly clearEvent: boolean;
}

/** What one piece of state has to know of another. */
export function connectState(
  bmc: Whole,
  { events = true, clearEvent = false }: { readonly [K in keyof Told]?: boolean } = {},
): void {
  bmc.setup.occasions.react(bmc, REACTIONS[Number(events)][Number(clearEvent)]);
  bmc.sensors.followPower(bmc.chassis);
}

/** By `events` and by `clearEvent`: one list for all BMCs alike. */
const REACTIONS = [false, true].map((events) =>
  [false, true].map((clearEvent) => reactions({ events, clearEvent })),
);

function reactions({ events, clearEvent }: Told): Reactions<Whole> {
  const all = new Reactions<Whole>()
    // Whose rights are others has to log in again, before what hangs on a session hears of it.
    .on(Users.revoked, (bmc, userId) => bmc.sessions.closeUser(userId))
    .on(Users.sessionLimit, (bmc, userId) => bmc.logIns.closeSurplus(userId))
    .on(Channels.restricted, (bmc, channel) => bmc.logIns.review(channel))
    .on(Channels.keyChanged, (bmc, channel, by) => bmc.sessions.closeRmcpPlus(channel, by))
    // What PEF does about an event comes before what others see of it; its clock, before those of a start.
    .on(Events.logged, (bmc, event, recordId, during) => bmc.pef.take(event, recordId, during))
    .on(Chassis.power, (bmc, change) => bmc.pef.powered(change))
    .on(Sel.cleared, (bmc) => bmc.pef.selCleared())
    .on(MessageBuffers.attention, (bmc, attention) => {
      for (const attachment of bmc.router.attachments) attachment.interface.attention?.(attention);
    })
    .on(Sessions.ended, sessionEnded)
    .on(Users.revoked, (bmc, userId) => bmc.built.update?.revokeUser(userId));
  tellOfLogIns(all);
  all.on(Chassis.restart, (bmc, cause) => {
    stored(bmc, both(bmc.bootOptions.restarting(cause), bmc.built.systemInfo?.machineStarts()));
    // Chassis Control leaves a console that blocked the switch where it is (§25.3).
    if (cause !== RestartCause.ChassisControl)
      for (const serial of bmc.built.serial?.all ?? []) serial.unblock();
  });
  tellOfMachine(all, events);
  all.on(Chassis.power, (bmc, { action, changed, on, starts }) => {
    if (changed) bmc.dcmi.powerWent(on);
    stored(bmc, starts ? bmc.bootOptions.booted() : bmc.bootOptions.hold());
    if (action !== 'diag') bmc.built.watchdog?.halt();
    // After the event of the power itself.
    if (changed && on) bmc.sensors.powerCame();
  });
  if (clearEvent) all.on(Sel.cleared, tellOfClearing);
  return all
    .on(Events.raised, forwardEvent)
    .on(Events.logged, faultsFromSensors)
    .on(Sessions.ended, (bmc, session) => {
      for (const attachment of bmc.router.attachments) attachment.interface.ended?.(session);
    })
    .on(Life.reset, followReset)
    .on(Chassis.power, (bmc, change) => bmc.console.powerWent(change));
}

function sessionEnded(bmc: Whole, session: Session, reason: CloseReason): void {
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
}

const stored = (bmc: Whole, done: Durable): void =>
  void done?.catch((error: unknown) => bmc.setup.log.error(`${bmc.name}: what a start changes`, error));

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
