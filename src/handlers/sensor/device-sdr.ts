import { CC, IpmiError } from '../../codec/index.ts';
import {
  GetDeviceSdr,
  GetDeviceSdrInfo,
  ReserveDeviceSdrRepository,
} from '../../commands/sensor/device-sdr.ts';
import type { Handler } from '../../router/index.ts';
import type { BmcState } from '../../bmc-state.ts';
import type { Sensor } from '../../machine/sensors/sensor.ts';
import { sensorSdr } from '../../machine/sensors/sensor-sdr.ts';
import { handle } from '../handle.ts';
import { slice } from '../storage/records.ts';

const LAST = 0xffff;

/** This controller's own sensors and itself as SDRs, whatever the repository holds. */
export const deviceSdrHandlers: readonly Handler<BmcState>[] = [
  handle(GetDeviceSdrInfo, ({ operation = 0 }, { bmc, lun }) => {
    const { sensors } = bmc;
    const luns = [0, 1, 2, 3].map((lun) => sensors.count(lun) > 0);
    const count = operation === 1 ? deviceRecords(bmc).length : sensors.count(lun);
    return {
      count: Math.min(count, 255),
      dynamic: false,
      lun0: luns[0],
      lun1: luns[1],
      lun2: luns[2],
      lun3: luns[3],
    };
  }),

  handle(GetDeviceSdr, ({ reservationId, recordId, offset, count }, { bmc, channel }) => {
    if (offset !== 0 || reservationId !== 0) bmc.sdr.deviceReservation.check(reservationId);
    const records = deviceRecords(bmc);
    const index = recordId === LAST ? records.length - 1 : Math.max(recordId - 1, 0);
    const entry = records[index];
    if (entry === undefined) throw new IpmiError(CC.NotPresent, `device SDR ${recordId}`);
    const record = entry instanceof Uint8Array ? entry.slice() : sensorSdr(entry, bmc.identity);
    record[0] = (index + 1) & 0xff;
    record[1] = (index + 1) >> 8;
    return {
      nextRecordId: index + 1 < records.length ? index + 2 : LAST,
      data: slice(record, offset, count, channel.maxAnswer),
    };
  }),

  handle(ReserveDeviceSdrRepository, (_request, { bmc }) => ({
    reservationId: bmc.sdr.deviceReservation.reserve(),
  })),
];

/**
 * What the device SDRs show: sensors, several of one record once, and the controller's own locator, without
 * which some clients take its sensors for nobody's.
 */
function deviceRecords({ sensors, locator }: Pick<BmcState, 'sensors' | 'locator'>): (Sensor | Uint8Array)[] {
  const seen = new Set<Uint8Array>();
  const once = ({ declaration: { record } }: Sensor): boolean =>
    record === undefined || seen.size < seen.add(record).size;
  return [...sensors.all.filter(once), locator];
}
