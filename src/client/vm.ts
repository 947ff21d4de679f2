import { CC } from '../codec/index.ts';
import {
  buildVmMessage,
  buildVmOperation,
  VM_VERSION,
  VmCapability,
  VmCode,
  VmReader,
  type VmMessage,
} from '../wire/vm.ts';
import type { Clock, Stream, StreamAddress, Timer, World } from '../world/world.ts';
import { Client, type Carrier } from './client.ts';

/** Every capability, as QEMU says it. */
export const ALL_CAPABILITIES = Object.values(VmCapability).reduce((mask, bit) => mask | bit, 0);

export interface VmMonitorOptions {
  /** Bits of VmCapability. Default: all. */
  readonly capabilities?: number;
  /** The BMC works the machine: PowerOff, Reset, Nmi, GracefulShutdown of VmCode. */
  readonly onOperation?: (code: number) => void;
  /** SMS_ATN changed. */
  readonly onAttention?: (attention: 'off' | 'on' | 'interrupt') => void;
  readonly onClose?: () => void;
}

/** What QEMU gives a request. */
const TIMEOUT = 4000;

interface Waiting {
  readonly message: VmMessage;
  readonly answer: (body: Uint8Array) => void;
}

/**
 * A virtual machine monitor's end of the VM protocol, over a stream that it has opened or accepted: requests
 * of its guest go out one at a time, and what the BMC wants of the machine comes in. As in QEMU a request
 * without an answer is C3h after 4 s, and D2h when the connection is lost; an answer under another sequence
 * number is dropped.
 */
export class VmMonitor implements Carrier {
  /** Answers that nobody waited for. */
  strays = 0;
  attention: 'off' | 'on' | 'interrupt' = 'off';
  /** May the interface interrupt the guest with each answer? */
  interrupts = false;
  readonly #stream: Stream;
  readonly #clock: Clock;
  readonly #options: VmMonitorOptions;
  readonly #queue: Waiting[] = [];
  #outstanding: Waiting | undefined;
  #timer: Timer | undefined;
  #seq = 0;
  #open = true;

  constructor(stream: Stream, clock: Clock, options: VmMonitorOptions = {}) {
    this.#stream = stream;
    this.#clock = clock;
    this.#options = options;
    const reader = new VmReader({
      message: (message) => this.#answered(message),
      tooLong: () => void this.strays++,
      operation: (code) => this.#operation(code),
      malformed: () => void this.strays++,
    });
    stream.onData = (bytes) => reader.push(bytes);
    stream.onClose = () => this.#lost();
    stream.write(buildVmOperation(VmCode.Version, VM_VERSION));
    stream.write(buildVmOperation(VmCode.Capabilities, options.capabilities ?? ALL_CAPABILITIES));
  }

  /** Completion code and data. Never rejects: what goes wrong on the way is a completion code to a guest. */
  request(netFn: number, cmd: number, data: Uint8Array, lun = 0): Promise<Uint8Array> {
    if (!this.#open) return Promise.resolve(Uint8Array.of(CC.InitializationInProgress));
    return new Promise((answer) => {
      this.#queue.push({ message: { seq: this.#seq, netFn, lun, cmd, data }, answer });
      this.#seq = (this.#seq + 1) & 0xff;
      this.#next();
    });
  }

  /** Tells the BMC that the machine was reset. */
  wasReset(): void {
    this.#stream.write(buildVmOperation(VmCode.Reset));
  }

  close(): void {
    this.#stream.end();
    this.#lost();
  }

  #next(): void {
    if (this.#outstanding) return;
    const next = this.#queue.shift();
    if (!next) return;
    this.#outstanding = next;
    this.#timer = this.#clock.after(TIMEOUT, () => this.#finish(Uint8Array.of(CC.Timeout)));
    this.#stream.write(buildVmMessage(next.message));
  }

  #answered({ seq, netFn, cmd, data }: VmMessage): void {
    const { message } = this.#outstanding ?? {};
    if (message?.seq === seq && netFn === (message.netFn | 1) && cmd === message.cmd && data.length > 0)
      this.#finish(data);
    else this.strays++;
  }

  #finish(body: Uint8Array): void {
    this.#timer?.cancel();
    const finished = this.#outstanding;
    this.#outstanding = undefined;
    finished?.answer(body);
    this.#next();
  }

  #operation(code: number): void {
    const attention = (
      [VmCode.AttentionOff, VmCode.Attention, VmCode.AttentionInterrupt] as number[]
    ).indexOf(code);
    if (attention >= 0) {
      this.attention = (['off', 'on', 'interrupt'] as const)[attention];
      this.#options.onAttention?.(this.attention);
    } else if (code === VmCode.EnableInterrupt || code === VmCode.DisableInterrupt) {
      this.interrupts = code === VmCode.EnableInterrupt;
    } else if (code !== VmCode.Version) {
      this.#options.onOperation?.(code);
    }
  }

  #lost(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#timer?.cancel();
    const waiting = [...(this.#outstanding ? [this.#outstanding] : []), ...this.#queue.splice(0)];
    this.#outstanding = undefined;
    for (const { answer } of waiting) answer(Uint8Array.of(CC.InitializationInProgress));
    this.#options.onClose?.();
  }
}

export interface VmClient extends Client {
  readonly monitor: VmMonitor;
  close(): void;
}

/** Typed commands over a BMC's VM socket, as the guest's own software would send them. */
export async function connectVm(
  world: Pick<World, 'clock' | 'stream'>,
  to: StreamAddress,
  options?: VmMonitorOptions,
): Promise<VmClient> {
  const monitor = new VmMonitor(await world.stream.connect(to), world.clock, options);
  return Object.assign(new Client(monitor), { monitor, close: () => monitor.close() });
}
