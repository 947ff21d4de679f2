// What settings say of events, of the machine and of discrete sensors, read back over IPMI; with the values
// that the documentation promises where a setting says nothing.
import type { BmcOptions, FruOptions, SensorOptions } from '../../src/config/options.ts';
import type { Client } from '../../src/client/client.ts';
import { latin1 } from '../../src/codec/index.ts';
import { GetDeviceGuid, GetSystemGuid } from '../../src/commands/app/device.ts';
import { GetUserPayloadAccess } from '../../src/commands/app/payloads.ts';
import { GetChassisStatus } from '../../src/commands/chassis/chassis.ts';
import { sensorTypes } from '../../src/commands/codes/sensor-types.ts';
import { LanParameter } from '../../src/commands/parameters/lan.ts';
import { PefParameter } from '../../src/commands/parameters/pef.ts';
import { SolParameter } from '../../src/commands/parameters/sol.ts';
import { readFru } from '../../src/records/fru.ts';
import {
  CompactSensorRecord,
  EventOnlyRecord,
  FullSensorRecord,
  idName,
  SDR_HEADER,
  SdrHeader,
  SdrType,
} from '../../src/records/sdr.ts';

export type Same = (what: string, got: unknown, wanted: unknown) => void;

const FIRST_FREE_FILTER = 21;
const ANY = 0xff;
const ALL_OFFSETS = 0xffff;
const BLOCK = 16;
/** As the trap has them (IPMI 2.0 §17.16). */
const SEVERITIES = {
  unspecified: 0,
  monitor: 1,
  information: 2,
  ok: 4,
  'non-critical': 8,
  critical: 0x10,
  'non-recoverable': 0x20,
};
const RULES = ['always', 'next-entry', 'stop', 'next-channel', 'next-type'];

/** GUIDs, power, SOL: what a setting of one value says. */
export async function machineBack(
  { identity = {}, chassis = {}, users = [], interfaces = [], sol = {}, pef }: BmcOptions,
  client: Client,
  same: Same,
): Promise<void> {
  const guid = (bytes: Uint8Array): string => Buffer.from(bytes).reverse().toString('hex');
  const plain = (uuid: string): string => uuid.replaceAll('-', '').toLowerCase();
  if (identity.deviceGuid !== undefined)
    same('device GUID', guid((await client.send(GetDeviceGuid)).guid), plain(identity.deviceGuid));
  if (identity.systemGuid !== undefined)
    same('system GUID', guid((await client.send(GetSystemGuid)).guid), plain(identity.systemGuid));
  const { powerOn, restorePolicy } = await client.send(GetChassisStatus);
  const { backend, power = 'on', restorePolicy: policy = 'previous' } = chassis;
  same('restore policy', restorePolicy, ['always-off', 'previous', 'always-on'].indexOf(policy));
  // What a back end or a host says of its machine, and what an event filter does to it, is no setting.
  const isItsOwn =
    (backend?.type ?? 'simulated') === 'simulated' &&
    !interfaces.some(({ type }) => type === 'vm') &&
    !pef?.filters?.some(({ actions }) => actions.some((action) => action.startsWith('power')));
  if (isItsOwn) same('power', powerOn, policy === 'previous' ? power === 'on' : policy === 'always-on');
  for (const one of interfaces) {
    if (one.type !== 'lan') continue;
    const { channel = 1 } = one;
    for (const { id, sol: may = true, name = '' } of users)
      if (id === 1 || name !== '')
        same(
          `SOL of user ${id}`,
          ((await client.send(GetUserPayloadAccess, { channel, userId: id })).standard & 2) !== 0,
          may,
        );
    if (sol.port !== undefined)
      same('SOL port', (await client.get(SolParameter.PayloadPort, { channel })).port, sol.port);
  }
}

/** Event filters, policies, strings, and where alerts go. */
export async function pefBack(
  { pef, interfaces = [] }: BmcOptions,
  client: Client,
  same: Same,
): Promise<void> {
  if (pef === undefined) return;
  const { enabled = true, eventMessages = false, startupDelay = 60, alertStartupDelay } = pef;
  const { filters = [], destinations = [], policies, strings = [] } = pef;
  const control = await client.get(PefParameter.Control);
  same('PEF enabled', [control.enabled, control.eventMessages], [enabled, eventMessages]);
  same('PEF startup delay', (await client.get(PefParameter.StartupDelay)).seconds, startupDelay);
  if (alertStartupDelay !== undefined)
    same('alert delay', (await client.get(PefParameter.AlertStartupDelay)).seconds, alertStartupDelay);
  let next = FIRST_FREE_FILTER;
  for (const filter of filters) {
    const { number = next, actions, policy = 1, severity = 'unspecified', sensorType = ANY } = filter;
    next = Math.max(next, number + 1);
    const got = await client.get(PefParameter.Filter, { set: number });
    const done = (
      ['alert', 'powerDown', 'powerCycle', 'reset', 'diagnosticInterrupt', 'oem'] as const
    ).filter((key) => got[key]);
    const words = {
      powerDown: 'power-off',
      powerCycle: 'power-cycle',
      diagnosticInterrupt: 'diagnostic-interrupt',
    };
    same(
      `filter ${number}`,
      [got.enabled, got.policy, got.severity, got.sensorType, got.sensorNumber, got.eventType, got.offsets],
      [
        filter.enabled ?? true,
        policy,
        SEVERITIES[severity],
        typeof sensorType === 'string' ? sensorTypes[sensorType.toLowerCase()] : sensorType,
        filter.sensorNumber ?? ANY,
        filter.eventType ?? ANY,
        filter.offsets?.reduce((mask, offset) => mask | (1 << offset), 0) ?? ALL_OFFSETS,
      ],
    );
    same(
      `actions of filter ${number}`,
      done.map((key) => (key in words ? words[key as keyof typeof words] : key)).sort(),
      [...new Set(actions)].sort(),
    );
  }
  const lans = interfaces.filter(({ type }) => type === 'lan').map(({ channel = 1 }) => channel);
  const taken = new Map<number, number>();
  const numbered = destinations.map((destination) => {
    const { channel = 1 } = destination;
    const number = destination.number ?? (taken.get(channel) ?? 0) + 1;
    taken.set(channel, number);
    return { ...destination, channel, number };
  });
  for (const { channel, number, address, acknowledged = false, timeout = 3, retries } of numbered) {
    if (!lans.includes(channel)) continue;
    const type = await client.get(LanParameter.DestinationType, { channel, set: number });
    same(
      `destination ${number} of channel ${channel}`,
      [type.acknowledged, type.timeout + 1, type.retries, type.kind],
      [acknowledged, timeout, retries ?? (acknowledged ? 3 : 0), 0],
    );
    const place = await client.get(LanParameter.DestinationAddress, { channel, set: number });
    same(`address of destination ${number}`, place.address, address);
  }
  const rules: NonNullable<typeof policies> =
    policies ?? numbered.map(({ number, channel }) => ({ destination: number, channel }));
  for (const [i, { set = 1, channel = 1, destination, rule = 'always', string = 0 }] of rules.entries()) {
    const got = await client.get(PefParameter.Policy, { set: i + 1 });
    same(
      `policy ${i + 1}`,
      [got.enabled, got.set, got.channel, got.destination, got.rule, got.string],
      [true, set, channel, destination, RULES.indexOf(rule), string],
    );
  }
  for (const [i, text] of strings.entries()) {
    let got = '';
    for (let block = 1; got.length === (block - 1) * BLOCK && got.length <= text.length; block++) {
      const part = await client.get(PefParameter.String, { set: i + 1, block });
      got += latin1(part.text);
      if (part.text.includes(0)) break;
    }
    same(`alert string ${i + 1}`, got.replace(/\0.*$/s, ''), text);
  }
}

/** A list of keys and values that `wanted` says is in `got`, however deep. */
function isWithin(wanted: unknown, got: unknown): boolean {
  if (typeof wanted === 'number' && typeof got === 'number') return Math.abs(wanted - got) < 1e-6;
  if (typeof wanted !== 'object' || wanted === null) return wanted === got;
  return Object.entries(wanted).every(([key, value]) =>
    isWithin(value, (got as Record<string, unknown> | undefined)?.[key]),
  );
}

/** The multirecord area of a FRU device. */
export function multirecordsBack({ id, multirecord = [] }: FruOptions, image: Uint8Array, same: Same): void {
  if (multirecord.length === 0) return;
  const got = readFru(image).multirecord ?? [];
  // Texts of management access are a record each.
  const wanted = multirecord.flatMap((record) =>
    record.managementAccess
      ? Object.entries(record.managementAccess).map(([key, text]) => ({ managementAccess: { [key]: text } }))
      : [plainOem(record)],
  );
  const missing = wanted.filter((record) => !got.some((one) => isWithin(record, plainOem(one))));
  same(`records of FRU ${id}`, missing, []);
}

const plainOem = (record: NonNullable<FruOptions['multirecord']>[number]): typeof record =>
  record.oem ? { oem: { ...record.oem, data: record.oem.data.replace(/\s/g, '').toLowerCase() } } : record;

interface SensorRecord {
  readonly name: string;
  readonly entity: string;
  readonly number: number;
  readonly sensorType: number;
  readonly eventType: number;
}

/** Sensors without a unit: type, event type. */
export function discreteBack(
  sensors: readonly SensorOptions[],
  records: readonly Uint8Array[],
  same: Same,
): void {
  const found: SensorRecord[] = records.flatMap((record) => {
    const { type } = SdrHeader.decode(record, 0, SDR_HEADER);
    const layouts = {
      [SdrType.Full]: FullSensorRecord,
      [SdrType.Compact]: CompactSensorRecord,
      [SdrType.EventOnly]: EventOnlyRecord,
    };
    const layout = layouts[type as keyof typeof layouts];
    if (layout === undefined) return [];
    const { id, entityId, entityInstance, sensorNumber, sensorType, eventType } = layout.decode(
      record,
      SDR_HEADER,
    );
    return [
      {
        name: idName(id),
        entity: `${entityId}.${entityInstance}`,
        number: sensorNumber,
        sensorType,
        eventType,
      },
    ];
  });
  for (const { name, entity, number, type, unit, eventType } of sensors) {
    const wantedType = typeof type === 'string' ? sensorTypes[type.toLowerCase()] : type;
    const matching = found.filter(
      (one) =>
        one.name === name &&
        one.entity === plainEntity(entity) &&
        one.sensorType === wantedType &&
        (number === undefined || one.number === number) &&
        one.eventType === (unit === undefined ? (eventType ?? 0x6f) : 1),
    );
    same(`a record of sensor ${name}, its type and event type`, matching.length > 0, true);
  }
}

const plainEntity = (entity: string): string => entity.split('.').map(Number).join('.');
