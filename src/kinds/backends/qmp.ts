import type { Clock, Stream, StreamAddress, StreamNetwork } from '../../world/world.ts';

/** Something that QEMU says happened, by its QMP name (RESET, SHUTDOWN ...). */
export interface QmpEvent {
  readonly event: string;
  readonly data?: Readonly<Record<string, unknown>>;
}

interface Reply {
  readonly return?: unknown;
  readonly error?: { readonly class: string; readonly desc: string };
}

/** Milliseconds that QEMU has for an answer. */
const PATIENCE = 5000;
/** Most bytes of a line; QMP's longest answers are a few hundred kilobytes. */
const LINE_MAX = 1 << 22;

/** A connection to a QEMU monitor: JSON lines, one command at a time in order. */
export class Qmp {
  onEvent: ((event: QmpEvent) => void) | undefined;
  onClose: (() => void) | undefined;
  readonly #stream: Stream;
  readonly #clock: Clock;
  #text = '';
  #waiting: ((reply: Reply) => void)[] = [];
  #greeted: () => void = () => undefined;
  #isClosed = false;

  private constructor(stream: Stream, clock: Clock) {
    this.#stream = stream;
    this.#clock = clock;
    const decoder = new TextDecoder();
    stream.onClose = () => {
      this.#isClosed = true;
      for (const answer of this.#waiting.splice(0))
        answer({ error: { class: 'Gone', desc: 'QEMU has closed the connection' } });
      this.#greeted();
      this.onClose?.();
    };
    stream.onData = (bytes) => this.#heard(decoder.decode(bytes, { stream: true }));
  }

  /** Rejects where nobody listens, or what does is no QEMU. */
  static async connect(
    world: { readonly stream: StreamNetwork; readonly clock: Clock },
    to: StreamAddress,
  ): Promise<Qmp> {
    const stream = await world.stream.connect(to);
    const qmp = new Qmp(stream, world.clock);
    const greeting = new Promise<void>((resolve) => (qmp.#greeted = resolve));
    const timer = world.clock.after(PATIENCE, () => stream.destroy());
    await greeting;
    timer.cancel();
    await qmp.execute('qmp_capabilities');
    return qmp;
  }

  /** Rejects with QEMU's own words where it refuses, and where it has gone. */
  execute(command: string, parameters?: Readonly<Record<string, unknown>>): Promise<unknown> {
    if (this.#isClosed) return Promise.reject(new Error(`QMP ${command}: QEMU has closed the connection`));
    return new Promise((resolve, reject) => {
      const timer = this.#clock.after(PATIENCE, () => {
        this.#stream.destroy();
        reject(new Error(`QMP ${command}: no answer`));
      });
      this.#waiting.push(({ return: value, error }) => {
        timer.cancel();
        if (error) reject(new Error(`QMP ${command}: ${error.desc}`));
        else resolve(value);
      });
      this.#stream.write(
        new TextEncoder().encode(`${JSON.stringify({ execute: command, arguments: parameters })}\n`),
      );
    });
  }

  close(): void {
    this.#stream.end();
  }

  #heard(text: string): void {
    this.#text += text;
    if (this.#text.length > LINE_MAX) this.#stream.destroy();
    const lines = this.#text.split('\n');
    this.#text = lines.pop() ?? '';
    for (const line of lines) if (line.trim() !== '') this.#line(line);
  }

  #line(line: string): void {
    const reply = replyIn(line);
    if (!reply) this.#stream.destroy();
    else if (reply.QMP !== undefined) this.#greeted();
    else if (reply.event !== undefined) this.onEvent?.({ event: reply.event, data: reply.data });
    else this.#waiting.shift()?.(reply);
  }
}

interface QmpLine extends Reply, Partial<QmpEvent> {
  readonly QMP?: unknown;
}

/**
 * Whoever listens at a monitor's address may be anything: the types of what is used are looked at. Undefined:
 * no QMP.
 */
function replyIn(line: string): QmpLine | undefined {
  try {
    const reply: unknown = JSON.parse(line);
    if (!isObject(reply)) return undefined;
    const { event, data, error } = reply;
    if (event !== undefined && typeof event !== 'string') return undefined;
    if (data !== undefined && !isObject(data)) return undefined;
    if (error !== undefined && !(isObject(error) && typeof error.desc === 'string')) return undefined;
    return reply;
  } catch {
    return undefined;
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
