/** A setting that its type allows but that makes no sense. */
export class SettingsError extends Error {
  override name = 'SettingsError';
}
