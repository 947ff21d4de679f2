import { z } from '@hono/zod-openapi';
import type { Bmc } from '../../bmc.ts';
import { Capture, captureHeader } from '../../capture/index.ts';
import { enhancedPacket } from '../../capture/pcapng.ts';
import { parseEndpoint } from '../../world/world.ts';
import { bmcRoute } from '../bmc-route.ts';
import { byteStream } from '../byte-stream.ts';

/** Milliseconds that a datagram waits for what becomes of it, where nothing follows. */
const PATIENCE = 250;
const CAPTURE_TYPE = 'application/vnd.tcpdump.pcap';

/** Where a BMC listens, by channel. */
const addressOf =
  ({ interfaces }: Bmc) =>
  (number: number) => {
    const address = interfaces.find(({ channel }) => channel === number)?.address;
    return address === undefined ? undefined : parseEndpoint(address);
  };

export const lookingRoutes = [
  bmcRoute({
    method: 'get',
    path: '/capture',
    role: 'admin',
    tag: 'Looking on',
    summary:
      'What passes the BMC as a pcapng file for Wireshark, decrypted and explained, until the reader goes. Secrets are masked. A comment says how many packets a slow reader has missed.',
    answer: z.string(),
    gives: CAPTURE_TYPE,
    example: { path: '/v1/bmcs/node-1/capture', isEndless: true },
    handle: (bmc, _, { world: { clock } }) =>
      byteStream(CAPTURE_TYPE, (send) => {
        let missing = 0;
        for (const block of captureHeader(bmc.name)) send(block);
        const capture = new Capture({ router: bmc.router, clock, addressOf: addressOf(bmc) }, (packet) => {
          const said = missing > 0 ? `${missing} packet(s) before this one are missing\n` : '';
          const isSent = send(enhancedPacket(said ? { ...packet, comment: said + packet.comment } : packet));
          missing = isSent ? 0 : missing + 1;
        });
        const remove = bmc.taps.add(capture);
        const flush = (): void => {
          capture.flush();
          timer = clock.after(PATIENCE, flush);
        };
        let timer = clock.after(PATIENCE, flush);
        return () => {
          timer.cancel();
          remove();
        };
      }),
  }),
];
