import { SSIF_MESSAGE_MAX } from '../../wire/host/ssif.ts';
import { OneRequestInterface } from './one-request.ts';
import type { HostInterfaceOptions } from './system-interface.ts';

/** Below the 500 ms after which Linux's driver on the BMC side gives a request up. */
const BUSY_AFTER = 400;

/**
 * The SSIF system interface (IPMI 2.0 §12). A host hears C0h when a handler takes long, and to whatever it
 * asks while that handler is at work: one command at a time, so that one that is asked again does not run
 * beside itself.
 */
export class SsifInterface extends OneRequestInterface {
  constructor(options: HostInterfaceOptions) {
    super(options, {
      maxAnswer: SSIF_MESSAGE_MAX - 2,
      inFlightLimit: 1,
      deadline: 4500,
      busyAfter: BUSY_AFTER,
    });
  }
}
