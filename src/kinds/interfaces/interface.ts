import type { z } from 'zod';
import type { BmcState } from '../../bmc-state.ts';
import type { IcmbNetwork, MessageBus, VmMachine } from '../../interfaces/index.ts';
import type { Interface } from '../../router/index.ts';
import type { Zod } from '../../settings/texts.ts';
import type { ChannelOptions } from '../../state/app/channels.ts';
import type { World } from '../../world/world.ts';
import type { TakenPlace, Typed } from '../kind.ts';

/** What an interface is made with besides its settings. */
export interface InterfaceSurroundings {
  readonly bmc: BmcState;
  readonly world: World;
  /** Who works the machine over the VM protocol. */
  readonly machine?: VmMachine;
  /** The management busses, by channel. */
  readonly busses: { on(channel: number): MessageBus };
  readonly icmb: IcmbNetwork;
}

/** An interface and what the ready line says of it. */
export interface MadeInterface {
  readonly interface: Interface<BmcState>;
  /** Where it is reached, once it is open. */
  readonly address: () => string;
}

interface InterfaceEntry extends Typed {
  readonly channel?: number;
}

/** Settings with what is meant where they say nothing. */
export type Whole<O, D> = Omit<O, keyof D> & D;

/**
 * A way in, of a kind that an entry of `interfaces` asks for by its `type`. `O` are its settings, `W` the
 * same with the defaults.
 */
export interface InterfaceKind<
  O extends InterfaceEntry,
  W extends { readonly channel: number } = O & { readonly channel: number },
> {
  readonly type: O['type'];
  /** What a file may say of it. */
  readonly schema: (zod: Zod) => z.ZodObject;
  /** What is meant where the settings say nothing. */
  readonly defaults: { readonly channel: number; readonly [key: string]: unknown };
  /** The channel that it makes. Throws SettingsError. */
  channel(options: W): ChannelOptions;
  /** What a BMC has one of, and it is: a second entry of the kind is refused. */
  readonly single?: string;
  /** What its settings have opened that is closed by default. */
  dangers?(options: W): readonly string[];
  /** What nobody else may have while it is open. */
  places?(options: O): readonly TakenPlace[];
  /** Throws SettingsError. */
  make(options: W, surroundings: InterfaceSurroundings): MadeInterface;
}
