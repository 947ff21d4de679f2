import { OneRequestInterface } from './one-request.ts';
import type { HostInterfaceOptions } from './system-interface.ts';

/**
 * The KCS system interface (IPMI 2.0 §9). The BMC never times a transfer out; hosts wait five seconds for a
 * response, so a handler has less. Answers fit what Linux's driver takes (272 bytes with NetFn and command).
 */
export class KcsInterface extends OneRequestInterface {
  constructor(options: HostInterfaceOptions) {
    super(options, { maxAnswer: 256, inFlightLimit: 8, deadline: 4500 });
  }
}
