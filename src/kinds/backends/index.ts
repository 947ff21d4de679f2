import type { BroughtBackends, OurAnd } from '../brought.ts';
import { kindNamed, type Typed } from '../kind.ts';
import type { BackendKind } from './backend.ts';
import { kinds, type KindSettings } from './list.ts';

export { bootRequest, type BackendKind, type BackendSurroundings, type Power } from './backend.ts';
export { machineOfVm } from './vm-protocol.ts';
export type * from './list.ts';

/** What can switch a machine. */
export const backends = kinds;

/** What switches the machine: `chassis.backend`, by its `type`. */
export type BackendOptions = OurAnd<KindSettings, BroughtBackends>;

/** The kind of back end that settings ask for; `brought` are a program's. Throws SettingsError. */
export const backendKind = (
  options: BackendOptions,
  brought?: readonly BackendKind<Typed>[],
): BackendKind<Typed> => kindNamed(options, 'power back end', backends, brought);

/** Program and arguments, or a line for the shell. */
export type CommandLine = string | readonly string[];
