import { Bmc } from '../../bmc.ts';
import type { Kinds } from '../../config/kinds.ts';
import type { BmcOptions, SensorOptions, SensorValue } from '../../config/options.ts';
import { holds, same, soon, type ContractCase, type ContractWorld } from './contract.ts';

/** What a source looks at, as the test has it. */
export interface Measured {
  /** It measures this from now on, in the unit of the sensor: a whole number from 0 to 200. */
  gives(value: number): void | Promise<void>;
  /** It can be read no more; left out, the source has nothing that can fail. */
  fails?(): void | Promise<void>;
}

export interface SourceContract<W extends ContractWorld> {
  /** A new one for each case. */
  readonly world: () => W;
  /** A sensor's `value`; of a temperature from 0 to 255 degrees. */
  readonly value: SensorValue;
  /** The kinds of a program. */
  readonly kinds?: Kinds;
  /**
   * What it looks at, before the BMC is opened. Left out: the source is a function of time alone.
   */
  readonly measures?: (world: W, bmc: Bmc) => Measured;
  /** Whether `fails` of what is measured is there. Default true. */
  readonly fails?: boolean;
  /** Whether the BMC looks by itself. Default true; false: it is told, for as long as a program likes. */
  readonly looks?: boolean;
  /** Milliseconds until the sensor has what is measured, at most. Default 15,000. */
  readonly follows?: number;
}

const FOLLOWS = 15_000;
const HOT = 90;
const HOUR = 3_600_000;

const sensorOf = (value: SensorValue): SensorOptions => ({
  name: 'Tried',
  number: 1,
  entity: '3.1',
  type: 'temperature',
  unit: 'degrees C',
  range: [0, 255],
  thresholds: { uc: HOT },
  value,
});

function made<W extends ContractWorld>({ value, kinds }: SourceContract<W>, world: W, sensorInterval = 1) {
  const log: string[] = [];
  const say = (line: string): void => void log.push(line);
  const options: BmcOptions = { sel: { bootEvents: false }, sensorInterval, sensors: [sensorOf(value)] };
  const bmc = new Bmc(options, { world, kinds, log: { debug: say, info: say, warn: say, error: say } });
  return { bmc, log, sensor: bmc.sensors.get('Tried') };
}

/** What every source of readings must do. */
export function sourceContract<W extends ContractWorld>(contract: SourceContract<W>): ContractCase[] {
  const { measures, fails = true, looks = true, follows = FOLLOWS } = contract;
  if (measures === undefined) return functionsOfTime(contract);
  const bench = async () => {
    const world = contract.world();
    const { bmc, log, sensor } = made(contract, world);
    const measured = measures(world, bmc);
    await measured.gives(40);
    await world.until(bmc.open());
    await soon(world, () => sensor.value === 40, follows);
    return { world, bmc, log, sensor, measured };
  };
  const cases: ContractCase[] = [
    {
      name: 'the sensor has what is measured, and follows it',
      async run() {
        const { world, bmc, sensor, measured } = await bench();
        same(sensor.value, 40, 'the first reading');
        for (const value of [60, 0, 85]) {
          await measured.gives(value);
          await soon(world, () => sensor.value === value, follows);
          same([sensor.value, sensor.read().unavailable], [value, false], 'a later reading');
        }
        await world.until(bmc.close());
      },
    },
    {
      name: 'a threshold that is crossed is an event, though nobody reads the sensor',
      async run() {
        const { world, bmc, measured } = await bench();
        same(bmc.sel.count, 0, 'events before');
        await measured.gives(HOT + 5);
        await soon(world, () => bmc.sel.count > 0, follows);
        await world.run(follows);
        same(bmc.sel.count, 1, 'events after');
        await world.until(bmc.close());
      },
    },
    {
      name: 'two BMCs each have their own',
      async run() {
        const [first, second] = [await bench(), await bench()];
        await first.measured.gives(70);
        await first.world.run(follows);
        await second.world.run(follows);
        same([first.sensor.value, second.sensor.value], [70, 40], 'their readings');
        for (const { world, bmc } of [first, second]) await world.until(bmc.close());
      },
    },
  ];
  if (looks)
    cases.push({
      name: 'a BMC that is closed looks no more',
      async run() {
        const { world, bmc, sensor, measured } = await bench();
        await world.until(bmc.close());
        // What was under way is over then.
        await world.run(follows);
        await measured.gives(HOT + 5);
        await world.run(follows);
        same(
          [sensor.value === HOT + 5, bmc.sel.count],
          [false, 0],
          'whether it has seen the last, and events',
        );
      },
    });
  if (fails)
    cases.push({
      name: 'what cannot be read makes the reading unavailable, is said once, and is over when it can be again',
      async run() {
        const { world, bmc, log, sensor, measured } = await bench();
        const saidBefore = log.length;
        holds(measured.fails !== undefined, 'expected something that fails: say `fails: false` otherwise');
        await measured.fails();
        await world.run(4 * follows);
        same(sensor.read().unavailable, true, 'whether the reading is unavailable');
        const lines = log.slice(saidBefore);
        holds(lines.length <= 1, `expected one line, found ${lines.join('; ')}`);
        await measured.gives(50);
        await soon(world, () => sensor.value === 50, follows);
        same([sensor.value, sensor.read().unavailable], [50, false], 'the reading afterwards');
        await world.until(bmc.close());
      },
    });
  return cases;
}

function functionsOfTime<W extends ContractWorld>(contract: SourceContract<W>): ContractCase[] {
  /** What a day brings, a reading an hour. */
  const day = async (): Promise<(number | undefined)[]> => {
    const world = contract.world();
    const { bmc, sensor } = made(contract, world, 3600);
    await world.until(bmc.open());
    const readings: (number | undefined)[] = [];
    for (let hour = 0; hour < 24; hour++) {
      await world.run(HOUR);
      sensor.read();
      readings.push(sensor.value);
    }
    await world.until(bmc.close());
    return readings;
  };
  return [
    {
      name: 'has a value at every time',
      async run() {
        const missing = (await day()).findIndex((value) => value === undefined);
        holds(missing < 0, `expected a value at every time, found none after ${missing + 1} hours`);
      },
    },
    {
      name: 'is a function of time: two BMCs with the same settings read the same',
      async run() {
        same(await day(), await day(), 'the readings of a day');
      },
    },
  ];
}
