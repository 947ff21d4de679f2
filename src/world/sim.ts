import { type DiskFaults, SimDisk } from './sim-disk.ts';
import { simFiles } from './sim-files.ts';
import { SimProcess } from './sim-process.ts';
import { SimStreams } from './sim-stream.ts';
import { SimDevices } from './sim-devices.ts';
import { SimHttp } from './sim-http.ts';
import { SimPrograms } from './sim-programs.ts';
import { SimClock } from './sim-clock.ts';
import { SimNetwork, type Weather } from './sim-network.ts';
import { SeededRandom } from './sim-random.ts';
import type { Files, IpPlace, Network, StreamNetwork, World } from './world.ts';
import { settled as over } from './settled.ts';

export interface SimOptions extends Weather {
  /** How the disks fail; `world.disk.faults` can be changed while it runs. */
  readonly diskFaults?: Partial<DiskFaults>;
  /** Wall time at the start, milliseconds. */
  readonly start?: number;
}

/** A world in one process: the same seed gives the same run, datagram for datagram. */
export class SimWorld implements World {
  readonly clock: SimClock;
  readonly random: SeededRandom;
  readonly udp: SimNetwork;
  readonly stream: StreamNetwork;
  /** On `disk`, like everything else of the world that has no disk of its own. */
  readonly files: Files;
  readonly disk: SimDisk;
  readonly programs: SimPrograms;
  readonly http: SimHttp;
  readonly devices: SimDevices;
  /** Every address is this machine's: loopback ones, and those of networks of 256 with a gateway at .1. */
  readonly network: Network = { placeOf };
  readonly #streams: SimStreams;
  readonly #makeDisk: (name: string) => SimDisk;
  #disks = 0;
  /** What happened, a line an event; bounded only by the length of the run. */
  readonly trace: string[] = [];

  constructor(seed: number, options: SimOptions = {}) {
    this.clock = new SimClock(options.start ?? Date.UTC(2026, 0, 1));
    this.random = new SeededRandom(seed);
    // The network draws from its own stream, so that a BMC that draws once more does not change the weather.
    const log = (event: string): void =>
      void this.trace.push(`${this.clock.monotonic().toFixed(3)} ${event}`);
    this.udp = new SimNetwork(this.clock, new SeededRandom(seed ^ 0x5eed), options, log);
    const delay = options.delay ?? [0.05, 0.05];
    this.#streams = new SimStreams({
      clock: this.clock,
      random: new SeededRandom(seed ^ 0x57e4),
      delay,
      log,
    });
    this.#makeDisk = (name) =>
      new SimDisk(
        name,
        this.clock,
        new SeededRandom(seed ^ (0xd15c + this.#disks++)),
        options.diskFaults ?? {},
        log,
      );
    this.disk = this.#makeDisk('main');
    this.http = new SimHttp(this.clock);
    this.devices = new SimDevices(this.clock);
    const outside = { alive: true };
    this.stream = this.#streams.of(outside, this.disk.name);
    this.files = simFiles(this.disk, outside);
    this.programs = new SimPrograms(this.clock, this.files);
  }

  /** Another empty disk; names are for the trace and must differ. */
  newDisk(name: string): SimDisk {
    return this.#makeDisk(name);
  }

  /**
   * A process that can die (`kill`) or lose its power (`crash`) while the world, with its clients, lives on.
   */
  process(disk: SimDisk = this.disk): SimProcess {
    return new SimProcess(this, this.#streams, disk);
  }

  /** Lets `ms` of virtual time pass. */
  run(ms: number): Promise<void> {
    return this.clock.run(ms);
  }

  /**
   * Runs until the promise settles; rejects if nothing is left that could settle it within `limit`
   * milliseconds.
   */
  async until<T>(promise: Promise<T>, limit = 3_600_000): Promise<T> {
    let settled = false;
    const watched = promise.finally(() => (settled = true));
    void over(watched);
    const end = this.clock.monotonic() + limit;
    while (await this.clock.step(end, () => settled));
    if (!settled) throw new Error(`nothing happens any more at ${this.clock.monotonic()} ms of virtual time`);
    return watched;
  }
}

export const simWorld = (seed: number, options?: SimOptions): SimWorld => new SimWorld(seed, options);

function placeOf(host: string): IpPlace | undefined {
  if (host.startsWith('127.')) return { address: host, netmask: '255.0.0.0', gateway: '0.0.0.0' };
  const address = host === '0.0.0.0' || host === '::' ? '192.0.2.10' : host;
  if (!/^\d+(\.\d+){3}$/.test(address)) return undefined;
  return { address, netmask: '255.255.255.0', gateway: address.replace(/\d+$/, '1') };
}
