import type { BmcState } from '../../bmc-state.ts';
import type { SessionOutlet } from '../../services/bridging/bridge.ts';
import { Requester } from '../../services/bridging/requester.ts';
import type { Session } from '../../state/app/sessions.ts';
import { BMC_ADDRESS } from '../../wire/index.ts';

/** Milliseconds that a remote console has to answer a request that was bridged to it. */
const CONSOLE_WAIT = 5000;

/** What has the sessions. */
interface SessionSender {
  sendTo(session: Session, message: Uint8Array): boolean;
}

/** The remote consoles of one LAN interface, as bridges see them. */
export class Consoles implements SessionOutlet {
  readonly #bmc: Pick<BmcState, 'sessions' | 'setup'>;
  readonly #lan: SessionSender;
  /** Made with the first message to one of them, or from it. */
  #requester: Requester | undefined = undefined;

  constructor(bmc: Pick<BmcState, 'sessions' | 'setup'>, lan: SessionSender) {
    this.#bmc = bmc;
    this.#lan = lan;
  }

  get kind(): 'sessions' {
    return 'sessions';
  }

  /** Requests were sent to them, whose numbers go on where they are. */
  get areAsked(): boolean {
    return this.#requester?.isUsed ?? false;
  }

  get requester(): Requester {
    const { sessions, setup } = this.#bmc;
    return (this.#requester ??= new Requester({
      clock: setup.clock,
      address: BMC_ADDRESS,
      // Consoles answer at their leisure, and a request for software is not to be carried out twice.
      timeout: CONSOLE_WAIT,
      tries: 1,
      write: (message, handle) => {
        const session = sessions.byHandle(handle);
        return session && this.send(session, message) ? 'taken' : 'bus-error';
      },
    }));
  }

  send(session: Session, message: Uint8Array): boolean {
    return this.#lan.sendTo(session, message);
  }
}
