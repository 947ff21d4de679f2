import { hexBytes, hexText } from '../codec/index.ts';
import { SettingsError, settingAt, type SettingsPath } from '../settings/errors.ts';
import type { BmcOptions } from '../config/options.ts';
import type { FirmwareComponentOptions, FirmwareOptions } from '../config/firmware-schema.ts';
import { privilegeOf } from '../config/privilege.ts';
import type { Identity } from '../state/app/identity.ts';
import type { Setup } from '../state/setup.ts';
import {
  commandBackend,
  Component,
  type ComponentOptions,
  FileMedium,
  httpBackend,
  KeptMedium,
  MemoryMedium,
  parseVersion,
  simulatedBackend,
  slowMedium,
  UpdateService,
  type MemoryPool,
  type Medium,
  type StageBackend,
  type UpdateAccess,
  type Version,
} from '../services/update/index.ts';
import { isSigned, keyProblem } from '../crypto/ed25519.ts';
import type { World } from '../world/world.ts';
import { unwaited } from '../state/store.ts';
import { stores } from '../state/stores.ts';
import { milliseconds } from '../settings/durations.ts';

export interface FirmwareSurroundings {
  readonly bmc: string;
  readonly setup: Setup;
  readonly identity: Identity;
  readonly world: Pick<World, 'files' | 'programs' | 'http'>;
  /** Where images lie if the settings do not say. */
  readonly directory: string | undefined;
  readonly restart: () => void;
}

const MEMORY = 32 * 2 ** 20;
const MAX_SIZE = 64 * 2 ** 20;
/** Bytes a second where a slow flash does not say: fast enough not to be seen. */
const FAST = 1e9;
/** What firmware is where nothing is said. */
const FIRST_VERSION = '1.00';

/**
 * True where a start has something to find out: images that lie in files, or a BMC whose firmware is of
 * another version than its identity says.
 */
export const bootsAtStart = ({ firmware, identity }: BmcOptions, directory: string | undefined): boolean =>
  firmware !== undefined &&
  ((firmware.directory ?? directory) !== undefined ||
    firmware.components.some(
      ({ bmc, version }) => bmc && version !== undefined && version !== (identity?.firmware ?? FIRST_VERSION),
    ));

/** What the settings say of each component. Throws SettingsError. */
export function componentsOf({
  firmware: options,
  identity: { firmware } = {},
}: BmcOptions): ComponentOptions[] {
  return (options?.components ?? []).map((component, i, all) => {
    const at = ['firmware', 'components', i];
    checkComponent(component, all.slice(0, i), at);
    if (
      component.bmc &&
      component.version !== undefined &&
      firmware !== undefined &&
      !isSameVersion(component.version, firmware)
    )
      throw new SettingsError(`the BMC's firmware is ${firmware} by identity.firmware`, [...at, 'version']);
    return settingAt(at, () => componentOptions(component, firmware));
  });
}

/** The update service that the settings ask for; undefined: nothing can be updated. */
export function makeFirmware(
  { firmware: options }: BmcOptions,
  settings: readonly ComponentOptions[],
  surroundings: FirmwareSurroundings,
): UpdateService | undefined {
  if (!options) return undefined;
  const { bmc, setup, identity, world, restart } = surroundings;
  const directory = options.directory ?? surroundings.directory;
  const pool: MemoryPool = { left: options.memory ?? MEMORY };
  const { files } = world;
  const { images } = setup.records.journal ?? {};
  const store = images && setup.store(stores.images);
  const mediumOf = (component: number): Medium => {
    if (directory !== undefined) return new FileMedium(files, `${directory}/component-${component}`);
    if (!images || !store) return new MemoryMedium(pool);
    return new KeptMedium({ component, images, store, pool, clock: setup.clock, random: setup.random });
  };
  const components = options.components.map((component, i) => {
    const plain = mediumOf(component.id);
    const { speed } = component;
    const medium = speed
      ? slowMedium(plain, setup.clock, {
          erase: speed.erase ?? 0,
          writeRate: speed.writeRate ?? FAST,
          readRate: speed.readRate ?? FAST,
        })
      : plain;
    return new Component(settings[i], medium, backendOf(component, setup, world), bmc);
  });
  const update = new UpdateService(setup, {
    bmc,
    components,
    device: {
      deviceId: identity.deviceId,
      manufacturerId: identity.manufacturerId,
      productId: identity.productId,
      isSigned,
    },
    access: accessOf(options),
    expiry: milliseconds(options.expiry ?? 120),
    restart,
    activated({ options: { bmc: isBmc }, active: { version } }) {
      const { major, minor, aux } = identity.firmware;
      const same =
        major === version.major &&
        minor === version.minor &&
        hexText(aux ?? new Uint8Array(4)) === version.aux;
      // The boot record is what lasts; this is what Get Device ID says until the next start.
      if (isBmc && !same)
        unwaited(
          identity.setFirmware({
            ...version,
            aux: /^0*$/.test(version.aux) ? aux && new Uint8Array(4) : hexBytes(version.aux),
          }),
          setup.log,
          'the firmware revision',
        );
    },
    updating: (underWay) => void (identity.updateInProgress = underWay),
    lock:
      directory === undefined ? undefined : { files, directory, isNamed: options.directory !== undefined },
  });
  return update;
}

function checkComponent(
  { id, name, bmc, publicKey }: FirmwareComponentOptions,
  before: readonly FirmwareComponentOptions[],
  at: SettingsPath,
): void {
  if (before.some((other) => other.id === id)) throw new SettingsError(`component ${id} is there twice`, at);
  if (bmc && before.some((other) => other.bmc)) throw new SettingsError('only one component is the BMC', at);
  const problem = publicKey === undefined ? undefined : keyProblem(publicKey);
  if (problem !== undefined)
    throw new SettingsError(`publicKey of ${name}: ${problem}`, [...at, 'publicKey']);
}

/** Of the same numbers, whatever else one of them says. */
const isSameVersion = (a: string, b: string): boolean =>
  a.split('.').slice(0, 2).map(Number).join('.') === b.split('.').slice(0, 2).map(Number).join('.');

function accessOf({ privilege = 'administrator', channels }: FirmwareOptions): UpdateAccess {
  return {
    privilege: privilegeOf(privilege),
    allows: ({ number, medium }) =>
      channels === undefined ||
      channels.some(
        (channel) =>
          channel === number ||
          (channel === 'lan' && medium === 'lan') ||
          (channel === 'host' && medium === 'system-interface'),
      ),
  };
}

function componentOptions(component: FirmwareComponentOptions, ofBmc = FIRST_VERSION): ComponentOptions {
  return {
    id: component.id,
    name: component.name,
    version: versionOf(component.version ?? (component.bmc ? ofBmc : FIRST_VERSION)),
    assumeVersion: component.assumeVersion === undefined ? undefined : versionOf(component.assumeVersion),
    bmc: component.bmc ?? false,
    needsPowerCycle: component.needsPowerCycle ?? false,
    slots: component.slots ?? 2,
    maxSize: component.maxSize ?? MAX_SIZE,
    downgrade: component.downgrade ?? true,
    publicKey: component.publicKey,
  };
}

function versionOf(text: string): Version {
  const version = parseVersion(text);
  if (!version) throw new SettingsError(`'${text}' is not a version`);
  return version;
}

function backendOf(
  component: FirmwareComponentOptions,
  { clock }: Setup,
  { programs, http }: FirmwareSurroundings['world'],
): StageBackend {
  const simulated = simulatedBackend(clock, {
    selfTestTime: component.selfTest?.time ?? 0,
    selfTestFails: component.selfTest?.result === 'fail',
  });
  const backends = [
    ...(component.commands ? [commandBackend(programs, component.commands)] : []),
    ...(component.http !== undefined ? [httpBackend(http, component.http)] : []),
    simulated,
  ];
  return async (stage, details) => {
    for (const backend of backends) await backend(stage, details);
  };
}
