import { EVM_REV, SelEventRecord, SelType } from '../../records/sel.ts';
import { BMC_ADDRESS } from '../../wire/message.ts';
import type { MessageBuffers } from '../app/message-buffers.ts';
import type { Sel } from './sel.ts';
import type { Setup } from '../setup.ts';
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

/** Where every event goes: to the SEL if system event logging is on, and to whoever listens. */
export class Events {
  /** Set Event Receiver (§29.1): FFh disables event messages; 20h is this BMC itself. */
  receiver = { address: BMC_ADDRESS as number, lun: 0 };
  /**
   * Takes an event of this controller's own to its receiver, where that is another one. False: there is no
   * way to it, so that it is logged here.
   */
  forward: ((event: PlatformEvent) => boolean) | undefined = undefined;
  readonly #sel: Sel;
  readonly #messages: MessageBuffers;
  readonly #setup: Setup;
  readonly #untold: [PlatformEvent, number][] = [];
  readonly #listeners = new Set<(event: PlatformEvent, recordId: number) => void>();

  constructor(setup: Setup, sel: Sel, messages: MessageBuffers) {
    this.#setup = setup;
    this.#sel = sel;
    this.#messages = messages;
  }

  /**
   * Called after an event was logged, in the order of events; record id 0: it could not be, or logging is
   * off.
   */
  onLogged(listener: (event: PlatformEvent, recordId: number) => void): void {
    this.#listeners.add(listener);
  }

  /**
   * Logs and spreads an event. A full SEL loses it and sets its overflow flag; that is no failure of the
   * event's source.
   */
  raise(event: PlatformEvent): Durable {
    if (this.forward?.(event)) return undefined;
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
    const added = this.#log(record);
    if (!added?.done) {
      this.#tell(event, added?.id ?? 0);
      return undefined;
    }
    return added.done.then(
      () => this.#tell(event, added.id),
      (error: unknown) => {
        this.#tell(event, 0);
        throw error;
      },
    );
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
  #tell(event: PlatformEvent, recordId: number): void {
    this.#untold.push([event, recordId]);
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
