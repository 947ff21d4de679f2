/** BMC global enables, IPMI 2.0 §22.1. */
export interface GlobalEnables {
  readonly oem2: boolean;
  readonly oem1: boolean;
  readonly oem0: boolean;
  readonly systemEventLogging: boolean;
  readonly eventMessageBuffer: boolean;
  readonly eventMessageBufferFullInterrupt: boolean;
  readonly receiveMessageQueueInterrupt: boolean;
}

const AFTER_RESET: GlobalEnables = {
  oem2: false,
  oem1: false,
  oem0: false,
  systemEventLogging: true,
  eventMessageBuffer: false,
  eventMessageBufferFullInterrupt: false,
  receiveMessageQueueInterrupt: false,
};

/** What waits in the BMC for system software (§22.1-22.8). Volatile: it ends with a reset. */
export class MessageBuffers {
  enables = AFTER_RESET;
  /** The pre-timeout interrupt of the watchdog has occurred. */
  watchdogPreTimeout = false;
  #event: Uint8Array | undefined;

  /** The one event message; a second is dropped until software has read the first (§22.8). */
  get event(): Uint8Array | undefined {
    return this.#event;
  }

  putEvent(record: Uint8Array): void {
    if (this.enables.eventMessageBuffer) this.#event ??= record;
  }

  clearEvent(): void {
    this.#event = undefined;
  }

  reset(): void {
    this.enables = AFTER_RESET;
    this.watchdogPreTimeout = false;
    this.#event = undefined;
  }
}
