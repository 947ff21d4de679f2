import { withChannel, type ByChannel } from '../../state/by-channel.ts';
import { CC, hex2, IpmiError } from '../../codec/index.ts';
import {
  SuspendResumePayloadEncryption,
  DeactivatePayload,
  ActivatePayload,
} from '../../commands/app/payloads.ts';
import { Privilege } from '../../commands/command.ts';
import { callSite, RegistrationError } from '../../router/errors.ts';
import type { Context, SessionView } from '../../joint/message.ts';
import type { CloseReason } from '../../state/app/sessions.ts';
import type { Setup } from '../../state/setup.ts';
import { stores } from '../../state/stores.ts';
import type { Durable, Store } from '../../state/store.ts';
import type {
  PayloadDefinition,
  PayloadEnd,
  PayloadCarrier,
  PayloadAccess,
  Registered,
  PayloadsOptions,
} from './definition.ts';

export type {
  PayloadDefinition,
  PayloadActivation,
  PayloadEnd,
  PayloadCarrier,
  PayloadAccess,
  Registered,
  PayloadsOptions,
  PayloadsOwner,
} from './definition.ts';

/** Payload types, IPMI 2.0 §13.27.3 table 13-16. */
const SOL = 0x01;
const OEM_EXPLICIT = 0x02;
/** Numbers under which an OEM payload can be had, besides its IANA and payload id. */
const FIRST_HANDLE = 0x20;
const LAST_HANDLE = 0x27;

interface Active {
  readonly definition: PayloadDefinition;
  readonly instance: number;
  readonly session: SessionView;
  readonly end: PayloadEnd;
  readonly encrypted: boolean;
  suspended: boolean;
  /** It says goodbye, and nothing else any more. */
  ending: boolean;
}

const SOL_BIT = 1 << SOL;

const NONE: readonly never[] = [];

/** Payload types, their active instances, and who may activate them (IPMI 2.0 §24). */
export class Payloads {
  readonly #access: Store<PayloadAccess>;
  #withoutSol: readonly number[];
  readonly #port: number | undefined;
  // Few of each, and thousands of BMCs: lists, not tables.
  #registered: readonly Registered[] | undefined;
  readonly #bmc: PayloadsOptions['bmc'];
  /** By channel. */
  #carriers: ByChannel<PayloadCarrier> = NONE;
  #active: readonly Active[] = NONE;

  constructor(setup: Setup, { withoutSol = NONE, port, bmc }: PayloadsOptions = {}) {
    this.#port = port;
    this.#bmc = bmc;
    this.#access = setup.store(stores.payloadAccess);
    this.#withoutSol = withoutSol;
  }

  /**
   * Serves one more payload type. Throws RegistrationError, naming both owners, where its number or its IANA
   * and id are taken. `place`: where that is, for people.
   */
  register(definition: PayloadDefinition, place: string = callSite()): { unregister(): void } {
    const { type, iana, payloadId, owner, name, instances } = definition;
    const isOem = type >= FIRST_HANDLE && type <= LAST_HANDLE;
    if (!(isOem ? iana !== undefined && payloadId !== undefined : type === SOL))
      throw new RegistrationError([
        `${owner}: payload ${hex2(type)}h (${name}) is neither SOL nor one of 20h..27h with an IANA number and a payload id`,
      ]);
    if (!(instances >= 1 && instances <= 15))
      throw new RegistrationError([
        `${owner}: payload ${hex2(type)}h (${name}) has 1 to 15 instances, not ${instances}`,
      ]);
    const problems = this.#types
      .filter(
        (other) =>
          other.definition.type === type ||
          (isOem && other.definition.iana === iana && other.definition.payloadId === payloadId),
      )
      .map(
        (other) =>
          `${owner} cannot serve payload ${hex2(type)}h (${name}): served by ${other.definition.owner} (${other.definition.name}), registered at ${other.place}`,
      );
    if (problems.length > 0) throw new RegistrationError(problems);
    this.#registered = [...this.#types, { definition, place }];
    return {
      unregister: () => {
        this.#registered = this.#types.filter((registered) => registered.definition !== definition);
        this.#deactivateWhere((active) => active.definition === definition);
      },
    };
  }

  get #types(): readonly Registered[] {
    return (this.#registered ??= this.#bmc ? [this.#bmc.first()] : []);
  }

  /** An interface that carries payloads of a channel, until it closes. */
  carry(channel: number, carrier: PayloadCarrier): void {
    this.#carriers = withChannel(this.#carriers, channel, carrier);
  }

  /** It closes. Where another one carries by now, that goes on. */
  uncarry(channel: number, carrier: PayloadCarrier): void {
    if (this.#carriers[channel] === carrier) this.#carriers = withChannel(this.#carriers, channel, undefined);
  }

  /** The UDP port for a channel's consoles; 623 where no interface is open. */
  port(channel: number): number {
    return this.#port ?? this.#carriers[channel]?.port ?? 623;
  }

  definition(type: number): PayloadDefinition | undefined {
    return this.#types.find(({ definition }) => definition.type === type)?.definition;
  }

  /** An OEM payload by its maker's numbers. */
  explicit(iana: number, payloadId: number): PayloadDefinition | undefined {
    return this.#types.find(
      ({ definition }) => definition.iana === iana && definition.payloadId === payloadId,
    )?.definition;
  }

  get definitions(): PayloadDefinition[] {
    return this.#types.map(({ definition }) => definition);
  }

  access(userId: number, channel: number): PayloadAccess {
    const oem = this.definitions.reduce(
      (mask, { type }) => (type >= FIRST_HANDLE ? mask | (1 << (type - FIRST_HANDLE)) : mask),
      0,
    );
    const key = `${channel}/${userId}`;
    if (this.#access.isLocked(key)) return { standard: 0, oem: 0 };
    return this.#access.get(key) ?? { standard: this.#withoutSol.includes(userId) ? 0 : SOL_BIT, oem };
  }

  /**
   * Users whose settings keep them from SOL, from now on: what one has active and may no longer have ends.
   */
  set withoutSol(users: readonly number[]) {
    this.#withoutSol = users;
    this.#deactivateWhere(
      ({ session, definition }) =>
        !this.#mayActivate(session.userId, session.channel.number, definition.type),
    );
  }

  /** Ends what the user has active and may no longer have. */
  setAccess(userId: number, channel: number, access: PayloadAccess): Durable {
    const done = this.#access.set(`${channel}/${userId}`, access);
    this.#deactivateWhere(({ session, definition }) => {
      return (
        session.userId === userId &&
        session.channel.number === channel &&
        !this.#mayActivate(userId, channel, definition.type)
      );
    });
    return done;
  }

  /** Bit n: instance n + 1 is active. */
  activeInstances(type: number): number {
    return this.#of(type).reduce((mask, { instance }) => mask | (1 << (instance - 1)), 0);
  }

  /** The active instance; undefined: there is none. */
  active(
    type: number,
    instance: number,
  ): { readonly sessionId: number; readonly information: Uint8Array } | undefined {
    const active = this.#find(type, instance);
    return (
      active && { sessionId: active.session.id, information: active.end.information ?? new Uint8Array(8) }
    );
  }

  /**
   * Throws 80h..84h (§24.1), D4h, CCh for a type or instance that there is not, D5h outside of an RMCP+
   * session.
   */
  activate(
    type: number,
    instance: number,
    auxiliary: Uint8Array,
    session: SessionView | undefined,
  ): { readonly definition: PayloadDefinition; readonly auxiliary: Uint8Array } {
    const definition = this.#known(type, instance);
    const carrier = session && this.#carriers[session.channel.number];
    const abilities = session && carrier?.abilities(session);
    if (!session || !carrier || !abilities)
      throw new IpmiError(CC.NotSupportedInState, 'payloads need an RMCP+ session');
    const channel = session.channel.number;
    this.#permit(definition, session.privilege, channel);
    if (!this.#mayActivate(session.userId, channel, type))
      throw new IpmiError(
        CC.InsufficientPrivilege,
        `user ${session.userId} may not activate ${definition.name}`,
      );
    if (this.#find(type, instance))
      throw ActivatePayload.refuse('alreadyActive', `${definition.name} instance ${instance} is active`);
    // A payload has no number of its instance, so that one session has one.
    if (this.#in(session, type))
      throw ActivatePayload.refuse('limitReached', `this session has ${definition.name} active`);
    let active: Active | undefined;
    const end = definition.activate({
      instance,
      session,
      channel,
      auxiliary,
      canEncrypt: abilities.encrypts,
      canAuthenticate: abilities.authenticates,
      send: (payload) => {
        if (active && (active.ending || this.#keepsRights(active)))
          carrier.send(session, type, payload, active.encrypted && !active.suspended);
      },
    });
    active = {
      definition,
      instance,
      session,
      end,
      encrypted: abilities.encrypts && (end.encrypted ?? true),
      suspended: false,
      ending: false,
    };
    this.#active = [...this.#active, active];
    return { definition, auxiliary: end.auxiliary ?? new Uint8Array(4) };
  }

  /**
   * Throws 80h where it is not active, D4h, CCh. Whoever may activate it may take it from another; the host
   * may always.
   */
  deactivate(
    type: number,
    instance: number,
    { actor, privilege, channel }: Pick<Context, 'actor' | 'privilege' | 'channel'>,
  ): void {
    const definition = this.#known(type, instance);
    const active = this.#find(type, instance);
    if (!active)
      throw DeactivatePayload.refuse('notActive', `${definition.name} instance ${instance} is not active`);
    // On a bus that the request came around by there are no payloads, and no settings of them.
    const { number } = (actor ?? active.session).channel;
    if (channel.medium !== 'system-interface' && privilege < definition.privilege(number))
      throw new IpmiError(CC.InsufficientPrivilege, definition.name);
    if (actor && active.session !== actor && !this.#mayActivate(actor.userId, number, type))
      throw new IpmiError(
        CC.InsufficientPrivilege,
        `user ${actor.userId} may not activate ${definition.name}`,
      );
    this.#end(active, active.session === actor ? 'closed' : 'deactivated');
  }

  /** By the session that has it, or an administrator. Throws 81h..83h, D4h, CCh (§24.3). */
  suspendEncryption(
    type: number,
    instance: number,
    suspended: boolean,
    { actor, privilege }: Pick<Context, 'actor' | 'privilege'>,
  ): void {
    const definition = this.#known(type, instance);
    const active = this.#find(type, instance);
    if (!active)
      throw SuspendResumePayloadEncryption.refuse(
        'notActive',
        `${definition.name} instance ${instance} is not active`,
      );
    if (active.session !== actor && privilege < Privilege.Administrator)
      throw new IpmiError(
        CC.InsufficientPrivilege,
        `${definition.name} instance ${instance} is another session's`,
      );
    if (!active.encrypted)
      throw SuspendResumePayloadEncryption.refuse(
        'cannotEncrypt',
        `${definition.name} instance ${instance} is not encrypted`,
      );
    if (suspended && definition.forceEncryption?.(active.session.channel.number))
      throw SuspendResumePayloadEncryption.refuse('notAllowed', `${definition.name} is to be encrypted`);
    active.suspended = suspended;
  }

  /** A payload of a session, decrypted. `type` 02h: `iana` and `payloadId` tell which. */
  receive(
    session: SessionView,
    type: number,
    payload: Uint8Array,
    packet: {
      readonly encrypted: boolean;
      readonly sequence: number;
      readonly oemIana: number;
      readonly oemPayloadId: number;
    },
  ): void {
    const definition =
      type === OEM_EXPLICIT ? this.explicit(packet.oemIana, packet.oemPayloadId) : this.definition(type);
    if (!definition) return;
    const active = this.#in(session, definition.type);
    if (!active) {
      const answer = definition.inactive?.(payload);
      if (answer)
        this.#carriers[session.channel.number]?.send(session, definition.type, answer, packet.encrypted);
      return;
    }
    if (!this.#keepsRights(active)) return;
    if (active.encrypted && !active.suspended && !packet.encrypted) return;
    active.end.receive(payload, packet.sequence);
  }

  /** The session has ended. */
  release(session: SessionView, reason: CloseReason): void {
    for (const active of this.#active) if (active.session === session) this.#end(active, reason);
  }

  /**
   * What is active has no more rights than to be activated anew: where its session was lowered, its payload
   * disabled or the firewall set since, it ends before one more byte passes.
   */
  #keepsRights(active: Active): boolean {
    const { definition, session } = active;
    const { number } = session.channel;
    if (
      session.privilege >= definition.privilege(number) &&
      definition.enabled?.(number) !== false &&
      (this.#bmc?.mayBeActive(number) ?? true)
    )
      return true;
    this.#end(active, 'deactivated');
    return false;
  }

  #mayActivate(userId: number, channel: number, type: number): boolean {
    const { standard, oem } = this.access(userId, channel);
    return type >= FIRST_HANDLE ? (oem & (1 << (type - FIRST_HANDLE))) !== 0 : (standard & (1 << type)) !== 0;
  }

  #permit(definition: PayloadDefinition, level: number, channel: number): void {
    const { name } = definition;
    if (definition.enabled?.(channel) === false)
      throw ActivatePayload.refuse('disabled', `${name} is disabled on channel ${channel}`);
    const least = definition.privilege(channel);
    if (level < least) throw new IpmiError(CC.InsufficientPrivilege, `${name} wants level ${least}`);
  }

  #known(type: number, instance: number): PayloadDefinition {
    const definition = this.definition(type);
    if (!definition) throw new IpmiError(CC.InvalidDataField, `there is no payload type ${hex2(type)}h`);
    if (instance < 1 || instance > definition.instances)
      throw new IpmiError(CC.InvalidDataField, `${definition.name} has no instance ${instance}`);
    return definition;
  }

  #of(type: number): Active[] {
    return this.#active.filter(({ definition }) => definition.type === type);
  }

  #find(type: number, instance: number): Active | undefined {
    return this.#of(type).find((active) => active.instance === instance);
  }

  /** Looks through the few that are active: no table per session. */
  #in(session: SessionView, type: number): Active | undefined {
    return this.#active.find((active) => active.session === session && active.definition.type === type);
  }

  #deactivateWhere(which: (active: Active) => boolean): void {
    for (const active of this.#active) if (which(active)) this.#end(active, 'deactivated');
  }

  #end(active: Active, reason: CloseReason | 'deactivated'): void {
    if (!this.#active.includes(active)) return;
    // Still there while its owner says goodbye.
    active.ending = true;
    active.end.closed(reason);
    this.#active = this.#active.filter((other) => other !== active);
  }
}
