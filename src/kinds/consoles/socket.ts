import { ListeningSource } from '../../machine/serial-port/listening-source.ts';
import { ConnectingSource } from '../../machine/serial-port/stream-source.ts';
import { OWN, streamAddressOf } from '../../settings/addresses.ts';
import { SettingsError } from '../../settings/errors.ts';
import { streamAddress, type Zod } from '../../settings/texts.ts';
import type { Settings } from '../kind.ts';
import { plugged, type ConsoleKind } from './console.ts';

const schema = (zod: Zod) =>
  zod
    .strictObject({
      type: zod.literal('socket'),
      /**
       * `host:port`, or the path of a Unix socket (it has a slash): of a VM's console, of a terminal server.
       */
      connect: streamAddress(zod).optional(),
      /** The same, for a machine that connects to the BMC. */
      listen: streamAddress(zod).optional(),
      /** Who may connect to a Unix socket, as file permissions. Default 0600. */
      mode: zod.int().min(0).max(0o777).optional(),
    })
    .refine(
      ({ connect, listen }) => (connect === undefined) !== (listen === undefined),
      'expected connect or listen, and not both',
    );

export type SocketConsoleOptions = Settings<typeof schema>;

export const socket: ConsoleKind<SocketConsoleOptions> = {
  type: 'socket',
  schema,
  places: ({ listen }) => [{ key: 'listen', what: 'stream', place: listen }],
  async plug({ listen, connect, mode = OWN }, surroundings) {
    const { clock, stream } = surroundings.world;
    const { log } = surroundings;
    if (listen !== undefined && connect === undefined) {
      const at = streamAddressOf(listen, mode);
      return plugged(surroundings, (port) => new ListeningSource(port, log)).open((accept) =>
        stream.listen(at, accept),
      );
    }
    if (listen !== undefined || connect === undefined)
      throw new SettingsError('a console on a socket needs listen or connect, and not both');
    const to = streamAddressOf(connect);
    return plugged(
      surroundings,
      (port) => new ConnectingSource(port, { clock, log, connect: () => stream.connect(to) }),
    ).start();
  },
};
