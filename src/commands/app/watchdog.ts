import { bit, bits, byte, u16, u8 } from '../../codec/index.ts';
import { command, NetFn, Privilege } from '../command.ts';

/** Timer use, IPMI 2.0 §27.6. */
export const WatchdogUse = { BiosFrb2: 1, BiosPost: 2, OsLoad: 3, SmsOs: 4, Oem: 5 } as const;
/** What an expiry does. */
export const WatchdogAction = { None: 0, HardReset: 1, PowerDown: 2, PowerCycle: 3 } as const;

const expirations = byte({ oem: bit(5), smsOs: bit(4), osLoad: bit(3), biosPost: bit(2), biosFrb2: bit(1) });

export const ResetWatchdogTimer = command({
  name: 'Reset Watchdog Timer',
  changes: false,
  spec: 'IPMI 2.0 §27.5',
  netFn: NetFn.App,
  cmd: 0x22,
  privilege: Privilege.Operator,
  codes: { neverSet: [0x80, 'attempt to start un-initialized watchdog'] },
  request: {},
  response: {},
});

export const SetWatchdogTimer = command({
  name: 'Set Watchdog Timer',
  spec: 'IPMI 2.0 §27.6',
  netFn: NetFn.App,
  cmd: 0x24,
  privilege: Privilege.Operator,
  request: {
    /** `dontStop`: a running timer goes on with the new settings. */
    ...byte({ dontLog: bit(7), dontStop: bit(6), use: bits(2, 0) }),
    /** `preTimeoutInterrupt`: 0 none, 1 SMI, 2 NMI, 3 messaging interrupt. */
    ...byte({ preTimeoutInterrupt: bits(6, 4), action: bits(2, 0) }),
    /** Seconds before the expiry. */
    preTimeout: u8,
    /** A 1 clears the flag. */
    ...expirations,
    /** In 100 ms. */
    initialCountdown: u16,
  },
  response: {},
});

export const GetWatchdogTimer = command({
  name: 'Get Watchdog Timer',
  spec: 'IPMI 2.0 §27.7',
  netFn: NetFn.App,
  cmd: 0x25,
  privilege: Privilege.User,
  request: {},
  response: {
    ...byte({ dontLog: bit(7), running: bit(6), use: bits(2, 0) }),
    ...byte({ preTimeoutInterrupt: bits(6, 4), action: bits(2, 0) }),
    preTimeout: u8,
    /** A 1: expired while in that use. */
    ...expirations,
    initialCountdown: u16,
    presentCountdown: u16,
  },
});
