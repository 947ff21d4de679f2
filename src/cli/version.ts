import { packageFile } from '../world/package-files.ts';

/** Of this package. */
export const { version } = JSON.parse(packageFile('package.json')) as { readonly version: string };
