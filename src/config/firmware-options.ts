import type { PrivilegeName } from './privilege.ts';

/** What of this machine can be updated over IPMI, and by whom. Without it nothing can. */
export interface FirmwareOptions {
  /** Where images lie: a directory a component. Default: in the state directory; without one, in memory. */
  readonly directory?: string;
  /** Bytes that all images may take in memory. Default 32 MiB. */
  readonly memory?: number;
  /** Seconds without a byte after which an upload is given up. Default 120. */
  readonly expiry?: number;
  /** Least privilege. Default administrator. */
  readonly privilege?: Exclude<PrivilegeName, 'none'>;
  /**
   * Channels that updates may come by: numbers, `host` (the system interface), `lan` (every LAN channel).
   * Default: all.
   */
  readonly channels?: readonly (number | 'host' | 'lan')[];
  /**
   * Bytes of the largest message that clients are told to send by LAN, 64..65000. Default 1400: no Ethernet
   * splits it.
   */
  readonly lanPayload?: number;
  /** What can be updated, at most eight. */
  readonly components: readonly FirmwareComponentOptions[];
  /** Ways for images beside IPMI itself, for the blob protocol. */
  readonly paths?: FirmwarePaths;
}

export interface FirmwarePaths {
  /**
   * `host:port` or the path of a Unix socket: listened on while a session wants it, and only for whoever has
   * the session's token.
   */
  readonly net?: string;
  /** A file that host and BMC share, in place of a memory window. */
  readonly window?: {
    /** The file. */
    readonly file: string;
    /** Bytes. Default 65536. */
    readonly size?: number;
    /** As what the host finds it. Default lpc. */
    readonly kind?: 'lpc' | 'p2a';
    /** Where the host sees its first byte. Default 0. */
    readonly address?: number;
  };
}

export interface FirmwareComponentOptions {
  /** 0..7. */
  readonly id: number;
  /** At most 11 characters. */
  readonly name: string;
  /**
   * Its image's path in the blob protocol. Default `/flash/image` for the BMC, `/flash/` and the name in
   * lower case for others.
   */
  readonly blob?: string;
  /**
   * The BMC's own firmware: activating it resets the BMC, and Get Device ID shows its version. One at most.
   */
  readonly bmc?: boolean;
  /**
   * What is there before the first update: `major.minor` or `major.minor.auxiliary`. Default 1.00; for the
   * BMC `identity.firmware`.
   */
  readonly version?: string;
  /**
   * The version of images that do not say theirs (docs/firmware-update.md). Default 0.00 with the first bytes
   * of their SHA-256.
   */
  readonly assumeVersion?: string;
  /** 2: the image before stays, and can come back. 1: it does not. Default 2. */
  readonly slots?: 1 | 2;
  /** Bytes of the largest image. Default 64 MiB. */
  readonly maxSize?: number;
  /** False: no older version over a newer one. Default true. */
  readonly downgrade?: boolean;
  /** PEM of an Ed25519 key: images must be signed with its other half. */
  readonly publicKey?: string;
  /** New firmware works only after a power cycle of the machine. */
  readonly needsPowerCycle?: boolean;
  /** For stages that have one: a program and its arguments, or a line for the shell. Exit code 0: go on. */
  readonly commands?: {
    readonly [S in 'prepare' | 'upload' | 'verify' | 'activate' | 'self-test' | 'rollback']?:
      | string
      | readonly string[];
  };
  /** Or: each stage is POSTed here as JSON. Status 2xx: go on. */
  readonly http?: string;
  /** Flash chips are slow: bytes a second, and milliseconds to empty a slot. Default: as fast as the disk. */
  readonly speed?: {
    /** Milliseconds. */
    readonly erase?: number;
    /** Bytes a second. */
    readonly writeRate?: number;
    /** Bytes a second. */
    readonly readRate?: number;
  };
  /** The simulated self test after activation: milliseconds, and how it ends. Default 0 and pass. */
  readonly selfTest?: {
    /** Milliseconds. */
    readonly time?: number;
    /** Default pass. */
    readonly result?: 'pass' | 'fail';
  };
}
