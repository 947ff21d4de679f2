import { SimulatedConsole } from '../../machine/serial-port/simulated.ts';
import type { Zod } from '../../settings/texts.ts';
import type { Settings } from '../kind.ts';
import { plugged, type ConsoleKind } from './console.ts';

const schema = (zod: Zod) =>
  zod.strictObject({
    type: zod.literal('simulated'),
    /** What the machine calls itself. Default server. */
    host: zod.string().max(64).min(1).optional(),
  });

/** A simulated machine that boots, asks for a log-in and echoes. */
export type SimulatedConsoleOptions = Settings<typeof schema>;

export const simulated: ConsoleKind<SimulatedConsoleOptions> = {
  type: 'simulated',
  schema,
  async plug({ host = 'server' }, surroundings) {
    const { bmc, world } = surroundings;
    return plugged(
      surroundings,
      (port) => new SimulatedConsole(port, { clock: world.clock, chassis: bmc.chassis, host }),
    ).start();
  },
};
