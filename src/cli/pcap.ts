import type { Bmc } from '../bmc.ts';
import { Capture, CaptureFile, captureHeader, CapturePlaces, PacketRing, Wording } from '../capture/index.ts';
import type { Log } from '../state/setup.ts';
import { parseEndpoint, type Endpoint, type Timer, type World } from '../world/world.ts';
import { CliError, problemOf } from './errors.ts';
import { filterOption } from './filter-option.ts';
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
  /** Only what fits all its terms. */
  readonly pcapFilter?: string;
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
/** Milliseconds that packets wait for others, so that they are one write. */
const GATHER = 100;

/** `names`: of the BMCs that the file has places for; one that comes later gets one. */
export async function openPcap(
  { pcap, pcapSize, keys: secrets, pcapOn, pcapFilter, pcapProfile }: PcapOptions,
  names: readonly string[],
  { clock, files }: World,
  log: Log,
): Promise<Onlooker> {
  const triggers = pcapOn === undefined ? undefined : triggersOf(pcapOn);
  const filter = filterOption('--pcap-filter', pcapFilter);
  const header = captureHeader(...names);
  const failed = (error: unknown): void => log.error(`${pcap}: nothing more is captured`, error);
  const size = pcapSize === undefined ? undefined : pcapSize * MIB;
  const options = { header, size, failed, gather: { clock, ms: GATHER } };
  const file = await CaptureFile.open(files, pcap, options).catch((error: unknown) =>
    Promise.reject(new CliError(`--pcap: ${problemOf(error)}`, { cause: error })),
  );
  if (pcapProfile !== undefined) await writeProfile(files, pcapProfile);
  log.info(
    pcapProfile === undefined
      ? `to read it: tshark -o ${DISSECT}:TRUE -r ${pcap}`
      : `to read it: WIRESHARK_CONFIG_DIR=${pcapProfile} wireshark ${pcap}`,
  );
  const places = new CapturePlaces(names);
  const wording = new Wording();
  const captures = new Map<string, Capture>();
  const rings = new Map<string, KeptPackets>();
  const add = (bmc: Bmc, isSatellite: boolean): void => {
    const interfaces = places.in(file, bmc.name, isSatellite);
    const parts = {
      router: bmc.router,
      clock,
      addressOf: addressesOf(bmc),
      interfaces,
      secrets,
      wording,
      filter,
    };
    if (triggers === undefined) {
      // One that is made anew goes on in the place that it had.
      captures.get(bmc.name)?.flush();
      const capture = new Capture(parts, file);
      captures.set(bmc.name, capture);
      bmc.taps.add(capture);
    } else {
      const before = rings.get(bmc.name)?.end();
      const most = Math.max(KEPT_EACH, Math.floor(KEPT / Math.max(names.length, 1)));
      const ring = new PacketRing(most);
      const kept = new KeptPackets(new Capture(parts, ring), ring, file, clock, before);
      rings.set(bmc.name, kept);
      bmc.taps.add(kept.capture);
      onTrouble(bmc, triggers, () => kept.trouble());
    }
    for (const satellite of bmc.satellites) add(satellite, true);
  };
  return {
    add: (bmc) => add(bmc, false),
    async close() {
      for (const capture of captures.values()) capture.flush();
      await Promise.all([...rings.values()].map((kept) => kept.end()));
      await file.close();
      if (file.missed > 0) log.warn(`${pcap}: the disk was too slow for ${file.missed} packet(s)`);
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
  readonly capture: Capture;
  readonly #ring: PacketRing;
  readonly #file: CaptureFile;
  readonly #clock: World['clock'];
  #timer: Timer | undefined;
  #writing: Promise<void>;

  /** `before`: what is written before it. */
  constructor(
    capture: Capture,
    ring: PacketRing,
    file: CaptureFile,
    clock: World['clock'],
    before = Promise.resolve(),
  ) {
    this.#writing = before;
    this.capture = capture;
    this.#ring = ring;
    this.#file = file;
    this.#clock = clock;
  }

  trouble(): void {
    this.#timer ??= this.#clock.after(AFTERMATH, () => this.#write());
  }

  /** Writes at once what would have been written, and nothing more. The disk has it then. */
  end(): Promise<void> {
    if (this.#timer === undefined) return this.#writing;
    this.#timer.cancel();
    this.#write();
    return this.#writing;
  }

  /** The disk is waited for: nothing is left out of it, least of all the end, where the trouble is. */
  #write(): void {
    this.#timer = undefined;
    this.capture.flush();
    const blocks = this.#ring.taken();
    this.#writing = this.#writing.then(() => this.#file.writeAll(blocks));
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
