import { z } from '@hono/zod-openapi';
import type { Bmc } from '../../bmc.ts';
import { eventName } from '../../commands/codes/events.ts';
import { sensorTypes } from '../../commands/codes/sensor-types.ts';
import { timeSchema } from '../../config/faults-schema.ts';
import { nearest } from '../../config/wording.ts';
import { THRESHOLDS } from '../../machine/sensors/sensor-declaration.ts';
import { toReal } from '../../machine/sensors/sensor-factors.ts';
import type { OutsideValue } from '../../machine/sensors/outside-values.ts';
import type { Sensor } from '../../machine/sensors/sensor.ts';
import { millisecondsOf } from '../../settings/durations.ts';
import { bmcRoute } from '../bmc-route.ts';
import { refusal } from '../problem.ts';
import { checkReadable, nameOfCode, unitOf } from '../readable.ts';

const STATUS = ['ok', 'nc', 'cr', 'nr', 'ns'] as const;
const sensorShape = z
  .strictObject({
    name: z.string(),
    lun: z.int(),
    number: z.int(),
    type: z.string(),
    unit: z.string().nullable(),
    value: z.number().nullable().openapi({
      description: 'In its unit; of a discrete sensor its states, a bit each. Null: it cannot be read.',
    }),
    status: z.enum(STATUS).openapi({ description: 'As ipmitool says it; `ns`: it cannot be read.' }),
    states: z.array(z.string()).openapi({ description: 'Of a discrete sensor, in words.' }),
    thresholds: z.record(z.string(), z.number()),
    ramps: z.boolean().openapi({ description: 'It is on its way to a value.' }),
  })
  .openapi('Sensor');
export type SensorState = z.infer<typeof sensorShape>;

const history = z
  .strictObject({
    interval: z.number().openapi({ description: 'Milliseconds between two values.' }),
    times: z.array(z.number()).openapi({ description: 'When, milliseconds since 1970.' }),
    sensors: z.array(
      z.strictObject({
        name: z.string(),
        values: z.array(z.number().nullable()).openapi({ description: 'Null: it could not be read.' }),
      }),
    ),
  })
  .openapi('SensorHistory');
export type SensorHistoryShown = z.infer<typeof history>;

function statusOf(sensor: Sensor, isReadable: boolean): (typeof STATUS)[number] {
  if (!isReadable) return 'ns';
  if (!sensor.isThreshold) return 'ok';
  const states = sensor.lastStates;
  return states & 0x24 ? 'nr' : states & 0x12 ? 'cr' : states & 0x09 ? 'nc' : 'ok';
}

/** As it reads now. */
export function shownSensor(bmc: Bmc, sensor: Sensor): SensorState {
  const { number, lun = 0, type, eventType, analog, eventOnly = false } = sensor.declaration;
  const value = eventOnly ? undefined : sensor.value;
  const bits = analog === undefined ? sensor.lastStates : 0;
  const words = Array.from({ length: 15 }, (_, offset) =>
    bits & (1 << offset) ? (eventName(offset, type, eventType) ?? `state ${offset}`) : '',
  );
  const thresholds: Record<string, number> = {};
  if (analog)
    for (const name of THRESHOLDS) {
      const raw = sensor.threshold(name);
      if (raw !== undefined) thresholds[name] = toReal(analog.factors, raw);
    }
  return {
    name: bmc.sensors.nameOf(sensor),
    lun,
    number,
    type: nameOfCode(sensorTypes, type) ?? `type ${type}`,
    unit: analog ? unitOf(analog) : null,
    value: value ?? null,
    status: statusOf(sensor, value !== undefined),
    states: words.filter(Boolean),
    thresholds,
    ramps: bmc.sensors.outside.isOnItsWay(sensor),
  };
}

/** The sensor that a text names. Throws ControlError with the nearest. */
function sensorOf({ sensors }: Bmc, text: string): Sensor {
  const found = sensors.named(text);
  if (typeof found !== 'string') return found;
  const near = nearest(
    text,
    sensors.all.map((sensor) => sensors.nameOf(sensor)),
  );
  const isMissing = found.startsWith('there is no');
  throw refusal(isMissing ? 'not-found' : 'conflict', found, {
    key: 'sensor',
    ...(near !== undefined && { nearest: near }),
  });
}

const params = z.object({
  sensor: z.string().min(1).openapi({ description: '`CPU1 Temp`, `Temp@3.1`, `#14`, `#1:14`.' }),
});
const value = z.union([z.number(), z.null(), z.literal('source')]).openapi({
  description:
    'In its unit, or states, a bit each. Null: it cannot be read. `source`: what its own source says again.',
});
const ramp = timeSchema
  .optional()
  .openapi({ description: 'In which time it gets there: `30s`, or seconds. Of a number.' });
const wanted = z.union([value, z.strictObject({ value, ramp })]);

function put({ sensors }: Bmc, sensor: Sensor, to: OutsideValue): void {
  const problem = sensors.outside.set(sensor, to);
  if (problem !== undefined) throw refusal('conflict', problem);
}

export const sensorRoutes = [
  bmcRoute({
    method: 'get',
    path: '/sensors',
    role: 'read',
    tag: 'Sensors',
    summary: 'All sensors, as they read now.',
    answer: z.strictObject({ sensors: z.array(sensorShape) }).openapi('SensorList'),
    example: { path: '/v1/bmcs/node-1/sensors' },
    handle: (bmc) => ({ sensors: bmc.sensors.all.map((sensor) => shownSensor(bmc, sensor)) }),
  }),
  bmcRoute({
    method: 'get',
    path: '/sensor-history',
    role: 'read',
    tag: 'Sensors',
    summary:
      'What the sensors that measure have read, an hour back, or as far as `console.history` says: from when somebody first asked for it, until nobody has for as long.',
    answer: history,
    example: { path: '/v1/bmcs/node-1/sensor-history' },
    handle: (bmc, _input, { sensorHistories }) => {
      const { interval, times, sensors } = sensorHistories.of(bmc);
      return {
        interval,
        times: [...times],
        sensors: sensors.map((history) => ({ ...history, values: [...history.values] })),
      };
    },
  }),
  bmcRoute({
    method: 'get',
    path: '/sensors/{sensor}',
    role: 'read',
    tag: 'Sensors',
    summary: 'One sensor, as it reads now.',
    params,
    answer: sensorShape,
    example: { path: '/v1/bmcs/node-1/sensors/CPU1%20Temp' },
    handle: (bmc, { params: { sensor } }) => shownSensor(bmc, sensorOf(bmc, sensor)),
  }),
  bmcRoute({
    method: 'put',
    path: '/sensors/{sensor}',
    role: 'operate',
    tag: 'Sensors',
    summary:
      'Has a sensor read a value, at once or by and by; nothing (null); or its source again. One that it cannot read is refused with its range. A bare value is taken as one in an object, as by the sensor feed.',
    params,
    body: wanted,
    answer: sensorShape,
    example: { path: '/v1/bmcs/node-1/sensors/CPU1%20Temp', body: { value: 96, ramp: '30s' } },
    handle(bmc, { params: { sensor }, body }) {
      const found = sensorOf(bmc, sensor);
      const { value: to, ramp: time } =
        typeof body === 'object' && body !== null ? body : { value: body, ramp: undefined };
      if (typeof to === 'number') checkReadable(bmc, found, to, 'value');
      if (time === undefined) put(bmc, found, to);
      else if (typeof to === 'number' && found.declaration.analog)
        bmc.sensors.outside.ramp(found, to, millisecondsOf(time) ?? 0);
      else
        throw refusal('bad-request', 'ramp: only what is measured can be on its way to a number', {
          key: 'ramp',
        });
      return shownSensor(bmc, found);
    },
  }),
  bmcRoute({
    method: 'delete',
    path: '/sensors/{sensor}',
    role: 'operate',
    tag: 'Sensors',
    summary: 'Gives a sensor back to its source.',
    params,
    answer: sensorShape,
    example: { path: '/v1/bmcs/node-1/sensors/CPU1%20Temp' },
    handle(bmc, { params: { sensor } }) {
      const found = sensorOf(bmc, sensor);
      put(bmc, found, 'source');
      return shownSensor(bmc, found);
    },
  }),
];
