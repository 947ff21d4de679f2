import { z } from '@hono/zod-openapi';
import type { Bmc } from '../../bmc.ts';
import { versionText } from '../../images/firmware-version.ts';
import type { Owner, UpdateService } from '../../services/update/index.ts';
import { bmcRoute } from '../bmc-route.ts';
import { bytesOfHex, hexText } from '../hex-text.ts';
import { refusal } from '../problem.ts';
import type { Caller } from '../caller.ts';
import { wholeNumber } from '../whole-number.ts';

const image = z
  .strictObject({ version: z.string(), size: z.int(), digest: z.string().optional() })
  .openapi('FirmwareImage');
// Not nullable(): of what has a name OpenAPI then says that it is an object all the same.
const noImage = z.union([image, z.null()]);
const component = z.strictObject({
  id: z.int(),
  name: z.string(),
  active: image,
  pending: noImage.openapi({ description: 'Verified, and waiting for activation.' }),
  rollback: noImage,
});
const upload = z.strictObject({
  component: z.int(),
  stage: z.string(),
  owner: z.string(),
  received: z.int().openapi({ description: 'Bytes that are here: the offset of the next piece.' }),
  expiresIn: z.number().openapi({ description: 'Milliseconds until it is given up if nothing comes.' }),
});
const firmware = z
  .strictObject({
    components: z.array(component),
    upload: upload.nullable(),
    switching: z.boolean().openapi({ description: 'An activation or a rollback is under way.' }),
  })
  .openapi('Firmware');
export type FirmwareState = z.infer<typeof firmware>;

type Image = UpdateService['components'][number]['active'];
const shownImage = ({ version, size, digest }: Image) => ({
  version: versionText(version),
  size,
  ...(digest !== undefined && { digest }),
});

function updateOf({ update, name }: Bmc): UpdateService {
  if (update) return update;
  throw refusal('not-found', `nothing of ${name} can be updated`, { next: '`firmware` in its settings' });
}

function stateOf(bmc: Bmc): FirmwareState {
  const { components, info, switching } = updateOf(bmc);
  return {
    components: components.map(({ id, name, active, pending, rollback }) => ({
      id,
      name,
      active: shownImage(active),
      pending: pending ? shownImage(pending) : null,
      rollback: rollback ? shownImage(rollback) : null,
    })),
    upload: info
      ? {
          component: info.component,
          stage: info.stage,
          owner: info.owner,
          received: info.received,
          expiresIn: info.expiresIn,
        }
      : null,
    switching: switching !== undefined,
  };
}

/** An upload belongs to who began it, from request to request. */
const ownerOf = ({ name }: Caller): Owner => ({ key: `control ${name}`, label: `control: ${name}` });

/** An upload of two bytes, for the examples. */
const BEGUN = 'POST /v1/bmcs/node-1/firmware/1/upload {}';
const WRITTEN = 'PUT /v1/bmcs/node-1/firmware/upload {"offset":0,"data":"4d 5a"}';
const FINISHED = 'POST /v1/bmcs/node-1/firmware/upload/finish {"size":2}';
const ACTIVATED = 'POST /v1/bmcs/node-1/firmware/activate';

const params = z.object({ component: wholeNumber(0, 255) });
const digits = z.string().regex(/^[\da-fA-F]{64}$/, 'expected 64 hex digits: a SHA-256');

export const firmwareRoutes = [
  bmcRoute({
    method: 'get',
    path: '/firmware',
    role: 'read',
    tag: 'Firmware',
    summary: 'What can be updated, with its images, and the upload that is under way.',
    answer: firmware,
    example: { path: '/v1/bmcs/node-1/firmware' },
    handle: stateOf,
  }),
  bmcRoute({
    method: 'post',
    path: '/firmware/{component}/upload',
    role: 'admin',
    tag: 'Firmware',
    summary:
      'Begins an upload; one of the same caller is given up, and with `takeover` that of somebody else.',
    params,
    body: z.strictObject({ takeover: z.boolean().default(false) }),
    answer: firmware,
    example: { path: '/v1/bmcs/node-1/firmware/1/upload', body: {} },
    async handle(bmc, { params: { component: id }, body, caller }) {
      await updateOf(bmc).begin(id, ownerOf(caller), body);
      return stateOf(bmc);
    },
  }),
  bmcRoute({
    method: 'put',
    path: '/firmware/upload',
    role: 'admin',
    tag: 'Firmware',
    summary: 'The next piece of the image, in hex digits: at most 500,000 bytes.',
    body: z.strictObject({ offset: z.int().min(0).max(0xffffffff), data: hexText }),
    answer: z.strictObject({ received: z.int() }),
    example: {
      path: '/v1/bmcs/node-1/firmware/upload',
      body: { offset: 0, data: '4d 5a' },
      after: [BEGUN],
    },
    async handle(bmc, { body: { offset, data }, caller }) {
      const update = updateOf(bmc);
      await update.write(ownerOf(caller), offset, bytesOfHex(data));
      return { received: update.received(ownerOf(caller)) };
    },
  }),
  bmcRoute({
    method: 'post',
    path: '/firmware/upload/finish',
    role: 'admin',
    tag: 'Firmware',
    summary: 'All pieces are there: checks the image, which then waits for activation.',
    body: z.strictObject({ size: z.int().min(0).max(0xffffffff).optional(), digest: digits.optional() }),
    answer: image,
    example: {
      path: '/v1/bmcs/node-1/firmware/upload/finish',
      body: { size: 2 },
      after: [BEGUN, WRITTEN],
    },
    async handle(bmc, { body: { size, digest }, caller }) {
      const update = updateOf(bmc);
      await update.finish(ownerOf(caller), size);
      return shownImage(
        await update.verify(ownerOf(caller), digest === undefined ? undefined : bytesOfHex(digest)),
      );
    },
  }),
  bmcRoute({
    method: 'delete',
    path: '/firmware/upload',
    role: 'admin',
    tag: 'Firmware',
    summary: 'Gives up the upload that is under way, and images that wait for activation.',
    answer: firmware,
    example: { path: '/v1/bmcs/node-1/firmware/upload' },
    async handle(bmc, { caller }) {
      await updateOf(bmc).discard(ownerOf(caller));
      return stateOf(bmc);
    },
  }),
  bmcRoute({
    method: 'post',
    path: '/firmware/activate',
    role: 'admin',
    tag: 'Firmware',
    summary: 'Makes the images that wait the active ones.',
    answer: firmware,
    example: { path: '/v1/bmcs/node-1/firmware/activate', after: [BEGUN, WRITTEN, FINISHED] },
    async handle(bmc, { caller }) {
      await updateOf(bmc).activate(ownerOf(caller));
      return stateOf(bmc);
    },
  }),
  bmcRoute({
    method: 'post',
    path: '/firmware/rollback',
    role: 'admin',
    tag: 'Firmware',
    summary: 'Brings back what the last activation replaced.',
    answer: firmware,
    example: {
      path: '/v1/bmcs/node-1/firmware/rollback',
      after: [BEGUN, WRITTEN, FINISHED, ACTIVATED],
    },
    async handle(bmc, { caller }) {
      await updateOf(bmc).rollBack(ownerOf(caller));
      return stateOf(bmc);
    },
  }),
];
