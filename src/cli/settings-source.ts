import { statSync } from 'node:fs';
import { PROCESS_KEYS, type ProcessOptions } from '../config/load.ts';
import type { Kinds } from '../config/kinds.ts';
import { refusal, type ControlError } from '../control/problem.ts';
import type { LoadedSettings, SettingsSource } from '../control/settings-source.ts';
import { isSame, nameOf } from '../fleet/index.ts';
import type { Log } from '../state/setup.ts';
import { checkTogether, loadText, loadWhole } from './check.ts';
import { CliError } from './errors.ts';
import type { Given } from './given.ts';
import type { Overrides } from './overrides.ts';
import { problemsOf, settingsToRun } from './settings-to-run.ts';
import { stateOf, type StatePlace } from './state-place.ts';

export interface SourceSurroundings {
  /** Its relative paths, and those of texts in its place, begin beside it. */
  readonly file: string | undefined;
  readonly flags: Overrides & { readonly state?: string; readonly sealKey?: string };
  /** Where state is kept in this life. */
  readonly state: StatePlace | undefined;
  /** What the file that this life began with says of the process. */
  readonly ofProcess: ProcessOptions;
  readonly kinds: Kinds;
  readonly log: Log;
  /** Wall milliseconds. */
  readonly now: () => number;
}

/** What of a process holds from its start to its end, in words; where state is kept is looked at apart. */
const NEXT_START: Readonly<Record<Exclude<keyof ProcessOptions, 'state'>, string>> = {
  control: 'who may steer this process',
  console: 'where the web console is',
  audit: 'where changes are written down',
  metrics: 'where numbers are served',
  sleepAfter: 'when BMCs sleep',
};

/** Settings as the command line understands them: files, texts, with its flags over them. */
export class CommandLineSource implements SettingsSource {
  readonly #around: SourceSurroundings;

  constructor(around: SourceSurroundings) {
    this.#around = around;
  }

  read(): LoadedSettings {
    const { file, kinds } = this.#around;
    if (file === undefined)
      throw refusal('conflict', 'this process was started without a file', { next: 'apply one' });
    return refusing(() => this.#inPlaceOfFile(loadWhole(file, kinds), writtenAt(file), file));
  }

  whole(text: string, name: string): LoadedSettings {
    const { file, kinds, now } = this.#around;
    const at = now();
    return refusing(() =>
      this.#inPlaceOfFile(loadText(text, name, file, at, kinds), new Date(at).toISOString(), name),
    );
  }

  one(text: string, name: string, written?: string): LoadedSettings {
    const { file, kinds, now, state } = this.#around;
    const at = written === undefined ? now() : Date.parse(written);
    return refusing(() => {
      const read = loadText(text, name, file, at, kinds);
      if (read.bmcs.length !== 1 || PROCESS_KEYS.some((key) => read[key] !== undefined))
        throw new CliError(`${name}: expected the settings of one BMC, as in an entry of bmcs`);
      const given = settingsToRun(read, file, {}, state !== undefined, name);
      return this.loaded(given, new Date(at).toISOString(), {});
    });
  }

  /** Settings of which the start itself has read and checked everything. */
  loaded(given: Given, written: string, flags: Overrides = this.#around.flags): LoadedSettings {
    const { file, state } = this.#around;
    const own = new Map(given.bmcs.map((bmc, i) => [nameOf(bmc), i] as const));
    const over = (all: Given['bmcs']): Given => ({
      ...given,
      bmcs: all,
      place: (bmc, path) => {
        const name = bmc === undefined ? undefined : nameOf(all[bmc]);
        const i = name === undefined ? undefined : own.get(name);
        if (name !== undefined && i === undefined) return `${name}: ${path.join('.') || 'settings'}`;
        return given.place?.(i, path) ?? 'the default server';
      },
    });
    return {
      bmcs: given.bmcs,
      written,
      check: (all) => {
        if (all.some((bmc) => !own.has(nameOf(bmc))))
          refusing(() => checkTogether(over([...all]), file, state !== undefined));
      },
      problems: (failures, all) => problemsOf(failures, over([...all]), flags),
    };
  }

  #inPlaceOfFile(read: Given, written: string, name: string): LoadedSettings {
    const { file, flags, state, ofProcess, log } = this.#around;
    const given = settingsToRun(read, file, flags, state !== undefined, name);
    if (stateOf(file, given, flags)?.directory !== state?.directory)
      throw new CliError(
        `${given.place?.(undefined, ['state'])}: where state is kept is the next start's: restart to change it`,
      );
    for (const [key, words] of Object.entries(NEXT_START) as [keyof typeof NEXT_START, string][])
      if (!isSame(given[key], ofProcess[key]))
        log.warn(`${given.place?.(undefined, [key])}: ${words} is the next start's`);
    return this.loaded(given, written);
  }
}

/** What repositories of the file's own records say of when they were written. */
export const writtenAt = (file: string): string => new Date(statSync(file).mtimeMs).toISOString();

/** A mistake in settings is the caller's: nothing is changed. */
function refusing<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof CliError ? refused(error.message.split('\n')) : error;
  }
}

const refused = (lines: readonly string[]): ControlError =>
  refusal('refused-settings', lines[0], lines.length > 1 ? { problems: lines } : {});
