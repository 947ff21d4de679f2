import { EVM_REV, SelEventRecord, SelType } from '../../records/sel.ts';
import { BMC_ADDRESS } from '../../wire/message.ts';
import type { MessageBuffers } from '../app/message-buffers.ts';
import type { Sel } from './sel.ts';
import { Occasion } from '../occasions.ts';
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

const NONE: readonly never[] = [];
const HERE = { address: BMC_ADDRESS, lun: 0 } as const;

/** Where every event goes: to the SEL if system event logging is on, and to whoever listens. */
export class Events implements Sleeper<Events['receiver']> {
  /** Whoever takes it to its receiver returns true. */
  static readonly raised = new Occasion<[event: PlatformEvent]>();
  static readonly logged = new Occasion<Logged>('a listener for events');
  /** Set Event Receiver (§29.1): FFh disables event messages; 20h is this BMC itself. */
  receiver: { readonly address: number; readonly lun: number } = HERE;
  readonly #sel: Sel;
  readonly #messages: MessageBuffers;
  readonly #setup: Setup;
  /** What is not told yet, while something is. */
  #untold: Logged[] | undefined = undefined;
  #acting: readonly number[] = NONE;
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
    return this.#setup.occasions.listen(Events.logged, listener);
  }

  /**
   * Asked first for every event: takes one of this controller's own to its receiver, where that is another
   * one. False: there is no way to it, so that it is logged here. There is one, in place of the BMC's own way
   * over its primary IPMB; returns its undoing.
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
    this.#acting = this.#acting.concat(rank);
    return () => {
      const at = this.#acting.indexOf(rank);
      this.#acting = this.#acting.filter((_, i) => i !== at);
    };
  }

  /**
   * Logs and spreads an event. A full SEL loses it and sets its overflow flag; that is no failure of the
   * event's source.
   */
  raise(event: PlatformEvent): Durable {
    const { occasions } = this.#setup;
    if (this.#forwarder === undefined ? occasions.isTaken(Events.raised, event) : this.#forwarder(event))
      return undefined;
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
    return this.#untold !== undefined || this.#acting.length > 0 ? 'events are under way' : undefined;
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
    if (this.#untold !== undefined) {
      this.#untold.push(logged);
      return;
    }
    const untold = (this.#untold = [logged]);
    for (let next = untold[0]; next; next = untold[0]) {
      this.#setup.occasions.tell(Events.logged, ...next);
      untold.shift();
    }
    this.#untold = undefined;
  }
}
