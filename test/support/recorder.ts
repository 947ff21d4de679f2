import type { Bmc } from '../../src/bmc.ts';
import { endpointOf, overIp } from '../../src/capture/carriers.ts';
import { enhancedPacket, interfaceDescription, sectionHeader } from '../../src/capture/pcapng.ts';
import type { SimWorld } from '../../src/world/index.ts';

/** A packet as a card would have seen it: an IP header first. */
export interface Recorded {
  /** Microseconds. */
  readonly time: number;
  readonly bytes: Uint8Array;
}

/** Every datagram of a BMC's LAN interfaces as it was sent, nothing hidden. */
export function record(bmc: Bmc, world: SimWorld, near = { host: '10.0.0.1', port: 623 }): Recorded[] {
  const packets: Recorded[] = [];
  bmc.taps.add({
    frame({ direction, channel, peer, bytes }) {
      if (channel.medium !== 'lan') return;
      const far = endpointOf(peer);
      const [from, to] = direction === 'in' ? [far, near] : [near, far];
      packets.push({ time: Math.round(world.clock.now() * 1000), bytes: overIp(bytes.slice(), from, to) });
    },
  });
  return packets;
}

/** A pcapng file; `wrap` puts the header of the link layer in front. */
export function pcapngOf(
  packets: readonly Recorded[],
  linkType = 101,
  wrap: (packet: Uint8Array) => Uint8Array = (packet) => packet,
): Uint8Array {
  return Buffer.concat([
    sectionHeader('a test'),
    interfaceDescription(linkType, 'eth0', ''),
    ...packets.map(({ time, bytes }) =>
      enhancedPacket({ interface: 0, time, direction: 'in', bytes: wrap(bytes), comment: '' }),
    ),
  ]);
}

/** A classic pcap file, in either byte order, with times in microseconds or nanoseconds. */
export function pcapOf(
  packets: readonly Recorded[],
  { little = true, nano = false, linkType = 101 } = {},
): Uint8Array {
  const words = (...values: number[]): Uint8Array => {
    const view = new DataView(new ArrayBuffer(values.length * 4));
    values.forEach((value, i) => view.setUint32(i * 4, value, little));
    return new Uint8Array(view.buffer);
  };
  return Buffer.concat([
    words(nano ? 0xa1b23c4d : 0xa1b2c3d4, little ? 0x00040002 : 0x00020004, 0, 0, 65535, linkType),
    ...packets.flatMap(({ time, bytes }) => [
      words(Math.floor(time / 1e6), (time % 1e6) * (nano ? 1000 : 1), bytes.length, bytes.length),
      bytes,
    ]),
  ]);
}
