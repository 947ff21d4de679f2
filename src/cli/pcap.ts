import type { Bmc } from '../bmc.ts';
import { Capture, CaptureFile, captureHeader, CaptureRing, type CapturedPacket } from '../capture/index.ts';
import type { Log } from '../state/setup.ts';
import { parseEndpoint, type Endpoint, type Timer, type World } from '../world/world.ts';
import { CliError, problemOf } from './errors.ts';
import type { Onlooker } from './onlooker.ts';
import { onTrouble, triggersOf } from './pcap-triggers.ts';

const MIB = 1024 * 1024;

export interface PcapOptions {
  readonly pcap: string;
  /** MiB of a file. */
  readonly pcapSize?: number;
  /** Secrets stay in. */
  readonly keys?: boolean;
  /** Nothing is written until one of these happens. */
  readonly pcapOn?: string;
  /** A folder for Wireshark's settings. */
  readonly pcapProfile?: string;
}

/** What makes Wireshark read IPMI, and shows the comments in its list. */
const DISSECT = 'ipmi.dissect_bus_commands';
const PROFILE = `${DISSECT}: TRUE
gui.column.format:
\t"No.", "%m",
\t"Time", "%t",
\t"Source", "%s",
\t"Destination", "%d",
\t"Protocol", "%p",
\t"Info", "%i",
\t"Comment", "%Cus:frame.comment:0:R"
`;

/** Bytes that all BMCs of a process may keep of what passed; each has its share, and this at least. */
const KEPT = 64 * MIB;
const KEPT_EACH = 256 * 1024;
/** Milliseconds that are waited for what follows, before what was kept is written. */
const AFTERMATH = 1000;

/** `names`: of the BMCs that the file has places for; one that comes later is not captured, and told. */
export async function openPcap(
  { pcap, pcapSize, keys: secrets, pcapOn, pcapProfile }: PcapOptions,
  names: readonly string[],
  { clock, files }: World,
  log: Log,
): Promise<Onlooker> {
  const triggers = pcapOn === undefined ? undefined : triggersOf(pcapOn);
  const header = captureHeader(...names);
  const failed = (error: unknown): void => log.error(`${pcap}: nothing more is captured`, error);
  const size = pcapSize === undefined ? undefined : pcapSize * MIB;
  const file = await CaptureFile.open(files, pcap, { header, size, failed }).catch((error: unknown) =>
    Promise.reject(new CliError(`--pcap: ${problemOf(error)}`, { cause: error })),
  );
  if (pcapProfile !== undefined) await writeProfile(files, pcapProfile);
  log.info(
    pcapProfile === undefined
      ? `to read it: tshark -o ${DISSECT}:TRUE -r ${pcap}`
      : `to read it: WIRESHARK_CONFIG_DIR=${pcapProfile} wireshark ${pcap}`,
  );
  const captures = new Map<string, Capture>();
  const rings = new Map<string, KeptPackets>();
  return {
    add(bmc) {
      const place = names.indexOf(bmc.name);
      if (place < 0) {
        log.warn(`${bmc.name}: captured from the next start on: ${pcap} begins with the BMCs that it has`);
        return;
      }
      const parts = { router: bmc.router, clock, addressOf: addressesOf(bmc), place, secrets };
      const write = (packet: CapturedPacket): void => file.write(packet);
      if (triggers !== undefined) {
        rings.get(bmc.name)?.end();
        const most = Math.max(KEPT_EACH, Math.floor(KEPT / names.length));
        const kept = new KeptPackets(new CaptureRing(parts, most, write), clock);
        rings.set(bmc.name, kept);
        bmc.taps.add(kept.ring);
        onTrouble(bmc, triggers, () => kept.trouble());
        return;
      }
      // One that is made anew goes on in the place that it had.
      captures.get(bmc.name)?.flush();
      const capture = new Capture(parts, write);
      captures.set(bmc.name, capture);
      bmc.taps.add(capture);
    },
    async close() {
      for (const capture of captures.values()) capture.flush();
      for (const kept of rings.values()) kept.end();
      await file.close();
      if (file.missing > 0) log.warn(`${pcap}: the disk was too slow for ${file.missing} packet(s)`);
    },
  };
}

async function writeProfile(files: World['files'], folder: string): Promise<void> {
  try {
    if ((await files.stat(folder)) === undefined) await files.mkdir(folder);
    await files.write(`${folder}/preferences`, new TextEncoder().encode(PROFILE));
  } catch (error) {
    throw new CliError(`--pcap-profile: ${problemOf(error)}`, { cause: error });
  }
}

/** What is kept of a BMC until something goes wrong, and then is written with what follows. */
class KeptPackets {
  readonly ring: CaptureRing;
  readonly #clock: World['clock'];
  #timer: Timer | undefined;

  constructor(ring: CaptureRing, clock: World['clock']) {
    this.ring = ring;
    this.#clock = clock;
  }

  trouble(): void {
    this.#timer ??= this.#clock.after(AFTERMATH, () => {
      this.#timer = undefined;
      this.ring.drain();
    });
  }

  /** Writes at once what would have been written, and nothing more. */
  end(): void {
    if (this.#timer === undefined) return;
    this.#timer.cancel();
    this.#timer = undefined;
    this.ring.drain();
  }
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
