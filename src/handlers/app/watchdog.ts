import { CC, IpmiError } from '../../codec/index.ts';
import {
  GetWatchdogTimer,
  ResetWatchdogTimer,
  SetWatchdogTimer,
  WatchdogAction,
  WatchdogUse,
} from '../../commands/app/watchdog.ts';
import type { Handler } from '../../router/index.ts';
import type { BmcState } from '../../bmc-state.ts';
import { after } from '../../state/store.ts';
import { handle } from '../handle.ts';

/** Flags by the use that they belong to. */
const FLAGS = {
  biosFrb2: WatchdogUse.BiosFrb2,
  biosPost: WatchdogUse.BiosPost,
  osLoad: WatchdogUse.OsLoad,
  smsOs: WatchdogUse.SmsOs,
  oem: WatchdogUse.Oem,
} as const;

export const watchdogHandlers: readonly Handler<BmcState>[] = [
  handle(ResetWatchdogTimer, (_request, { bmc }) => bmc.watchdog.restart()),

  handle(SetWatchdogTimer, (request, { bmc }) => {
    const { use, action, preTimeoutInterrupt, preTimeout, initialCountdown, dontLog, dontStop } = request;
    if (use < WatchdogUse.BiosFrb2 || use > WatchdogUse.Oem)
      throw new IpmiError(CC.InvalidDataField, `timer use ${use}`);
    if (action > WatchdogAction.PowerCycle)
      throw new IpmiError(CC.InvalidDataField, `timeout action ${action}`);
    if (preTimeoutInterrupt > 3)
      throw new IpmiError(CC.InvalidDataField, `pre-timeout interrupt ${preTimeoutInterrupt}`);
    if (preTimeout * 10 > initialCountdown)
      throw new IpmiError(CC.InvalidDataField, `pre-timeout of ${preTimeout} s`);
    const clear = Object.entries(FLAGS).reduce(
      (mask, [name, bit]) => (request[name as keyof typeof FLAGS] ? mask | (1 << bit) : mask),
      0,
    );
    return after(
      bmc.watchdog.set(
        { dontLog, use, preTimeoutInterrupt, action, preTimeout, initialCountdown },
        dontStop,
        clear,
      ),
      {},
    );
  }),

  handle(GetWatchdogTimer, (_request, { bmc: { watchdog } }) => {
    const expired = (use: number): boolean => (watchdog.expirations & (1 << use)) !== 0;
    return {
      ...watchdog.settings,
      running: watchdog.running,
      presentCountdown: watchdog.presentCountdown,
      biosFrb2: expired(FLAGS.biosFrb2),
      biosPost: expired(FLAGS.biosPost),
      osLoad: expired(FLAGS.osLoad),
      smsOs: expired(FLAGS.smsOs),
      oem: expired(FLAGS.oem),
    };
  }),
];
