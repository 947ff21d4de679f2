/**
 * Captures for Wireshark: what passes a BMC as a pcapng file, datagrams as they were sent and in the clear,
 * with a comment on each packet (docs/capture.md).
 *
 *   const file = await CaptureFile.open(world.files, 'bmc.pcapng', { header: captureHeader('bmc'), failed });
 *   bmc.taps.add(new Capture({ router: bmc.router, clock: world.clock }, (packet) => file.write(packet)));
 */
export { CaptureFile, type CaptureFileOptions } from './capture-file.ts';
export { Capture } from './capture.ts';
export type { CaptureParts } from './capture-parts.ts';
export { captureHeader, CapturePlaces, type CaptureInterfaces } from './places.ts';
export { RMCP_PORT } from './carriers.ts';
export { maskData, maskMessage, type Names } from './mask.ts';
export { PacketBlock, type CapturedPacket } from './pcapng.ts';
export { PacketRing } from './ring.ts';
export { PacketBatches, type PacketSink } from './sink.ts';
export { setUpText } from './set-up.ts';
export { Wording } from './wording.ts';
