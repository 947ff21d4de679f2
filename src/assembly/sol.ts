import { ActivatePayload } from '../commands/app/payloads.ts';
import type { BmcState } from '../bmc-state.ts';
import type { BmcOptions } from '../config/options.ts';
import { usersWithoutSol } from '../config/platform.ts';
import { Payloads, type Registered } from '../services/payloads/payloads.ts';
import { SolPayload } from '../services/payloads/sol.ts';
import { SolParameters } from '../state/parameters/sol-parameters.ts';

const { netFn, cmd } = ActivatePayload;
const ACTIVATE = { netFn, cmd, lun: 0, data: new Uint8Array(0) };

/** The payloads of a BMC, with SOL among them, which is built when somebody asks for a payload. */
export const makePayloads = (
  bmc: Pick<BmcState, 'setup' | 'console' | 'serial' | 'firewall' | 'sol'>,
  options: BmcOptions,
): Payloads =>
  new Payloads(bmc.setup, {
    port: options.sol?.port,
    withoutSol: usersWithoutSol(options),
    mayBeActive: (channel) => bmc.firewall.opens(ACTIVATE, channel),
    first: () => solOf(bmc, options),
  });

const solOf = (
  bmc: Pick<BmcState, 'setup' | 'console' | 'serial' | 'sol'>,
  { sol }: BmcOptions,
): Registered => ({
  definition: new SolPayload({
    clock: bmc.setup.clock,
    console: bmc.console,
    parameters: bmc.sol,
    instances: sol?.instances,
    keepEncrypted: sol?.keepEncrypted,
    activating: (instance) => bmc.serial.solActivating(instance),
  }),
  place: 'src/services/payloads/sol.ts',
});

/** SOL's parameters. */
export const makeSol = (bmc: Pick<BmcState, 'setup' | 'payloads' | 'console'>): SolParameters =>
  new SolParameters(bmc.setup, {
    port: (channel) => bmc.payloads.port(channel),
    bitRate: (rate) => bmc.console.setBitRate(rate),
  });
