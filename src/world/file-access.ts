import type { FileAccess } from './world.ts';

/** What permission bits say of everybody but the owner. */
export const fileAccess = (mode: number, isForeign: boolean): FileAccess => ({
  mode,
  othersWrite: (mode & 0o022) !== 0,
  othersRead: (mode & 0o044) !== 0,
  isForeign,
});
