import { CC, IpmiError } from '../../codec/index.ts';
import { GetFruInventoryAreaInfo, ReadFruData, WriteFruData } from '../../commands/storage/fru.ts';
import type { Handler } from '../../router/index.ts';
import type { BmcState } from '../../state/bmc-state.ts';
import { after } from '../../state/store.ts';
import { handle } from '../handle.ts';

/** Completion code and count go with the data. */
const OVERHEAD = 2;

export const fruHandlers: readonly Handler<BmcState>[] = [
  handle(GetFruInventoryAreaInfo, ({ fruId }, { bmc }) => ({ size: bmc.fru.image(fruId).length, byWords: false })),

  handle(ReadFruData, ({ fruId, offset, count }, { bmc, channel }) => {
    const image = bmc.fru.image(fruId);
    if (offset >= image.length) throw new IpmiError(CC.ParameterOutOfRange, `offset ${offset} of ${image.length}`);
    const data = image.slice(offset, offset + count);
    // Clients ask for less when told so; a shorter answer they would take for the end (conformance of fru print).
    if (data.length > channel.maxAnswer - OVERHEAD) throw new IpmiError(CC.CannotReturnBytes, `${count} bytes`);
    return { count: data.length, data };
  }),

  handle(WriteFruData, ({ fruId, offset, data }, { bmc }) => after(bmc.fru.write(fruId, offset, data), { count: data.length })),
];
