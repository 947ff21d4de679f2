/** A place among the settings of a BMC: keys and numbers of entries. */
export type SettingsPath = readonly (string | number)[];

/** A setting that its type allows but that makes no sense. */
export class SettingsError extends Error {
  override name = 'SettingsError';
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
