import type { SimDisk } from './sim-disk.ts';
import { simFiles } from './sim-files.ts';
import type { Life } from './sim-life.ts';
import type { SimStreams } from './sim-stream.ts';
import type {
  Clock,
  Device,
  Devices,
  Files,
  Http,
  Programs,
  Random,
  StreamNetwork,
  StreamServer,
  UdpNetwork,
  UdpSocket,
  World,
} from './world.ts';

/**
 * A process in a simulated world, for what must be able to die while its clients live on. Dead, it stays
 * dead: start another one on its disk.
 */
export class SimProcess implements World {
  readonly disk: SimDisk;
  readonly clock: Clock;
  readonly random: Random;
  readonly udp: UdpNetwork;
  readonly stream: StreamNetwork;
  readonly files: Files;
  readonly programs: Programs;
  readonly http: Http;
  readonly devices: Devices;
  readonly #life: Life = { alive: true };
  readonly #streams: SimStreams;
  readonly #sockets = new Set<UdpSocket>();
  readonly #servers = new Set<StreamServer>();
  readonly #devices = new Set<Device>();

  constructor(
    outside: Pick<World, 'clock' | 'random' | 'udp' | 'programs' | 'http' | 'devices'>,
    streams: SimStreams,
    disk: SimDisk,
  ) {
    const life = this.#life;
    this.disk = disk;
    this.random = outside.random;
    this.#streams = streams;
    this.stream = streams.of(life, disk.name);
    this.files = simFiles(disk, life);
    this.clock = {
      now: () => outside.clock.now(),
      monotonic: () => outside.clock.monotonic(),
      after: (ms, action) => outside.clock.after(ms, () => void (life.alive && action())),
    };
    this.udp = { bind: (options) => this.#bind(outside.udp, options) };
    this.programs = {
      run: (...call) => this.#whileAlive(outside.programs.run(...call)),
      start: (...call) => this.#whileAlive(outside.programs.start(...call)),
    };
    this.devices = {
      open: async (path) => {
        const device = await this.#whileAlive(outside.devices.open(path));
        this.#devices.add(device);
        return device;
      },
    };
    this.http = {
      request: (...call) => this.#whileAlive(outside.http.request(...call)),
      listen: async (at, answer) => {
        const server = await this.#whileAlive(outside.http.listen(at, answer));
        this.#servers.add(server);
        return server;
      },
    };
  }

  get alive(): boolean {
    return this.#life.alive;
  }

  /**
   * As `kill -9`: timers, sockets, streams and locks are gone at once. What was written stays, synced or not.
   */
  kill(): void {
    if (!this.alive) return;
    this.#life.alive = false;
    for (const socket of this.#sockets) void socket.close();
    this.#sockets.clear();
    for (const server of this.#servers) void server.close();
    this.#servers.clear();
    for (const device of this.#devices) {
      device.onMessage = undefined;
      device.onClose = undefined;
      void device.close();
    }
    this.#devices.clear();
    this.#streams.drop(this.#life);
  }

  /** The power goes: `kill`, and the disk loses what was not synced. */
  crash(): void {
    this.kill();
    this.disk.crash();
  }

  /** A dead process learns nothing any more. */
  async #whileAlive<T>(promise: Promise<T>): Promise<T> {
    try {
      return await promise;
    } finally {
      if (!this.alive) await new Promise(() => {});
    }
  }

  async #bind(network: UdpNetwork, options: Parameters<UdpNetwork['bind']>[0]): Promise<UdpSocket> {
    if (!this.alive) return new Promise(() => {});
    const inner = await network.bind(options);
    if (!this.alive) {
      await inner.close();
      return new Promise(() => {});
    }
    this.#sockets.add(inner);
    const life = this.#life;
    const socket: UdpSocket = {
      address: inner.address,
      onDatagram: undefined,
      onError: undefined,
      send: (data, to) => void (life.alive && inner.send(data, to)),
      close: () => {
        this.#sockets.delete(inner);
        return inner.close();
      },
    };
    inner.onDatagram = (data, from) => void (life.alive && socket.onDatagram?.(data, from));
    inner.onError = (error) => void (life.alive && socket.onError?.(error));
    return socket;
  }
}
