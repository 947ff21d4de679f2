import type { SettingsPath } from '../../settings/errors.ts';
import type { ChannelOptions } from '../../state/app/channels.ts';
import type { InterfaceKind, InterfaceSurroundings, MadeInterface } from './interface.ts';
import type { BroughtInterfaces, OurAnd } from '../brought.ts';
import { kindNamed, type TakenPlace, type Typed } from '../kind.ts';
import { kinds, type IpmbInterfaceOptions, type KindSettings } from './list.ts';

export { listenOf } from './lan.ts';
export { SYSTEM_INTERFACE, systemChannel } from './host-channel.ts';
export type { InterfaceKind, InterfaceSurroundings, MadeInterface } from './interface.ts';
export type * from './list.ts';

/** Ways in. */
export const interfaces = kinds;

/** One entry of `interfaces`, by its `type`. */
export type InterfaceOptions = OurAnd<OwnInterfaceOptions, BroughtInterfaces>;

/** Of our own kinds. */
type OwnInterfaceOptions = KindSettings;

/** The system interface of a real machine, whose BMC this is: a device node of Linux's BMC-side drivers. */
export type DeviceInterfaceOptions<K extends 'bt' | 'kcs' | 'ssif'> = Extract<
  InterfaceOptions,
  { readonly type: K }
>;

/** What goes wrong on a bus in memory. */
export type IpmbFaults = NonNullable<IpmbInterfaceOptions['faults']>;

type KindOf<T extends OwnInterfaceOptions['type']> = Extract<
  (typeof interfaces)[number],
  { readonly type: T }
>;
/** The settings of an interface with what is meant where they say nothing. */
export type WholeInterface<T extends OwnInterfaceOptions['type'] = OwnInterfaceOptions['type']> = {
  [K in T]: Parameters<KindOf<K>['make']>[0];
}[T];

/** An entry with what is meant where it says nothing, of a kind that nobody has narrowed. */
interface WholeEntry extends Typed {
  readonly channel: number;
}

/** A kind that is asked with settings of its own type alone. */
export type AnyInterfaceKind = InterfaceKind<Typed, WholeEntry>;
/** Kinds that a program brings, beside ours. */
type Brought = readonly AnyInterfaceKind[] | undefined;

const kindOf = (options: Typed, brought: Brought): AnyInterfaceKind =>
  kindNamed<AnyInterfaceKind>(options, 'interface', interfaces, brought);

function whole<O extends Typed>(options: O, { defaults }: AnyInterfaceKind): O & WholeEntry {
  const settings = options as Readonly<Record<string, unknown>>;
  const missing = Object.keys(defaults).filter((key) => settings[key] === undefined);
  if (missing.length === 0) return options as O & WholeEntry;
  // One after the other, so that all of a fleet have one shape.
  const filled = Object.fromEntries(
    [...Object.keys(settings), ...missing].map((key) => [key, settings[key] ?? defaults[key]]),
  );
  return filled as typeof filled & O & WholeEntry;
}

/** An entry of ours with its defaults: the entry itself where it has them all. */
export const wholeInterface = <O extends OwnInterfaceOptions>(options: O): WholeInterface<O['type']> =>
  whole<Typed>(options, kindOf(options, undefined)) as WholeInterface<O['type']>;

/** Any entry with its defaults. Throws SettingsError for one of an unknown type. */
export const wholeEntry = <O extends InterfaceOptions>(options: O, brought: Brought): O =>
  whole(options, kindOf(options, brought));

/** The channel that an interface makes. Throws SettingsError. */
export function channelOf(options: InterfaceOptions, brought: Brought): ChannelOptions {
  const kind = kindOf(options, brought);
  return kind.channel(whole(options, kind));
}

/** What a BMC has one of, so that it has one interface of such a type. */
export const singleOf = (options: InterfaceOptions, brought: Brought): string | undefined =>
  kindOf(options, brought).single;

/** What its settings have opened that is closed by default. */
export function dangersOfInterface(options: InterfaceOptions, brought: Brought): readonly string[] {
  const kind = kindOf(options, brought);
  return kind.dangers?.(whole(options, kind)) ?? [];
}

/** What nobody else may have while it is open. */
export const placesOf = (options: InterfaceOptions, brought: Brought): readonly TakenPlace[] =>
  kindOf(options, brought).places?.(options) ?? [];

/** The interface that one entry of `interfaces` asks for. Throws SettingsError. */
export function makeInterface(
  options: InterfaceOptions,
  surroundings: InterfaceSurroundings,
  brought: Brought,
): MadeInterface {
  const kind = kindOf(options, brought);
  return kind.make(whole(options, kind), surroundings);
}

/** Which key of an entry says where the interface is: errors of opening it stand there. */
export function addressKey(options: InterfaceOptions): SettingsPath {
  if (options.type === 'lan') return ['listen'];
  const settings = options as Readonly<Record<string, unknown>>;
  return ['listen', 'connect', 'tty', 'device'].filter((key) => settings[key] !== undefined).slice(0, 1);
}
