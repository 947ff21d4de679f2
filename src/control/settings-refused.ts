import { SettingsError } from '../settings/errors.ts';
import { refusal } from './problem.ts';

/** What a body asks for and a BMC refuses as settings: 400 with the key. */
export function orRefused<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    const key = error.path.join('.');
    throw refusal('bad-request', key === '' ? error.message : `${key}: ${error.message}`, {
      ...(key !== '' && { key }),
    });
  }
}
