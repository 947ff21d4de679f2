import { ConnectingSource } from '../../machine/serial-port/stream-source.ts';
import { TtyControl } from '../../machine/serial-port/tty.ts';
import type { Zod } from '../../settings/texts.ts';
import type { Settings } from '../kind.ts';
import { plugged, type ConsoleKind } from './console.ts';

const schema = (zod: Zod) =>
  zod.strictObject({
    type: zod.literal('tty'),
    /** A serial device, or one end of a pty. */
    path: zod.string().min(1),
  });

export type TtyConsoleOptions = Settings<typeof schema>;

export const tty: ConsoleKind<TtyConsoleOptions> = {
  type: 'tty',
  schema,
  places: ({ path }) => [{ key: 'path', what: 'path', place: path }],
  async plug({ path }, surroundings) {
    const { bmc, name, log } = surroundings;
    const { clock, programs, stream } = surroundings.world;
    const control = new TtyControl(programs, path, bmc.console.bitRate, (error) =>
      bmc.setup.log.error(`${name}: ${path}`, error),
    );
    const connect = () => stream.connect({ tty: path, baud: bmc.console.bitRate });
    return plugged(
      surroundings,
      (port) => new ConnectingSource(port, { clock, log, connect, control }),
    ).start();
  },
};
