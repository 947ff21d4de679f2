import { settingAt, SettingsError } from '../settings/errors.ts';
import { ailments, Patient, type Undo } from './ailments.ts';
import { timeAt, warpOf, type Armed } from './armed.ts';
import { checkDatagramEffect } from './datagrams.ts';
import type { FaultyBmc } from './faulty-bmc.ts';
import { checksumAt } from './fru-checksums.ts';
import { needed } from './layers.ts';
import type { ConditionEffect } from './rule.ts';

type Key = keyof ConditionEffect;
const KEYS = Object.keys(ailments) as Key[];
/** What several rules can do at once: each does its own. */
const TOGETHER: readonly Key[] = ['dark', 'power', 'softOff', 'sdr'];

/** What one key of a rule does to the BMC, or would do if no rule before it did. */
interface Held {
  readonly armed: Armed;
  readonly begin: () => Undo;
  undo: Undo | undefined;
}

interface Begun {
  readonly ends: Undo[];
  /** Keys that have not ended by themselves. */
  left: number;
}

/** What is wrong with the BMC itself. Of the rules for one thing, the first in order is what it has. */
export class Conditions {
  readonly #patient: Patient;
  readonly #over: (armed: Armed) => void;
  readonly #begun = new Map<Armed, Begun>();
  /** By what is wrong; in the order of the rules, and the first one is in force. */
  readonly #held = new Map<string, readonly Held[]>();

  /** `over`: told when everything of a rule has ended by itself. */
  constructor(bmc: FaultyBmc, over: (armed: Armed) => void) {
    this.#patient = new Patient(bmc);
    this.#over = over;
  }

  /** Begins, or begins anew; returns what it is, for people. */
  begin(armed: Armed): string {
    this.end(armed);
    const keys = KEYS.filter((key) => armed.then[key] !== undefined);
    const begun: Begun = { ends: [], left: keys.length };
    this.#begun.set(armed, begun);
    for (const key of keys) begun.ends.push(this.#beginOne(key, armed, begun));
    return keys.map((key) => `${key} ${asText(armed.then[key])}`).join(', ');
  }

  end(armed: Armed): void {
    const begun = this.#begun.get(armed);
    this.#begun.delete(armed);
    for (const end of [...(begun?.ends ?? [])].reverse()) end();
  }

  /** The BMC ends: nothing of it switches the machine any more. */
  close(): void {
    for (const timer of this.#patient.late) timer.cancel();
    this.#patient.late.clear();
  }

  #beginOne(key: Key, armed: Armed, begun: Begun): Undo {
    const effect = armed.then[key];
    const ailment = ailments[key] as (
      patient: Patient,
      effect: ConditionEffect[Key],
      armed: Armed,
      over: () => void,
    ) => Undo;
    const over = (): void => {
      if (--begun.left > 0 || this.#begun.get(armed) !== begun) return;
      this.#begun.delete(armed);
      this.#over(armed);
    };
    const begin = (): Undo => ailment(this.#patient, effect, armed, over);
    return TOGETHER.includes(key)
      ? begin()
      : this.#hold(this.#subjectOf(key, armed.then), { armed, begin, undo: undefined });
  }

  #hold(subject: string, mine: Held): Undo {
    const all = this.#held.get(subject) ?? [];
    this.#put(
      subject,
      [...all, mine].sort((a, b) => a.armed.place - b.armed.place),
    );
    return () => {
      mine.undo?.();
      mine.undo = undefined;
      this.#put(
        subject,
        (this.#held.get(subject) ?? []).filter((other) => other !== mine),
      );
    };
  }

  #put(subject: string, all: readonly Held[]): void {
    if (all.length === 0) this.#held.delete(subject);
    else this.#held.set(subject, all);
    for (const { undo } of all.slice(1)) undo?.();
    for (const other of all.slice(1)) other.undo = undefined;
    const [first] = all;
    if (first !== undefined) first.undo ??= first.begin();
  }

  /** What only one rule at a time can do something to. */
  #subjectOf(key: Key, { sensor, fru }: ConditionEffect): string {
    if (key === 'sensor') return `sensor ${this.#patient.bmc.sensors.get(needed(sensor).name).place}`;
    return key === 'fru' ? `fru ${fru?.id} ${fru?.area ?? 'header'}` : key;
  }
}

const asText = (effect: ConditionEffect[Key]): string =>
  typeof effect === 'object' ? JSON.stringify(effect) : `${effect}`;

/** Throws SettingsError for shares that are none, and for what this BMC does not have. */
export function checkEffect(armed: Armed, bmc: FaultyBmc): void {
  if (armed.layer === 'datagram') checkDatagramEffect(armed);
  if (armed.layer === 'condition') checkCondition(armed, bmc);
}

function checkCondition({ then }: Armed, bmc: FaultyBmc): void {
  timeAt(['then', 'dark'], then.dark);
  if (typeof then.power === 'object') timeAt(['then', 'power', 'takes'], then.power.takes);
  if (then.clock !== undefined) warpOf(then.clock, 0);
  settingAt(['then', 'sensor', 'name'], () => {
    const sensor = then.sensor === undefined ? undefined : bmc.sensors.named(then.sensor.name);
    if (typeof sensor === 'string') throw new SettingsError(sensor);
    if (sensor?.declaration.eventOnly)
      throw new SettingsError(`'${sensor.declaration.name}' has events only, and no reading`);
  });
  if (then.fru !== undefined) checkFru(then.fru, bmc);
  if (then.firmware !== undefined && bmc.update === undefined)
    throw new SettingsError('there is no firmware that could be updated', ['then', 'firmware']);
}

function checkFru({ id, area = 'header' }: NonNullable<ConditionEffect['fru']>, { fru }: FaultyBmc): void {
  if (!fru.devices.some((device) => device.id === id))
    throw new SettingsError(`there is no FRU device ${id}`, ['then', 'fru', 'id']);
  if (checksumAt(fru.image(id), area) === undefined)
    throw new SettingsError(`FRU device ${id} has no such area`, ['then', 'fru', 'area']);
}
