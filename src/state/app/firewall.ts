import { bodyOf } from '../../commands/body.ts';
import { CC } from '../../codec/index.ts';
import { NetFn } from '../../commands/command.ts';
import type { Channel, Context, Message } from '../../joint/message.ts';
import type { Policy } from '../../joint/policy.ts';
import { CommandMasks, type CommandSelector } from './command-masks.ts';
import type { Setup } from '../setup.ts';
import { stores } from '../stores.ts';
import type { Durable, Store } from '../store.ts';

/** What the configuration says of one channel; it cannot be changed by IPMI. */
export interface FirewallRule {
  /** 0..Fh. */
  readonly channel: number;
  /** Nothing else may be asked by this channel. */
  readonly allow?: readonly CommandSelector[];
  /** May not be asked, even where `allow` has it. */
  readonly deny?: readonly CommandSelector[];
}

/** A command whose enables are asked or set. */
export interface FirewallTarget {
  readonly channel: number;
  readonly netFn: number;
  readonly lun: number;
  readonly cmd: number;
  readonly body: number | undefined;
}

interface CompiledRule {
  readonly allow: CommandMasks | undefined;
  readonly deny: CommandMasks | undefined;
}

/**
 * The firmware firewall (IPMI 2.0 §21) and the configured policy: which commands a channel may use beyond
 * privilege. Compiled once into bit masks; a channel without rules costs one look.
 */
export class Firewall implements Policy {
  readonly #rules: (CompiledRule | undefined)[] = [];
  /** What Set Command Enables disabled, by channel. */
  readonly #disabled: (CommandMasks | undefined)[] = [];
  /**
   * What was disabled is not known any more: by a channel with sessions there are log-ins and nothing else,
   * until somebody has looked.
   */
  readonly #isLost: boolean;
  /** Disabled commands: 1 by `channel.netFn.lun.cmd[.body]`. */
  readonly #commands: Store<1>;
  /** Disabled sub-functions, 32 bits, by the same key. */
  readonly #subFunctions: Store<number>;

  constructor(setup: Setup, rules: readonly FirewallRule[] = []) {
    for (const { channel, allow, deny } of rules) {
      this.#rules[channel] = {
        allow: allow && new CommandMasks(allow),
        deny: deny && new CommandMasks(deny),
      };
    }
    this.#commands = setup.store(stores.firewall);
    this.#subFunctions = setup.store(stores.firewallSubFunctions);
    this.#isLost = this.#commands.hasLocks || this.#subFunctions.hasLocks;
    for (const key of this.#commands.keys()) this.#apply(targetOf(key), true);
  }

  check(message: Message, context: Context): number {
    // A request that a session put on another bus is still one of the session's channel.
    for (let at: Context | undefined = context; at !== undefined; at = at.cause) {
      if (at.bmc === context.bmc && !this.opens(message, at.channel.number, isHost(at.channel)))
        return CC.InsufficientPrivilege;
    }
    return CC.Ok;
  }

  allowsSubFunction({ netFn, lun, cmd, data }: Message, context: Context, subFunction: number): boolean {
    if (this.#subFunctions.size === 0) return true;
    const body = bodyOf({ netFn, data });
    for (let at: Context | undefined = context; at !== undefined; at = at.cause) {
      const target = { channel: at.channel.number, netFn, lun, cmd, body };
      if (at.bmc === context.bmc && this.disabledSubFunctions(target) & (1 << subFunction)) return false;
    }
    return true;
  }

  /**
   * True where a channel may use the command: the configured policy lets it, nobody has disabled it, and what
   * was disabled is known.
   */
  opens(message: Message, channel: number, host = false): boolean {
    if (this.#isLost && !host && !isLogIn(message)) return false;
    return !this.#disabled[channel]?.has(message) && this.permits(message, channel);
  }

  /** True where the configured policy lets the channel use the command, enabled or not. */
  permits(message: Message, channel: number): boolean {
    const rule = this.#rules[channel];
    if (rule === undefined) return true;
    return !rule.deny?.has(message) && (rule.allow?.has(message) ?? true);
  }

  /** True where anything is restricted on the channel. */
  restricts(channel: number): boolean {
    return this.#rules[channel] !== undefined || this.#disabled[channel] !== undefined;
  }

  isEnabled(target: FirewallTarget): boolean {
    return !this.#commands.has(keyOf(target));
  }

  /** Enables and disables commands as one change. */
  enable(targets: readonly (readonly [FirewallTarget, boolean])[]): Durable {
    const changes = targets.filter(([target, enabled]) => this.isEnabled(target) !== enabled);
    const done = this.#commands.change(
      changes.map(([target, enabled]) => [keyOf(target), enabled ? undefined : 1] as const),
    );
    for (const [target, enabled] of changes) this.#apply(target, !enabled);
    // What could not be stored is not in force.
    return done?.catch((error: unknown) => {
      for (const [target, enabled] of changes) this.#apply(target, enabled);
      throw error;
    });
  }

  /** Bit n: sub-function n is disabled. */
  disabledSubFunctions(target: FirewallTarget): number {
    return this.#subFunctions.get(keyOf(target)) ?? 0;
  }

  disableSubFunctions(target: FirewallTarget, mask: number): Durable {
    return mask === 0
      ? this.#subFunctions.delete(keyOf(target))
      : this.#subFunctions.set(keyOf(target), mask >>> 0);
  }

  #apply(target: FirewallTarget, disabled: boolean): void {
    (this.#disabled[target.channel] ??= new CommandMasks()).put(target, disabled);
  }
}

/**
 * Commands of NetFn App without which nobody learns that a BMC is there, or opens a session (IPMI 2.0 §22).
 */
const LOG_IN: ReadonlySet<number> = new Set([0x01, 0x08, 0x37, 0x38, 0x39, 0x3a, 0x3b, 0x3c, 0x3d, 0x54]);
const isHost = ({ medium }: Channel): boolean => medium === 'system-interface';
const isLogIn = ({ netFn, cmd }: Message): boolean => netFn === NetFn.App && LOG_IN.has(cmd);

const keyOf = ({ channel, netFn, lun, cmd, body }: FirewallTarget): string =>
  [channel, netFn, lun, cmd, ...(body === undefined ? [] : [body])].join('.');

function targetOf(key: string): FirewallTarget {
  const [channel, netFn, lun, cmd, body] = key.split('.').map(Number);
  return { channel, netFn, lun, cmd, body };
}
