import { withChannel, type ByChannel } from '../../state/by-channel.ts';
import type { Context } from '../../joint/message.ts';
import type { Session } from '../../state/app/sessions.ts';
import type { Requester, WriteResult } from './requester.ts';

/** A bus of addressed controllers, as Send Message and Master Write-Read see it. */
export interface BusOutlet {
  readonly kind: 'bus';
  /** This controller's slave address there. */
  readonly address: number;
  /** Most bytes of a frame. */
  readonly frameLimit: number;
  readonly requester: Requester;
  /**
   * Writes the frame of a request as it is, the slave address in front, until the bus takes it or has
   * refused it often enough.
   */
  write(frame: Uint8Array, cause: Context): Promise<WriteResult>;
}

/** A channel whose messages go to sessions. */
export interface SessionOutlet {
  readonly kind: 'sessions';
  readonly requester: Requester;
  /** Sends a message under the session's keys. False: the session is not one of this channel. */
  send(session: Session, message: Uint8Array): boolean;
}

/** Other chassis, by way of their bridges (IPMI 2.0 §8.2). */
export interface IcmbOutlet {
  readonly kind: 'icmb';
  readonly requester: Requester;
}

export type Outlet = BusOutlet | SessionOutlet | IcmbOutlet;

const NONE: readonly never[] = [];

/**
 * The ways out of the BMC, by channel; interfaces connect themselves while they are open (IPMI 2.0 §6.13).
 */
export class Bridge {
  /** By channel. */
  #outlets: ByChannel<Outlet> = NONE;

  /** Returns what disconnects it again. */
  connect(channel: number, outlet: Outlet): () => void {
    this.#outlets = withChannel(this.#outlets, channel, outlet);
    return () => this.disconnect(channel, outlet);
  }

  /** For who would not keep a function for that. Where another one is connected by now, that stays. */
  disconnect(channel: number, outlet: Outlet): void {
    if (this.#outlets[channel] !== outlet) return;
    this.#outlets = withChannel(this.#outlets, channel, undefined);
    outlet.requester.close();
  }

  outlet(channel: number): Outlet | undefined {
    return this.#outlets[channel];
  }
}
