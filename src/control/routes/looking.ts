import { z } from '@hono/zod-openapi';
import type { Bmc } from '../../bmc.ts';
import { Capture, captureHeader, CapturePlaces, PacketBatches, Wording } from '../../capture/index.ts';
import { spokenName } from '../../commands/command.ts';
import { nearest } from '../../config/wording.ts';
import { parseEndpoint } from '../../world/world.ts';
import { entryLine, headerLine, record, tapeHeader, type TapeEntry } from '../../tape/index.ts';
import { parseTraceFilter, type FilterNames, type TraceFilter } from '../../taps/index.ts';
import { bmcRoute } from '../bmc-route.ts';
import { byteStream } from '../byte-stream.ts';
import { refusal } from '../problem.ts';

/** Milliseconds that packets wait for others, and a datagram for what becomes of it where nothing follows. */
const PATIENCE = 100;
const TAPE_TYPE = 'application/x-ndjson';
const lineOf = (line: string): Uint8Array => Buffer.from(`${line}\n`);
const CAPTURE_TYPE = 'application/vnd.tcpdump.pcap';

/** Where a BMC listens, by channel. */
const addressOf =
  ({ interfaces }: Bmc) =>
  (number: number) => {
    const address = interfaces.find(({ channel }) => channel === number)?.address;
    return address === undefined ? undefined : parseEndpoint(address);
  };

/** A BMC and those on its busses. */
const withSatellites = (bmc: Bmc): Bmc[] => [bmc, ...bmc.satellites.flatMap(withSatellites)];

const query = z.strictObject({
  filter: z.string().min(1).optional().openapi({
    description: 'What alone is wanted: terms as `cmd=get-sdr user=admin cc!=0`. Default: everything.',
  }),
});

/** Throws ControlError for terms that are none, and for names that neither it nor its satellites have. */
function filterOf(bmc: Bmc, { filter: text }: z.infer<typeof query>): TraceFilter | undefined {
  if (text === undefined) return undefined;
  const filter = parseTraceFilter(text, namesOf(withSatellites(bmc)));
  if (typeof filter !== 'object') return filter;
  const { column, problem, unknown } = filter;
  const near = unknown && nearest(unknown.value, unknown.known);
  throw refusal('bad-request', `filter: column ${column}: ${problem}`, {
    key: 'filter',
    ...(near !== undefined && { nearest: near }),
  });
}

/** Of commands and users that requests can have. */
function namesOf(bmcs: readonly Bmc[]): FilterNames {
  const commands = bmcs.flatMap(({ router }) => [...router.claims()].map(({ handler }) => handler.name));
  const users = bmcs.flatMap(({ users: all }) =>
    Array.from({ length: all.slots }, (_, i) => all.name(i + 1)).filter(Boolean),
  );
  return { commands: commands.map(spokenName), users };
}

export const lookingRoutes = [
  bmcRoute({
    method: 'get',
    path: '/capture',
    role: 'admin',
    tag: 'Looking on',
    summary:
      'What passes the BMC as a pcapng file for Wireshark, decrypted and explained, until the reader goes. Secrets are masked. A comment says how many packets a slow reader has missed.',
    query,
    answer: z.string(),
    gives: CAPTURE_TYPE,
    example: { path: '/v1/bmcs/node-1/capture', isEndless: true },
    handle(bmc, { query: asked }, { world: { clock } }) {
      const filter = filterOf(bmc, asked);
      return byteStream(CAPTURE_TYPE, (send) => {
        for (const block of captureHeader(bmc.name)) send(block);
        const places = new CapturePlaces([bmc.name]);
        const batches = new PacketBatches(send);
        const wording = new Wording();
        const bmcs = withSatellites(bmc);
        const captures = bmcs.map((tapped) => {
          const interfaces = places.in({ begin: send }, tapped.name, tapped !== bmc);
          const parts = {
            router: tapped.router,
            clock,
            addressOf: addressOf(tapped),
            interfaces,
            wording,
            filter,
          };
          return new Capture(parts, batches);
        });
        const removals = bmcs.map((tapped, i) => tapped.taps.add(captures[i]));
        const flush = (): void => {
          for (const capture of captures) capture.flush();
          batches.flush();
          timer = clock.after(PATIENCE, flush);
        };
        let timer = clock.after(PATIENCE, flush);
        return () => {
          timer.cancel();
          for (const remove of removals) remove();
        };
      });
    },
  }),
  bmcRoute({
    method: 'get',
    path: '/tape',
    role: 'admin',
    tag: 'Looking on',
    summary:
      'Requests and answers of the BMC above the session layer as a tape (JSON lines), until the reader goes. Secrets are not on it. An entry `gap` says how many a slow reader has missed.',
    query,
    answer: z.string(),
    gives: TAPE_TYPE,
    example: { path: '/v1/bmcs/node-1/tape', isEndless: true },
    handle(bmc, { query: asked }, { world: { clock } }) {
      const filter = filterOf(bmc, asked);
      return byteStream(TAPE_TYPE, (send) => {
        send(lineOf(headerLine(tapeHeader(bmc.name, clock.now()))));
        let missing = 0;
        const write = (entry: TapeEntry): void => {
          const t = 't' in entry ? entry.t : 0;
          const gap = missing === 0 ? '' : `${entryLine({ kind: 'gap', t, count: missing })}\n`;
          missing = send(lineOf(gap + entryLine(entry))) ? 0 : missing + 1;
        };
        return record(bmc, clock, write, undefined, filter);
      });
    },
  }),
];
