import { expect, test } from 'vitest';
import type { BmcState } from '../bmc-state.ts';
import { connectLan, loopback, openSol, TimeoutError, type Client } from '../client/index.ts';
import {
  GetChassisStatus,
  GetDeviceId,
  GetPohCounter,
  GetSelEntry,
  GetSelInfo,
  GetSelTime,
  GetSdr,
  GetSdrRepositoryInfo,
  GetSensorReading,
  LanParameter,
  Privilege,
  ReserveSdrRepository,
  ReserveSel,
  SetSelTime,
  SetUserPassword,
} from '../commands/index.ts';
import { declaredCommands } from '../state/app/command-selector.ts';
import { handle, handleRaw } from '../router/index.ts';
import { buildMessage, parseMessage } from '../wire/index.ts';
import { LAN, rig, sessionContext, type Rig } from '../../test/support/bmc.ts';
import {
  entryLine,
  entryText,
  headerLine,
  declaredNames,
  isRequest,
  maskOf,
  readTape,
  record,
  replay,
  shrink,
  tapeHeader,
  TapeAnswers,
  type ReplayOptions,
  type Tape,
  type TapeEntry,
} from './index.ts';
import { spokenName } from '../commands/command.ts';

const names = declaredNames();

/** A BMC with two records in its SEL, asked in a session. */
function site(options: Parameters<typeof rig>[0] = {}): Rig & { session: Client } {
  const made = rig({
    users: [{ id: 2, name: 'admin', password: 'secret-enough' }],
    sensors: [{ name: 'Inlet', entity: '7.1', type: 'temperature', unit: 'degrees C', value: 25 }],
    ...options,
  });
  return withSession(made);
}

const withSession = (at: Rig): Rig & { session: Client } => ({
  ...at,
  session: loopback(at.bmc.router.enter, sessionContext(at.bmc, Privilege.Administrator)),
});

/** The same BMC so many days later; sessions do not live so long. */
async function later(days: number): Promise<Rig & { session: Client }> {
  const at = site();
  await at.world.run(days * 86_400_000);
  return withSession(at);
}

/** What `work` does to a BMC, as a tape that has been written and read. */
async function recorded(
  work: (at: Rig & { session: Client }) => Promise<unknown>,
  at = site(),
): Promise<Tape> {
  const lines = [headerLine(tapeHeader('bmc', at.world.clock.now()))];
  const stop = record(at.bmc, at.world.clock, (entry) => void lines.push(entryLine(entry)));
  await at.world.until(work(at));
  stop();
  return readTape(`${lines.join('\n')}\n`, 'bmc.tape');
}

/** What differs, a line each. */
async function replayed(
  tape: Tape,
  at: Rig & { session: Client },
  options: ReplayOptions = {},
): Promise<string[]> {
  const { requests } = await at.world.until(replay(tape, at.session, options));
  return requests.flatMap((one) =>
    one.differences.map(({ command, field, recorded: was, now }) => `${command}.${field} ${was} -> ${now}`),
  );
}

const readEverything = async ({ session, host }: Rig & { session: Client }): Promise<void> => {
  await session.send(GetDeviceId);
  await session.send(GetChassisStatus);
  await session.send(GetSelInfo);
  await session.send(GetSelTime);
  const { reservationId } = await session.send(ReserveSdrRepository);
  let recordId = 0;
  while (recordId !== 0xffff) {
    const { nextRecordId } = await session.send(GetSdr, { reservationId, recordId, offset: 0, count: 5 });
    recordId = nextRecordId;
  }
  await session.send(GetSensorReading, { sensorNumber: 1 });
  await host.send(GetPohCounter);
};

test('TAPE1: a recording has who asked what and what the answer was, by name; what is read is what was written', async () => {
  const tape = await recorded(readEverything);
  const [first] = tape.entries.filter(isRequest);
  expect(first).toMatchObject({
    name: 'Get Device ID',
    user: 'admin',
    channel: LAN.number,
    privilege: Privilege.Administrator,
    message: { netFn: 6, cmd: 1, lun: 0 },
  });
  expect(first.answer.length).toBe(12);
  expect(tape.header).toMatchObject({ tape: 1, bmc: 'bmc', created: '2026-01-01T00:00:00.000Z' });
  const again = [headerLine(tape.header), ...tape.entries.map(entryLine)].join('\n');
  expect(readTape(again, 'again')).toEqual(tape);
  expect(entryText(names, first)).toMatch(/^0\.000 s {2}admin@channel 1 {2}Get Device ID {2}-> .*deviceId=/);
});

test('TAPE1: events have lines of their own, and what another message carries is in that message alone', async () => {
  const tape = await recorded(async ({ bmc, client }) => {
    const data = Uint8Array.of(1, 0xff, 0xff);
    const sensor = { sensorType: 5, sensorNumber: 9, eventType: 0x6f, deassertion: false };
    await bmc.events.raise({ generator: 0x20, ...sensor, data });
    // Send Message to itself: Get Device ID inside.
    await client.raw(6, 0x34, Uint8Array.of(0x40, 0x20, 0x18, 0xc8, 0x81, 0x04, 0x01, 0x7a));
  });
  expect(tape.entries.map(({ kind }) => kind)).toEqual(['event', 'request']);
  expect(tape.entries[0]).toMatchObject({ sensorNumber: 9, sensorType: 5, record: 1 });
  expect(entryText(names, tape.entries[0])).toContain('event of sensor 09h');
});

test('TAPE1: what a console shows is recorded, and of what is typed how much it was', async () => {
  const at = site({ interfaces: [{ type: 'lan', listen: '10.0.0.1:623' }] });
  await at.world.until(at.bmc.open());
  const entries: TapeEntry[] = [];
  record(at.bmc, at.world.clock, (entry) => void entries.push(entry));
  const server = { host: '10.0.0.1', user: 'admin', password: 'secret-enough' };
  const client = await at.world.until(connectLan(at.world, server));
  const sol = await at.world.until(openSol(at.world.clock, client));
  let shown = '';
  sol.onData = (data) => void (shown += Buffer.from(data).toString('latin1'));
  sol.write(Buffer.from('typed-secret'));
  await at.world.run(3000);
  const lines = entries.filter(({ kind }) => kind === 'sol').map(entryLine);
  expect(lines.some((line) => line.includes('"dir":"in"') && /"count":12\b/.test(line))).toBe(true);
  for (const line of lines.filter((one) => one.includes('"dir":"in"'))) expect(line).not.toContain('"data"');
  const out = entries.flatMap((one) => (one.kind === 'sol' && one.direction === 'out' ? [one.data] : []));
  expect(shown).not.toBe('');
  expect(Buffer.concat(out.map((data) => data ?? new Uint8Array(0))).toString('latin1')).toBe(shown);
  expect(
    readTape([headerLine(tapeHeader('bmc', 0)), ...lines].join('\n'), 'x').entries.map(entryLine),
  ).toEqual(lines);
});

test('TAPE1: secrets are never on a tape, and what is left out is said', async () => {
  const password = Buffer.from('never-on-tape');
  const lines: string[] = [];
  const at = site();
  record(at.bmc, at.world.clock, (entry) => void lines.push(entryLine(entry)));
  const padded = Uint8Array.from({ length: 20 }, (_, i) => password[i] ?? 0);
  await at.client.send(SetUserPassword, { twentyBytes: true, userId: 2, operation: 2, password: padded });
  await at.client.set(LanParameter.Community, { community: 'quiet-one' }, { channel: 1 });
  // Nobody decodes it, so all of it may be secret.
  await at.client.raw(6, 0x47, Uint8Array.of(0x82, 2, ...password));
  const text = lines.join('\n');
  expect(lines).toHaveLength(3);
  for (const secret of ['never-on-tape', 'quiet-one'])
    expect(text).not.toContain(Buffer.from(secret).toString('hex'));
  expect(lines.map((line) => (JSON.parse(line) as { redacted?: string[] }).redacted)).toEqual([
    ['req'],
    ['req'],
    ['req'],
  ]);
});

test('TAPE1: what cannot be read is one line with its place', () => {
  const head = headerLine(tapeHeader('bmc', 0));
  const said = (text: string): string => {
    try {
      readTape(text, 'x.tape');
    } catch (error) {
      return (error as Error).message;
    }
    return 'good';
  };
  expect(said('')).toBe('x.tape:1: is empty, expected a tape');
  expect(said('{"a":1}')).toContain('x.tape:1: expected the head of a tape');
  expect(said('{"tape":2}')).toBe('x.tape:1: a tape of version 2; this program reads version 1');
  expect(said(`${head}\n{"netfn":6,\n`)).toBe('x.tape:2: is not JSON');
  expect(said(head.slice(0, 20))).toBe('x.tape:1: is not JSON');
  expect(said(`${head}\n\n[]`)).toBe('x.tape:3: expected a JSON object');
  expect(said(`${head}\n{"netfn":7,"cmd":1,"cc":0}`)).toContain("x.tape:2: netfn: 7 is a response's");
  expect(said(`${head}\n{"netfn":6,"cmd":1,"cc":0,"req":"0"}`)).toContain(
    'x.tape:2: req: expected pairs of hex',
  );
  expect(said(`${head}\n{"netfn":6,"cc":0}`)).toBe(
    'x.tape:2: cmd: expected a whole number of 0 to 255, received nothing',
  );
});

test('TAPE1: of a recording that goes on, or was killed, everything is read but the line that has no end', async () => {
  const tape = await recorded(readEverything);
  const text = [headerLine(tape.header), ...tape.entries.map(entryLine)].join('\n');
  expect(readTape(text, 'whole')).toEqual(tape);
  const cut = readTape(text.slice(0, -10), 'cut');
  expect(cut).toEqual({ header: tape.header, entries: tape.entries.slice(0, -1), isCut: true });
});

test('TAPE1: entries of a kind that nobody knows yet are kept as they are', () => {
  const line = '{"t":1,"kind":"smell","of":"smoke"}';
  const { entries } = readTape(`${headerLine(tapeHeader('bmc', 0))}\n${line}`, 'x');
  expect(entries.map(entryLine)).toEqual([line]);
});

test('TAPE2: replayed against the same BMC on another day nothing differs: clocks, counters and reservations are others', async () => {
  const tape = await recorded(readEverything);
  const other = await later(3);
  for (let i = 0; i < 3; i++) await other.session.send(ReserveSdrRepository);
  expect(await replayed(tape, other)).toEqual([]);
  const strict = await replayed(tape, other, { strict: true });
  expect(strict.map((line) => line.split(' ')[0])).toEqual(
    expect.arrayContaining(['get-sel-time.time', 'get-poh-counter.count']),
  );
});

test('TAPE2: one change in the BMC is named by command and field, and can be masked by that name', async () => {
  const tape = await recorded(readEverything);
  const other = site();
  other.bmc.router.register({
    owner: 'planted',
    handlers: [
      handle(
        GetChassisStatus,
        async (request, _context, next) => ({ ...(await next(request)), identifySupported: false }),
        { override: 'standard' },
      ),
    ],
  });
  const said = await replayed(tape, other);
  expect(said).toEqual(['get-chassis-status.identifySupported true -> false']);
  for (const mask of ['get-chassis-status.identifySupported', 'get-chassis-status', '*.identifySupported'])
    expect(await replayed(tape, other, { mask: maskOf([mask]) })).toEqual([]);
  expect(await replayed(tape, other, { mask: maskOf(['get-sel-info']) })).toEqual(said);
});

test('TAPE2: a mask that would hide nothing, or everything, is a mistake', () => {
  expect(() => maskOf(['get-sel-inof'])).toThrow(/no command get-sel-inof/);
  expect(() => maskOf(['get-sel-info.fee'])).toThrow(/no field fee, expected one of .*free/);
  expect(() => maskOf(['*.fee'])).toThrow(/no field fee/);
  expect(() => maskOf(['*'])).toThrow(/hides everything/);
  // Whatever a report calls a command, a mask can.
  for (const { name } of declaredCommands)
    expect(() => maskOf([`${spokenName(name)}.cc`]), name).not.toThrow();
  expect(maskOf(['30h-01h.data']).ignores('30h-01h', 'data')).toBe(true);
  expect(maskOf(['get-sel-entry.sensorNumber']).ignores('get-sel-entry', 'sensorNumber')).toBe(true);
});

const addRecord = (data: number) =>
  Uint8Array.of(0, 0, 2, 0, 0, 0, 0, 0x20, 0, 4, 5, 9, 0x6f, data, 0xff, 0xff);

test('TAPE2: record ids are learnt: what was record 1 is asked for as what it is now', async () => {
  const work = async ({ session }: { session: Client }): Promise<void> => {
    await session.send(ReserveSel);
    const answer = await session.raw(0x0a, 0x44, addRecord(1));
    const recordId = answer[1] | (answer[2] << 8);
    await session.send(GetSelEntry, { reservationId: 0, recordId, offset: 0, count: 0xff });
  };
  const tape = await recorded(work);
  const other = site();
  for (const data of [7, 8]) await other.session.raw(0x0a, 0x44, addRecord(data));
  expect(await replayed(tape, other)).toEqual([]);
  // The one that was added, and not the first that there is: the same event.
  const asked: number[] = [];
  other.bmc.taps.add({
    message: ({ message }) => void (message.cmd === 0x43 && asked.push(message.data[2])),
  });
  await replayed(tape, other);
  expect(asked).toEqual([4]);
});

test('TAPE2: an id that is another record than before is a difference', async () => {
  const tape = await recorded(async ({ session }) => {
    const { recordId } = { recordId: (await session.raw(0x0a, 0x44, addRecord(1)))[1] };
    await session.send(GetSelEntry, { reservationId: 0, recordId, offset: 0, count: 0xff });
  });
  const other = site();
  await other.session.raw(0x0a, 0x44, addRecord(2));
  const swapped = handleRaw<BmcState>(
    { netFn: 0x0a, cmd: 0x43 },
    (message, context, next) => {
      const data = message.data.slice();
      data[2] = 1;
      return next({ ...message, data }, context);
    },
    { override: 'standard' },
  );
  other.bmc.router.register({ owner: 'planted', handlers: [swapped] });
  expect(await replayed(tape, other)).toEqual([
    'get-sel-entry.nextRecordId 65535 -> 2',
    'get-sel-entry.recordId 1 (2 here) -> 1',
    'get-sel-entry.eventData [01 FF FF] -> [02 FF FF]',
  ]);
});

test('TAPE2: the session asks at the recorded level, so that what was refused is refused again', async () => {
  const tape = await recorded(async ({ bmc }) => {
    const user = loopback(bmc.router.enter, sessionContext(bmc, Privilege.User));
    await user.raw(0, 2, Uint8Array.of(1));
  });
  expect(tape.entries.filter(isRequest)[0]).toMatchObject({ privilege: 2 });
  expect(tape.entries.filter(isRequest)[0].answer).toEqual(Uint8Array.of(0xd4));
  expect(await replayed(tape, site())).toEqual([]);
});

test('TAPE2: a clock that is set is set to the time of the replay', async () => {
  const at = site();
  const start = at.world.clock.now();
  const tape = await recorded(
    ({ session }) => session.send(SetSelTime, { time: Math.floor(start / 1000) }),
    at,
  );
  const other = await later(1);
  await replayed(tape, other, { now: () => other.world.clock.now() });
  const { time } = await other.session.send(GetSelTime);
  expect(time).toBe(Math.floor(start / 1000) + 86_400);
});

test('TAPE2: what is not sent is said: secrets, the session of the recording, what had no answer', async () => {
  const silent = site();
  silent.bmc.faults.add({ when: { command: 'get-device-id' }, then: { drop: 'response' } });
  const tape = await recorded(async ({ session }) => {
    await session.raw(6, 0x47, Uint8Array.of(2, 2, ...Buffer.from('0123456789abcdef')));
    await session.raw(6, 0x3c, Uint8Array.of(9, 9, 9, 9));
    await session.raw(6, 1);
  }, silent);
  const other = site();
  const { requests, sent } = await other.world.until(replay(tape, other.session));
  expect(sent).toBe(0);
  expect(requests.map(({ skipped }) => skipped)).toEqual([
    'its secret is not on the tape',
    'it belongs to the recorded session',
    'it had no answer',
  ]);
  const reads = await recorded(async ({ session }) => {
    await session.send(SetSelTime, { time: 0x40000000 });
    await session.send(GetSelInfo);
  });
  const careful = await other.world.until(replay(reads, other.session, { readOnly: true }));
  expect(careful.requests.map(({ skipped }) => skipped)).toEqual(['it changes something', undefined]);
});

test('TAPE2: a BMC that answers no more ends the replay, which says so', async () => {
  const tape = await recorded(readEverything);
  let asked = 0;
  const silent = {
    raw: async (): Promise<Uint8Array> => {
      asked++;
      throw new TimeoutError('no answer');
    },
    send: async (): Promise<never> => {
      throw new TimeoutError('no answer');
    },
  };
  const { requests, different } = await replay(tape, silent);
  expect(asked).toBe(2);
  expect(different).toBe(2);
  expect(requests[0].differences).toEqual([
    { command: 'get-device-id', field: 'cc', recorded: '00h completed normally', now: 'no answer' },
  ]);
  expect(requests.at(-1)?.skipped).toBe('the BMC answers no more');
});

test('TAPE2: a BMC that was reset, or has ended the session, is logged in to again, and asked once more', async () => {
  const tape = await recorded(readEverything);
  const at = site();
  let left = 3;
  const ends = {
    raw: async (...request: Parameters<Client['raw']>): Promise<Uint8Array> => {
      if (left-- <= 0) throw new TimeoutError('no answer');
      return at.session.raw(...request);
    },
    send: at.session.send.bind(at.session),
  };
  const { different, sent } = await at.world.until(replay(tape, ends, { reconnect: async () => at.session }));
  expect([different, sent]).toEqual([0, tape.entries.length]);
  left = 3;
  const gone = await at.world.until(replay(tape, ends, { reconnect: async () => undefined }));
  expect([gone.different, gone.sent]).toEqual([2, 5]);
});

test('TAPE2: a secret is in no report, whichever of the two BMCs has one', async () => {
  const get = ({ client }: Rig) => client.get(LanParameter.Community, { channel: 1 });
  const [quiet, telling] = [site(), site()];
  await quiet.client.set(LanParameter.Community, { community: '' }, { channel: 1 });
  await telling.client.set(LanParameter.Community, { community: 'hush' }, { channel: 1 });
  const [was, is] = ['19 bytes', '19 bytes with a secret'];
  const field = 'get-lan-configuration-parameters.data';
  expect(await replayed(await recorded(get, quiet), telling)).toEqual([`${field} ${was} -> ${is}`]);
  expect(await replayed(await recorded(get, telling), quiet)).toEqual([`${field} ${is} -> ${was}`]);
  expect(await replayed(await recorded(get, telling), site())).toEqual([]);
});

/** A BMC that has nothing of its own but what the tape says. */
function served(tape: Tape, extra?: 'refuse' | 'pass') {
  const at = site({ sensors: [] });
  const answers = new TapeAnswers(tape, at.bmc.router, { extra });
  at.bmc.router.wrap(answers.wrapper);
  return { ...at, answers };
}

test('TAPE3: served, the n-th same request gets the n-th answer, and then the last one', async () => {
  const tape = await recorded(async ({ session }) => {
    for (let i = 0; i < 3; i++) {
      await session.send(GetSelInfo);
      await session.raw(0x0a, 0x44, addRecord(i));
    }
  });
  const { session } = served(tape);
  const counts: number[] = [];
  for (let i = 0; i < 5; i++) counts.push((await session.send(GetSelInfo)).entries);
  expect(counts).toEqual([0, 1, 2, 2, 2]);
});

test('TAPE3: what the tape does not have is C1h, or for the standard handlers', async () => {
  const tape = await recorded(({ session }) => session.send(GetSelInfo));
  const refused = served(tape);
  expect([...(await refused.session.raw(6, 1))]).toEqual([0xc1]);
  expect(refused.answers.unknown).toBe(1);
  expect((await served(tape, 'pass').session.raw(6, 1))[0]).toBe(0);
});

test('TAPE3: times and reservations that are others than on the tape, and secrets, find their answers; a user does not get what only an administrator got', async () => {
  const tape = await recorded(async ({ session }) => {
    await session.send(SetSelTime, { time: 0x50000000 });
    await session.send(GetSdr, { reservationId: 0, recordId: 0, offset: 0, count: 5 });
    await session.raw(6, 0x47, Uint8Array.of(2, 2, ...Buffer.from('0123456789abcdef')));
  });
  const { session, bmc, send } = served(tape);
  await session.send(SetSelTime, { time: 0x60000000 });
  await session.send(GetSdr, { reservationId: 77, recordId: 0, offset: 0, count: 5 });
  expect((await session.raw(0x0a, 0x23, Uint8Array.of(0, 0, 9, 0, 0, 5)))[0]).toBe(0xc1);
  expect(await send(6, 0x47, 2, 2, ...Buffer.from('another-password'))).toEqual([0]);
  const user = loopback(bmc.router.enter, sessionContext(bmc, Privilege.User));
  expect([...(await user.raw(6, 0x47, Uint8Array.of(2, 2, ...Buffer.from('0123456789abcdef'))))]).toEqual([
    0xd4,
  ]);
});

test('TAPE3: the response to a bridged message follows, to whoever asks now', async () => {
  const carried = (seq: number): Uint8Array =>
    Uint8Array.of(
      0x40,
      ...buildMessage({
        to: 0x20,
        toLun: 0,
        netFn: 6,
        from: 0x81,
        fromLun: 0,
        seq,
        cmd: 1,
        data: new Uint8Array(0),
      }),
    );
  const tape = await recorded(async ({ bmc }) => {
    const context = sessionContext(bmc, Privilege.Administrator);
    await loopback(bmc.router.enter, context).raw(6, 0x34, carried(5));
    await context.followUp;
  });
  const [entry] = tape.entries.filter(isRequest);
  expect(parseMessage(entry.bridged ?? new Uint8Array(0))).toMatchObject({ netFn: 7, cmd: 1, seq: 5 });
  const { bmc } = served(tape);
  const context = sessionContext(bmc, Privilege.Administrator);
  expect([...(await loopback(bmc.router.enter, context).raw(6, 0x34, carried(9)))]).toEqual([0]);
  const response = parseMessage((await context.followUp) ?? new Uint8Array(0));
  expect(response).toMatchObject({ netFn: 7, cmd: 1, seq: 9, to: 0x81 });
  expect(response?.data[1]).toBe(0x20);
});

test('TAPE3: sessions are of the BMC that serves', async () => {
  const recording = await recorded(async ({ session }) => {
    await session.send(GetDeviceId);
  });
  const { world, bmc } = served(recording);
  await world.until(bmc.open());
  const [{ address }] = bmc.interfaces;
  const [host, port] = address.split(':');
  const client = await world.until(
    connectLan(world, { host, port: Number(port), user: 'admin', password: 'secret-enough' }),
  );
  expect((await world.until(client.send(GetDeviceId))).deviceId).toBe(0x20);
  expect([...(await world.until(client.raw(0x0a, 0x20)))]).toEqual([0xc1]);
  await world.until(client.close());
});

test('TAPE4: a list is cut to the smallest part that still fails, always in the same way', async () => {
  const items = Array.from({ length: 40 }, (_, i) => i);
  const tries: string[] = [];
  const fails = async (part: readonly number[]): Promise<boolean> => {
    tries.push(part.join());
    return part.includes(7) && part.includes(31);
  };
  expect((await shrink(items, fails)).kept).toEqual([7, 31]);
  const first = tries.splice(0);
  await shrink(items, fails);
  expect(tries).toEqual(first);
  expect(await shrink(items, fails, 3)).toMatchObject({ tried: 3, isCut: true });
  expect((await shrink([1], async () => true)).kept).toEqual([1]);
});

test('TAPE4: a tape that differs is cut to the requests that it needs for that', async () => {
  const work = async (at: Rig & { session: Client }): Promise<void> => {
    await readEverything(at);
    await at.session.raw(0x0a, 0x44, addRecord(1));
    await at.session.send(GetSelInfo);
    await at.session.send(GetSdrRepositoryInfo);
  };
  const tape = await recorded(work);
  /** Counts one record too many as soon as somebody has added one. */
  const broken = () => {
    const at = site();
    at.bmc.router.register({
      owner: 'planted',
      handlers: [
        handle(
          GetSelInfo,
          async (request, _context, next) => {
            const info = await next(request);
            return { ...info, entries: info.entries * 2 };
          },
          { override: 'standard' },
        ),
      ],
    });
    return at;
  };
  const differs = async (entries: readonly TapeEntry[]): Promise<boolean> =>
    (await replayed({ header: tape.header, entries }, broken())).includes('get-sel-info.entries 1 -> 2');
  expect(await differs(tape.entries)).toBe(true);
  const { kept } = await shrink(tape.entries, differs);
  expect(kept.filter(isRequest).map(({ name }) => name)).toEqual(['Add SEL Entry', 'Get SEL Info']);
});
