import { CC, IpmiError, latin1 } from '../../codec/index.ts';
import {
  AddSelEntry,
  CLEAR_KEY,
  ClearAction,
  ClearSel,
  DeleteSelEntry,
  GetAuxiliaryLogStatus,
  GetSelAllocationInfo,
  GetSelEntry,
  GetSelInfo,
  GetSelTime,
  GetSelTimeUtcOffset,
  PartialAddSelEntry,
  ReserveSel,
  SetAuxiliaryLogStatus,
  SetSelTime,
  SetSelTimeUtcOffset,
} from '../../commands/storage/sel.ts';
import type { Handler } from '../../router/index.ts';
import type { BmcState } from '../../bmc-state.ts';
import { SEL_RECORD_SIZE } from '../../records/sel.ts';
import { after } from '../../state/store.ts';
import { handle } from '../handle.ts';
import { slice } from './records.ts';

const UNSPECIFIED_OFFSET = 0x7ff;

export const selHandlers: readonly Handler<BmcState>[] = [
  handle(GetSelInfo, (_request, { bmc: { sel } }) => ({
    version: 0x51,
    entries: sel.count,
    free: Math.min(sel.freeBytes, 0xffff),
    lastAdded: sel.lastAdded,
    lastErased: sel.lastErased,
    overflow: sel.overflow,
    deleteSupported: true,
    partialAddSupported: true,
    reserveSupported: true,
    allocationInfoSupported: true,
  })),

  handle(GetSelAllocationInfo, (_request, { bmc: { sel } }) => {
    const free = sel.freeBytes / SEL_RECORD_SIZE;
    return {
      units: sel.capacity,
      unitSize: SEL_RECORD_SIZE,
      freeUnits: free,
      largestFreeBlock: free,
      maxRecordUnits: 1,
    };
  }),

  handle(ReserveSel, (_request, { bmc }) => ({ reservationId: bmc.sel.reservation.reserve() })),

  handle(GetSelEntry, ({ reservationId, recordId, offset, count }, { bmc: { sel }, channel }) => {
    if (offset !== 0) sel.reservation.check(reservationId);
    const { record, next } = sel.get(recordId);
    return { nextRecordId: next, data: slice(record, offset, count, channel.maxAnswer) };
  }),

  handle(AddSelEntry, ({ record }, { bmc: { sel } }) => {
    const { id, done } = sel.add(record);
    return after(done, { recordId: id });
  }),

  handle(PartialAddSelEntry, ({ reservationId, recordId, offset, lastPart, data }, { bmc: { sel } }) => {
    if (recordId !== 0 || offset !== 0) sel.reservation.check(reservationId);
    const { id, done } = sel.addPart(recordId, offset, lastPart === 1, data);
    return after(done, { recordId: id });
  }),

  handle(DeleteSelEntry, ({ reservationId, recordId }, { bmc: { sel } }) => {
    sel.reservation.check(reservationId);
    const { id, done } = sel.delete(recordId);
    return after(done, { recordId: id });
  }),

  handle(ClearSel, ({ reservationId, key, action }, { bmc: { sel } }) => {
    sel.reservation.check(reservationId);
    if (latin1(key) !== CLEAR_KEY) throw new IpmiError(CC.InvalidDataField, 'the key is not CLR');
    // It is over when it is answered, so the status is always "completed".
    if (action === ClearAction.Status) return { progress: 1 };
    if (action !== ClearAction.Start) throw new IpmiError(CC.InvalidDataField, `action ${action}`);
    const done = sel.clear();
    // Clients go on to ask for the status under the reservation that they cleared with.
    sel.reservation.keep(reservationId);
    return after(done, { progress: 1 });
  }),

  handle(GetSelTime, (_request, { bmc }) => ({ time: bmc.time.now() })),
  handle(SetSelTime, ({ time }, { bmc }) => after(bmc.time.set(time), {})),
  handle(GetSelTimeUtcOffset, (_request, { bmc }) => ({ offset: bmc.time.utcOffset })),
  handle(SetSelTimeUtcOffset, ({ offset }, { bmc }) => {
    if (offset !== UNSPECIFIED_OFFSET && Math.abs(offset) > 1440)
      throw new IpmiError(CC.ParameterOutOfRange, `${offset} minutes`);
    return after(bmc.time.setUtcOffset(offset), {});
  }),

  handle(GetAuxiliaryLogStatus, ({ logType }, { bmc }) => ({ status: bmc.auxiliaryLogs.status(logType) })),
  handle(SetAuxiliaryLogStatus, ({ logType, status }, { bmc }) =>
    after(bmc.auxiliaryLogs.set(logType, status), {}),
  ),
];
