import type { Names } from '../capture/index.ts';
import { readCapture, Tally, type Candidates, type CapturedExchange } from '../explain/index.ts';
import { tapeHeader, type RequestEntry, type Tape } from './entry.ts';
import { declaredNames, nameIn } from './names.ts';
import { TapeError } from './read.ts';
import { recordedMessage } from './recorder.ts';

export interface ImportOptions extends Candidates {
  /** Address and port of the BMC that is meant, where the capture has several. */
  readonly bmc?: string;
  /** Default: every declared command. */
  readonly names?: Names;
  /** Is told what could not be read. */
  readonly tally?: Tally;
}

/** Where a capture does not say by which channel a message came: the LAN channel that most BMCs have. */
const LAN_CHANNEL = 1;
/** A handle has one byte, and 0 is nobody's. */
const HANDLES = 255;

/**
 * A tape of what a capture (pcapng or pcap) shows, opened with passwords and K_g; secrets are left out as in
 * a recording. Sessions are numbered in the order in which they come. Throws TapeError for a
 * capture with no request or several BMCs, CaptureError for what is no capture.
 */
export async function importCapture(
  chunks: Parameters<typeof readCapture>[0],
  { bmc, names = declaredNames(), tally = new Tally(), ...candidates }: ImportOptions = {},
): Promise<Tape> {
  const found = new Set<string>();
  const exchanges: CapturedExchange[] = [];
  for await (const exchange of readCapture(chunks, candidates, undefined, tally)) {
    found.add(exchange.bmc);
    if (bmc === undefined || exchange.bmc === bmc) exchanges.push(exchange);
  }
  if (found.size === 0) {
    const missing = tally.packets === 0 ? ['the capture has no packet'] : tally.notes();
    throw new TapeError(['has no request that could be opened', ...missing].join(': '));
  }
  if (bmc === undefined && found.size > 1)
    throw new TapeError(`has ${found.size} BMCs, ${[...found].join(', ')}: say which one`);
  if (exchanges.length === 0) throw new TapeError(`has no ${bmc}, but ${[...found].join(', ')}`);
  exchanges.sort((a, b) => a.time - b.time);
  const [{ time: began, bmc: name }] = exchanges;
  const sessions = new Map<number, number>();
  const handleOf = (id: number): number => {
    const handle = sessions.get(id) ?? (sessions.size % HANDLES) + 1;
    sessions.set(id, handle);
    return handle;
  };
  return {
    header: tapeHeader(name, Math.floor(began / 1000)),
    entries: exchanges.map((exchange) => entryOf(names, exchange, began, handleOf)),
  };
}

function entryOf(
  names: Names,
  { request, answer, session, user, privilege, time, took }: CapturedExchange,
  began: number,
  handleOf: (id: number) => number,
): RequestEntry {
  const bytes = answer === undefined ? new Uint8Array(0) : Uint8Array.of(answer.cc, ...answer.data);
  const whole = recordedMessage(names, request, LAN_CHANNEL, bytes);
  return {
    t: (time - began) / 1000,
    us: took,
    name: nameIn(names, request, LAN_CHANNEL),
    ...whole,
    session: session === undefined ? undefined : handleOf(session),
    user,
    privilege,
  };
}
