import { ReplaySource } from '../../machine/serial-port/replay.ts';
import type { Zod } from '../../settings/texts.ts';
import type { Settings } from '../kind.ts';
import { plugged, type ConsoleKind } from './console.ts';

/** A start bit, eight bits and a stop bit. */
const BITS_PER_CHARACTER = 10;

const schema = (zod: Zod) =>
  zod.strictObject({
    type: zod.literal('replay'),
    /** A console log, played to whoever activates SOL. */
    file: zod.string().min(1),
    /** Bits per second. Default 115200. */
    bitRate: zod.int().min(50).max(4_000_000).optional(),
    /** Begins again at its end. Default false. */
    loop: zod.boolean().optional(),
  });

export type ReplayConsoleOptions = Settings<typeof schema>;

export const replay: ConsoleKind<ReplayConsoleOptions> = {
  type: 'replay',
  schema,
  async plug({ file, bitRate = 115_200, loop = false }, surroundings) {
    const { world, log } = surroundings;
    const opened = await world.files.open(file, 'read');
    const speed = bitRate / BITS_PER_CHARACTER;
    return plugged(
      surroundings,
      (port) => new ReplaySource(port, { clock: world.clock, file: opened, speed, loop, log }),
    ).start();
  },
};
