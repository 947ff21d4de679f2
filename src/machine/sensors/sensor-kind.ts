import { sensorKey } from '../../state/stores.ts';
import {
  THRESHOLDS,
  type AnalogDeclaration,
  type EventEnables,
  type SensorDeclaration,
  type StoredSensor,
  type ThresholdName,
} from './sensor-declaration.ts';
import { falls, numberOf, ordered, stepOf, toRaw } from './sensor-factors.ts';
import { constant, type OwnSource, type SensorSource } from './sensor-source.ts';

export type HysteresisSteps = NonNullable<AnalogDeclaration['hysteresisSteps']>;

/** The lower thresholds come first. */
export const LOWER = 3;
/**
 * Two event offsets for each threshold, going low and going high; the first of them here is the one that
 * tells of trouble.
 */
export const eventOffset = (threshold: number): number => 2 * threshold + (threshold < LOWER ? 0 : 1);

/** What a client has changed of a sensor that nobody has changed. */
export const UNCHANGED: StoredSensor = {};

/**
 * What a sensor is before anything has happened to it. Computed once: all BMCs with the same settings share
 * it.
 */
export class SensorKind {
  readonly declaration: SensorDeclaration;
  /** Of what clients change of it. */
  readonly key: string;
  /** Where its readings come from, if that has no state. */
  readonly source: SensorSource | undefined;
  /** Makes a source for each BMC. */
  readonly own: OwnSource | undefined;
  /** Bits of the thresholds that the sensor has. */
  readonly thresholdMask: number;
  /** The assertion events that it can generate, by offset. */
  readonly possibleAssertions: number;
  readonly possibleDeassertions: number;
  readonly enables: EventEnables;
  /** It stands still, and where it stands nothing is to be told: nobody need ever look at it. */
  readonly isQuiet: boolean;
  /** Raw, in the order of their bits. */
  readonly #thresholds: Uint8Array;
  readonly #falls: boolean;
  readonly #reach: Reach | undefined;
  /** In steps of the raw reading. */
  #steps: HysteresisSteps | undefined;

  constructor(declaration: SensorDeclaration) {
    const { analog, lun = 0, number, source, states, possibleStates = 0 } = declaration;
    this.declaration = declaration;
    this.key = sensorKey(lun, number);
    if (source && 'make' in source) this.own = source;
    else this.source = source ?? constant(analog?.nominal ?? states ?? 0);
    this.#falls = analog !== undefined && falls(analog.factors);
    this.#thresholds = new Uint8Array(THRESHOLDS.length);
    let mask = 0;
    let offsets = 0;
    if (analog)
      for (const [i, name] of THRESHOLDS.entries()) {
        const declared = analog.thresholds[name];
        if (declared === undefined) continue;
        mask |= 1 << i;
        offsets |= 1 << eventOffset(i);
        this.#thresholds[i] = toRaw(analog.factors, declared);
      }
    this.thresholdMask = mask;
    const events = analog ? offsets : possibleStates;
    this.possibleAssertions = declaration.assertionEvents ?? events;
    this.possibleDeassertions = declaration.deassertionEvents ?? events;
    this.enables = {
      events: true,
      scanning: true,
      assertions: this.possibleAssertions,
      deassertions: this.possibleDeassertions,
    };
    this.#reach = this.source && this.#reachOf(this.source);
    this.isQuiet =
      this.source !== undefined &&
      (analog
        ? this.#reach !== undefined && !this.#crosses(this.#reach, UNCHANGED)
        : source === undefined || (!this.source.moves && this.source.value(0) === (states ?? 0)));
  }

  get isThreshold(): boolean {
    return this.declaration.analog !== undefined;
  }

  /** Raw; undefined where the sensor has no such threshold. */
  threshold(i: number, { thresholds }: StoredSensor): number | undefined {
    if (!(this.thresholdMask & (1 << i))) return undefined;
    return thresholds?.[THRESHOLDS[i]] ?? this.#thresholds[i];
  }

  thresholdNamed(name: ThresholdName, stored: StoredSensor): number | undefined {
    return this.threshold(THRESHOLDS.indexOf(name), stored);
  }

  /** As it is declared. */
  steps(analog: AnalogDeclaration): HysteresisSteps {
    return (this.#steps ??= stepsOf(analog));
  }

  /** A raw reading of an analog sensor as a number that grows with its value. */
  ordered(raw: number, { factors }: AnalogDeclaration): number {
    const reading = numberOf(factors, raw);
    return this.#falls ? -reading : reading;
  }

  /**
   * Whether a source can bring the sensor over a threshold. One that can neither reach a threshold nor come
   * back from one is left alone.
   */
  canCross(source: SensorSource, stored: StoredSensor): boolean {
    const reach = source === this.source ? this.#reach : this.#reachOf(source);
    return reach === undefined || this.#crosses(reach, stored);
  }

  #crosses({ lowest, highest }: Reach, stored: StoredSensor): boolean {
    const { analog } = this.declaration;
    if (!analog) return true;
    for (let i = 0; i < THRESHOLDS.length; i++) {
      const threshold = this.threshold(i, stored);
      if (threshold === undefined) continue;
      const limit = this.ordered(threshold, analog);
      if (i < LOWER ? lowest <= limit : highest >= limit) return true;
    }
    return false;
  }

  #reachOf({ bounds }: SensorSource): Reach | undefined {
    const { analog } = this.declaration;
    if (!analog || !bounds) return undefined;
    const [a, b] = bounds.map((value) => this.ordered(toRaw(analog.factors, value), analog));
    return { lowest: Math.min(a, b), highest: Math.max(a, b) };
  }
}

/** Ordered readings that a source cannot leave. */
interface Reach {
  readonly lowest: number;
  readonly highest: number;
}

/**
 * A hysteresis in the sensor's unit as steps of its reading; where these are not all alike, around what it
 * reads when all is well.
 */
function stepsOf({
  factors,
  hysteresis = 0,
  hysteresisSteps,
  nominal,
  min,
  max,
}: AnalogDeclaration): HysteresisSteps {
  if (hysteresisSteps) return hysteresisSteps;
  const step = stepOf(factors);
  const at = nominal ?? (min + max) / 2;
  // Where there is no room above, below.
  const beside = at + hysteresis > max ? at - hysteresis : at + hysteresis;
  const steps =
    step === undefined
      ? Math.abs(ordered(factors, toRaw(factors, beside)) - ordered(factors, toRaw(factors, at)))
      : Math.round(hysteresis / step);
  return { positive: Math.min(steps, 0xff), negative: Math.min(steps, 0xff) };
}

/** What of a sensor's row is a number. */
export const Field = { Discrete: 0, Compared: 1, Assertions: 2, Deassertions: 3 } as const;
export const FIELDS = 4;

/** The sensors of a BMC as its settings have them: what all BMCs with the same ones share. */
export class SensorKinds {
  readonly all: readonly SensorKind[];
  /** How many are on each LUN. */
  readonly counts: readonly number[];
  /** The rows of sensors to which nothing has happened. */
  readonly rows: Uint16Array;
  /** Places of those that have a source of their own. */
  readonly owners: readonly number[];
  /** Places of those at which somebody has to look once, or from time to time. */
  readonly lively: readonly number[];
  readonly #places = new Map<number, number>();

  constructor(declarations: readonly SensorDeclaration[]) {
    const counts = [0, 0, 0, 0];
    // Of two with one number, as a file of records may have them, the last counts.
    const numbered = new Map(
      declarations.map(
        (declaration) => [keyOf(declaration.number, declaration.lun ?? 0), declaration] as const,
      ),
    );
    this.all = [...numbered.values()].map((declaration) => new SensorKind(declaration));
    this.rows = new Uint16Array(this.all.length * FIELDS);
    for (const [i, { declaration }] of this.all.entries()) {
      const { number, lun = 0, states = 0 } = declaration;
      this.#places.set(keyOf(number, lun), i);
      counts[lun]++;
      this.rows[i * FIELDS + Field.Discrete] = states;
      this.rows[i * FIELDS + Field.Assertions] = states;
    }
    this.counts = counts;
    this.owners = this.all.flatMap((kind, i) => (kind.own ? [i] : []));
    this.lively = this.all.flatMap((kind, i) => (kind.isQuiet || kind.declaration.eventOnly ? [] : [i]));
  }

  /** The place of a sensor; undefined: there is none. */
  place(number: number, lun: number): number | undefined {
    return this.#places.get(keyOf(number, lun));
  }
}

const keyOf = (number: number, lun: number): number => (lun << 8) | number;
