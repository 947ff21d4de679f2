import { Bmc, type BmcOptions } from '../../src/bmc.ts';
import {
  BlobClient,
  BlobFlasher,
  loopback,
  type BlobFlasherOptions,
  type FlashOptions,
} from '../../src/client/index.ts';
import { Context, type Dispatch } from '../../src/router/index.ts';
import type { BmcState } from '../../src/bmc-state.ts';
import { versionText } from '../../src/services/update/index.ts';
import { simWorld, type SimWorld } from '../../src/world/index.ts';
import { HOST } from './bmc.ts';

export const IMAGE = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 31 + (i >> 9)) & 0xff);

/** A BMC whose firmware the host updates by the blob protocol: by hand, or by the client. */
export function flashRig(firmware: Partial<BmcOptions['firmware']> = {}, world: SimWorld = simWorld(5)) {
  const components = [
    { id: 0, name: 'BMC', bmc: true, version: '1.00' },
    { id: 1, name: 'BIOS', version: '2.00', assumeVersion: '2.10' },
  ];
  const log: string[] = [];
  const say = (line: string): void => void log.push(line);
  const bmc = new Bmc(
    { sel: { bootEvents: false }, interfaces: [{ type: 'lan' }], firmware: { components, ...firmware } },
    { world, log: { debug: say, info: say, warn: say, error: say } },
  );
  const opened = world.until(bmc.open());
  const client = loopback(bmc.router.dispatch, new Context(bmc, HOST, 4));
  const blobs = new BlobClient(client);
  const flash = async (options: Partial<BlobFlasherOptions & FlashOptions> & { data?: Uint8Array } = {}) => {
    // Each message takes its time, as on a wire.
    const wire: Dispatch<BmcState> = (message, context) =>
      new Promise(
        (resolve) => void world.clock.after(1, () => resolve(bmc.router.dispatch(message, context))),
      );
    const connect = async () => ({
      client: loopback(wire, new Context(bmc, HOST, 4)),
      close: async () => undefined,
    });
    await world.until(world.files.write('/image', options.data ?? IMAGE));
    const image = await world.until(world.files.open('/image', 'read'));
    const flasher = new BlobFlasher({ connect, path: '/flash/bios', clock: world.clock, ...options });
    const { components } = await world.until(flasher.flash({ image, progress: () => undefined, ...options }));
    return `${components[0].before} -> ${components[0].after}`;
  };
  const version = () => versionText(bmc.update!.component(1).active.version);
  return { world, bmc, blobs, flash, version, opened, log };
}
