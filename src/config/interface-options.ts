/** One entry of `interfaces`, by its `type`. */
export type InterfaceOptions = LanInterfaceOptions;

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
  /** IP settings that the LAN parameters show. */
  readonly address?: string;
  readonly netmask?: string;
  readonly gateway?: string;
  readonly mac?: string;
  readonly community?: string;
}
