// Settings of kinds that a program brings, for the compiler: `BmcOptions` takes them as it takes our own.
//
//   declare module 'ipmi-bmc/config' {
//     interface BroughtBackends {
//       strip: StripOptions;
//     }
//   }

/** Entries of `interfaces`; the keys are for nothing but to be different. */
export interface BroughtInterfaces {}
/** For `chassis.backend`. */
export interface BroughtBackends {}
/** For `sol.console`. */
export interface BroughtConsoles {}
/** For a sensor's `value`. */
export interface BroughtSources {}

/** Settings of ours, and those that programs have added. */
export type OurAnd<Ours, Brought> = Ours | Brought[keyof Brought];
