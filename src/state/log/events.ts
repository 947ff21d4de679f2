import { EVM_REV, SelEventRecord, SelType } from '../../records/sel.ts';
import { BMC_ADDRESS } from '../../wire/message.ts';
import type { MessageBuffers } from '../app/message-buffers.ts';
import type { Sel } from './sel.ts';
import type { Setup } from '../setup.ts';
import type { Sleeper } from '../sleeper.ts';
import type { Durable } from '../store.ts';

/** What a sensor, a remote controller or a console says happened (§29.3). */
export interface PlatformEvent {
  /** Slave address or software id of the generator, as byte 1 of a generator id has it. */
  readonly generator: number;
  readonly generatorLun?: number;
  readonly generatorChannel?: number;
  readonly evmRev?: number;
  readonly sensorType: number;
  readonly sensorNumber: number;
  readonly eventType: number;
  readonly deassertion: boolean;
  /** Three bytes; FFh for those that say nothing. */
  readonly data: Uint8Array;
}

/** An event, its record's id, and the rank of the action during which it was raised (see `acting`). */
type Logged = [event: PlatformEvent, recordId: number, during: number | undefined];

/** Where every event goes: to the SEL if system event logging is on, and to whoever listens. */
export class Events implements Sleeper<Events['receiver']> {
  /** Set Event Receiver (§29.1): FFh disables event messages; 20h is this BMC itself. */
  receiver: { readonly address: number; readonly lun: number } = { address: BMC_ADDRESS, lun: 0 };
  readonly #sel: Sel;
  readonly #messages: MessageBuffers;
  readonly #setup: Setup;
  readonly #untold: Logged[] = [];
  #listeners: readonly ((...logged: Logged) => void)[] = [];
  readonly #acting: number[] = [];
  #forwarder: ((event: PlatformEvent) => boolean) | undefined = undefined;

  constructor(setup: Setup, sel: Sel, messages: MessageBuffers) {
    this.#setup = setup;
    this.#sel = sel;
    this.#messages = messages;
  }

  /**
   * Called after an event was logged, in the order of events; record id 0: it could not be, or logging is
   * off.
   */
  onLogged(listener: (...logged: Logged) => void): () => void {
    this.#listeners = [...this.#listeners, listener];
    return () => {
      this.#listeners = this.#listeners.filter((other) => other !== listener);
    };
  }

  /**
   * Asked first for every event: takes one of this controller's own to its receiver, where that is another
   * one. False: there is no way to it, so that it is logged here. There is one; returns its undoing.
   */
  forwardBy(forwarder: (event: PlatformEvent) => boolean): () => void {
    this.#forwarder = forwarder;
    return () => {
      if (this.#forwarder === forwarder) this.#forwarder = undefined;
    };
  }

  /**
   * Something is being done about an event: what is raised until the end of it may be its consequence, and
   * is told with its rank (of several, the lowest), however long the log takes. Returns the end.
   */
  acting(rank: number): () => void {
    this.#acting.push(rank);
    return () => void this.#acting.splice(this.#acting.indexOf(rank), 1);
  }

  /**
   * Logs and spreads an event. A full SEL loses it and sets its overflow flag; that is no failure of the
   * event's source.
   */
  raise(event: PlatformEvent): Durable {
    if (this.#forwarder?.(event)) return undefined;
    const record = SelEventRecord.encode({
      recordId: 0,
      recordType: SelType.SystemEvent,
      timestamp: 0,
      generator: event.generator,
      generatorChannel: event.generatorChannel ?? 0,
      generatorLun: event.generatorLun ?? 0,
      evmRev: event.evmRev ?? EVM_REV,
      sensorType: event.sensorType,
      sensorNumber: event.sensorNumber,
      deassertion: event.deassertion,
      eventType: event.eventType,
      data: event.data,
    });
    this.#messages.putEvent(record);
    const during = this.#acting.length > 0 ? Math.min(...this.#acting) : undefined;
    const added = this.#log(record);
    if (!added?.done) {
      this.#tell(event, added?.id ?? 0, during);
      return undefined;
    }
    return added.done.then(
      () => this.#tell(event, added.id, during),
      (error: unknown) => {
        this.#tell(event, 0, during);
        throw error;
      },
    );
  }

  get wakeful(): string | undefined {
    return this.#untold.length > 0 || this.#acting.length > 0 ? 'events are under way' : undefined;
  }

  memento(): Events['receiver'] | undefined {
    const { address, lun } = this.receiver;
    return address === BMC_ADDRESS && lun === 0 ? undefined : this.receiver;
  }

  recall(receiver: Events['receiver']): void {
    this.receiver = receiver;
  }

  #log(record: Uint8Array): { readonly id: number; readonly done: Durable } | undefined {
    if (!this.#messages.enables.systemEventLogging) return undefined;
    try {
      return this.#sel.add(record);
    } catch (error) {
      this.#setup.log.warn(`event lost: ${String(error)}`);
      return undefined;
    }
  }

  /** An event that a listener raises is told when all have heard of the one before. */
  #tell(...logged: Logged): void {
    this.#untold.push(logged);
    if (this.#untold.length > 1) return;
    for (let next = this.#untold[0]; next; next = this.#untold[0]) {
      for (const listener of this.#listeners) {
        try {
          listener(...next);
        } catch (error) {
          this.#setup.log.error('a listener for events', error);
        }
      }
      this.#untold.shift();
    }
  }
}
