import { ActivatePayload } from '../commands/app/payloads.ts';
import type { BmcOptions } from '../config/options.ts';
import { usersWithoutSol } from '../config/platform.ts';
import type { BmcState } from '../bmc-state.ts';
import { Payloads } from '../services/payloads/payloads.ts';
import { SolParameters } from '../state/parameters/sol-parameters.ts';
import { SolPayload } from '../services/payloads/sol.ts';

/**
 * The payloads of a BMC, with SOL among them. Made before the rest: what they need of `bmc` they ask for
 * later.
 */
export function makePayloads(
  bmc: Pick<BmcState, 'setup' | 'console' | 'serial' | 'firewall'>,
  options: BmcOptions,
): { payloads: Payloads; sol: SolParameters } {
  const { setup, console } = bmc;
  const { netFn, cmd } = ActivatePayload;
  const activate = { netFn, cmd, lun: 0, data: new Uint8Array(0) };
  const payloads = new Payloads(setup, {
    port: options.sol?.port,
    withoutSol: usersWithoutSol(options),
    mayBeActive: (channel) => bmc.firewall.opens(activate, channel),
  });
  const sol = new SolParameters(setup, {
    port: (channel) => payloads.port(channel),
    bitRate: (rate) => console.setBitRate(rate),
  });
  const activating = (instance: number): void => bmc.serial.solActivating(instance);
  payloads.register(
    new SolPayload({
      clock: setup.clock,
      console,
      parameters: sol,
      instances: options.sol?.instances,
      keepEncrypted: options.sol?.keepEncrypted,
      activating,
    }),
    'src/services/payloads/sol.ts',
  );
  return { payloads, sol };
}
