import { CC, ERROR_CODES, IpmiError } from '../codec/index.ts';

/** The BMC is another host's: nothing more of it is stored here. */
export class FencedError extends IpmiError {
  override name = 'FencedError';
  override readonly code = ERROR_CODES.FencedError;

  constructor(bmc: string) {
    super(CC.NodeBusy, `${bmc} is another host's now`);
  }
}
