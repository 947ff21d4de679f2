import { SettingsError } from '../settings/errors.ts';
import type { ConsoleOptions } from '../config/options.ts';
import type { BmcState } from '../bmc-state.ts';
import type { ConsolePort, ConsoleSource } from '../machine/serial-port/console.ts';
import { ListeningSource } from '../machine/serial-port/listening-source.ts';
import { ReplaySource } from '../machine/serial-port/replay.ts';
import { SimulatedConsole } from '../machine/serial-port/simulated.ts';
import { TtyControl } from '../machine/serial-port/tty.ts';
import { ConnectingSource } from '../machine/serial-port/stream-source.ts';
import type { World } from '../world/world.ts';
import { OWN, streamAddressOf } from '../settings/addresses.ts';

/** A start bit, eight bits and a stop bit. */
const BITS_PER_CHARACTER = 10;

/** Plugs in the console that the settings ask for. Rejects with SettingsError, or the system's error where it cannot be opened. */
export async function plugConsole(bmc: BmcState, name: string, options: ConsoleOptions, world: World): Promise<void> {
  const { clock, stream, files, programs } = world;
  const log = (message: string): void => bmc.setup.log.warn(`${name}: ${message}`);
  const plug = <T extends ConsoleSource>(make: (port: ConsolePort) => T): T => {
    let made: T | undefined;
    bmc.console.plug((port) => (made = make(port)));
    return made!;
  };
  switch (options.type) {
    case 'none':
      return;
    case 'simulated':
      return plug((port) => new SimulatedConsole(port, { clock, chassis: bmc.chassis, host: options.host ?? 'server' })).start();
    case 'socket': {
      const { listen, connect } = options;
      if ((listen === undefined) === (connect === undefined))
        throw new SettingsError('a console on a socket needs listen or connect, and not both', ['sol', 'console']);
      if (connect !== undefined) {
        const to = streamAddressOf(connect);
        return plug((port) => new ConnectingSource(port, { clock, log, connect: () => stream.connect(to) })).start();
      }
      const at = streamAddressOf(listen!, options.mode ?? OWN);
      return plug((port) => new ListeningSource(port, log)).open((accept) => stream.listen(at, accept));
    }
    case 'tty': {
      const tty = options.path;
      const control = new TtyControl(programs, tty, bmc.console.bitRate, (error) => bmc.setup.log.error(`${name}: ${tty}`, error));
      const connect = () => stream.connect({ tty, baud: bmc.console.bitRate });
      return plug((port) => new ConnectingSource(port, { clock, log, connect, control })).start();
    }
    case 'replay': {
      const { file, bitRate = 115_200, loop = false } = options;
      const opened = await files.open(file, 'read');
      return plug((port) => new ReplaySource(port, { clock, file: opened, speed: bitRate / BITS_PER_CHARACTER, loop, log })).start();
    }
  }
}
