/**
 * The VM protocol (OpenIPMI's README.vm, QEMU's `ipmi-bmc-extern`): how a virtual machine monitor carries the
 * guest's system interface to a BMC, and how the BMC works the machine. A byte stream, the same in both
 * directions:
 *
 *     message     seq  netFn/LUN  cmd  [completion code]  data ...  checksum   A0
 *     operation   code  [value]                                                A1
 *
 * Nothing but the terminator bounds a frame. `AA x` stands for the byte x with bit 4 cleared; A0, A1 and AA
 * are written so wherever they occur within a frame. The checksum makes the sum of all bytes of a message 0
 * modulo 256.
 */
export const VmCode = {
  /** BMC to machine: SMS_ATN off, on, on with an interrupt. */
  AttentionOff: 0x00,
  Attention: 0x01,
  AttentionInterrupt: 0x02,
  PowerOff: 0x03,
  /** To the machine: reset it. From the machine: it was reset. */
  Reset: 0x04,
  /** May the interface interrupt the guest with each answer? Off until it is said. */
  EnableInterrupt: 0x05,
  DisableInterrupt: 0x06,
  Nmi: 0x07,
  /** From the machine, with a byte of VmCapability. */
  Capabilities: 0x08,
  GracefulShutdown: 0x09,
  /** Both ways as the connection begins, with a byte: 1. */
  Version: 0xff,
} as const;

/** What a machine says that it can do. */
export const VmCapability = {
  PowerOff: 0x01,
  Reset: 0x02,
  Interrupt: 0x04,
  Nmi: 0x08,
  Attention: 0x10,
  GracefulShutdown: 0x20,
} as const;

export const VM_VERSION = 1;

export interface VmMessage {
  /** The monitor's own counter, modulo 256; not the guest's sequence number. */
  readonly seq: number;
  readonly netFn: number;
  readonly lun: number;
  readonly cmd: number;
  /** In a response with the completion code in front. */
  readonly data: Uint8Array;
}

/** What a reader makes of the stream. */
export interface VmSink {
  /** `data` is the receiver's own. */
  message(message: VmMessage): void;
  operation(code: number, value: number | undefined): void;
  /** A message whose checksum is right, with more data than VM_DATA_MAX; they are gone. */
  tooLong(message: Omit<VmMessage, 'data'>): void;
  /**
   * A frame that says nothing: too short, its checksum wrong, an escape cut off, an operation of more than
   * two bytes.
   */
  malformed(): void;
}

const END_MESSAGE = 0xa0;
const END_OPERATION = 0xa1;
const ESCAPE = 0xaa;
const ESCAPED = 0x10;
/** Sequence, NetFn/LUN, command. */
const HEADER = 3;
/**
 * Most bytes of data in a message, the completion code of a response included: what a KCS response of 255
 * bytes needs, and some.
 */
export const VM_DATA_MAX = 272;
const FRAME_MAX = HEADER + VM_DATA_MAX + 1;

/** Cuts a stream into frames, however it was split. Keeps one frame's bytes at most. */
export class VmReader {
  readonly #sink: VmSink;
  readonly #frame = new Uint8Array(FRAME_MAX);
  /** Bytes of the frame so far, those that did not fit included. */
  #length = 0;
  #sum = 0;
  #escaped = false;

  constructor(sink: VmSink) {
    this.#sink = sink;
  }

  // Indices, here and below: a guest asks seldom enough that this runs before the engine has optimised
  // iterators away.
  push(bytes: Uint8Array): void {
    for (let i = 0; i < bytes.length; i++) {
      const byte = bytes[i];
      if (byte === END_MESSAGE || byte === END_OPERATION) this.#end(byte);
      else if (byte === ESCAPE) this.#escaped = true;
      else if (this.#escaped) {
        this.#escaped = false;
        this.#put(byte & ~ESCAPED);
      } else this.#put(byte);
    }
  }

  #put(byte: number): void {
    if (this.#length < FRAME_MAX) this.#frame[this.#length] = byte;
    this.#length++;
    this.#sum = (this.#sum + byte) & 0xff;
  }

  #end(terminator: number): void {
    const length = this.#length;
    const whole = !this.#escaped;
    const sum = this.#sum;
    this.#length = 0;
    this.#sum = 0;
    this.#escaped = false;
    const frame = this.#frame;
    const seq = frame[0];
    const netFnLun = frame[1];
    const cmd = frame[2];
    if (terminator === END_OPERATION) {
      if (whole && (length === 1 || length === 2))
        this.#sink.operation(seq, length === 2 ? netFnLun : undefined);
      else this.#sink.malformed();
    } else if (!whole || length < HEADER + 1 || sum !== 0) {
      this.#sink.malformed();
    } else {
      const netFn = netFnLun >> 2;
      const lun = netFnLun & 3;
      if (length > FRAME_MAX) this.#sink.tooLong({ seq, netFn, lun, cmd });
      else this.#sink.message({ seq, netFn, lun, cmd, data: frame.slice(HEADER, length - 1) });
    }
  }
}

/** A message as one frame. Throws RangeError for more than VM_DATA_MAX bytes of data. */
export function buildVmMessage({ seq, netFn, lun, cmd, data }: VmMessage): Uint8Array {
  if (data.length > VM_DATA_MAX) throw new RangeError(`${data.length} bytes of data do not fit a VM message`);
  const netFnLun = (netFn << 2) | lun;
  let sum = seq + netFnLun + cmd;
  let size = width(seq) + width(netFnLun) + width(cmd);
  for (let i = 0; i < data.length; i++) {
    sum += data[i];
    size += width(data[i]);
  }
  const checksum = -sum & 0xff;
  const frame = new Uint8Array(size + width(checksum) + 1);
  let at = put(frame, put(frame, put(frame, 0, seq), netFnLun), cmd);
  for (let i = 0; i < data.length; i++) at = put(frame, at, data[i]);
  at = put(frame, at, checksum);
  frame[at] = END_MESSAGE;
  return frame;
}

export function buildVmOperation(code: number, value?: number): Uint8Array {
  const bytes = value === undefined ? [code] : [code, value];
  const frame = new Uint8Array(bytes.reduce((sum, byte) => sum + width(byte), 1));
  let at = 0;
  for (const byte of bytes) at = put(frame, at, byte);
  frame[at] = END_OPERATION;
  return frame;
}

const special = (byte: number): boolean => byte === END_MESSAGE || byte === END_OPERATION || byte === ESCAPE;
const width = (byte: number): number => (special(byte) ? 2 : 1);

function put(frame: Uint8Array, at: number, byte: number): number {
  if (!special(byte)) {
    frame[at] = byte;
    return at + 1;
  }
  frame[at] = ESCAPE;
  frame[at + 1] = byte | ESCAPED;
  return at + 2;
}
