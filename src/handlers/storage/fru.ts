import { CC, IpmiError } from '../../codec/index.ts';
import { GetFruInventoryAreaInfo, ReadFruData, WriteFruData } from '../../commands/storage/fru.ts';
import type { Handler } from '../../router/index.ts';
import type { BmcState } from '../../bmc-state.ts';
import { after } from '../../state/store.ts';
import { handle } from '../handle.ts';

/** Completion code and count go with the data. */
const OVERHEAD = 2;

const WORD = 2;

export const fruHandlers: readonly Handler<BmcState>[] = [
  handle(GetFruInventoryAreaInfo, ({ fruId }, { bmc }) => ({
    size: bmc.fru.image(fruId).length,
    byWords: unitOf(bmc, fruId) === WORD,
  })),

  handle(ReadFruData, ({ fruId, offset, count }, { bmc, channel }) => {
    const image = bmc.fru.shown(fruId);
    const unit = unitOf(bmc, fruId);
    const start = offset * unit;
    if (start >= image.length)
      throw new IpmiError(CC.ParameterOutOfRange, `offset ${start} of ${image.length}`);
    const data = image.slice(start, start + count * unit);
    // Clients ask for less when told so; a shorter answer they would take for the end (conformance of fru
    // print).
    if (data.length > channel.maxAnswer - OVERHEAD)
      throw new IpmiError(CC.CannotReturnBytes, `${data.length} bytes`);
    return { count: Math.ceil(data.length / unit), data };
  }),

  handle(WriteFruData, ({ fruId, offset, data }, { bmc }) => {
    const unit = unitOf(bmc, fruId);
    if (bmc.fru.device(fruId).readOnly && !bmc.identity.manufacturingTest)
      throw WriteFruData.refuse('writeProtected', `FRU ${fruId} is write-protected`);
    if (data.length % unit !== 0)
      throw new IpmiError(CC.RequestLengthInvalid, `${data.length} bytes are no whole words`);
    return after(bmc.fru.write(fruId, offset * unit, data), { count: data.length / unit });
  }),
];

/** Bytes of what offsets and counts of a device are in. */
const unitOf = ({ fru }: BmcState, id: number): number => (fru.device(id).byWords ? WORD : 1);
