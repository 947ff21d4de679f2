import { ActivatePayload } from '../commands/app/payloads.ts';
import type { BmcState } from '../bmc-state.ts';
import type { BmcOptions } from '../config/options.ts';
import { usersWithoutSol } from '../config/platform.ts';
import { Payloads, type PayloadsOwner, type Registered } from '../services/payloads/payloads.ts';
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
    bmc: new SolOwner(bmc, options.sol),
  });

class SolOwner implements PayloadsOwner {
  readonly #bmc: Parameters<typeof makePayloads>[0];
  readonly #options: BmcOptions['sol'];

  constructor(bmc: Parameters<typeof makePayloads>[0], options: BmcOptions['sol']) {
    this.#bmc = bmc;
    this.#options = options;
  }

  mayBeActive(channel: number): boolean {
    return this.#bmc.firewall.opens(ACTIVATE, channel);
  }

  first(): Registered {
    const { setup, console, sol } = this.#bmc;
    const definition = new SolPayload({
      clock: setup.clock,
      console,
      parameters: sol,
      instances: this.#options?.instances,
      keepEncrypted: this.#options?.keepEncrypted,
      activating: (instance) => this.#bmc.serial.solActivating(instance),
    });
    return { definition, place: 'src/services/payloads/sol.ts' };
  }
}

/** SOL's parameters. */
export const makeSol = (bmc: Pick<BmcState, 'setup' | 'payloads' | 'console'>): SolParameters =>
  new SolParameters(bmc.setup, {
    port: (channel) => bmc.payloads.port(channel),
    bitRate: (rate) => bmc.console.setBitRate(rate),
  });
