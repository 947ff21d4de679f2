import { interfacesOf } from '../config/channels.ts';
import { locatorsOf, ownLocator } from '../config/locators.ts';
import { OUR_KINDS, type Kinds } from '../config/kinds.ts';
import type { BmcOptions } from '../config/options.ts';
import { pefOf } from '../config/pef.ts';
import { privilegeOf } from '../config/privilege.ts';
import { blobHandlers } from '../handlers/oem/blob.ts';
import { hpmHandlers } from '../handlers/picmg/hpm.ts';
import { standard } from '../handlers/standard.ts';
import { frusOf, usersOf } from '../config/platform.ts';
import { recordsInFile } from '../config/sdr-file.ts';
import { sensorsOf } from '../config/sensors.ts';
import { SensorKinds } from '../machine/sensors/sensor-kind.ts';
import { SdrType } from '../records/sdr.ts';
import { settingAt } from '../settings/errors.ts';
import { GivenUsers, type SharedAccess } from '../state/app/given-users.ts';
import type { PefDefaults } from '../state/parameters/pef-parameters.ts';
import type { ComponentOptions } from '../services/update/index.ts';
import type { FruDevice } from '../state/storage/fru.ts';
import { GivenRecords, withId, type OwnRecord } from '../state/storage/sdr.ts';
import { BMC_ADDRESS } from '../wire/message.ts';
import { presetTable, type Preset } from '../router/index.ts';
import { imagePaths } from './blobs.ts';
import { componentsOf } from './firmware.ts';
import { Memo } from './memo.ts';
import type { Uplink } from './satellites.ts';

/** The records that SDR repositories begin with. */
interface RecordsTemplate {
  readonly initial: GivenRecords;
  /** The id of the controller's own locator; 0: it is not among them, or is the same for all. */
  readonly locatorId: number;
}

/** The records that one BMC's repository begins with. */
export interface OwnRecords {
  readonly initial: GivenRecords;
  /** Of the controller itself. */
  readonly locator: { readonly record: Uint8Array };
  /** The same, where it stands in for a given record. */
  readonly own?: OwnRecord;
}

/** A controller's own locator, made anew for each who asks: a few bytes that have its name in them. */
class OwnLocator implements OwnRecord {
  readonly id: number;
  readonly #options: BmcOptions;
  readonly #uplink: Uplink | undefined;

  constructor(id: number, options: BmcOptions, uplink: Uplink | undefined) {
    this.id = id;
    this.#options = options;
    this.#uplink = uplink;
  }

  get record(): Uint8Array {
    const record = ownLocator(this.#options, this.#uplink);
    return this.id === 0 ? record : withId(record, this.id);
  }
}

/**
 * Settings, compiled: sensors with their thresholds and records, FRU images. BMCs that are made with one of
 * these share what is the same in them. Settings that were given are not to be changed afterwards.
 */
export class Templates {
  /** By the kinds of sources that a program brings: the same settings can mean something else with others. */
  readonly #sensors = new WeakMap<object, Memo<SensorKinds>>();
  readonly #frus = new Memo<readonly FruDevice[]>();
  readonly #presets = new Memo<Preset>();
  readonly #users = new Memo<GivenUsers>();
  readonly #access = new Memo<ReturnType<SharedAccess>>();
  readonly #components = new Memo<readonly ComponentOptions[]>();
  readonly #pef = new Memo<PefDefaults>();
  readonly #records = new Memo<RecordsTemplate>();

  /** Throws SettingsError. */
  sensors(options: BmcOptions, kinds: Kinds): SensorKinds {
    const { sensors, sdr } = options;
    if (sensors === undefined && sdr?.image === undefined && sdr?.file === undefined) return NO_SENSORS;
    const { sources = OUR_KINDS } = kinds;
    const bySettings = this.#sensors.get(sources) ?? new Memo<SensorKinds>();
    this.#sensors.set(sources, bySettings);
    return bySettings.of([sensors, sdr], () => new SensorKinds(sensorsOf(options, kinds)));
  }

  /** Throws SettingsError. */
  frus(options: BmcOptions): readonly FruDevice[] {
    return options.fru === undefined ? NO_FRUS : this.#frus.of([options.fru], () => frusOf(options));
  }

  /** The firmware components. Throws SettingsError. */
  components(options: BmcOptions): readonly ComponentOptions[] {
    const { firmware, identity } = options;
    if (firmware === undefined) return [];
    return this.#components.of([firmware, identity?.firmware], () => componentsOf(options));
  }

  /** Throws SettingsError. */
  users(options: BmcOptions): GivenUsers {
    const users = usersOf(options);
    return this.#users.of([options.users, users.slots, users.channels?.join()], () => {
      return new GivenUsers(users, (channels, limit, make) =>
        this.#access.of([channels.join(), limit], () => make(channels, limit)),
      );
    });
  }

  /** The handlers that firmware updates add to the standard ones. Throws SettingsError. */
  handlers({ firmware }: BmcOptions): Preset | undefined {
    if (firmware === undefined) return undefined;
    return this.#presets.of([firmware], () => {
      imagePaths(firmware);
      const { privilege = 'administrator', lanPayload } = firmware;
      return presetTable(
        standard,
        [hpmHandlers({ privilege: privilegeOf(privilege), lanPayload }), blobHandlers],
        'src/assembly/templates.ts',
      );
    });
  }

  /** Throws SettingsError. */
  pef(options: BmcOptions): PefDefaults {
    const { pef } = options;
    if (pef === undefined) return pefOf(options);
    const lans = interfacesOf(options, 'lan').map(({ channel }) => channel);
    return this.#pef.of([pef, lans.join(), (options.interfaces ?? []).length === 0], () => pefOf(options));
  }

  /**
   * The SDRs of a BMC. Those of its sensors, which `sensorRecords` makes, are others' as well if no client
   * has changed any (`areAsGiven`). Throws SettingsError.
   */
  records(
    options: BmcOptions,
    uplink: Uplink | undefined,
    areAsGiven: boolean,
    sensorRecords: () => readonly Uint8Array[],
  ): OwnRecords {
    const { sensors, sdr, fru = [], satellites, interfaces = [] } = options;
    const make = (): RecordsTemplate => {
      const loaded = settingAt(['sdr'], () => recordsInFile(sdr ?? {}));
      const locators = settingAt(['sdr'], () => locatorsOf(options));
      const initial = new GivenRecords(loaded, [...sensorRecords(), ...locators]);
      // The ids of a dump's records come first: what follows them is in the order in which it was given.
      const i = locators.findIndex(isOwnLocator);
      return {
        initial,
        locatorId: i < 0 || uplink ? 0 : initial.ids[initial.ids.length - locators.length + i],
      };
    };
    // Other controllers' sensors are in it, or those of one that hangs on another's bus.
    const isAlone = uplink === undefined && satellites === undefined;
    // Whatever of them stands in a record: not what is theirs alone.
    const places = fru.map(({ id, name, entity, deviceType, deviceTypeModifier }) => [
      id,
      name,
      entity,
      deviceType,
      deviceTypeModifier,
    ]);
    const icmb = interfaces.some(({ type }) => type === 'icmb');
    const { initial, locatorId } =
      isAlone && areAsGiven ? this.#records.of([sensors, sdr, JSON.stringify(places), icmb], make) : make();
    const own = new OwnLocator(locatorId, options, uplink);
    const { record } = own;
    if (locatorId === 0) return { initial, locator: own };
    const shared = initial.get(locatorId);
    return shared?.length === record.length && shared.every((byte, i) => byte === record[i])
      ? { initial, locator: { record: shared } }
      : { initial, locator: own, own };
  }
}

const isOwnLocator = (record: Uint8Array): boolean =>
  record[3] === SdrType.McLocator && record[5] === BMC_ADDRESS && (record[6] & 0x0f) === 0;

const NO_SENSORS = new SensorKinds([]);
const NO_FRUS: readonly FruDevice[] = [];
