import { readFileSync, statSync } from 'node:fs';
import { SettingsDocument } from '../config/document.ts';
import { PROCESS_KEYS, type ProcessOptions } from '../config/load.ts';
import type { Kinds } from '../config/kinds.ts';
import { refusal, type ControlError } from '../control/problem.ts';
import type { LoadedSettings, SettingsSource } from '../control/settings-source.ts';
import { isSame, nameOf } from '../fleet/index.ts';
import type { Log } from '../state/setup.ts';
import { Pace } from '../world/pace.ts';
import type { World } from '../world/world.ts';
import { CliError, reading } from './errors.ts';
import type { FileSettings } from './file-settings.ts';
import { loadSteps, stepsTogether } from './load.ts';
import type { Overrides } from './overrides.ts';
import { checkNamed } from './named-secrets.ts';
import { problemsOf, stepsToRun } from './settings-to-run.ts';
import { stateOf, type StatePlace } from './state-place.ts';
import type { YamlReader } from './yaml-beside.ts';

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
  readonly world: Pick<World, 'clock'>;
  /** Default: reads at once. */
  readonly yaml?: YamlReader;
}

/** Settings that somebody asks for. */
interface Wanted {
  /** Default: of the file that `name` names. */
  readonly text?: string;
  /** What the places of its mistakes begin with. */
  readonly name: string;
  /** Wall milliseconds: when it was written. Default: of a text, now. */
  readonly at?: number;
  /** They are of one BMC that is to run beside others. */
  readonly isOne?: boolean;
}

/** What of a process holds from its start to its end, in words; where state is kept is looked at apart. */
const NEXT_START: Readonly<Record<Exclude<keyof ProcessOptions, 'state'>, string>> = {
  control: 'who may steer this process',
  console: 'where the web console is',
  audit: 'where changes are written down',
  metrics: 'where numbers are served',
  sleepAfter: 'when BMCs sleep',
  cluster: 'which cluster it is a host of',
};

/** Settings as the command line understands them: files, texts, with its flags over them. */
export class CommandLineSource implements SettingsSource {
  readonly #surroundings: SourceSurroundings;

  constructor(surroundings: SourceSurroundings) {
    this.#surroundings = surroundings;
  }

  async read(): Promise<LoadedSettings> {
    const { file } = this.#surroundings;
    if (file === undefined)
      throw refusal('conflict', 'this process was started without a file', { next: 'apply one' });
    return this.#inPlaceOfFile({ name: file });
  }

  whole(text: string, name: string): Promise<LoadedSettings> {
    return this.#inPlaceOfFile({ text, name });
  }

  one(text: string, name: string, written?: string): Promise<LoadedSettings> {
    const at = written === undefined ? undefined : Date.parse(written);
    return refusing(async () => {
      const done = await this.#read({ text, name, at, isOne: true });
      return this.loaded(done, done.written, {});
    });
  }

  /** Settings of which the start itself has read and checked everything. */
  loaded(
    settings: FileSettings,
    written: string,
    flags: Overrides = this.#surroundings.flags,
  ): LoadedSettings {
    const { file, state, world } = this.#surroundings;
    const own = new Map(settings.bmcs.map((bmc, i) => [nameOf(bmc), i] as const));
    const over = (all: FileSettings['bmcs']): FileSettings => ({
      ...settings,
      bmcs: all,
      place: (bmc, path) => {
        const name = bmc === undefined ? undefined : nameOf(all[bmc]);
        const i = name === undefined ? undefined : own.get(name);
        if (name !== undefined && i === undefined) return `${name}: ${path.join('.') || 'settings'}`;
        return settings.place?.(i, path) ?? 'the default server';
      },
    });
    return {
      bmcs: settings.bmcs,
      written,
      check: async (all) => {
        if (all.some((bmc) => !own.has(nameOf(bmc))))
          await refusing(() =>
            new Pace(world).over(stepsTogether(over([...all]), file, state !== undefined)),
          );
      },
      problems: (failures, all) => problemsOf(failures, over([...all]), flags),
    };
  }

  /** Everything but the YAML is read here, a BMC at a time: kinds of the caller's are code. */
  async #read({
    text,
    name,
    at,
    isOne = false,
  }: Wanted): Promise<FileSettings & { readonly written: string }> {
    const { file, flags, state, kinds, world, yaml } = this.#surroundings;
    const pace = new Pace(world);
    const from = text ?? reading(name, () => readFileSync(name, 'utf8'));
    const changed = text === undefined ? statSync(name).mtimeMs : (at ?? world.clock.now());
    const document = await (yaml?.(from, name) ?? new SettingsDocument(from, name));
    const read = await pace.over(loadSteps(document, file, changed, kinds));
    if (isOne && (read.bmcs.length !== 1 || PROCESS_KEYS.some((key) => read[key] !== undefined)))
      throw new CliError(`${name}: expected the settings of one BMC, as in an entry of bmcs`);
    const settings = await pace.over(stepsToRun(read, file, isOne ? {} : flags, state !== undefined, name));
    return { ...settings, written: new Date(changed).toISOString() };
  }

  #inPlaceOfFile(wanted: Wanted): Promise<LoadedSettings> {
    return refusing(async () => {
      const settings = await this.#read(wanted);
      const { file, flags, state, ofProcess, log } = this.#surroundings;
      checkNamed(settings, file, (line) => log.warn(line));
      if (stateOf(file, settings, flags)?.directory !== state?.directory)
        throw new CliError(
          `${settings.place?.(undefined, ['state'])}: where state is kept is the next start's: restart to change it`,
        );
      for (const [key, words] of Object.entries(NEXT_START) as [keyof typeof NEXT_START, string][])
        if (!isSame(settings[key], ofProcess[key]))
          log.warn(`${settings.place?.(undefined, [key])}: ${words} is the next start's`);
      return this.loaded(settings, settings.written);
    });
  }
}

/** What repositories of the file's own records say of when they were written. */
export const writtenAt = (file: string): string => new Date(statSync(file).mtimeMs).toISOString();

/** A mistake in settings is the caller's: nothing is changed. */
async function refusing<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof CliError ? refused(error.message.split('\n')) : error;
  }
}

const refused = (lines: readonly string[]): ControlError =>
  refusal('refused-settings', lines[0], lines.length > 1 ? { problems: lines } : {});
