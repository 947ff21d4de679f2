import {
  BtControl,
  BtRegisters,
  KcsRegisters,
  SsifTarget,
  type InterruptLine,
} from '../../src/wire/host/index.ts';
import type { SimDriver } from '../../src/world/index.ts';
import type { Clock } from '../../src/world/world.ts';

/** A message that a driver holds until it is read. */
class Inbox {
  message: Uint8Array | undefined;
  wake: () => void = () => undefined;

  put(message: Uint8Array): void {
    this.message = message;
    this.wake();
  }

  take(): Uint8Array | undefined {
    const message = this.message;
    this.message = undefined;
    return message;
  }
}

const SET_SMS_ATN = 0xb100;
const CLEAR_SMS_ATN = 0xb101;
const FORCE_ABORT = 0xb102;

/** `/dev/ipmi-bt-host` with the rules of Linux's bt-bmc.c, over registers that a host driver may work. */
export function btNode(): { driver: SimDriver; registers: BtRegisters } {
  const registers = new BtRegisters();
  const inbox = new Inbox();
  return {
    registers,
    driver: {
      open(wake) {
        inbox.wake = wake;
        registers.open({
          request(frame) {
            // H2B_ATN stands until the message has been read.
            registers.hold(true);
            inbox.put(frame);
          },
          cancelled() {
            inbox.take();
            registers.hold(false);
          },
          ready: () => inbox.wake(),
        });
      },
      read() {
        const message = inbox.take();
        if (message) registers.hold(false);
        return message;
      },
      write(message) {
        if (message.length < 5) return 'EINVAL';
        if (registers.read(0) & (BtControl.B2hAtn | BtControl.HBusy)) return 'sleep';
        registers.send(message.slice());
        return undefined;
      },
      ioctl(request) {
        if (request !== SET_SMS_ATN) return 'EINVAL';
        registers.attention(true, true);
        return undefined;
      },
      release: () => registers.close(),
    },
  };
}

/** `/dev/ipmi-kcsN` with the rules of kcs_bmc_cdev_ipmi.c. */
export function kcsNode(): { driver: SimDriver; registers: KcsRegisters } {
  const registers = new KcsRegisters();
  const inbox = new Inbox();
  /** A response is taken only after its request was read. */
  let taken = false;
  return {
    registers,
    driver: {
      open(wake) {
        inbox.wake = wake;
        registers.open({
          request(message) {
            taken = false;
            inbox.put(message);
          },
          cancelled() {
            taken = false;
            inbox.take();
          },
          ready: () => undefined,
        });
      },
      read() {
        const message = inbox.take();
        if (message) taken = true;
        return message;
      },
      write(message) {
        if (
          message.length < 3 ||
          message.length > 1000 ||
          !taken ||
          registers.send(message.slice()) !== 'sent'
        )
          return 'EINVAL';
        taken = false;
        return undefined;
      },
      ioctl(request) {
        if (request === SET_SMS_ATN || request === CLEAR_SMS_ATN)
          registers.attention(request === SET_SMS_ATN, false);
        else if (request === FORCE_ABORT) registers.abort();
        else return 'EINVAL';
        return undefined;
      },
      release() {
        registers.abort();
        registers.close();
      },
    },
  };
}

const RESPONSE_TIMEOUT = 500;

/**
 * `/dev/ipmi-ssif-host` with the rules of ssif_bmc.c: a length before each message, and half a second for a
 * response.
 */
export function ssifNode(clock: Clock, alert?: InterruptLine): { driver: SimDriver; target: SsifTarget } {
  const target = new SsifTarget({ alert });
  const inbox = new Inbox();
  let waiting = 0;
  let number = 0;
  const length = (message: Uint8Array): Uint8Array => new Uint8Array(Uint32Array.of(message.length).buffer);
  return {
    target,
    driver: {
      open(wake) {
        inbox.wake = wake;
        target.open({
          request(message) {
            const mine = ++number;
            waiting = mine;
            clock.after(RESPONSE_TIMEOUT, () => void (waiting === mine && (waiting = 0)));
            inbox.put(Uint8Array.of(...length(message), ...message));
          },
          // The timer stays: it is the next request that restarts it.
          cancelled: () => undefined,
          ready: () => undefined,
        });
      },
      read: () => inbox.take(),
      write(message) {
        if (message.length < 4 || message.length > 258) return 'EINVAL';
        const [said] = new Uint32Array(message.slice(0, 4).buffer);
        if (said === 0 || said > 254 || message.length < 4 + said || waiting === 0) return 'EINVAL';
        waiting = 0;
        target.send(message.slice(4, 4 + said));
        return undefined;
      },
      ioctl: () => 'ENOTTY',
      release: () => target.close(),
    },
  };
}
