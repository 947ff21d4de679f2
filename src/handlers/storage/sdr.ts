import { CC, IpmiError, latin1 } from '../../codec/index.ts';
import {
  AddSdr,
  ClearSdrRepository,
  DeleteSdr,
  EnterSdrRepositoryUpdateMode,
  ExitSdrRepositoryUpdateMode,
  GetSdr,
  GetSdrRepositoryAllocationInfo,
  GetSdrRepositoryInfo,
  GetSdrRepositoryTime,
  PartialAddSdr,
  ReserveSdrRepository,
  RunInitializationAgent,
  SetSdrRepositoryTime,
} from '../../commands/storage/sdr.ts';
import { CLEAR_KEY, ClearAction } from '../../commands/storage/sel.ts';
import type { Context, Handler } from '../../router/index.ts';
import type { BmcState } from '../../bmc-state.ts';
import { initializeSensors } from '../../machine/sensors/initialization-agent.ts';
import { SDR_VERSION } from '../../records/sdr.ts';
import { after } from '../../state/store.ts';
import { handle } from '../handle.ts';
import { slice } from './records.ts';

/** Bytes that one record may take: its length byte counts 255 behind the header. */
const LARGEST_RECORD = 260;
const BOTH_MODES = 3;

export const sdrHandlers: readonly Handler<BmcState>[] = [
  handle(GetSdrRepositoryInfo, (_request, { bmc: { sdr } }) => ({
    version: SDR_VERSION,
    records: sdr.count,
    free: Math.min(sdr.freeBytes, 0xfffe),
    lastAdded: sdr.lastAdded,
    lastErased: sdr.lastErased,
    overflow: false,
    modal: BOTH_MODES,
    deleteSupported: true,
    partialAddSupported: true,
    reserveSupported: true,
    allocationInfoSupported: true,
  })),

  handle(GetSdrRepositoryAllocationInfo, (_request, { bmc: { sdr } }) => ({
    units: sdr.capacity,
    unitSize: 1,
    freeUnits: sdr.freeBytes,
    largestFreeBlock: sdr.freeBytes,
    maxRecordUnits: Math.min(LARGEST_RECORD, 255),
  })),

  handle(ReserveSdrRepository, (_request, { bmc }) => ({ reservationId: bmc.sdr.reservation.reserve() })),

  handle(GetSdr, ({ reservationId, recordId, offset, count }, context) => {
    checkMode(context);
    const { sdr } = context.bmc;
    // Reservation 0 is for whoever reads a record whole (§33.12).
    if (offset !== 0 || reservationId !== 0) sdr.checkRead(reservationId);
    const { record, next } = sdr.get(recordId);
    return { nextRecordId: next, data: slice(record, offset, count, context.channel.maxAnswer) };
  }),

  handle(AddSdr, ({ record }, context) => {
    checkMode(context);
    const { sdr } = context.bmc;
    const { id, done } = sdr.add(record);
    return after(done, { recordId: id });
  }),

  handle(PartialAddSdr, ({ reservationId, recordId, offset, lastPart, data }, context) => {
    checkMode(context);
    const { sdr } = context.bmc;
    sdr.reservation.check(reservationId);
    const { id, done } = sdr.addPart(recordId, offset, lastPart === 1, data);
    return after(done, { recordId: id });
  }),

  handle(DeleteSdr, ({ reservationId, recordId }, context) => {
    checkMode(context);
    const { sdr } = context.bmc;
    sdr.reservation.check(reservationId);
    const { id, done } = sdr.delete(recordId);
    return after(done, { recordId: id });
  }),

  handle(ClearSdrRepository, ({ reservationId, key, action }, context) => {
    checkMode(context);
    const { sdr } = context.bmc;
    sdr.reservation.check(reservationId);
    if (latin1(key) !== CLEAR_KEY) throw new IpmiError(CC.InvalidDataField, 'the key is not CLR');
    if (action === ClearAction.Status) return { progress: 1 };
    if (action !== ClearAction.Start) throw new IpmiError(CC.InvalidDataField, `action ${action}`);
    const done = sdr.clear();
    sdr.reservation.keep(reservationId);
    return after(done, { progress: 1 });
  }),

  handle(GetSdrRepositoryTime, (_request, { bmc }) => ({ time: bmc.time.now() })),
  handle(SetSdrRepositoryTime, ({ time }, { bmc }) => after(bmc.time.set(time), {})),
  handle(EnterSdrRepositoryUpdateMode, (_request, { bmc, session, channel }) =>
    bmc.sdr.enterUpdateMode(session ?? channel),
  ),
  handle(ExitSdrRepositoryUpdateMode, (_request, context) => {
    checkMode(context);
    context.bmc.sdr.leaveUpdateMode();
  }),

  // It runs to its end before it is answered, so the status is always "completed".
  handle(RunInitializationAgent, ({ run }, { bmc }) =>
    after(run ? initializeSensors(bmc.sdr, bmc.sensors) : undefined, { completed: true }),
  ),
];

/** Throws D0h while another client updates the repository (§33.19). */
function checkMode({ bmc, session, channel }: Context<BmcState>): void {
  if (bmc.sdr.isUpdatedByOther(session ?? channel)) throw new IpmiError(CC.SdrRepositoryInUpdateMode);
}
