/** Who may steer the process while it runs, and where (docs/control.md). */
export interface ControlOptions {
  /**
   * Unix socket of the control API, which nobody but its user and root can open. Default `control.sock` in
   * the state directory, else a place of this process below `/run` or the temporary directory.
   */
  readonly socket?: string;
  /** `host:port` of the control API over TCP as well; needs `tokens`. Default: none. */
  readonly listen?: string;
  /**
   * File with a line `NAME ROLE TOKEN` for each of those who may come by TCP; roles are `read`, `operate`
   * and `admin`.
   */
  readonly tokens?: string;
  /** Where TCP is TLS. Default: it is not. */
  readonly tls?: ControlTlsOptions;
  /** Names by which TCP is reached, beside its address and `localhost`: other Host headers are refused. */
  readonly hosts?: readonly string[];
}

export interface ControlTlsOptions {
  /** PEM file of the certificate, with those between it and its root behind it. */
  readonly certificate: string;
  /** PEM file of its key. */
  readonly key: string;
}

/** Where the web console is (docs/console.md). Default: nowhere. */
export interface WebConsoleOptions {
  /** `host:port`. */
  readonly listen: string;
  /** Where it is HTTPS. Default: it is HTTP, and fit for the loopback alone. */
  readonly tls?: ControlTlsOptions;
  /** Names by which it is reached, beside its address and `localhost`: other Host headers are refused. */
  readonly hosts?: readonly string[];
  /**
   * File of the tokens by which people log in who may see all BMCs, as of `control`. Default: that of
   * `control`; without either, only users of BMCs log in.
   */
  readonly tokens?: string;
  /** After so long without a request a log-in ends: `30m`, or seconds. Default 30 minutes. */
  readonly idle?: string | number;
  /** How much is kept of what sensors read, of BMCs that somebody looks at: `1h`. Default an hour. */
  readonly history?: string | number;
}
