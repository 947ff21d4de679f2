/** How this process is one host of a cluster (docs/cluster.md). Its BMCs are those of the cluster's fleet file. */
export interface ClusterOptions {
  /** `nats://host:4222` or `tls://host:4222` of one or more servers of one NATS. */
  readonly servers: readonly string[];
  /** Name of this host, unlike all others'. Default: the machine's. */
  readonly host?: string;
  /** BMCs that it takes at most. Default: any number. */
  readonly capacity?: number;
  /** It takes BMCs whose labels have all of these. Default: all BMCs. */
  readonly labels?: Readonly<Record<string, string>>;
  /** It takes BMCs whose addresses lie in these networks (`10.9.0.0/16`). Default: in any. */
  readonly networks?: readonly string[];
  /**
   * While NATS is away nobody can say whose a BMC is. `fence` (default) ends this host's BMCs before others may
   * take them; `keep` serves on, at the risk of two that answer.
   */
  readonly onLost?: 'fence' | 'keep';
  /** BMCs that it gives to other hosts at a time. Default 16. */
  readonly moves?: number;
  /** Begins all subjects, streams and buckets. Default `ipmi`. */
  readonly prefix?: string;
  /**
   * Begins the subjects where answers come, for a user of NATS who may not hear below the prefix. Default `inbox`
   * behind the prefix.
   */
  readonly inbox?: string;
  /** Copies of what is kept, on so many servers. Default 1. */
  readonly replicas?: 1 | 3 | 5;
  /** User of NATS, with `passwordFile`. */
  readonly user?: string;
  /** File with the password, in its first line. */
  readonly passwordFile?: string;
  /** File with the seed of an NKey. */
  readonly nkeyFile?: string;
  /** File with a JWT and its seed, as `nsc` writes it (`.creds`). */
  readonly credentialsFile?: string;
  /** Certificates of TLS. Default: those of the system. */
  readonly tls?: ClusterTlsOptions;
  /** File with the key that seals all that is stored; the same on all hosts. Default: it is not sealed. */
  readonly sealKeyFile?: string;
  /** Says on the bus who changed what (`ipmi.audit.BMC`, lines of the audit log). Default false. */
  readonly audit?: boolean;
  /** Seconds between two times that its numbers are told on the bus (`ipmi.metrics.HOST`). Default: never. */
  readonly metricsEvery?: number;
  /** Days for which a stream keeps what is said of SELs (`ipmi.event.*.sel`). Default: none is kept. */
  readonly selDays?: number;
  /** Commands that lead the addresses of BMCs to this host, and away from it. Default: none. */
  readonly hooks?: ClusterHooksOptions;
}

/**
 * Each is run without a shell, one after the other, with up to 256 lines `ADDRESS PORT NAME` on its standard
 * input, and has to be able to be told the same twice.
 */
export interface ClusterHooksOptions {
  /** Run before this host serves BMCs: a program and its arguments. */
  readonly own?: readonly string[];
  /** Run when it serves them no longer. A host that has died runs nothing: `own` of the next one has to do. */
  readonly lost?: readonly string[];
  /** Seconds that one run may take. Default 5. */
  readonly timeout?: number;
}

export interface ClusterTlsOptions {
  /** PEM file of who signed the servers' certificates. */
  readonly ca?: string;
  /** PEM file of this host's certificate. */
  readonly certificate?: string;
  /** PEM file of its key. */
  readonly key?: string;
}
