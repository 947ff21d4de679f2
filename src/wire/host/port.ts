/**
 * A system interface as the BMC sees it: whole messages in, whole messages out. The register machines beside
 * this file are such ports, for hardware that is emulated; a device node of a real BMC is another.
 */
export interface HostPort {
  /** What it counts, and what each of these is (`Interface.counters`). */
  readonly counters?: Readonly<Record<string, number>>;
  readonly counterTable?: Readonly<Record<string, { readonly unit: string; readonly counts: string }>>;
  /** Requests come from now on. */
  open(events: HostEvents): void | Promise<void>;
  close(): void | Promise<void>;
  /**
   * What became of a response: taken, not possible now (`ready` tells when it is), or nobody waits for it any
   * more.
   */
  send(response: Uint8Array): 'sent' | 'later' | 'gone';
  /** SMS_ATN or its like, and whether it may interrupt the host. */
  attention(set: boolean, interrupt: boolean): void;
  /**
   * Whether transfers may interrupt the host, which else polls. Off until then. BT has a register of its own
   * for it.
   */
  interrupts?(enabled: boolean): void;
  /** The response that the host has been shown and has not taken is void. */
  withdraw?(): void;
  /** While true the host is shown that it must not send requests. */
  hold?(held: boolean): void;
}

export interface HostEvents {
  /** The bytes are the receiver's to keep. */
  request(message: Uint8Array): void;
  /** The host gave up the request that it was waiting for: its answer has no receiver. */
  cancelled(): void;
  /** A response that could not be sent may be tried again. */
  ready(): void;
}

/** A wire that the host can be interrupted by; called with each change. */
export type InterruptLine = (asserted: boolean) => void;

/** Registers of an I/O or memory mapped interface, by offset. */
export interface Registers {
  read(offset: number): number;
  write(offset: number, value: number): void;
}
