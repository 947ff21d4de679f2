import { CC, IpmiError } from '../codec/index.ts';
import { GetFruInventoryAreaInfo, ReadFruData } from '../commands/storage/fru.ts';
import { GetSdr, ReserveSdrRepository } from '../commands/storage/sdr.ts';
import { GetSelEntry } from '../commands/storage/sel.ts';
import type { FruContent } from '../records/fru-image.ts';
import { readFru } from '../records/fru.ts';
import { SDR_HEADER } from '../records/sdr.ts';
import { readSdrRecord, type SdrRecord } from '../records/sdr-record.ts';
import { readSelRecord, type SelRecord } from '../records/sel.ts';
import type { Client } from './client.ts';

/** Bytes that every BMC and every way between can carry in one answer. */
const CHUNK = 16;
/** The record behind the last one. */
const END = 0xffff;
const WHOLE = 0xff;
const MOST_RECORDS = 0xffff;
/** How often a list begins again because somebody else changed it. */
const TRIES = 3;

/**
 * The records of the SDR repository. Throws IpmiError, C5h where it changes faster than it can be read;
 * DecodeError.
 */
export async function readSdrs(client: Client): Promise<SdrRecord[]> {
  for (let left = TRIES; ; left--) {
    try {
      return await sdrsOnce(client);
    } catch (error) {
      if (!(error instanceof IpmiError) || error.cc !== CC.ReservationCanceled || left === 1) throw error;
    }
  }
}

async function sdrsOnce(client: Client): Promise<SdrRecord[]> {
  const { reservationId } = await client.send(ReserveSdrRepository);
  const records: SdrRecord[] = [];
  for (let recordId = 0; recordId !== END && records.length < MOST_RECORDS;) {
    const { nextRecordId, data: header } = await client.send(GetSdr, {
      reservationId,
      recordId,
      offset: 0,
      count: SDR_HEADER,
    });
    const record = new Uint8Array(SDR_HEADER + (header[4] ?? 0));
    record.set(header.subarray(0, SDR_HEADER));
    for (let offset = SDR_HEADER; offset < record.length; offset += CHUNK) {
      const count = Math.min(CHUNK, record.length - offset);
      const { data } = await client.send(GetSdr, { reservationId, recordId, offset, count });
      record.set(data.subarray(0, count), offset);
    }
    records.push(readSdrRecord(record));
    recordId = nextRecordId;
  }
  return records;
}

/** The entries of the SEL, oldest first. Throws IpmiError, DecodeError. */
export async function readSel(client: Client): Promise<SelRecord[]> {
  const entries: SelRecord[] = [];
  try {
    for (let recordId = 0; recordId !== END && entries.length < MOST_RECORDS;) {
      const { nextRecordId, data } = await client.send(GetSelEntry, {
        reservationId: 0,
        recordId,
        offset: 0,
        count: WHOLE,
      });
      entries.push(readSelRecord(data));
      recordId = nextRecordId;
    }
  } catch (error) {
    // An empty SEL has no first entry.
    if (!(error instanceof IpmiError) || error.cc !== CC.NotPresent || entries.length > 0) throw error;
  }
  return entries;
}

/**
 * What a FRU device of the BMC holds, 0..FEh. Throws IpmiError, CBh for one that there is not; DecodeError
 * for one that holds no FRU data.
 */
export async function readFruDevice(client: Client, fruId: number): Promise<FruContent> {
  const { size, byWords } = await client.send(GetFruInventoryAreaInfo, { fruId });
  const unit = byWords ? 2 : 1;
  const image = new Uint8Array(size);
  for (let at = 0; at < size;) {
    const wanted = Math.min(CHUNK, size - at);
    const { data } = await client.send(ReadFruData, {
      fruId,
      offset: at / unit,
      count: Math.ceil(wanted / unit),
    });
    if (data.length === 0)
      throw new IpmiError(CC.CannotReturnBytes, `FRU ${fruId} gives no bytes at ${at} of ${size}`);
    image.set(data.subarray(0, size - at), at);
    at += data.length;
  }
  return readFru(image);
}
