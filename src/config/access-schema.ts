import { z } from 'zod';
import { SESSION_PRIVILEGES } from '../codec/index.ts';
import type { SettingsOf } from '../kinds/kind.ts';
import { utf8Text } from '../settings/texts.ts';
import { parseSelector } from '../state/app/command-selector.ts';

const privilege = z.enum([...SESSION_PRIVILEGES, 'none']);
const selector = z.custom<string>(
  (value) => typeof value === 'string' && parseSelector(value) !== undefined,
  'expected a command of the specification (Get Device ID), a group of them (chassis, app, dcmi ...) or its numbers (30h 01h, 2Eh/00ABCDh *)',
);

export const userSchema = z.strictObject({
  /** 1..63; user 1 is the null user and has no name. */
  id: z.int().min(1).max(63),
  /** At most 16 bytes in UTF-8. Without one, nobody can log in as it. */
  name: utf8Text(z, 16).optional(),
  /** At most 20 bytes. */
  password: utf8Text(z, 20).optional(),
  /** Highest level on every LAN channel. Default administrator. */
  privilege: privilege.optional(),
  /** Default true. */
  enabled: z.boolean().optional(),
  /** May activate SOL, until a client changes it. Default true. */
  sol: z.boolean().optional(),
});

export const firewallSchema = z.strictObject({
  /**
   * 0..Fh, `host` (the system interface), `lan` (every LAN channel) or `all`. Several entries for one
   * channel add up.
   */
  channel: z.union([z.int().min(0).max(15), z.enum(['host', 'lan', 'all'])]),
  /**
   * `read-only`: commands that only read, and what a running host needs (watchdog, its own events).
   * `closed`: who the BMC is, and no more.
   */
  restrict: z.enum(['read-only', 'closed']).optional(),
  /**
   * Nothing but these (and opening and closing sessions): `Get Device ID`, `chassis`, `30h 01h`,
   * `2Eh/00ABCDh *`.
   */
  allow: z.array(selector).optional(),
  /** Not these, even where `allow` has them. */
  deny: z.array(selector).optional(),
});

export const sessionsSchema = z.strictObject({
  /** Sessions at once, 1..254. Default 64. */
  limit: z.int().min(1).max(254).optional(),
  /** Seconds without a message after which a session ends. Default 60. */
  inactivity: z.number().positive().optional(),
});

export type UserOptions = SettingsOf<typeof userSchema>;
export type FirewallOptions = SettingsOf<typeof firewallSchema>;
export type SessionsOptions = SettingsOf<typeof sessionsSchema>;
