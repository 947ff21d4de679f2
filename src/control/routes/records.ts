import { z } from '@hono/zod-openapi';
import type { Bmc } from '../../bmc.ts';
import { IpmiError } from '../../codec/index.ts';
import { readFru } from '../../records/fru.ts';
import { idName } from '../../records/sdr.ts';
import { readSdrRecord } from '../../records/sdr-record.ts';
import { bmcRoute } from '../bmc-route.ts';
import { bytesOfHex, hexText } from '../hex-text.ts';
import { plain } from '../raw-values.ts';
import { refusal } from '../problem.ts';
import { hexOf } from '../sel-text.ts';
import { wholeNumber, wholeNumberOr } from '../whole-number.ts';

const fru = z
  .strictObject({
    id: z.int(),
    name: z.string(),
    size: z.int().openapi({ description: 'Bytes.' }),
    content: z
      .record(z.string(), z.unknown())
      .nullable()
      .openapi({ description: 'Areas with their fields; null: the bytes are no FRU information.' }),
    image: z.string().optional().openapi({ description: 'All bytes, in hex digits, with `image=true`.' }),
  })
  .openapi('Fru');
export type FruState = z.infer<typeof fru>;

const sdr = z
  .strictObject({
    id: z.int(),
    type: z.string(),
    name: z.string().nullable(),
    fields: z
      .record(z.string(), z.unknown())
      .optional()
      .openapi({ description: 'Of one record: its fields by name, as far as its type has some.' }),
    raw: z.string().openapi({ description: 'All bytes, in hex digits.' }),
  })
  .openapi('Sdr');
export type SdrState = z.infer<typeof sdr>;

function fruOf({ fru: inventory }: Bmc, id: number, withImage: boolean): FruState {
  const { name } = inventory.device(id);
  const image = inventory.shown(id);
  return {
    id,
    name,
    size: image.length,
    content: contentOf(image),
    ...(withImage && { image: hexOf(image) }),
  };
}

function contentOf(image: Uint8Array): Record<string, unknown> | null {
  try {
    return plain(readFru(image)) as Record<string, unknown>;
  } catch {
    return null;
  }
}

function sdrOf({ sdr: repository }: Bmc, id: number, withFields = false): SdrState {
  const { record } = repository.get(id);
  const raw = hexOf(record);
  try {
    const { kind, body } = readSdrRecord(record);
    const letters = 'id' in body && body.id instanceof Uint8Array ? body.id : undefined;
    const fields = withFields && !(body instanceof Uint8Array) && { fields: fieldsOf(body) };
    return { id, type: kind, name: letters === undefined ? null : idName(letters), ...fields, raw };
  } catch (error) {
    // A client may have written anything.
    if (error instanceof IpmiError) return { id, type: 'damaged', name: null, raw };
    throw error;
  }
}

const fieldsOf = (body: object): Record<string, unknown> => plain(body) as Record<string, unknown>;

/** 0000h and FFFFh are the first and the last to IPMI, and no record's own. */
const sdrId = z.object({ id: wholeNumber(1, 0xfffe, 'Id of a record.') });

const fruId = z.object({
  fru: wholeNumber(0, 254, 'Id of the device.'),
});
const truth = z.enum(['true', 'false']).default('false');
const LIMIT = 500;

export const recordRoutes = [
  bmcRoute({
    method: 'get',
    path: '/fru',
    role: 'read',
    tag: 'FRU and SDR',
    summary: 'FRU devices with what is in them.',
    answer: z.strictObject({ frus: z.array(fru) }).openapi('FruList'),
    example: { path: '/v1/bmcs/node-1/fru' },
    handle: (bmc) => ({ frus: bmc.fru.devices.map(({ id }) => fruOf(bmc, id, false)) }),
  }),
  bmcRoute({
    method: 'get',
    path: '/fru/{fru}',
    role: 'read',
    tag: 'FRU and SDR',
    summary: 'One FRU device; with `image=true` byte for byte as well.',
    params: fruId,
    query: z.strictObject({ image: truth }),
    answer: fru,
    example: { path: '/v1/bmcs/node-1/fru/0?image=true' },
    handle: (bmc, { params, query }) => fruOf(bmc, params.fru, query.image === 'true'),
  }),
  bmcRoute({
    method: 'put',
    path: '/fru/{fru}',
    role: 'operate',
    tag: 'FRU and SDR',
    summary: 'Writes bytes of a FRU device, as Write FRU Data does.',
    params: fruId,
    body: z.strictObject({ offset: z.int().min(0).max(0xffff).default(0), data: hexText }),
    answer: fru,
    example: { path: '/v1/bmcs/node-1/fru/0', body: { offset: 2000, data: '01 02' } },
    async handle(bmc, { params, body: { offset, data } }) {
      if (bmc.fru.device(params.fru).readOnly) throw refusal('conflict', `FRU ${params.fru} is read-only`);
      await bmc.fru.write(params.fru, offset, bytesOfHex(data));
      return fruOf(bmc, params.fru, false);
    },
  }),
  bmcRoute({
    method: 'get',
    path: '/sdr',
    role: 'read',
    tag: 'FRU and SDR',
    summary: 'Records of the SDR repository, a page at a time.',
    query: z.strictObject({
      limit: wholeNumberOr(100, 1, LIMIT),
      after: wholeNumber(0, 0xffff, 'Id of a record.').optional(),
    }),
    answer: z
      .strictObject({ records: z.array(sdr), total: z.int(), next: z.int().optional() })
      .openapi('SdrList'),
    example: { path: '/v1/bmcs/node-1/sdr?limit=5' },
    handle(bmc, { query: { limit, after } }) {
      const { ids } = bmc.sdr;
      const place = after === undefined ? 0 : ids.indexOf(after) + 1;
      if (after !== undefined && place === 0)
        throw refusal('not-found', `there is no record ${after}`, { key: 'after' });
      const some = ids.slice(place, place + limit);
      const end = some.at(-1);
      return {
        records: some.map((id) => sdrOf(bmc, id)),
        total: ids.length,
        ...(end !== undefined && end !== ids.at(-1) && { next: end }),
      };
    },
  }),
  bmcRoute({
    method: 'get',
    path: '/sdr/{id}',
    role: 'read',
    tag: 'FRU and SDR',
    summary: 'One record of the SDR repository, with its fields.',
    params: sdrId,
    answer: sdr,
    example: { path: '/v1/bmcs/node-1/sdr/1' },
    handle: (bmc, { params: { id } }) => sdrOf(bmc, id, true),
  }),
  bmcRoute({
    method: 'post',
    path: '/sdr',
    role: 'operate',
    tag: 'FRU and SDR',
    summary: 'Adds a record to the SDR repository, as Add SDR does; it gets an id of its own.',
    body: z.strictObject({ record: hexText }),
    answer: sdr,
    status: 201,
    example: {
      path: '/v1/bmcs/node-1/sdr',
      body: { record: '0000 51 12 0e 20 00 00 20 00 00 00 07 01 00 c3 4d 43 39' },
    },
    async handle(bmc, { body: { record } }) {
      refuseWhileUpdated(bmc);
      const { id, done } = bmc.sdr.add(bytesOfHex(record));
      await done;
      return sdrOf(bmc, id, true);
    },
  }),
  bmcRoute({
    method: 'delete',
    path: '/sdr/{id}',
    role: 'operate',
    tag: 'FRU and SDR',
    summary: 'Deletes one record of the SDR repository.',
    params: sdrId,
    status: 204,
    example: { path: '/v1/bmcs/node-1/sdr/1' },
    async handle(bmc, { params: { id } }) {
      refuseWhileUpdated(bmc);
      await bmc.sdr.delete(id).done;
    },
  }),
  bmcRoute({
    method: 'delete',
    path: '/sdr',
    role: 'operate',
    tag: 'FRU and SDR',
    summary: 'Clears the SDR repository; sensors that it does not name are there all the same.',
    status: 204,
    example: { path: '/v1/bmcs/node-1/sdr' },
    async handle(bmc) {
      refuseWhileUpdated(bmc);
      await bmc.sdr.clear();
    },
  }),
];

/** A client that writes the repository (ipmitool `sdr fill`) has it for itself. Throws ControlError. */
function refuseWhileUpdated({ sdr: repository }: Bmc): void {
  if (repository.isUpdatedByOther(undefined))
    throw refusal('conflict', 'the SDR repository is in update mode: somebody else writes it');
}
