// Settings made from the schema: whatever it lets through, and much that it does not.
import fc, { type Arbitrary } from 'fast-check';
import { z } from 'zod';
import { bmcSchema } from '../../src/config/schema.ts';
import { defOf } from '../../src/config/schema-walk.ts';
import { sensorTypes } from '../../src/commands/codes/sensor-types.ts';
import { units } from '../../src/commands/codes/units.ts';

type Schema = z.core.$ZodType;

/**
 * Texts of every form that some setting wants, and of forms that none wants. A schema's own are those that it
 * takes.
 */
const TEXTS = [
  '',
  'a',
  'Z',
  'CPU Temp',
  'sixteen letters.',
  'seventeen letters',
  'Wärme µ',
  'Łódź',
  '服务器',
  'サーバ',
  '😀',
  'tab\there',
  'nul\0',
  '\ud800',
  'no',
  '0123',
  '12:30',
  '32.10',
  'true',
  '{n}',
  '__proto__',
  'constructor',
  'x'.repeat(20),
  'é'.repeat(8),
  'é'.repeat(10),
  'x'.repeat(63),
  'x'.repeat(64),
  '服'.repeat(31),
  '服'.repeat(32),
  'x'.repeat(300),
  '3.1',
  '7.96',
  '255.127',
  '256.1',
  '3.128',
  '0.0',
  '192.0.2.1',
  '255.255.255.0',
  '0.0.0.0',
  '300.1.1.1',
  '02:00:00:00:00:01',
  'FF:FF:FF:FF:FF:FF',
  '127.0.0.1:0',
  '127.0.0.1:9623',
  '[::1]:0',
  '127.0.0.1:70000',
  './a.sock',
  '/run/b.sock',
  '/dev/ipmi-kcs3',
  '01234567-89ab-cdef-0123-456789ABCDEF',
  '1.00',
  '2.04',
  '127.99',
  '128.00',
  '1.5.0badcafe',
  '2026-01-15',
  '2026-01-15T12:30',
  '2026-01-15T12:30:30Z',
  '1996-01-01',
  '2027-11-24',
  '2030-01-01',
  '2026-02-30',
  'de',
  'ja',
  'en',
  'dead beef',
  '0x0123456789012345678901234567890123456789',
  '0x12',
  'chassis',
  'Get Device ID',
  '30h 01h',
  '45 + 10*sin(t/60)',
  '1/0',
  'tan(t)',
  '/flash/x',
  'http://127.0.0.1:1/x',
  ...Object.keys(units),
  ...Object.keys(sensorTypes),
];
const NUMBERS = [
  -1e9, -129, -128, -1, -0.5, 0, 0.001, 0.1, 0.5, 1, 1.5, 2, 10, 12.34, 63, 64, 127, 128, 254, 255, 256, 1000,
  4095, 65_535, 65_536, 1e6, 1e9, 1e300,
];
/** Anything, for places that want something else. */
const ANYTHING: Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(null, true, false, {}, [], [null], { a: 1 }),
  fc.constantFrom(...TEXTS),
  fc.constantFrom(...NUMBERS),
);
/** In settings that are to be wrong, one value in so many is. */
const STRANGE = 60;
/** Sections that seldom go together with others. */
const RARE: readonly string[] = ['satellites', 'firmware', 'sdr', 'sensors', 'pef', 'interfaces'];
const TRIES = 2;
const MOST_ITEMS = 3;
const DEEPEST = 5;

const accepts = (schema: Schema, value: unknown): boolean => (schema as z.ZodType).safeParse(value).success;

/** Makes arbitraries of schemas: of values that they take, or now and then of ones that they do not. */
class Maker {
  readonly #isWild: boolean;

  constructor(isWild: boolean) {
    this.#isWild = isWild;
  }

  of(schema: Schema, depth = 0): Arbitrary<unknown> {
    const right = this.#kind(schema, depth);
    if (this.#isWild)
      return fc.oneof({ weight: STRANGE, arbitrary: right }, { weight: 1, arbitrary: ANYTHING });
    // What only a check of the whole can say: one of some keys, names that differ.
    const { type, checks = [] } = defOf(schema);
    if (checks.length === 0 || (type !== 'object' && type !== 'array' && type !== 'tuple')) return right;
    return fc
      .array(right, { minLength: TRIES, maxLength: TRIES })
      .map((tries) => tries.find((value) => accepts(schema, value)));
  }

  #kind(schema: Schema, depth: number): Arbitrary<unknown> {
    const def = defOf(schema);
    switch (def.type) {
      case 'optional':
        return this.of(def.innerType, depth);
      case 'object':
        return this.object(def.shape, depth);
      case 'array': {
        const least = leastOf(schema);
        return fc.array(this.of(def.element, depth + 1), {
          minLength: least,
          maxLength: depth > DEEPEST ? least : Math.max(least, MOST_ITEMS),
        });
      }
      case 'tuple':
        return fc.tuple(...def.items.map((one) => this.of(one, depth + 1)));
      case 'record':
        return fc.dictionary(fc.constantFrom('a', 'CPU Temp', '#1'), this.of(def.valueType, depth + 1), {
          maxKeys: 2,
        });
      case 'union':
        return fc.oneof(...def.options.map((one) => this.of(one, depth)));
      case 'literal':
        return fc.constantFrom(...def.values);
      case 'enum':
        return fc.constantFrom(...Object.values(def.entries));
      case 'boolean':
        return fc.boolean();
      case 'number':
        return this.#number(schema as z.ZodNumber);
      default: {
        const good = [...TEXTS, ...NUMBERS].filter((one) => accepts(schema, one));
        if (this.#isWild) return fc.constantFrom(...TEXTS, ...good, ...good);
        // A key of PEM, say: left out.
        return fc.constantFrom<unknown>(...(good.length === 0 ? [undefined] : good));
      }
    }
  }

  /** The bounds, what lies at them, and numbers between. */
  #number(schema: z.ZodNumber): Arbitrary<number> {
    const { minValue, maxValue } = schema;
    const ends = [minValue, maxValue].filter(
      (end): end is number => end !== null && Number.isFinite(end) && Math.abs(end) < 1e10,
    );
    const near = [...NUMBERS, ...ends.flatMap((end) => [end - 1, end, end + 1])];
    const good = near.filter((one) => accepts(schema, one));
    return fc.constantFrom(...(this.#isWild || good.length === 0 ? near : good));
  }

  /**
   * Few of the keys that may be left out, and in wild ones a key that nobody knows. What is undefined is not
   * written.
   */
  object(shape: Readonly<Record<string, Schema>>, depth: number): Arbitrary<Record<string, unknown>> {
    const share = (key: string): number =>
      depth === 0 ? (RARE.includes(key) ? 5 : 22) : key === 'satellites' || key === 'file' ? 2 : 45;
    const members = Object.entries(shape)
      // A satellite has satellites: what is deep enough is not built.
      .filter(([key]) => depth < DEEPEST || key !== 'satellites')
      .map(([key, one]) => {
        const value = this.of(one, depth + 1);
        const isOptional = defOf(one).type === 'optional';
        return [key, isOptional ? sometimes(value, share(key)) : value] as const;
      });
    return fc.record({
      ...Object.fromEntries(members),
      ...(this.#isWild ? { strange: sometimes(fc.constant<unknown>(1), 1) } : {}),
    });
  }
}

/** So often in a hundred; else it is left out. */
const sometimes = (value: Arbitrary<unknown>, share: number): Arbitrary<unknown> =>
  fc.oneof({ weight: share, arbitrary: value }, { weight: 100 - share, arbitrary: fc.constant(undefined) });

/** The entries that a list has at least. */
const leastOf = (schema: Schema): number =>
  [0, 1, 2, 3].find((length) => {
    const { error } = (schema as z.ZodType).safeParse(Array(length).fill(undefined));
    return !error?.issues.some(({ code, path }) => code === 'too_small' && path.length === 0);
  }) ?? 0;

type Settings = Record<string, unknown>;

/** A BMC, or a list of some; counts are small, for each of them is opened. */
function fileOf(maker: Maker): Arbitrary<Settings> {
  const one = maker.object({ ...bmcSchema.shape }, 0);
  const count = fc.constantFrom<unknown>(undefined, undefined, 1, 2, { from: 3, to: 4 }, { from: 9, to: 9 });
  const entry = fc.tuple(one, count, fc.nat(999)).map(([bmc, times, n]) => ({
    ...bmc,
    name: times === undefined ? `bmc${n}` : `bmc${n}-{n}`,
    ...(times === undefined ? {} : { count: times }),
  }));
  return fc.oneof(
    { weight: 3, arbitrary: one },
    { weight: 1, arbitrary: fc.array(entry, { minLength: 1, maxLength: 2 }).map((bmcs) => ({ bmcs })) },
  );
}

const wild = fileOf(new Maker(true));
const sound = fileOf(new Maker(false));

const level = (least: number, most: number): Arbitrary<number> => fc.integer({ min: least, max: most });
const UNITS = [1, 0.1, 0.01, 0.5, 2, 25, 100];

/** A sensor whose numbers go together, on some round step; what the schema alone would hardly ever make. */
export const soundSensor: Arbitrary<Record<string, unknown>> = fc
  .record({
    name: fc.constantFrom('CPU Temp', 'Fan', 'Wärme', 'V12'),
    step: fc.constantFrom(...UNITS),
    low: level(-200, 200),
    span: level(1, 400),
    shares: fc.array(level(0, 1000), { minLength: 6, maxLength: 6 }),
    names: fc.subarray(['lnr', 'lc', 'lnc', 'unc', 'uc', 'unr']),
    hysteresis: fc.option(level(0, 20)),
    value: fc.option(level(0, 1000)),
    unit: fc.constantFrom(...Object.keys(units)),
    id: level(0, 255),
    instance: level(0, 127),
    number: fc.option(level(1, 254)),
    lun: fc.option(fc.constantFrom(0, 1, 3)),
  })
  .map(({ name, step, low, span, shares, names, hysteresis, value, unit, id, instance, number, lun }) => {
    const at = (share: number): number => clean((low + Math.round((span * share) / 1000)) * step);
    const levels = [...shares].sort((a, b) => a - b).map(at);
    return {
      name,
      entity: `${id}.${instance}`,
      type: 'temperature',
      unit,
      range: [at(0), at(1000)],
      thresholds: Object.fromEntries(
        names.map((one) => [one, levels[['lnr', 'lc', 'lnc', 'unc', 'uc', 'unr'].indexOf(one)]]),
      ),
      ...(hysteresis === null ? {} : { hysteresis: clean(Math.min(hysteresis, span >> 1) * step) }),
      ...(value === null ? {} : { value: at(value) }),
      ...(number === null ? {} : { number }),
      ...(lun === null ? {} : { lun }),
    };
  });

const clean = (value: number): number => Number(value.toPrecision(12));

/**
 * Settings of the schema, right and wrong, half of them with sensors whose numbers go together, and with a
 * way in.
 */
export const settings: Arbitrary<Settings> = fc
  .tuple(
    fc.oneof({ weight: 3, arbitrary: sound }, { weight: 1, arbitrary: wild }),
    fc.array(soundSensor, { maxLength: 4 }),
    fc.nat({ max: 3 }),
  )
  .map(([made, sensors, dice]) =>
    dice === 0 || made.bmcs !== undefined ? made : { ...made, sensors, ...(dice === 1 ? {} : LAN) },
  );

const LAN = { interfaces: [{ type: 'lan', listen: '10.0.0.1:623' }] };
