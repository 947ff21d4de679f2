import type { BmcOptions } from '../config/options.ts';
import type { Failure } from '../fleet/index.ts';

/** Settings that were read, and how to speak of them. */
export interface LoadedSettings {
  readonly bmcs: readonly BmcOptions[];
  /** When they were written, ISO 8601: the time of repositories that say no other. */
  readonly written: string;
  /**
   * Looks at what they want together with others: places that two want. Rejects with ControlError of the kind
   * `refused-settings`.
   */
  check(all: readonly BmcOptions[]): Promise<void>;
  /** A line for each BMC of `all` that could not be had, with the place of the setting that is why. */
  problems(failures: readonly Failure[], all: readonly BmcOptions[]): string[];
}

/**
 * Where settings come from: the command line knows the file and its own flags. Reading them leaves time for
 * others.
 */
export interface SettingsSource {
  /** Reads the file again. Rejects with ControlError: `refused-settings`, or `conflict` where there is no file. */
  read(): Promise<LoadedSettings>;
  /** Settings of a text, YAML or JSON, in the place of the file. `name`: what their places begin with. */
  whole(text: string, name: string): Promise<LoadedSettings>;
  /** Settings of one BMC that is to run beside the others; `written`: default now. */
  one(text: string, name: string, written?: string): Promise<LoadedSettings>;
}
