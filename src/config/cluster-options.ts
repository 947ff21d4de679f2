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
}

export interface ClusterTlsOptions {
  /** PEM file of who signed the servers' certificates. */
  readonly ca?: string;
  /** PEM file of this host's certificate. */
  readonly certificate?: string;
  /** PEM file of its key. */
  readonly key?: string;
}
