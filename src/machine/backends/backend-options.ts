/** What switches the machine: `chassis.backend`, by its `type`. */
export type BackendOptions =
  | SimulatedBackendOptions
  | VmProtocolBackendOptions
  | QemuBackendOptions
  | LibvirtBackendOptions
  | CommandBackendOptions
  | HttpBackendOptions;

/** There is no machine: everything succeeds. The default, unless there is a `vm` interface. */
export interface SimulatedBackendOptions {
  readonly type: 'simulated';
}

/** The machine behind the `vm` interface, by the protocol's own operations. The default where there is such an interface. */
export interface VmProtocolBackendOptions {
  readonly type: 'vm-protocol';
  /** Program and arguments, or a line that is cut at its blanks: it starts the machine, which then connects. Without it nobody can switch it on. */
  readonly start?: string | readonly string[];
}

/** A QEMU process of this BMC. */
export interface QemuBackendOptions {
  readonly type: 'qemu';
  /** Program and arguments, or a line that is cut at its blanks; `-qmp` and `-boot` are put behind them. */
  readonly command: string | readonly string[];
  /** Path of the Unix socket for QEMU's monitor, in a directory where nobody else can put one. */
  readonly qmp: string;
}

export interface LibvirtBackendOptions {
  readonly type: 'libvirt';
  /** Name, id or UUID. */
  readonly domain: string;
  /** Connection URI. Default: virsh's own. */
  readonly connect?: string;
  /** Default `virsh`. */
  readonly virsh?: string;
  /** Seconds for one command. Default 15. */
  readonly timeout?: number;
  /** Seconds between two looks at the domain's state, besides libvirt's events. Default 10. */
  readonly interval?: number;
}

/** Program and arguments, or a line for the shell. */
export type CommandLine = string | readonly string[];

/** A command for each action; the environment says what is wanted (IPMI_ACTION, IPMI_BOOT_DEVICE, IPMI_BMC_NAME ...). */
export interface CommandBackendOptions {
  readonly type: 'command';
  /** Switches the machine on. */
  readonly on: CommandLine;
  /** Switches it off. */
  readonly off: CommandLine;
  /** Default: off and on. */
  readonly reset?: CommandLine;
  /** Default: off, the power cycle interval, on. */
  readonly cycle?: CommandLine;
  /** Asks its system to shut down. Default: cannot be done. */
  readonly soft?: CommandLine;
  /** Interrupts it for a diagnosis. Default: cannot be done. */
  readonly diag?: CommandLine;
  /** Prints `on` or `off`. Without it the power is what was asked for last. */
  readonly status?: CommandLine;
  /** Seconds for one command. Default 10. */
  readonly timeout?: number;
  /** Seconds between two looks at the status. Default 10. */
  readonly interval?: number;
}

/** `POST` does an action, `GET` tells the power. */
export interface HttpBackendOptions {
  readonly type: 'http';
  /** Where the machine is switched and asked for (docs/vm.md). */
  readonly url: string;
  /** Sent with each request; what they say is in no log. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Seconds for one request. Default 10. */
  readonly timeout?: number;
  /** Seconds between two looks at the power. Default 10; 0: never. */
  readonly interval?: number;
}
