import type { Bmc } from '../bmc.ts';
import { Capture, CaptureFile, captureHeader } from '../capture/index.ts';
import type { Log } from '../state/setup.ts';
import { parseEndpoint, type Endpoint, type World } from '../world/world.ts';
import { CliError, problemOf } from './errors.ts';
import type { Onlooker } from './onlooker.ts';

const MIB = 1024 * 1024;

export interface PcapOptions {
  readonly pcap: string;
  /** MiB of a file. */
  readonly pcapSize?: number;
  /** Secrets stay in. */
  readonly keys?: boolean;
}

/** `names`: of the BMCs that the file has places for; one that comes later is not captured, and told. */
export async function openPcap(
  { pcap, pcapSize, keys: secrets }: PcapOptions,
  names: readonly string[],
  { clock, files }: World,
  log: Log,
): Promise<Onlooker> {
  const header = captureHeader(...names);
  const failed = (error: unknown): void => log.error(`${pcap}: nothing more is captured`, error);
  const size = pcapSize === undefined ? undefined : pcapSize * MIB;
  const file = await CaptureFile.open(files, pcap, { header, size, failed }).catch((error: unknown) =>
    Promise.reject(new CliError(`--pcap: ${problemOf(error)}`, { cause: error })),
  );
  const captures = new Map<string, Capture>();
  return {
    add(bmc) {
      const place = names.indexOf(bmc.name);
      if (place < 0) {
        log.warn(`${bmc.name}: captured from the next start on: ${pcap} begins with the BMCs that it has`);
        return;
      }
      // One that is made anew goes on in the place that it had.
      captures.get(bmc.name)?.flush();
      const addressOf = addressesOf(bmc);
      const capture = new Capture({ router: bmc.router, clock, addressOf, place, secrets }, (packet) =>
        file.write(packet),
      );
      captures.set(bmc.name, capture);
      bmc.taps.add(capture);
    },
    async close() {
      for (const capture of captures.values()) capture.flush();
      await file.close();
      if (file.missing > 0) log.warn(`${pcap}: the disk was too slow for ${file.missing} packet(s)`);
    },
  };
}

/** Where a BMC listens, looked up once for each channel. */
export function addressesOf(bmc: Bmc): (channel: number) => Endpoint | undefined {
  const known = new Map<number, Endpoint | undefined>();
  return (number) => {
    if (!known.has(number)) {
      const address = bmc.interfaces.find(({ channel }) => channel === number)?.address;
      known.set(number, address === undefined ? undefined : parseEndpoint(address));
    }
    return known.get(number);
  };
}
