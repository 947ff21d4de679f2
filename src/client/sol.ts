import { ActivatePayload, DeactivatePayload, SolActivation } from '../commands/app/payloads.ts';
import {
  NO_OPERATION,
  PayloadType,
  SOL_HEADER,
  SolToBmc,
  SolToConsole,
  SolTransfer,
  type SolOperation,
  type SolPacket,
  type SolStatus,
} from '../wire/index.ts';
import type { Clock, Timer } from '../world/world.ts';
import type { LanClient } from './lan.ts';

export interface SolOptions {
  /** Default 1. */
  readonly instance?: number;
  /** Default true, as far as the cipher suite can. */
  readonly encryption?: boolean;
  readonly authentication?: boolean;
  /** CTS and DCD/DSR stay deasserted until the first packet. Default false. */
  readonly handshake?: boolean;
  /** Milliseconds until a packet is sent again, and how often it is. Default 300 and 9. */
  readonly retryInterval?: number;
  readonly retries?: number;
  /** Most characters that wait to be sent. Default 65536. */
  readonly capacity?: number;
}

/** An activated serial console. */
export interface Sol {
  /** What the machine says; copies. */
  onData: ((characters: Uint8Array) => void) | undefined;
  /**
   * What the BMC tells besides: a break, lost characters, a console that is not there, the end. Only changes
   * are told.
   */
  onStatus: ((status: SolStatus) => void) | undefined;
  /** Queues characters; returns how many there was room for. */
  write(characters: Uint8Array): number;
  sendBreak(): void;
  /** `pause`: the machine is to stop sending; it goes on with `pause(false)`. */
  pause(yes: boolean): void;
  /** Drops what is on its way, to the machine or from it. */
  flush(which: 'inbound' | 'outbound'): void;
  /** Characters that are not acknowledged yet. */
  readonly waiting: number;
  /** Deactivates the payload; the session lives on. Rejects with IpmiError. */
  close(): Promise<void>;
}

/**
 * Activates SOL in a session (IPMI 2.0 §15). Rejects with IpmiError: 80h another session has it, 81h it is
 * disabled, D4h.
 */
export async function openSol(clock: Clock, client: LanClient, options: SolOptions = {}): Promise<Sol> {
  const { instance = 1, encryption = true, authentication = true, handshake = false } = options;
  const { inboundSize } = await client.send(ActivatePayload, {
    payloadType: PayloadType.Sol,
    instance,
    auxiliary: SolActivation.encode({
      encryption,
      authentication,
      testMode: false,
      serialAlerts: 0,
      handshake,
    }),
  });
  return new SolConsole(clock, client, inboundSize - SOL_HEADER, options);
}

class SolConsole implements Sol {
  onData: ((characters: Uint8Array) => void) | undefined;
  onStatus: ((status: SolStatus) => void) | undefined;
  readonly #clock: Clock;
  readonly #client: LanClient;
  readonly #options: SolOptions;
  readonly #transfer: SolTransfer<SolOperation>;
  #operation: SolOperation = NO_OPERATION;
  #status = 0;
  #timer: Timer | undefined;
  #closed = false;

  constructor(clock: Clock, client: LanClient, packet: number, options: SolOptions) {
    this.#clock = clock;
    this.#client = client;
    this.#options = options;
    const timing = {
      accumulate: 0,
      threshold: 1,
      retries: options.retries ?? 9,
      retryInterval: options.retryInterval ?? 300,
    };
    this.#transfer = new SolTransfer<SolOperation>({
      timing: () => timing,
      packet,
      capacity: options.capacity ?? 65_536,
      accept: (characters) => {
        this.onData?.(characters.slice());
        return characters.length;
      },
    });
    client.payload(PayloadType.Sol).onPayload = (payload, order) => this.#receive(payload, order);
  }

  get waiting(): number {
    return this.#transfer.waiting;
  }

  write(characters: Uint8Array): number {
    const count = this.#transfer.push(characters, this.#clock.monotonic());
    this.#pump();
    return count;
  }

  sendBreak(): void {
    this.#order({ generateBreak: true });
  }

  pause(yes: boolean): void {
    this.#operation = { ...NO_OPERATION, ctsPause: yes };
    this.#order({});
  }

  flush(which: 'inbound' | 'outbound'): void {
    if (which === 'inbound') this.#transfer.flush();
    this.#order(which === 'inbound' ? { flushInbound: true } : { flushOutbound: true });
  }

  async close(): Promise<void> {
    this.#stop();
    await this.#client.send(DeactivatePayload, {
      payloadType: PayloadType.Sol,
      instance: this.#options.instance ?? 1,
      auxiliary: new Uint8Array(4),
    });
  }

  #order(flags: Partial<SolOperation>): void {
    this.#transfer.send(flags);
    this.#pump();
  }

  #receive(payload: Uint8Array, order: number): void {
    if (payload.length < SOL_HEADER) return;
    const packet = SolToConsole.decode(payload);
    const news = this.#transfer.isNews({ ...packet, flags: {} }, order);
    this.#transfer.receive({ ...packet, flags: {} }, order, this.#clock.monotonic());
    // The NACK bit is the packet's own; the others are the console's.
    const status = payload[3] & 0x3c;
    if (news && status !== this.#status) {
      this.#status = status;
      this.onStatus?.(packet);
    }
    if (packet.deactivated) this.#stop();
    else this.#pump();
  }

  #stop(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#client.payload(PayloadType.Sol).onPayload = undefined;
  }

  #pump(): void {
    if (this.#closed) return;
    for (
      let packet = this.#transfer.poll(this.#clock.monotonic());
      packet;
      packet = this.#transfer.poll(this.#clock.monotonic())
    )
      this.#send(packet);
    this.#timer?.cancel();
    const at = this.#transfer.wakeAt();
    this.#timer =
      at === Infinity ? undefined : this.#clock.after(at - this.#clock.monotonic(), () => this.#pump());
  }

  #send({ flags, ...packet }: SolPacket<SolOperation>): void {
    this.#client
      .payload(PayloadType.Sol)
      .send(SolToBmc.encode({ ...this.#operation, ...packet, ...flags }), this.#options.encryption ?? true);
  }
}
