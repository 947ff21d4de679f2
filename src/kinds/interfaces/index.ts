import type { SettingsPath } from '../../settings/errors.ts';
import type { ChannelOptions } from '../../state/app/channels.ts';
import { bt } from './bt.ts';
import { icmb } from './icmb.ts';
import type { InterfaceKind, InterfaceSurroundings, MadeInterface, TakenPlace } from './interface.ts';
import { ipmb } from './ipmb.ts';
import { kcs } from './kcs.ts';
import { lan } from './lan.ts';
import { serial } from './serial.ts';
import { ssif } from './ssif.ts';
import { vm } from './vm.ts';
import type { BtInterfaceOptions } from './bt.ts';
import type { IcmbInterfaceOptions } from './icmb.ts';
import type { IpmbInterfaceOptions } from './ipmb.ts';
import type { KcsInterfaceOptions } from './kcs.ts';
import type { LanInterfaceOptions } from './lan.ts';
import type { SerialInterfaceOptions } from './serial.ts';
import type { SsifInterfaceOptions } from './ssif.ts';
import type { VmInterfaceOptions } from './vm.ts';

export { SYSTEM_INTERFACE, systemChannel } from './host-channel.ts';
export type { InterfaceKind, InterfaceSurroundings, MadeInterface, TakenPlace } from './interface.ts';
export type {
  IcmbInterfaceOptions,
  IpmbInterfaceOptions,
  LanInterfaceOptions,
  SerialInterfaceOptions,
  VmInterfaceOptions,
};

/** Ways in, in the order in which messages name them. */
export const interfaces = [lan, vm, ipmb, icmb, serial, bt, kcs, ssif] as const;

/** One entry of `interfaces`, by its `type`. */
export type InterfaceOptions =
  | LanInterfaceOptions
  | VmInterfaceOptions
  | IpmbInterfaceOptions
  | IcmbInterfaceOptions
  | SerialInterfaceOptions
  | BtInterfaceOptions
  | KcsInterfaceOptions
  | SsifInterfaceOptions;

/** The system interface of a real machine, whose BMC this is: a device node of Linux's BMC-side drivers. */
export type DeviceInterfaceOptions<K extends 'bt' | 'kcs' | 'ssif'> = Extract<
  InterfaceOptions,
  { readonly type: K }
>;

/** What goes wrong on a bus in memory. */
export type IpmbFaults = NonNullable<IpmbInterfaceOptions['faults']>;

type KindOf<T extends InterfaceOptions['type']> = Extract<(typeof interfaces)[number], { readonly type: T }>;
/** The settings of an interface with what is meant where they say nothing. */
export type WholeInterface<T extends InterfaceOptions['type'] = InterfaceOptions['type']> = {
  [K in T]: Parameters<KindOf<K>['make']>[0];
}[T];

/** Interfaces whose kind nobody has narrowed: each is asked with settings of its own type alone. */
type AnyKind = InterfaceKind<InterfaceOptions, WholeInterface>;
const kindOf = (type: string): AnyKind => {
  const kinds: readonly unknown[] = interfaces;
  const found = (kinds as readonly AnyKind[]).find((kind) => kind.type === type);
  if (!found) throw new TypeError(`there is no interface of type ${type}`);
  return found;
};

/** An entry with its defaults: the entry itself where it has them all. */
export function wholeInterface<O extends InterfaceOptions>(options: O): WholeInterface<O['type']> {
  const given = options as Readonly<Record<string, unknown>>;
  const defaults: Readonly<Record<string, unknown>> = kindOf(options.type).defaults;
  let whole: Record<string, unknown> | undefined;
  for (const key in defaults) if (given[key] === undefined) (whole ??= { ...options })[key] = defaults[key];
  return (whole ?? options) as WholeInterface<O['type']>;
}

/** The channel that an interface makes. Throws SettingsError. */
export const channelOf = (options: InterfaceOptions): ChannelOptions =>
  kindOf(options.type).channel(wholeInterface(options));

/** What a BMC has one of, so that it has one interface of such a type. */
export const singleOf = (type: string): string | undefined => kindOf(type).single;

/** What its settings have opened that is closed by default. */
export const dangersOfInterface = (options: InterfaceOptions): readonly string[] =>
  kindOf(options.type).dangers?.(wholeInterface(options)) ?? [];

/** What nobody else may have while it is open. */
export const placesOf = (options: InterfaceOptions): readonly TakenPlace[] =>
  kindOf(options.type).places(options);

/** The interface that one entry of `interfaces` asks for. Throws SettingsError. */
export const makeInterface = (options: InterfaceOptions, around: InterfaceSurroundings): MadeInterface =>
  kindOf(options.type).make(wholeInterface(options), around);

/** Which key of an entry says where the interface is: errors of opening it stand there. */
export function addressKey(options: InterfaceOptions): SettingsPath {
  if (options.type === 'lan') return ['listen'];
  const given = options as Readonly<Record<string, unknown>>;
  return ['listen', 'connect', 'tty', 'device'].filter((key) => given[key] !== undefined).slice(0, 1);
}
