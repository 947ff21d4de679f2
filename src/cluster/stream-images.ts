import { ImagesAwayError, type ImageStore } from '../state/journal.ts';
import type { Seal } from '../storage/seal.ts';
import type { Objects } from './bus.ts';

/** Where images of all BMCs lie: made when the first one comes. */
export type OpenObjects = () => Promise<Objects>;

/** The images of one BMC, each `BMC/COMPONENT/SLOT/UNIQUE` among those of all. */
export function streamImages(
  objects: OpenObjects,
  bmc: string,
  { seal, warn }: { readonly seal?: Seal; readonly warn: (message: string) => void },
): ImageStore {
  const whole = (name: string): string => `${bmc}/${name}`;
  return {
    async put(name, pieces) {
      await (await objects()).put(whole(name), seal ? [seal.close(joined(pieces))] : pieces);
    },
    async get(name) {
      try {
        const bytes = await (await objects()).get(whole(name));
        return bytes && seal ? seal.open(bytes) : bytes;
      } catch (error) {
        throw new ImagesAwayError(`${whole(name)} cannot be read now: ${(error as Error).message}`, {
          cause: error,
        });
      }
    },
    async remove(name) {
      try {
        await (await objects()).remove(whole(name));
      } catch (error) {
        warn(`${bmc}: the image ${whole(name)} stays: ${(error as Error).message}`);
      }
    },
  };
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}
