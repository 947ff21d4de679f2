import { CC, IpmiError } from '../../codec/index.ts';
import { ActivatePayload, SolActivation } from '../../commands/app/payloads.ts';
import {
  NO_STATUS,
  SOL_HEADER,
  SolToBmc,
  SolToConsole,
  type SolOperation,
  type SolStatus,
} from '../../wire/sol.ts';
import { SolTransfer, type SolPacket } from '../../wire/sol-transfer.ts';
import type { Clock, Timer } from '../../world/world.ts';
import { ASSERTED, type Console } from '../../machine/serial-port/console.ts';
import type { PayloadActivation, PayloadDefinition, PayloadEnd } from './payloads.ts';
import type { CloseReason } from '../../state/app/sessions.ts';
import type { SolParameters } from '../../state/parameters/sol-parameters.ts';

export interface SolOptions {
  readonly clock: Clock;
  readonly console: Console;
  readonly parameters: SolParameters;
  /** Called when an instance is activated. */
  readonly activating?: (instance: number) => void;
  /** Sessions that may share the console, 1..15. Default 1. */
  readonly instances?: number;
  /** The encryption of a session may not be suspended. */
  readonly keepEncrypted?: boolean;
}

/** SOL's payload type (§13.27.3). */
const SOL = 0x01;
/** Bytes of a payload. Some clients take it for the count of characters, which must stay below 256. */
const PAYLOAD_SIZE = 255;
/** Characters of the machine that wait for a session. */
const CAPACITY = 32_768;
/** From here on the machine is held back, until half of it is gone. */
const CONGESTED = CAPACITY / 2;
const SERIAL_PORT = 1;

/** Serial over LAN as a payload of the BMC (IPMI 2.0 §15). */
export class SolPayload implements PayloadDefinition {
  readonly owner = 'standard';
  readonly name = 'SOL';
  readonly type = SOL;
  readonly majorVersion = 1;
  readonly minorVersion = 0;
  readonly inboundSize = PAYLOAD_SIZE;
  readonly outboundSize = PAYLOAD_SIZE;
  readonly instances: number;
  readonly #options: SolOptions;

  constructor(options: SolOptions) {
    this.#options = options;
    this.instances = options.instances ?? 1;
  }

  privilege(channel: number): number {
    return this.#options.parameters.authentication(channel).privilege;
  }

  enabled(channel: number): boolean {
    return this.#options.parameters.enabled(channel);
  }

  forceEncryption(channel: number): boolean {
    return (
      this.#options.keepEncrypted === true || this.#options.parameters.authentication(channel).forceEncryption
    );
  }

  activate(activation: PayloadActivation): PayloadEnd {
    const session = new SolSession(this.#options, activation);
    this.#options.activating?.(activation.instance);
    return session;
  }

  inactive(payload: Uint8Array): Uint8Array | undefined {
    const packet = read(payload);
    return packet && packet.sequence > 0 ? goodbye(packet.sequence) : undefined;
  }
}

/** The serial console and one remote console, from activation to deactivation. */
class SolSession implements PayloadEnd {
  readonly encrypted: boolean;
  readonly information: Uint8Array = Uint8Array.of(SERIAL_PORT, 0, 0, 0, 0, 0, 0, 0);
  readonly #clock: Clock;
  readonly #console: Console;
  readonly #activation: PayloadActivation;
  readonly #transfer: SolTransfer<SolStatus>;
  readonly #unlisten: () => void;
  #timer: Timer | undefined;
  #timerAt = Infinity;
  #lost = 0;

  /** Throws 83h, 84h and D5h where the settings force what is not asked for, or cannot be had. */
  constructor({ clock, console, parameters }: SolOptions, activation: PayloadActivation) {
    const { channel, canEncrypt, canAuthenticate, auxiliary } = activation;
    const { encryption, handshake } = SolActivation.decode(auxiliary);
    const { forceEncryption, forceAuthentication } = parameters.authentication(channel);
    // Clients ask for encryption whatever their cipher suite can; only where it is forced does that matter.
    if (forceEncryption && !encryption) throw ActivatePayload.refuse('mustEncrypt', 'SOL is to be encrypted');
    if (forceEncryption && !canEncrypt)
      throw ActivatePayload.refuse('cannotEncrypt', 'the cipher suite of this session does not encrypt');
    // Where the suite can sign, every packet is signed, asked for or not.
    if (forceAuthentication && !canAuthenticate)
      throw new IpmiError(CC.NotSupportedInState, 'the cipher suite of this session does not authenticate');
    this.encrypted = encryption && canEncrypt;
    this.#clock = clock;
    this.#console = console;
    this.#activation = activation;
    this.#transfer = new SolTransfer<SolStatus>({
      timing: () => parameters.timing(channel),
      packet: PAYLOAD_SIZE - SOL_HEADER,
      capacity: CAPACITY,
      accept: (characters) => console.write(characters),
    });
    console.setLines({ cts: !handshake, dcd: !handshake });
    this.#unlisten = console.listen({
      onData: (characters) => this.#machineSaid(characters),
      onBreak: () => {
        this.#transfer.send({ breakDetected: true });
        this.#pump();
      },
      // Told at once, so that a person sees why nothing comes.
      onAvailable: () =>
        this.#send({
          sequence: 0,
          ackSequence: 0,
          accepted: 0,
          nack: false,
          characters: new Uint8Array(0),
          flags: {},
        }),
    });
  }

  receive(payload: Uint8Array, order: number): void {
    const packet = read(payload);
    if (!packet) return;
    const now = this.#clock.monotonic();
    const news = this.#transfer.isNews(packet, order);
    if (news) this.#beforeCharacters(packet.flags);
    this.#transfer.receive(packet, order, now);
    if (news && packet.flags.generateBreak) this.#console.sendBreak();
    this.#pump();
  }

  closed(reason: CloseReason | 'deactivated'): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#timerAt = -Infinity;
    this.#unlisten();
    this.#console.resume(this);
    this.#console.setLines(ASSERTED);
    if (reason !== 'closed' && reason !== 'timeout') this.#activation.send(goodbye(0));
  }

  #beforeCharacters(operation: SolOperation): void {
    if (operation.flushInbound) this.#console.flush();
    if (operation.flushOutbound) this.#transfer.flush();
    if (operation.ringWor) this.#console.ring();
    this.#console.setLines({ cts: !operation.ctsPause, dcd: !operation.dropDcdDsr });
    this.#transfer.paused = operation.ctsPause;
  }

  #machineSaid(characters: Uint8Array): void {
    this.#transfer.push(characters, this.#clock.monotonic());
    this.#pump();
  }

  /** Sends what is due, and comes back when more is. */
  #pump(): void {
    const transfer = this.#transfer;
    for (;;) {
      if (transfer.lost > this.#lost) transfer.note({ transmitOverrun: true });
      this.#lost = transfer.lost;
      const packet = transfer.poll(this.#clock.monotonic());
      if (!packet) break;
      this.#send(packet);
    }
    // A console that is gone must not hold up the machine: what it cannot get is dropped.
    if (transfer.waiting > CONGESTED && !transfer.failing) this.#console.pause(this);
    else if (transfer.failing || transfer.waiting < CONGESTED / 2) this.#console.resume(this);
    const at = transfer.wakeAt();
    if (at >= this.#timerAt) return;
    this.#timer?.cancel();
    this.#timerAt = at;
    this.#timer = this.#clock.after(at - this.#clock.monotonic(), this.#wake);
  }

  readonly #wake = (): void => {
    this.#timer = undefined;
    this.#timerAt = Infinity;
    this.#pump();
  };

  /** Field by field: to spread three objects takes longer than to encrypt the packet. */
  #send({ sequence, ackSequence, accepted, nack, characters, flags }: SolPacket<SolStatus>): void {
    this.#activation.send(
      SolToConsole.encode({
        sequence,
        ackSequence,
        accepted,
        nack,
        transferUnavailable: !this.#console.available,
        deactivated: flags.deactivated ?? false,
        transmitOverrun: flags.transmitOverrun ?? false,
        breakDetected: flags.breakDetected ?? false,
        characters,
      }),
    );
  }
}

/** A packet and its operation bits; undefined: too short to be one. */
function read(payload: Uint8Array): (SolPacket<SolOperation> & { readonly flags: SolOperation }) | undefined {
  if (payload.length < SOL_HEADER) return undefined;
  const flags = SolToBmc.decode(payload);
  const { sequence, ackSequence, accepted, nack, characters } = flags;
  return { sequence, ackSequence, accepted, nack, characters, flags };
}

/** Refuses a packet because SOL is not active here, or (0) tells that it has just ended. */
const goodbye = (refused: number): Uint8Array =>
  SolToConsole.encode({
    ...NO_STATUS,
    sequence: 0,
    ackSequence: refused,
    accepted: 0,
    nack: refused > 0,
    deactivated: true,
    characters: new Uint8Array(0),
  });
