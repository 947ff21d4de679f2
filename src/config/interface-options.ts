/** One entry of `interfaces`, by its `type`. */
export type InterfaceOptions =
  | LanInterfaceOptions
  | VmInterfaceOptions
  | IpmbInterfaceOptions
  | IcmbInterfaceOptions
  | SerialInterfaceOptions
  | DeviceInterfaceOptions<'bt'>
  | DeviceInterfaceOptions<'kcs'>
  | DeviceInterfaceOptions<'ssif'>;

export interface LanInterfaceOptions {
  readonly type: 'lan';
  /** 1..0Bh. Default 1. */
  readonly channel?: number;
  /** `host:port`; port 0 lets the system choose. Default 127.0.0.1:623. */
  readonly listen?: string;
  /** Cipher suites that a console may ask for. Default 3 and 17. Suite 0 logs in anyone who knows a user name. */
  readonly cipherSuites?: readonly number[];
  /** IPMI 1.5 authentication types. Default md5 and md2. `none` logs in anyone. */
  readonly authTypes?: readonly ('none' | 'md2' | 'md5' | 'password')[];
  /** The BMC key K_g for two-key log-ins: up to 20 characters, or `0x` and 40 hex digits. */
  readonly kg?: string;
  /** IP settings that the LAN parameters show. Default: those of the address that it listens on; of all, the one that reaches furthest. */
  readonly address?: string;
  /** Its mask. */
  readonly netmask?: string;
  /** Its default gateway. */
  readonly gateway?: string;
  /** Six bytes in hex, with colons. Default: a locally administered one, made from the BMC's GUID (as the settings have it) or its name. */
  readonly mac?: string;
  /** Of the traps; at most 18 characters. */
  readonly community?: string;
}

/** The system interface of a virtual machine: QEMU's `ipmi-bmc-extern`. Give `listen` or `connect`. */
export interface VmInterfaceOptions {
  readonly type: 'vm';
  /** 0..0Bh or 0Fh. Default 0Fh, the system interface. */
  readonly channel?: number;
  /** What the guest sees, as the machine's command line has it: `isa-ipmi-bt`, `isa-ipmi-kcs`, `smbus-ipmi`. Default kcs. */
  readonly interface?: 'bt' | 'kcs' | 'ssif';
  /** `host:port` or the path of a Unix socket, which is this user's alone. */
  readonly listen?: string;
  /** The same, where the machine's monitor listens. It is tried each second. */
  readonly connect?: string;
}

/**
 * An IPMB in memory, on which this controller, its satellites of the same channel, and controllers that come by `listen`,
 * `connect` or `device` meet. A channel with satellites has one without being asked.
 */
export interface IpmbInterfaceOptions {
  readonly type: 'ipmb';
  /** 0..0Bh. Default 0, the primary IPMB. */
  readonly channel?: number;
  /** This controller's slave address. Default 20h. */
  readonly address?: number;
  /** `host:port` or the path of a Unix socket where controllers in other processes connect (docs/ipmb-socket.md). */
  readonly listen?: string;
  /** `host:port` or the path of such a socket elsewhere. */
  readonly connect?: string;
  /** The node of a real bus: `/dev/ipmb-0`. */
  readonly device?: string;
  /** Milliseconds until a request is sent again, and how often it is sent. Default 250 and 6. */
  readonly timeout?: number;
  /** How often a request is sent in all. Default 6. */
  readonly tries?: number;
  /** What goes wrong on the bus in memory, as shares of its frames (0..1), and the milliseconds that they are under way. */
  readonly faults?: IpmbFaults;
}

export interface IpmbFaults {
  /** Share of frames that never come. */
  readonly loss?: number;
  /** That come twice. */
  readonly duplicate?: number;
  /** That have a wrong bit. */
  readonly corrupt?: number;
  /** Least and greatest, milliseconds. */
  readonly delay?: readonly [number, number];
  /** That nobody acknowledges. */
  readonly nack?: number;
  /** That lose arbitration. */
  readonly arbitration?: number;
  /** That find the bus stuck. */
  readonly busError?: number;
}

/** IPMI over a serial line or a modem: basic and terminal mode. Give `tty`, `listen` or `connect`. */
export interface SerialInterfaceOptions {
  readonly type: 'serial';
  /** 1..0Bh. Default 2. */
  readonly channel?: number;
  /** A terminal device (`/dev/ttyS1`, a pty). */
  readonly tty?: string;
  /** Default 115200. */
  readonly baud?: 9600 | 19200 | 38400 | 57600 | 115200;
  /** `host:port` or the path of a Unix socket, which is this user's alone: one caller at a time is at the line. */
  readonly listen?: string;
  /** The same, where a terminal server listens. */
  readonly connect?: string;
  /** Default both; which one is spoken is found out. */
  readonly modes?: readonly ('basic' | 'terminal')[];
  /** The line is a modem's: callback, and sessions that end with carrier. Default: a direct connection. */
  readonly modem?: boolean;
  /** Whoever is at the line has this level without a log-in, as ipmitool's serial interfaces expect. Default: nobody has. */
  readonly withoutLogIn?: 'user' | 'operator' | 'administrator';
  /** The connector is shared with the system's console, and is there (`system`) or at the BMC at the start. Default: not shared. */
  readonly shared?: 'system' | 'bmc';
}

/** The system interface of a real machine, whose BMC this is: a device node of Linux's BMC-side drivers. */
export interface DeviceInterfaceOptions<K extends 'bt' | 'kcs' | 'ssif'> {
  readonly type: K;
  /** 0..0Bh or 0Fh. Default 0Fh, the system interface. */
  readonly channel?: number;
  /** The node. Default `/dev/ipmi-bt-host` and `/dev/ipmi-ssif-host`; a KCS node has a number and no default. */
  readonly device?: string;
}

/** An emulated ICMB that joins the chassis of one process: BMCs that name the same bus meet there. */
export interface IcmbInterfaceOptions {
  readonly type: 'icmb';
  /** 0..0Bh. Default 6. */
  readonly channel?: number;
  /** Default `icmb`. */
  readonly bus?: string;
  /** 1..FFFEh. Default: the lowest that is free on the bus. */
  readonly address?: number;
}
