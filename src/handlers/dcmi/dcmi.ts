import { CC, IpmiError } from '../../codec/index.ts';
import {
  ActivatePowerLimit,
  ExceptionAction,
  GetAssetTag,
  GetControllerIdString,
  GetDcmiCapabilitiesInfo,
  GetDcmiConfigurationParameters,
  GetDcmiSensorInfo,
  GetPowerLimit,
  GetPowerReading,
  GetTemperatureReadings,
  GetThermalLimit,
  PowerReadingMode,
  SetAssetTag,
  SetControllerIdString,
  SetDcmiConfigurationParameters,
  SetPowerLimit,
  SetThermalLimit,
} from '../../commands/dcmi/dcmi.ts';
import { SensorType } from '../../commands/codes/sensor-types.ts';
import { BMC_ADDRESS } from '../../wire/message.ts';
import type { Handler } from '../../router/index.ts';
import type { BmcState } from '../../bmc-state.ts';
import { MediumType } from '../../commands/codes/channels.ts';
import { FullSensorRecord, SDR_HEADER, SdrHeader, SdrType } from '../../records/sdr.ts';
import type { Sensor } from '../../machine/sensors/sensor.ts';
import { after } from '../../state/store.ts';
import { handle } from '../handle.ts';

/** DCMI 1.5, and the revisions of its two tables of parameters. */
const CAPABILITIES = { major: 1, minor: 5, revision: 2 };
const CONFIGURATION = { major: 1, minor: 5, revision: 1 };
const CHUNK = 16;
const AT_ONCE = 8;
/**
 * Rolling averages of enhanced statistics: 5, 15, 30 s, 1, 3, 7, 15, 30 min, 1 h, as [7:6] unit and [5:0]
 * count.
 */
const PERIODS = [0x05, 0x0f, 0x1e, 0x41, 0x43, 0x47, 0x4f, 0x5e, 0x81];
const UNIT_MS = [1000, 60_000, 3_600_000, 86_400_000];
const STATISTICS_PERIOD = 60_000;
const NO_CHANNEL = 0xff;

export const dcmiHandlers: readonly Handler<BmcState>[] = [
  handle(GetDcmiCapabilitiesInfo, ({ parameter }, { bmc }) => ({
    ...CAPABILITIES,
    data: Uint8Array.from(capabilities(bmc, parameter)),
  })),

  handle(GetPowerReading, ({ mode, period }, { bmc }) => {
    if (mode !== PowerReadingMode.Statistics && mode !== PowerReadingMode.Enhanced)
      throw new IpmiError(CC.InvalidDataField, `mode ${mode}`);
    if (mode === PowerReadingMode.Enhanced && !PERIODS.includes(period))
      throw new IpmiError(CC.InvalidDataField, `averaging period ${period}`);
    const milliseconds =
      mode === PowerReadingMode.Enhanced ? (period & 0x3f) * UNIT_MS[period >> 6] : STATISTICS_PERIOD;
    const { span, ...watts } = bmc.dcmi.power(milliseconds);
    // Rolling averages have the period that was asked for; others that of which there are samples.
    const covered = mode === PowerReadingMode.Enhanced ? milliseconds : span;
    return { ...watts, timestamp: bmc.time.now(), period: covered, active: bmc.dcmi.readsPower ? 1 : 0 };
  }),

  handle(GetPowerLimit, (_request, { bmc: { dcmi } }) => {
    if (dcmi.powerLimitActive) return dcmi.powerLimit;
    // The limit that would be active comes with the refusal (§6.6.2).
    throw GetPowerLimit.refuse('notActive', undefined, {
      data: GetPowerLimit.response.encode(dcmi.powerLimit),
    });
  }),

  handle(SetPowerLimit, ({ exceptionAction, limit, correctionTime, samplingPeriod }, { bmc }) => {
    const known = exceptionAction <= 0x10 || exceptionAction === ExceptionAction.LogOnly;
    if (!known) throw new IpmiError(CC.InvalidDataField, `exception action ${exceptionAction}`);
    if (samplingPeriod === 0) throw SetPowerLimit.refuse('periodOutOfRange');
    return after(bmc.dcmi.setPowerLimit({ exceptionAction, limit, correctionTime, samplingPeriod }), {});
  }),

  handle(ActivatePowerLimit, ({ activate }, { bmc }) => {
    if (activate > 1) throw new IpmiError(CC.InvalidDataField, `activation ${activate}`);
    return after(bmc.dcmi.activatePowerLimit(activate === 1), {});
  }),

  handle(GetAssetTag, (request, { bmc }) => piece(bmc.dcmi.text('asset-tag'), request)),
  handle(SetAssetTag, (request, { bmc }) => write(bmc, 'asset-tag', request)),
  handle(GetControllerIdString, (request, { bmc }) => piece(bmc.dcmi.text('controller-id'), request)),
  handle(SetControllerIdString, (request, { bmc }) => write(bmc, 'controller-id', request)),

  handle(GetDcmiSensorInfo, ({ sensorType, entityId, entityInstance, start }, { bmc }) => {
    const found = temperatures(bmc, sensorType, entityId, entityInstance);
    const records = found.slice(Math.max(start - 1, 0)).flatMap((sensor) => recordIdOf(bmc, sensor) ?? []);
    const recordIds = records.slice(0, AT_ONCE);
    return { total: found.length, count: recordIds.length, recordIds };
  }),

  handle(GetTemperatureReadings, ({ sensorType, entityId, entityInstance, start }, { bmc }) => {
    const found = temperatures(bmc, sensorType, entityId, entityInstance);
    const readings = found
      .slice(Math.max(start - 1, 0), Math.max(start - 1, 0) + AT_ONCE)
      .flatMap((sensor) => {
        const { value } = sensor;
        // There is no bit for "cannot be read": such a sensor is left out.
        if (value === undefined) return [];
        const degrees = Math.round(value);
        return {
          negative: degrees < 0 ? 1 : 0,
          degrees: Math.min(Math.abs(degrees), 127),
          instance: sensor.declaration.entityInstance,
        };
      });
    return { total: found.length, count: readings.length, readings };
  }),

  handle(SetThermalLimit, ({ entityId, entityInstance, action, limit, exceptionTime }, { bmc }) =>
    after(bmc.dcmi.setThermalLimit(entityId, entityInstance, { action, limit, exceptionTime }), {}),
  ),
  handle(GetThermalLimit, ({ entityId, entityInstance }, { bmc }) =>
    bmc.dcmi.thermalLimit(entityId, entityInstance),
  ),

  handle(SetDcmiConfigurationParameters, ({ parameter, data }, { bmc }) =>
    after(bmc.dcmi.configure(parameter, data), {}),
  ),
  handle(GetDcmiConfigurationParameters, ({ parameter }, { bmc }) => ({
    ...CONFIGURATION,
    data: bmc.dcmi.configuration(parameter),
  })),
];

/** Data of Get DCMI Capabilities Info by parameter (§6.1.1 table 6-3). */
function capabilities(bmc: BmcState, parameter: number): number[] {
  const lans = bmc.channels.numbersOf(MediumType.Lan);
  const [serial] = bmc.channels.numbersOf(MediumType.Serial);
  switch (parameter) {
    case 1:
      // Power management, where it can be measured; ways in besides the first LAN channel: host, terminal
      // mode, second LAN.
      return [
        0x00,
        bmc.dcmi.measuresPower ? 0x01 : 0x00,
        0x01 | (serial === undefined ? 0 : 0x02) | (lans.length > 1 ? 0x04 : 0),
      ];
    case 2:
      // SEL: no rollover, so many entries; temperatures are sampled every second.
      return [Math.min(bmc.sel.capacity, 0xfff) & 0xff, Math.min(bmc.sel.capacity, 0xfff) >> 8, 0, 0, 1];
    case 3:
      return [BMC_ADDRESS, 0x00];
    case 4:
      return [lans[0] ?? NO_CHANNEL, lans[1] ?? NO_CHANNEL, serial ?? NO_CHANNEL];
    case 5:
      return [PERIODS.length, ...PERIODS];
    default:
      throw new IpmiError(CC.InvalidDataField, `DCMI capabilities parameter ${parameter}`);
  }
}

function temperatures(bmc: BmcState, sensorType: number, entityId: number, instance: number): Sensor[] {
  if (sensorType !== SensorType.Temperature)
    throw new IpmiError(CC.InvalidDataField, `sensor type ${sensorType}`);
  return bmc.dcmi.temperatures(entityId, instance);
}

/** The repository's record of a sensor, if it is still there. */
function recordIdOf({ sdr }: BmcState, sensor: Sensor): number | undefined {
  return sdr.ids.find((id) => {
    const { record } = sdr.get(id);
    if (SdrHeader.decode(record, 0, SDR_HEADER).type !== SdrType.Full) return false;
    const { sensorNumber, ownerId, lun } = FullSensorRecord.decode(record, SDR_HEADER);
    return (
      ownerId === BMC_ADDRESS &&
      sensorNumber === sensor.declaration.number &&
      lun === (sensor.declaration.lun ?? 0)
    );
  });
}

function piece(
  text: Uint8Array,
  { offset, count }: { offset: number; count: number },
): { length: number; data: Uint8Array } {
  if (count > CHUNK) throw new IpmiError(CC.ParameterOutOfRange, `${count} bytes`);
  if (offset > text.length) throw new IpmiError(CC.ParameterOutOfRange, `offset ${offset} of ${text.length}`);
  return { length: text.length, data: text.slice(offset, offset + count) };
}

function write(
  bmc: BmcState,
  which: 'asset-tag' | 'controller-id',
  { offset, count, data }: { offset: number; count: number; data: Uint8Array },
) {
  if (count > CHUNK) throw new IpmiError(CC.ParameterOutOfRange, `${count} bytes`);
  if (data.length !== count) throw new IpmiError(CC.RequestLengthInvalid, `${data.length} of ${count} bytes`);
  return after(bmc.dcmi.setText(which, offset, data), { length: offset + count });
}
