import { ERROR_CODES } from '../codec/index.ts';
import type { OpenFile } from '../world/world.ts';

/** What a flash is at, for a progress bar. */
export interface FlashProgress {
  readonly step: 'checking' | 'preparing' | 'uploading' | 'verifying' | 'activating' | 'reconnecting';
  readonly component?: number;
  readonly name?: string;
  /** Bytes that the BMC has, of how many. */
  readonly sent?: number;
  readonly size?: number;
}

/** How one component came out of it; versions as text. */
export interface FlashedComponent {
  /** Undefined where the protocol does not number them. */
  readonly component: number | undefined;
  readonly name: string;
  readonly before: string;
  /** Undefined where it was not activated. */
  readonly after: string | undefined;
  readonly image: string;
  readonly bytes: number;
}

export interface FlashResult {
  readonly components: readonly FlashedComponent[];
  readonly activated: boolean;
  /** Times that the connection was lost and the upload went on. */
  readonly resumed: number;
  readonly seconds: number;
}

export interface FlashOptions {
  readonly image: OpenFile;
  /** Only these. Default: all in the image. */
  readonly components?: readonly number[];
  /** Default true. */
  readonly activate?: boolean;
  /** For another device, an older active version, or a version that is there already: go on all the same. */
  readonly force?: boolean;
  readonly progress: (progress: FlashProgress) => void;
}

/** An update that cannot be done, or that the BMC has refused, in words for people; `stage` says where. */
export class FlashError extends Error {
  override name = 'FlashError';
  readonly code = ERROR_CODES.FlashError;
  readonly stage: string;

  constructor(stage: string, message: string, options?: ErrorOptions) {
    super(`${stage}: ${message}`, options);
    this.stage = stage;
  }
}

/** One protocol to update firmware by. */
export type FlashMethod = (options: FlashOptions) => Promise<FlashResult>;
