import type { CounterTable } from '../../joint/counters.ts';
import { CC } from '../../codec/index.ts';
import { Privilege } from '../../commands/command.ts';
import type { Answer, Channel, Dispatch, Interface, Message } from '../../router/index.ts';
import type { BmcState } from '../../bmc-state.ts';
import type { Attention } from '../../state/app/message-buffers.ts';
import {
  buildVmMessage,
  buildVmOperation,
  VM_VERSION,
  VmCapability,
  VmCode,
  VmReader,
  type VmMessage,
} from '../../wire/vm.ts';
import { Arrival } from '../arrival.ts';
import { Exchange } from '../exchange.ts';
import { Redial } from '../../world/redial.ts';
import type { Clock, Stream, StreamAddress, StreamNetwork, StreamServer } from '../../world/world.ts';

/**
 * Milliseconds: a driver with several requests sends the next one in less, and waking up takes as long as an
 * answer (decision 29).
 */
const EAGER = 0.4;

/** Who wants to know of the machine behind the interface, and may work it. */
export interface VmMachine {
  /** A machine has connected; `operate` sends it an operation of VmCode. */
  connected(operate: (code: number) => void): void;
  /** It has said what it can do, as bits of VmCapability. */
  capable(capabilities: number): void;
  /** It was reset, as it says itself. QEMU does not. */
  wasReset(): void;
  disconnected(): void;
}

export interface VmInterfaceOptions {
  readonly bmc: BmcState;
  readonly world: { readonly clock: Clock; readonly stream: StreamNetwork };
  /** Either side may be the server. */
  readonly at: { readonly listen: StreamAddress } | { readonly connect: StreamAddress };
  /** Default Fh. */
  readonly channel?: number;
  /** Most bytes of an answer that the guest's interface carries. */
  readonly maxAnswer: number;
  readonly machine?: VmMachine;
  /**
   * Milliseconds after a request in which the process does not sleep, while the host asks as quickly;
   * 0: never. Default 0.4.
   */
  readonly awake?: number;
}

const COUNTERS = {
  connections: { unit: 'connections', counts: 'of machines' },
  abandoned: { unit: 'answers', counts: 'dropped: the host waited no more, or had gone' },
  malformed: { unit: 'frames', counts: 'dropped: they said nothing, or nothing that a machine may say' },
} satisfies CounterTable;

/**
 * QEMU gives a request 4 s and then takes its number back; an answer under a number that is not outstanding
 * hangs the guest's interface for good. A second is left for the ways.
 */
const DEADLINE = 3000;
const HOST_PATIENCE = 3800;
/** A monitor that restarts is back within a second. */
const RETRY = { first: 1000, most: 1000 };

/**
 * The system interface of a virtual machine over the VM protocol (QEMU's `ipmi-bmc-extern`). One machine at a
 * time: a new connection takes the place of the old one, which its monitor has given up. Session-less, with
 * every right (IPMI 2.0 §6.12).
 */
export class VmInterface implements Interface<BmcState> {
  readonly channel: Channel;
  readonly deadline = DEADLINE;
  readonly counterTable = COUNTERS;
  readonly counters = { connections: 0, abandoned: 0, malformed: 0 };
  readonly #options: VmInterfaceOptions;
  readonly #exchange: Exchange;
  #server: StreamServer | undefined;
  #stream: Stream | undefined;
  /** What the machine can do; before it has said, everything. */
  #capabilities = 0xff;
  #attention: Attention = { set: false, interrupt: false };
  /** What the machine was told of interrupts last. */
  #interrupts: boolean | undefined;
  #redial: Redial | undefined;
  #forget: () => void = () => undefined;

  constructor(options: VmInterfaceOptions) {
    this.#options = options;
    this.#exchange = new Exchange(options.bmc);
    this.channel = {
      number: options.channel ?? 0x0f,
      medium: 'system-interface',
      maxAnswer: options.maxAnswer,
    };
  }

  /** Where it listens, or connects to; the port is the real one once it is open. */
  get address(): StreamAddress {
    const { at } = this.#options;
    return this.#server?.address ?? ('listen' in at ? at.listen : at.connect);
  }

  get isConnected(): boolean {
    return this.#stream !== undefined;
  }

  async open(dispatch: Dispatch<BmcState>): Promise<void> {
    const { at, world, bmc } = this.#options;
    this.#exchange.open(dispatch);
    this.#forget = bmc.messages.onInterruptEnable(() => this.#stateInterrupts());
    const { stream, clock } = world;
    const accept = (stream: Stream): void => this.#accept(stream);
    if ('listen' in at) this.#server = await stream.listen(at.listen, accept);
    else {
      this.#redial = new Redial({
        clock,
        connect: () => stream.connect(at.connect),
        connected: accept,
        pause: RETRY,
      });
      // Nobody there is no failure: the machine may start later than its BMC.
      void this.#redial.start();
    }
  }

  async close(): Promise<void> {
    this.#redial?.stop();
    this.#forget();
    await this.#server?.close();
    const stream = this.#stream;
    this.#leave(stream, () => stream?.end());
  }

  attention(attention: Attention): void {
    this.#attention = attention;
    if (this.#can(VmCapability.Attention)) this.#operate(attentionCode(attention));
  }

  #accept(stream: Stream): void {
    if (this.#stream) {
      this.#options.bmc.setup.log.warn(
        `VM interface, channel ${this.channel.number}: a new connection takes the place of the old one`,
      );
      this.#leave(this.#stream);
    }
    this.counters.connections++;
    this.#stream = stream;
    this.#capabilities = 0xff;
    const reader = new VmReader({
      message: (message) => this.#request(message, stream),
      tooLong: (message) => this.#send(stream, { ...message, data: Uint8Array.of(CC.RequestLengthExceeded) }),
      operation: (code, value) => this.#operation(code, value),
      malformed: () => void this.counters.malformed++,
    });
    stream.eager = this.#options.awake ?? EAGER;
    stream.onData = (bytes) => {
      if (this.#stream !== stream) return;
      this.#options.bmc.taps.frame?.({ direction: 'in', channel: this.channel, peer: stream.peer, bytes });
      reader.push(bytes);
    };
    stream.onDrain = () => stream.resume();
    stream.onClose = () => {
      this.#leave(stream);
      this.#redial?.lost();
    };
    this.#write(stream, buildVmOperation(VmCode.Version, VM_VERSION));
    this.#write(stream, buildVmOperation(attentionCode(this.#attention)));
    // A BMC that has just started has been told nothing yet: a guest that is running keeps its interrupts
    // until it says otherwise.
    const { interruptsEnabled } = this.#options.bmc.messages;
    if (interruptsEnabled || this.#interrupts === true) {
      this.#interrupts = undefined;
      this.#stateInterrupts();
    }
    this.#options.machine?.connected((code) => this.#operate(code));
  }

  #leave(stream: Stream | undefined, part: () => void = () => stream?.destroy()): void {
    if (!stream || this.#stream !== stream) return;
    this.#stream = undefined;
    part();
    this.#options.machine?.disconnected();
  }

  #operation(code: number, value: number | undefined): void {
    const { machine, bmc } = this.#options;
    if (code === VmCode.Capabilities && value !== undefined) {
      this.#capabilities = value;
      machine?.capable(value);
    } else if (code === VmCode.Reset) {
      machine?.wasReset();
    } else if (code !== VmCode.Version) {
      this.counters.malformed++;
    } else if (value !== VM_VERSION) {
      bmc.setup.log.warn(
        `VM interface, channel ${this.channel.number}: the machine speaks version ${value} of the protocol, this BMC 1`,
      );
    }
  }

  #request(message: VmMessage, stream: Stream): void {
    const { seq, netFn, lun, cmd, data } = message;
    // Responses are nothing that a host sends.
    if (netFn % 2 === 1) return void this.counters.malformed++;
    const arrived = this.#options.world.clock.monotonic();
    this.#exchange.serve(
      new VmArrival(this, this.#options.bmc, { netFn, lun, cmd, data }, { stream, seq, arrived }),
    );
  }

  /** Sends an answer, if the machine that asked is there and waits. */
  respond({ netFn, lun, cmd }: Message, { stream, seq, arrived }: VmWay, body: Answer): void {
    if (this.#stream !== stream || this.#options.world.clock.monotonic() - arrived > HOST_PATIENCE) {
      this.counters.abandoned++;
      return;
    }
    this.#send(stream, { seq, netFn, lun, cmd, data: body });
  }

  #send(stream: Stream, { seq, netFn, lun, cmd, data }: VmMessage): void {
    this.#write(stream, buildVmMessage({ seq, netFn: netFn | 1, lun, cmd, data }));
  }

  #write(stream: Stream, frame: Uint8Array): void {
    this.#options.bmc.taps.frame?.({
      direction: 'out',
      channel: this.channel,
      peer: stream.peer,
      bytes: frame,
    });
    // Whoever does not read what it asked for is not listened to.
    if (!stream.write(frame)) stream.pause();
  }

  #operate(code: number): void {
    if (this.#stream) this.#write(this.#stream, buildVmOperation(code));
  }

  /** Without this QEMU raises no interrupt, and the guest's driver polls at 12 ms an answer. */
  #stateInterrupts(): void {
    const { interruptsEnabled } = this.#options.bmc.messages;
    if (interruptsEnabled === this.#interrupts || !this.#stream || !this.#can(VmCapability.Interrupt)) return;
    this.#interrupts = interruptsEnabled;
    this.#operate(interruptsEnabled ? VmCode.EnableInterrupt : VmCode.DisableInterrupt);
  }

  #can(capability: number): boolean {
    return (this.#capabilities & capability) !== 0;
  }
}

const attentionCode = ({ set, interrupt }: Attention): number =>
  !set ? VmCode.AttentionOff : interrupt ? VmCode.AttentionInterrupt : VmCode.Attention;

/** Who asked, by which number, and when (monotonic ms). */
interface VmWay {
  readonly stream: Stream;
  readonly seq: number;
  readonly arrived: number;
}

class VmArrival extends Arrival {
  readonly #interface: VmInterface;
  readonly #way: VmWay;

  constructor(iface: VmInterface, bmc: BmcState, message: Message, way: VmWay) {
    super(bmc, iface.channel, Privilege.Oem, message, way.stream.peer);
    this.#interface = iface;
    this.#way = way;
  }

  override answer(answer: Answer): void {
    this.#interface.respond(this.message, this.#way, answer);
  }
}
