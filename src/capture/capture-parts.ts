import type { TraceFilter } from '../taps/index.ts';
import type { Endpoint } from '../world/world.ts';
import type { Names } from './mask.ts';
import type { CaptureInterfaces } from './places.ts';
import type { CaptureClock, Wording } from './wording.ts';

/** What a capture is told about its BMC. */
export interface CaptureParts {
  readonly router: Names;
  readonly clock: CaptureClock;
  /** Where the interface of a channel listens; undefined: nowhere that has an address. */
  readonly addressOf?: (channel: number) => Endpoint | undefined;
  /** Of the file, as `CapturePlaces` gives them. Default: those of the only BMC that its header names. */
  readonly interfaces?: CaptureInterfaces;
  /** What captures that write to one file share. Default: nothing. */
  readonly wording?: Wording;
  /**
   * What alone is written: requests with their answers, datagrams that were dropped, faults, and by
   * channel, peer and user all others. Packets wait until it is known whether they are wanted. Default:
   * everything.
   */
  readonly filter?: TraceFilter;
  /** Passwords, keys and what is typed into consoles stay in. Default false. */
  readonly secrets?: boolean;
}
