import { ERROR_CODES } from '../codec/index.ts';

/** A place among the settings of a BMC: keys and numbers of entries. */
export type SettingsPath = readonly (string | number)[];

/** A setting that its type allows but that makes no sense. */
export class SettingsError extends Error {
  override name = 'SettingsError';
  readonly code = ERROR_CODES.SettingsError;
  /** Where it stands among the settings of its BMC, as far as is known. */
  readonly path: SettingsPath;

  constructor(message: string, path: SettingsPath = []) {
    super(message);
    this.path = path;
  }
}

/** What `make` makes of the settings at `path`: a SettingsError that it throws stands there. */
export function settingAt<T>(path: SettingsPath, make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    throw new SettingsError(error.message, [...path, ...error.path]);
  }
}

/** Which setting a failed call of the system was made for; errors keep their own class and code. */
interface OpenedFor {
  settingsPath?: SettingsPath;
}

/**
 * What `open` opens for the settings at `path`: whatever it rejects with can be asked for them by
 * `openedFor`.
 */
export async function openingFor<T>(path: SettingsPath, open: () => T | Promise<T>): Promise<T> {
  try {
    return await open();
  } catch (error) {
    if (error instanceof SettingsError) throw new SettingsError(error.message, [...path, ...error.path]);
    if (error instanceof Error)
      (error as OpenedFor).settingsPath = [...path, ...((error as OpenedFor).settingsPath ?? [])];
    throw error;
  }
}

/** The settings that an error of `openingFor` stands for; undefined: nobody said. */
export const openedFor = (error: unknown): SettingsPath | undefined =>
  error instanceof Error ? (error as OpenedFor).settingsPath : undefined;
