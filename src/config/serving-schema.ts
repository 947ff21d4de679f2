import { z } from 'zod';
import { consoles, type ConsoleOptions } from '../kinds/consoles/index.ts';
import type { SettingsOf } from '../kinds/kind.ts';
import { kindsSchema } from './kinds-schema.ts';
import type { Kinds } from './kinds.ts';

const socket = z.strictObject({
  /** At most 107 bytes. */
  path: z.string().min(1).max(107),
  /** Who may connect, as file permissions. Default 0600: this user. */
  mode: z.int().min(0).max(0o777).optional(),
});

export const socketsSchema = z.strictObject({
  /** Any number of processes register claims here (docs/handler-socket.md). */
  handlers: socket.optional(),
  /** One process at a time is the default handler, with BT frames as `/dev/ipmi-bt-host` carries them. */
  bt: socket.optional(),
});

export const solSchema = (kinds: Kinds) =>
  z.strictObject({
    /** Default: a simulated machine that boots, asks for a log-in and echoes. */
    console: kindsSchema<ConsoleOptions>(consoles, kinds.consoles).optional(),
    /** Sessions that may share the console at once, 1..15. Default 1. */
    instances: z.int().min(1).max(15).optional(),
    /** A session that encrypts SOL does so to its end: Suspend Payload Encryption is 81h. Default false. */
    keepEncrypted: z.boolean().optional(),
    /**
     * UDP port that consoles are told to use, where they reach the BMC through another one than it listens
     * on.
     */
    port: z.int().min(1).max(65535).optional(),
  });

/** Unix sockets for handlers in other processes. */
export type SocketsOptions = SettingsOf<typeof socketsSchema>;
export type SocketOptions = SettingsOf<typeof socket>;
export type SolOptions = SettingsOf<ReturnType<typeof solSchema>>;
