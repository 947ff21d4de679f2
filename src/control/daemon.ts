import type { Bmc, BmcOptions } from '../bmc.ts';
import { nearest } from '../config/wording.ts';
import type { Fleet } from '../fleet/index.ts';
import type { Log } from '../state/setup.ts';
import type { World } from '../world/world.ts';
import { refusal } from './problem.ts';

export interface DaemonSurroundings {
  readonly world: World;
  readonly log: Log;
  readonly fleet: Fleet;
  /** Of the package. */
  readonly version: string;
  readonly pid: number;
  /** The file that it was started with. */
  readonly file?: string;
  /** Where state is kept. Default: in memory. */
  readonly stateDirectory?: string;
}

/** A process that serves a fleet, as those see it who steer it. */
export class Daemon {
  readonly world: World;
  readonly log: Log;
  readonly fleet: Fleet;
  readonly version: string;
  readonly pid: number;
  readonly file: string | undefined;
  readonly stateDirectory: string | undefined;
  /** Wall time, milliseconds. */
  readonly began: number;
  /** Everything listens that should. */
  isReady = false;

  constructor({ world, log, fleet, version, pid, file, stateDirectory }: DaemonSurroundings) {
    this.world = world;
    this.log = log;
    this.fleet = fleet;
    this.version = version;
    this.pid = pid;
    this.file = file;
    this.stateDirectory = stateDirectory;
    this.began = world.clock.now();
  }

  /** The settings of a BMC by its name. */
  settings(name: string): BmcOptions {
    return this.fleet.settings.get(name) ?? {};
  }

  /** Throws ControlError where there is none of that name. */
  bmc(name: string): Bmc {
    const bmc = this.fleet.bmcs.get(name);
    if (bmc) return bmc;
    throw this.noBmc(name);
  }

  noBmc(name: string): Error {
    const near = nearest(name, this.fleet.bmcs.keys());
    return refusal('unknown-bmc', `there is no BMC '${name}'`, {
      key: 'bmc',
      ...(near !== undefined && { nearest: near }),
      next: 'GET /v1/bmcs lists them',
    });
  }
}
