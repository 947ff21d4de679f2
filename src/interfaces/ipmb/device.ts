import type { WriteResult } from '../../state/requester.ts';
import { buildRecord, parseRecord } from '../../wire/index.ts';
import type { MessageBus } from './bus.ts';
import type { Carrier } from './carrier.ts';

/** A device node that gives one message a read and takes one a write. */
export interface MessageNode {
  /** Setting it starts the reading. */
  onMessage: ((message: Uint8Array) => void) | undefined;
  /** Resolves when the transfer is over; rejects with the system's error (`code`). */
  write(message: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

/** What the I2C core's errors mean (Linux: Documentation/i2c/fault-codes). */
const RESULTS: Readonly<Record<string, WriteResult>> = { ENXIO: 'nack', EREMOTEIO: 'nack', ENODEV: 'nack', EAGAIN: 'arbitration' };

/**
 * A real bus by its node `/dev/ipmb-N` (`ipmb_dev_int.c`): records with a length byte. The node hands out the newest message
 * first when several wait, and has checked the first checksum only; responses find their requests by number, and the
 * second checksum is checked with everything else when the frame is parsed.
 */
export class IpmbDevice implements Carrier {
  readonly name: string;
  readonly #openNode: () => Promise<MessageNode>;
  #node: MessageNode | undefined;
  #leave: () => void = () => undefined;

  constructor(name: string, openNode: () => Promise<MessageNode>) {
    this.name = name;
    this.#openNode = openNode;
  }

  async open(bus: MessageBus): Promise<void> {
    const node = await this.#openNode();
    this.#node = node;
    const link = { write: (frame: Uint8Array) => this.#write(frame) };
    this.#leave = bus.link(link);
    node.onMessage = (record) => {
      const frame = parseRecord(record);
      if (frame) void bus.deliver(frame.slice(), link);
    };
  }

  async close(): Promise<void> {
    this.#leave();
    await this.#node?.close();
    this.#node = undefined;
  }

  async #write(frame: Uint8Array): Promise<WriteResult> {
    try {
      await this.#node?.write(buildRecord(frame));
      return 'taken';
    } catch (error) {
      return RESULTS[(error as { code?: string }).code ?? ''] ?? 'bus-error';
    }
  }
}
