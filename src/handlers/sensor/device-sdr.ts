import { CC, IpmiError } from '../../codec/index.ts';
import { GetDeviceSdr, GetDeviceSdrInfo, ReserveDeviceSdrRepository } from '../../commands/sensor/device-sdr.ts';
import type { Handler } from '../../router/index.ts';
import type { BmcState } from '../../state/bmc-state.ts';
import { sensorSdr } from '../../state/sensor/sensor-sdr.ts';
import { handle } from '../handle.ts';
import { slice } from '../storage/records.ts';

const LAST = 0xffff;

/** This controller's own sensors as SDRs, whatever the repository holds. */
export const deviceSdrHandlers: readonly Handler<BmcState>[] = [
  handle(GetDeviceSdrInfo, ({ operation = 0 }, { bmc: { sensors }, lun }) => {
    const luns = [0, 1, 2, 3].map((one) => sensors.count(one) > 0);
    const count = operation === 1 ? sensors.all.length : sensors.count(lun);
    return { count: Math.min(count, 255), dynamic: false, lun0: luns[0], lun1: luns[1], lun2: luns[2], lun3: luns[3] };
  }),

  handle(GetDeviceSdr, ({ reservationId, recordId, offset, count }, { bmc: { sensors, deviceSdrReservation, identity }, channel }) => {
    if (offset !== 0 || reservationId !== 0) deviceSdrReservation.check(reservationId);
    const { all } = sensors;
    const index = recordId === LAST ? all.length - 1 : Math.max(recordId - 1, 0);
    const sensor = all[index];
    if (!sensor) throw new IpmiError(CC.NotPresent, `device SDR ${recordId}`);
    const record = sensorSdr(sensor, identity);
    record[0] = (index + 1) & 0xff;
    record[1] = (index + 1) >> 8;
    return { nextRecordId: index + 1 < all.length ? index + 2 : LAST, data: slice(record, offset, count, channel.maxAnswer) };
  }),

  handle(ReserveDeviceSdrRepository, (_request, { bmc }) => ({ reservationId: bmc.deviceSdrReservation.reserve() })),
];
