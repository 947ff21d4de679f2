import { CC, IpmiError } from '../../codec/index.ts';
import { EnableForwardedCommands, ForwardedCommand } from '../../commands/transport/forwarding.ts';
import {
  handleRaw,
  partyOf,
  Shares,
  type Answer,
  type Context,
  type Handler,
  type Message,
  type Entry,
  type HandlerSet,
  type Registration,
} from '../../router/index.ts';
import { BMC_ADDRESS, buildMessage } from '../../wire/index.ts';
import type { MessageBuffers } from '../../state/app/message-buffers.ts';
import type { Setup } from '../../state/setup.ts';
import { stores } from '../../state/stores.ts';
import type { Durable, Store } from '../../state/store.ts';

/** What forwarding needs of a router. */
export interface Registrar {
  register(set: HandlerSet): Registration;
  find(message: Message, channel: number): Entry | undefined;
}

/** 128 commands of one NetFn and LUN on a channel. */
export interface ForwardingRange {
  readonly channel: number;
  readonly netFn: number;
  readonly lun: number;
  /** 0: commands 00h..7Fh, 1: 80h..FFh. */
  readonly half: number;
  readonly body: number | undefined;
}

const SYSTEM_SOFTWARE_LUN = 2;
const SEQUENCES = 64;

/** Commands of a channel that system software answers instead of the BMC (IPMI 2.0 §35b). */
export class Forwarding {
  readonly #masks: Store<Uint8Array>;
  readonly #messages: MessageBuffers;
  readonly #router: Registrar;
  readonly #registered = new Map<number, Registration>();
  readonly #pending = new Map<
    number,
    { readonly resolve: (answer: Answer) => void; readonly party: unknown }
  >();
  /** Nobody's commands take all sequence numbers. */
  readonly #places = new Shares(SEQUENCES);
  #sequence = 0;

  constructor(setup: Setup, router: Registrar, messages: MessageBuffers) {
    this.#masks = setup.store(stores.forwardedCommands);
    this.#router = router;
    this.#messages = messages;
  }

  mask(range: ForwardingRange): Uint8Array {
    return this.#masks.get(keyOf(range)) ?? new Uint8Array(16);
  }

  setMask(range: ForwardingRange, mask: Uint8Array): Durable {
    const done = this.#masks.set(keyOf(range), mask.slice());
    if (this.isEnabled(range.channel)) this.enable(range.channel);
    return done;
  }

  isEnabled(channel: number): boolean {
    return this.#registered.has(channel);
  }

  /** Throws 80h where system software does not take messages of the channel. */
  enable(channel: number): void {
    if (!this.#messages.receives(channel))
      throw EnableForwardedCommands.refuse(
        'noTarget',
        `system software does not listen to channel ${channel}`,
      );
    this.disable(channel);
    const handlers = [...this.#masks.entries()].flatMap(([key, mask]) =>
      this.#handlersOf(channel, key, mask),
    );
    this.#registered.set(
      channel,
      this.#router.register({ owner: `forwarding, channel ${channel}`, handlers }),
    );
  }

  disable(channel: number): void {
    void this.#registered.get(channel)?.unregister();
    this.#registered.delete(channel);
  }

  /** A reset: nobody waits for system software any more. What is to be forwarded stays. */
  reset(): void {
    for (const channel of this.#registered.keys()) this.disable(channel);
    this.#pending.clear();
    this.#places.clear();
  }

  /** System software's answer. Throws 80h for one that nobody waits for. */
  answer(sequence: number, completionCode: number, data: Uint8Array): void {
    const waiting = this.#pending.get(sequence);
    if (!waiting) throw ForwardedCommand.refuse('notWaiting', `sequence number ${sequence}`);
    this.#forget(sequence);
    waiting.resolve(Uint8Array.of(completionCode, ...data));
  }

  #handlersOf(channel: number, key: string, mask: Uint8Array): Handler[] {
    const [of, netFn, lun, half, body] = key.split('.').map(Number);
    if (of !== channel) return [];
    const commands = Array.from({ length: 128 }, (_, i) => i).filter((i) => mask[i >> 3] & (1 << (i & 7)));
    return commands.flatMap((i) => {
      const cmd = half * 128 + i;
      const entry = this.#router.find({ netFn, lun, cmd, data: new Uint8Array(0) }, channel);
      // System software answers what the channel may ask; what it may not ask stays refused.
      if (entry?.systemInterfaceOnly) return [];
      const privilege = entry?.handler.privilege;
      return handleRaw(
        { netFn, cmd, body, channel, lun },
        (message, context) => this.#forward(message, context),
        { privilege, name: 'forwarded' },
      );
    });
  }

  /**
   * Queues the command for system software: channel and privilege, session handle, NetFn and LUN, command,
   * data.
   */
  #forward({ netFn, lun, cmd, data }: Message, context: Context): Promise<Answer> {
    const party = partyOf(context);
    if (!this.#places.hasPlace(party))
      throw new IpmiError(CC.NodeBusy, 'too many forwarded commands wait for their answers');
    const sequence = this.#freeSequence();
    const { channel, privilege, session } = context;
    const inner = Uint8Array.of(
      (privilege << 4) | channel.number,
      session?.handle ?? 0,
      (netFn << 2) | lun,
      cmd,
      ...data,
    );
    const message = buildMessage({
      to: BMC_ADDRESS,
      toLun: SYSTEM_SOFTWARE_LUN,
      netFn: ForwardedCommand.netFn,
      from: BMC_ADDRESS,
      fromLun: 0,
      seq: sequence,
      cmd: ForwardedCommand.cmd,
      data: inner,
    });
    this.#messages.deliver(
      { channel: channel.number, privilege, data: message.slice(1) },
      party,
      context.actor,
    );
    return new Promise((resolve) => {
      this.#pending.set(sequence, { resolve, party });
      this.#places.add(party);
      context.onExpire(() => this.#pending.get(sequence)?.resolve === resolve && this.#forget(sequence));
    });
  }

  #forget(sequence: number): void {
    const waiting = this.#pending.get(sequence);
    if (!waiting) return;
    this.#pending.delete(sequence);
    this.#places.give(waiting.party);
  }

  #freeSequence(): number {
    for (let tries = 0; tries < SEQUENCES; tries++) {
      this.#sequence = (this.#sequence + 1) % SEQUENCES;
      if (!this.#pending.has(this.#sequence)) return this.#sequence;
    }
    throw new IpmiError(CC.NodeBusy, 'all sequence numbers of forwarded commands are in use');
  }
}

const keyOf = ({ channel, netFn, lun, half, body }: ForwardingRange): string =>
  [channel, netFn, lun, half, ...(body === undefined ? [] : [body])].join('.');
