/** A request that came to a BMC, as somebody outside of this process sees it; bytes are hex digits. */
export interface SeenRequest {
  /** Counts the requests of a BMC. */
  readonly id: number;
  readonly name: string;
  /** Milliseconds since the BMC was started. */
  readonly time: number;
  readonly values: Readonly<Record<string, unknown>> | undefined;
  /** Of the field that chooses among functions, in words. */
  readonly chosen: string | undefined;
  /** Of a configuration parameter that it sets. */
  readonly parameter: Readonly<Record<string, unknown>> | undefined;
  readonly user: string | undefined;
  readonly channel: number;
  readonly medium: string;
  readonly privilege: number;
  readonly answer: SeenAnswer | undefined;
  /** One line, without secrets. */
  readonly text: string;
}

export interface SeenAnswer {
  readonly cc: number;
  readonly name: string;
  readonly values: Readonly<Record<string, unknown>> | undefined;
}

export interface SeenEntry {
  readonly id: number;
  readonly sensor: string | undefined;
  readonly type: string | undefined;
  readonly event: string | undefined;
  readonly asserted: boolean;
  readonly text: string;
}

export interface RequestWish {
  readonly command: string;
  readonly fields?: Readonly<Record<string, unknown>>;
  readonly user?: string;
  readonly cc?: number;
  readonly within?: number | string;
}

export interface EntryWish {
  readonly sensor?: string;
  readonly type?: string | number;
  readonly event?: string | number;
  readonly asserted?: boolean;
  readonly within?: number | string;
}

/**
 * What came to one BMC, and what is expected of who asks it: of processes that run for a test
 * (`ipmi-bmc with`). Each rejects with an Error whose message says what came instead (`code`
 * IPMI_BMC_EXPECTATION), and with RangeError for what names nothing.
 */
export interface Expectations {
  readonly requests: readonly SeenRequest[];
  clearRequests(): void;
  expectRequest(wish: RequestWish): Promise<SeenRequest>;
  expectNoOther(except: readonly string[]): void;
  readonly entries: readonly SeenEntry[];
  expectEntry(wish: EntryWish): Promise<SeenEntry>;
  /** What passed, for whom a test has failed. */
  readonly report: string;
}
