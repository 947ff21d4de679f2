/**
 * Resolves when it is over, however it went: for work whose failure somebody else tells, or which only tidies
 * up behind another.
 */
export const settled = (work: Promise<unknown> | undefined): Promise<void> =>
  work === undefined ? Promise.resolve() : work.then(nothing, nothing);

const nothing = (): void => {};
