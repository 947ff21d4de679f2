import { latin1, layout, rest, u16, u32, u8, type Field } from '../../codec/index.ts';
import { command, NetFn, Privilege } from '../command.ts';

/** IANA enterprise number of OpenBMC, whose blob transfer this is. */
export const OPENBMC = 49_871;

/** Sub-commands of Blob Transfer (phosphor-ipmi-blobs). */
export const BlobSubCommand = {
  GetCount: 0,
  Enumerate: 1,
  Open: 2,
  Read: 3,
  Write: 4,
  Commit: 5,
  Close: 6,
  Delete: 7,
  Stat: 8,
  SessionStat: 9,
  WriteMeta: 10,
} as const;

/** Open flags; bits 8-15 belong to the blob. */
export const OpenFlag = { Read: 0x01, Write: 0x02 } as const;
/** State of a blob or a session; bits 8-15 belong to the blob. */
export const BlobState = {
  OpenRead: 0x01,
  OpenWrite: 0x02,
  Committing: 0x04,
  Committed: 0x08,
  CommitError: 0x10,
} as const;
/**
 * How an image comes: one of them in the open flags of an image or a hash, all that there are in the state of
 * a path.
 */
export const DataPath = { Ipmi: 0x0100, P2a: 0x0200, Lpc: 0x0400, Net: 0x0800 } as const;
/** The metadata byte of a verification or an update. */
export const ActionStatus = { Running: 0, Success: 1, Failed: 2, Unknown: 3 } as const;

/** What was written counts when it is committed. */
const CHANGING: readonly number[] = [BlobSubCommand.Commit, BlobSubCommand.Delete, BlobSubCommand.WriteMeta];

export const BlobTransfer = command({
  name: 'Blob Transfer',
  spec: 'phosphor-ipmi-blobs',
  netFn: NetFn.OemGroup,
  body: OPENBMC,
  cmd: 0x80,
  privilege: Privilege.User,
  // Session Stat tells the token of a data path.
  secrets: ['framed'],
  changes: ({ subCommand }) => CHANGING.includes(subCommand),
  request: {
    subCommand: u8,
    /** Nothing, or CRC-16 and the body of the sub-command. */
    framed: rest(),
  },
  response: { framed: rest() },
});

/** Text to the end of the data, with a null that must be there. */
const path: Field<string> = {
  kind: 'path',
  min: 2,
  max: Infinity,
  read(reader) {
    const raw = reader.take(reader.left);
    return raw.at(-1) === 0 ? latin1(raw.subarray(0, -1)) : '';
  },
  write(writer, value) {
    if (value === '') return 'need a path';
    for (let i = 0; i < value.length; i++) writer.u8(value.charCodeAt(i) & 0xff);
    writer.u8(0);
    return undefined;
  },
};
const nothing = layout('nothing', {});
const session = layout('blob session', { session: u16 });
const pathOnly = layout('blob path', { path });
const sessionData = layout('blob data', { session: u16, offset: u32, data: rest(1) });
const stat = layout('blob stat', {
  state: u16,
  size: u32,
  metadataLength: u8,
  metadata: rest(),
});

/** Bodies of requests and responses, without the CRC in front of them. */
export const blobBodies = {
  [BlobSubCommand.GetCount]: {
    request: nothing,
    response: layout('Blob Get Count response', { count: u32 }),
  },
  [BlobSubCommand.Enumerate]: {
    request: layout('Blob Enumerate request', { index: u32 }),
    response: pathOnly,
  },
  [BlobSubCommand.Open]: { request: layout('Blob Open request', { flags: u16, path }), response: session },
  [BlobSubCommand.Read]: {
    request: layout('Blob Read request', { session: u16, offset: u32, size: u32 }),
    response: layout('Blob Read response', { data: rest() }),
  },
  [BlobSubCommand.Write]: { request: sessionData, response: nothing },
  [BlobSubCommand.Commit]: {
    request: layout('Blob Commit request', { session: u16, length: u8, data: rest() }),
    response: nothing,
  },
  [BlobSubCommand.Close]: { request: session, response: nothing },
  [BlobSubCommand.Delete]: { request: pathOnly, response: nothing },
  [BlobSubCommand.Stat]: { request: pathOnly, response: stat },
  [BlobSubCommand.SessionStat]: { request: session, response: stat },
  [BlobSubCommand.WriteMeta]: { request: sessionData, response: nothing },
} as const;

/** What the body of a write is where the bytes themselves go another way. */
export const ExternalChunk = layout('external chunk', { length: u32 });
/** WriteMeta of the LPC path: where in the window the bytes will lie. */
export const WindowRequest = layout('window request', { address: u32, length: u32 });
/** What the LPC path has made of it; `code` 0, or 27 (EFBIG): ask again with these. */
export const WindowAnswer = layout('window answer', { code: u8, offset: u32, size: u32 });
/** Session metadata of the P2A path. */
export const WindowAddress = layout('window address', { address: u32 });
