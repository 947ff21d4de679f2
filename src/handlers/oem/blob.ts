import { CC, IpmiError, type Layout } from '../../codec/index.ts';
import { blobBodies, BlobSubCommand, BlobTransfer } from '../../commands/oem/blob.ts';
import type { Context, HandlerSet } from '../../router/index.ts';
import type { BmcState } from '../../bmc-state.ts';
import { BlobError, type BlobRequester, type BlobStat } from '../../services/blobs/handler.ts';
import type { Blobs } from '../../services/blobs/blobs.ts';
import { blobCrc } from '../../images/blob-crc.ts';
import { handle } from '../handle.ts';

const CRC_SIZE = 2;
/** Completion code and IANA number, in front of the CRC. */
const ANSWER_OVERHEAD = 4;

type Bodies = typeof blobBodies;
type Sub = keyof Bodies;
type RequestOf<S extends Sub> = ReturnType<Bodies[S]['request']['decode']>;
type ResponseOf<S extends Sub> = Parameters<Bodies[S]['response']['encode']>[0];
type Work<S extends Sub> = (
  blobs: Blobs,
  request: RequestOf<S>,
  requester: BlobRequester,
) => ResponseOf<S> | Promise<ResponseOf<S>>;

const done = async (work: void | Promise<void>): Promise<Record<string, never>> => {
  await work;
  return {};
};
const statOf = async (
  stat: BlobStat | Promise<BlobStat>,
): Promise<ResponseOf<typeof BlobSubCommand.Stat>> => {
  const { state, size, metadata = new Uint8Array(0) } = await stat;
  return { state, size, metadataLength: metadata.length, metadata };
};

const works: { readonly [S in Sub]: Work<S> } = {
  [BlobSubCommand.GetCount]: (blobs) => ({ count: blobs.count() }),
  [BlobSubCommand.Enumerate]: (blobs, { index }) => ({ path: blobs.pathAt(index) }),
  [BlobSubCommand.Open]: async (blobs, { flags, path }, requester) => ({
    session: await blobs.open(path, flags, requester),
  }),
  [BlobSubCommand.Read]: async (blobs, { session, offset, size }, requester) => ({
    data: await blobs.read(session, requester, offset, size),
  }),
  [BlobSubCommand.Write]: (blobs, { session, offset, data }, requester) =>
    done(blobs.write(session, requester, offset, data)),
  [BlobSubCommand.Commit]: (blobs, { session, length, data }, requester) => {
    if (length > data.length)
      throw new IpmiError(CC.RequestLengthInvalid, `${length} bytes of commit data, ${data.length} came`);
    return done(blobs.commit(session, requester, data.subarray(0, length)));
  },
  [BlobSubCommand.Close]: (blobs, { session }, requester) => done(blobs.close(session, requester)),
  [BlobSubCommand.Delete]: (blobs, { path }, requester) => done(blobs.delete(path, requester)),
  [BlobSubCommand.Stat]: (blobs, { path }) => statOf(blobs.stat(path)),
  [BlobSubCommand.SessionStat]: (blobs, { session }, requester) =>
    statOf(blobs.sessionStat(session, requester)),
  [BlobSubCommand.WriteMeta]: (blobs, { session, offset, data }, requester) =>
    done(blobs.writeMeta(session, requester, offset, data)),
};

/** Blob transfer, as phosphor-ipmi-blobs serves it: codes C7h, CCh, CEh and FFh mean what they mean there. */
export const blobHandlers: HandlerSet<BmcState> = {
  owner: 'blobs',
  handlers: [
    handle(BlobTransfer, async ({ subCommand, framed }, context) => {
      const sub = subCommand as Sub;
      const bodies = blobBodies[sub] as { request: Layout<object>; response: Layout<object> } | undefined;
      const body = framed.length === 0 ? framed : framed.subarray(CRC_SIZE);
      if (bodies && bodies.request.min > body.length)
        throw new IpmiError(CC.RequestLengthInvalid, `blob sub-command ${subCommand}`);
      if (framed.length > 0) checkCrc(framed, body);
      if (!bodies) throw new IpmiError(CC.InvalidDataField, `blob sub-command ${subCommand}`);
      const response = await answer(bodies, works[sub], body, context);
      if (bodies.response.max === 0) return { framed: new Uint8Array(0) };
      if (CRC_SIZE + response.length + ANSWER_OVERHEAD > context.channel.maxAnswer)
        throw new IpmiError(CC.ResponseUnavailable, 'the answer is too long for the channel');
      const out = new Uint8Array(CRC_SIZE + response.length);
      const crc = blobCrc(response);
      out[0] = crc & 0xff;
      out[1] = crc >> 8;
      out.set(response, CRC_SIZE);
      return { framed: out };
    }),
  ],
};

/** What a session has sent around by a bus is still the session's. */
function requesterOf(context: Context<BmcState>): BlobRequester {
  const { channel, privilege, requester: from } = context;
  const { session } = context.origin;
  const place =
    channel.medium === 'system-interface'
      ? `channel ${channel.number}`
      : `channel ${channel.number}, ${from}`;
  return { channel, privilege, session, from, party: session ?? place };
}

function checkCrc(framed: Uint8Array, body: Uint8Array): void {
  if (framed.length <= CRC_SIZE) throw new IpmiError(CC.RequestLengthInvalid, 'a CRC without a body');
  if ((framed[0] | (framed[1] << 8)) !== blobCrc(body)) throw new IpmiError(CC.Unspecified, 'blob CRC');
}

async function answer(
  { request, response }: { request: Layout<object>; response: Layout<object> },
  work: Work<Sub>,
  body: Uint8Array,
  context: Context<BmcState>,
): Promise<Uint8Array> {
  const { bmc } = context;
  try {
    const values = request.decode(body) as RequestOf<Sub>;
    if ('path' in values && values.path === '')
      throw new IpmiError(CC.RequestLengthInvalid, 'a path without its null, or none');
    const result = await work(bmc.blobs, values, requesterOf(context));
    return response.encode(result);
  } catch (error) {
    if (!(error instanceof BlobError)) throw error;
    bmc.blobs.failed(error);
    throw new IpmiError(CC.Unspecified, error.message);
  }
}
