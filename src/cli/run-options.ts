import type { Bmc } from '../bmc.ts';
import type { BmcOptions } from '../config/options.ts';
import { milliseconds } from '../settings/durations.ts';
import type { Log } from '../state/setup.ts';
import type { NodeWorld } from '../world/node.ts';
import type { UdpEngine } from '../world/udp-engine.ts';
import type { World } from '../world/world.ts';
import type { Fleet } from '../fleet/index.ts';
import type { AuditLog } from './audit.ts';
import type { ControlFlags } from './control.ts';
import type { LogFormat, LogLevel } from './log-choices.ts';
import type { Overrides } from './overrides.ts';
import type { ShardSide } from './shards/shard-side.ts';
import type { Stop } from './signals.ts';

export interface RunOptions extends Overrides, ControlFlags {
  readonly state?: string;
  /** Modules that bring kinds and handlers. */
  readonly plugin?: readonly string[];
  /** A file that holds the key. */
  readonly sealKey?: string;
  readonly json?: boolean;
  /** Default: as `json` says. */
  readonly logFormat?: LogFormat;
  /** Default info. */
  readonly logLevel?: LogLevel;
  readonly trace?: boolean;
  /** Of the trace only what fits. */
  readonly traceFilter?: string;
  /** Where what passes is captured. */
  readonly pcap?: string;
  /** MiB of a file of captures. */
  readonly pcapSize?: number;
  /** What has to go wrong before anything is captured. */
  readonly pcapOn?: string;
  /** Of what passes only what fits. */
  readonly pcapFilter?: string;
  /** A folder for Wireshark's settings. */
  readonly pcapProfile?: string;
  /** Captures with passwords and keys. */
  readonly keys?: boolean;
  /** Where requests and answers are recorded. */
  readonly record?: string;
  /** MiB of a tape. */
  readonly recordSize?: number;
  /** What is served in place of the default server, where there is no file. */
  readonly served?: Served;
  /** Default: batches where they are to be had. */
  readonly engine?: UdpEngine;
  readonly readyFile?: string;
  /** A cluster that the process is a host of, and its name there. */
  readonly cluster?: string;
  readonly host?: string;
  /** By so many processes, each with a part of the BMCs. Default: by this one. */
  readonly workers?: number;
  /** Where changes are written down; `-`: standard error. */
  readonly audit?: string;
}

/** A BMC that this program makes, instead of one from a file. */
export interface Served {
  readonly settings: (random: World['random']) => BmcOptions;
  readonly onMade: (bmc: Bmc) => void;
  /** Its passwords are random and told at the start. */
  readonly tellsPasswords: boolean;
}

/** What signals are for, as soon as it is there. */
export interface Serving {
  audit?: AuditLog;
  fleet?: Fleet;
  reload?: () => void;
}

/** What the process has from its first moment on. */
export interface Process {
  readonly world: NodeWorld;
  readonly log: Log;
  readonly write: (line: string) => void;
  readonly serving: Serving;
  /** It serves a part of the BMCs. */
  readonly shard: ShardSide | undefined;
  readonly stopped: Promise<Stop>;
}

/** Milliseconds; undefined: as fleets have it. */
export const sleepAfterOf = (seconds: number | 'never' | undefined): number | undefined =>
  seconds === 'never' ? Infinity : seconds && milliseconds(seconds);
