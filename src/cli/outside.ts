import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import type { SettingsPath } from '../settings/errors.ts';
import type {
  BmcOptions,
  CommandLine,
  FruOptions,
  SatelliteOptions,
  SdrOptions,
  SelOptions,
  SensorOptions,
} from '../config/options.ts';
import { reading } from './errors.ts';
import { directoryObstacle, socketObstacle, socketsOf } from './places.ts';

/** A setting that names something of this machine which is not there. */
export interface Missing {
  readonly path: SettingsPath;
  readonly message: string;
}

/** The records of a BMC whose settings say nothing of them. */
const NO_SDR: SdrOptions = {};

/** Files that settings name, read once each however many BMCs name them. */
export class NamedFiles {
  readonly #folder: string;
  readonly #changed: number;
  readonly #read = new Map<string, Uint8Array | string>();
  readonly #known = new Map<object, object>();

  /** Relative paths begin in `folder`; `changed`: wall milliseconds, when the settings were changed last. */
  constructor(folder: string, changed: number) {
    this.#folder = folder;
    this.#changed = changed;
  }

  /** The settings with the bytes of the files that they name; what cannot be read is added to `missing`. */
  filled(bmc: BmcOptions, missing: Missing[]): BmcOptions {
    // A file that says nothing stays one.
    if (Object.keys(bmc).length === 0) return bmc;
    const { sdr = NO_SDR, sel, fru, satellites } = bmc;
    return {
      ...bmc,
      sdr: this.#once(sdr, () => ({
        ...sdr,
        image: sdr.file === undefined ? sdr.image : this.#bytes(sdr.file, ['sdr', 'file'], missing),
        time: sdr.time ?? this.#written(sdr.file),
      })),
      ...(sel && { sel: this.#once(sel, () => this.#sel(sel, missing)) }),
      ...(fru && { fru: this.#once(fru, () => this.#frus(fru, ['fru'], missing)) }),
      ...(satellites && {
        satellites: this.#once(satellites, () => this.#satellites(satellites, ['satellites'], missing)),
      }),
    };
  }

  /**
   * BMCs of one entry share what does not differ between them, and are checked once for it: so they share
   * what is made of it.
   */
  #once<T extends object>(key: T, make: () => T): T {
    const known = (this.#known.get(key) as T | undefined) ?? make();
    this.#known.set(key, known);
    return known;
  }

  #sel(sel: SelOptions, missing: Missing[]): SelOptions {
    return sel.file === undefined ? sel : { ...sel, image: this.#bytes(sel.file, ['sel', 'file'], missing) };
  }

  /** When records were written: at the last change of the settings or of the dump. */
  #written(dump: string | undefined): string {
    const file =
      dump === undefined ? undefined : statSync(resolve(this.#folder, dump), { throwIfNoEntry: false });
    return new Date(Math.max(this.#changed, file?.mtimeMs ?? 0)).toISOString();
  }

  #satellites(
    satellites: readonly SatelliteOptions[],
    path: SettingsPath,
    missing: Missing[],
  ): readonly SatelliteOptions[] {
    return satellites.map((satellite, i) => ({
      ...satellite,
      ...(satellite.fru && { fru: this.#frus(satellite.fru, [...path, i, 'fru'], missing) }),
      ...(satellite.satellites && {
        satellites: this.#satellites(satellite.satellites, [...path, i, 'satellites'], missing),
      }),
    }));
  }

  /** The same list where none of them lies in a file. */
  #frus(frus: readonly FruOptions[], path: SettingsPath, missing: Missing[]): readonly FruOptions[] {
    if (frus.every(({ file }) => file === undefined)) return frus;
    return frus.map((device, i) =>
      device.file === undefined
        ? device
        : { ...device, image: this.#bytes(device.file, [...path, i, 'file'], missing) },
    );
  }

  #bytes(name: string, path: SettingsPath, missing: Missing[]): Uint8Array {
    const file = resolve(this.#folder, name);
    let found = this.#read.get(file);
    if (found === undefined) {
      try {
        found = reading(file, () => Uint8Array.from(readFileSync(file)));
      } catch (error) {
        found = (error as Error).message;
      }
      this.#read.set(file, found);
    }
    if (typeof found !== 'string') return found;
    missing.push({ path, message: found });
    return new Uint8Array(0);
  }
}

/**
 * Programs that the settings start and that are not there, a console log that is not, and places where no
 * socket can be.
 */
export function missingOutside(bmc: BmcOptions, folder: string): Missing[] {
  const console = bmc.sol?.console;
  const images = bmc.firmware?.directory;
  const obstacle = images === undefined ? undefined : directoryObstacle(resolve(folder, images));
  return [
    ...(obstacle === undefined ? [] : [{ path: ['firmware', 'directory'], message: obstacle }]),
    ...socketsOf(bmc).flatMap(({ path, place }) => {
      const message = socketObstacle(resolve(folder, place));
      return message === undefined ? [] : [{ path, message }];
    }),
    ...programsOf(bmc).flatMap(({ path, program }) =>
      isProgram(program, folder) ? [] : [{ path, message: `there is no program '${program}'` }],
    ),
    ...(console?.type === 'replay' && !isThere(resolve(folder, console.file))
      ? [{ path: ['sol', 'console', 'file'], message: `${resolve(folder, console.file)}: no such file` }]
      : []),
  ];
}

interface Named {
  readonly path: SettingsPath;
  readonly program: string;
}

function programsOf({ chassis: { backend } = {}, sensors, firmware, satellites = [] }: BmcOptions): Named[] {
  const at = ['chassis', 'backend'];
  return [
    ...(backend?.type === 'command'
      ? (['on', 'off', 'reset', 'cycle', 'soft', 'diag', 'status'] as const).flatMap((key) =>
          listed(backend[key], [...at, key]),
        )
      : []),
    ...(backend?.type === 'qemu' ? cut(backend.command, [...at, 'command']) : []),
    ...(backend?.type === 'vm-protocol' ? cut(backend.start, [...at, 'start']) : []),
    ...(backend?.type === 'libvirt'
      ? [{ path: backend.virsh === undefined ? at : [...at, 'virsh'], program: backend.virsh ?? 'virsh' }]
      : []),
    ...ofSensors(sensors, ['sensors']),
    ...satellites.flatMap((satellite, i) => ofSensors(satellite.sensors, ['satellites', i, 'sensors'])),
    ...(firmware?.components ?? []).flatMap(({ commands = {} }, i) =>
      Object.entries(commands).flatMap(([stage, command]) =>
        listed(command, ['firmware', 'components', i, 'commands', stage]),
      ),
    ),
  ];
}

const ofSensors = (sensors: readonly SensorOptions[] = [], path: SettingsPath): Named[] =>
  sensors.flatMap(({ value }, i) =>
    typeof value === 'object' && 'command' in value
      ? [{ path: [...path, i, 'value', 'command'], program: value.command }]
      : [],
  );

/** A line is the shell's to understand; a list begins with its program. */
const listed = (command: CommandLine | undefined, path: SettingsPath): Named[] =>
  typeof command === 'object' ? [{ path: [...path, 0], program: command[0] }] : [];

/** Of these a line is cut at its blanks. */
function cut(command: CommandLine | undefined, path: SettingsPath): Named[] {
  if (typeof command !== 'string') return listed(command, path);
  const [program] = command.split(/\s+/).filter((word) => word !== '');
  return program === undefined ? [] : [{ path, program }];
}

/** With a slash it is a path, else a name on the PATH. */
function isProgram(program: string, folder: string): boolean {
  if (program.includes('/')) return isRunnable(resolve(folder, program));
  return (process.env.PATH ?? '')
    .split(delimiter)
    .some((directory) => isRunnable(join(resolve(folder, directory), program)));
}

function isRunnable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

function isThere(file: string): boolean {
  try {
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
