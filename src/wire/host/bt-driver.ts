import { buildBt, parseBt, type BtMessage } from '../bt-frame.ts';
import { BtControl, BtRegister } from './bt.ts';
import type { HostBus } from './driver.ts';

const { ClrWrPtr, ClrRdPtr, H2bAtn, B2hAtn, HBusy, BBusy } = BtControl;

/** The host's side of BT (IPMI 2.0 §11.7, tables 11-4 and 11-5). */
export class BtDriver {
  readonly #bus: HostBus;
  #seq = 0;

  constructor(bus: HostBus) {
    this.#bus = bus;
  }

  /**
   * One request and the response that has its sequence number, NetFn and command; others are stale and thrown
   * away.
   */
  async request({ netFn, lun, cmd, data }: Omit<BtMessage, 'seq'>): Promise<BtMessage> {
    const seq = this.#seq;
    this.#seq = (this.#seq + 1) & 0xff;
    // What an earlier request left behind would hold the BMC up.
    while ((await this.#status()) & (BBusy | H2bAtn | B2hAtn))
      if (!(await this.poll())) await this.#bus.pause();
    await this.write(buildBt({ netFn, lun, seq, cmd, data }));
    for (;;) {
      const response = parseBt(await this.read());
      if (response && response.seq === seq && response.netFn === (netFn | 1) && response.cmd === cmd)
        return response;
    }
  }

  /** The write transfer, any bytes, once the BMC takes one. */
  async write(frame: Uint8Array): Promise<void> {
    while ((await this.#status()) & (BBusy | H2bAtn)) await this.#bus.pause();
    await this.#control(ClrWrPtr);
    for (const byte of frame) await this.#bus.write(BtRegister.Buffer, byte);
    await this.#control(H2bAtn);
  }

  /** Waits for a response and returns the frame, its length byte first. */
  async read(): Promise<Uint8Array> {
    for (;;) {
      const frame = await this.poll();
      if (frame) return frame;
      await this.#bus.pause();
    }
  }

  /** The read transfer, if there is a response. */
  async poll(): Promise<Uint8Array | undefined> {
    if (!((await this.#status()) & B2hAtn)) return undefined;
    if (!((await this.#status()) & HBusy)) await this.#control(HBusy);
    await this.#control(B2hAtn);
    await this.#control(ClrRdPtr);
    const length = await this.#bus.read(BtRegister.Buffer);
    const frame = new Uint8Array(length + 1);
    frame[0] = length;
    for (let i = 1; i < frame.length; i++) frame[i] = await this.#bus.read(BtRegister.Buffer);
    await this.#control(HBusy);
    return frame;
  }

  async #status(): Promise<number> {
    return this.#bus.read(BtRegister.Control);
  }

  async #control(bits: number): Promise<void> {
    await this.#bus.write(BtRegister.Control, bits);
  }
}
