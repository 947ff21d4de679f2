import { keyName } from '../commands/command.ts';
import type { Answer, Context, Dispatch, Message, SessionView } from '../joint/message.ts';
import type { Router } from '../router/index.ts';
import type { Drops } from '../state/app/drops.ts';
import { endpointName } from '../world/world.ts';
import type { Asked, FaultHit, Frame, Payload, SetUpWrapper, Tamper, TamperWants, Tap } from './tap.ts';

/** What taps are put on. */
export interface TappedBmc<B> {
  readonly router: Pick<Router<B>, 'wrap' | 'find' | 'idOf'>;
  readonly drops: Drops;
  /** Hears what a tap throws. */
  readonly log: { error(message: string, error: unknown): void };
}

const NONE: readonly never[] = [];

interface Named {
  readonly host: string;
  readonly port: number;
  readonly name: string;
}

/** Peers whose names are remembered, by port; then all are forgotten. */
const NAMED = 256;

/** One tap may be added twice, and taken off once. */
interface Place {
  readonly tap: Tap;
}

interface SetUpPlace {
  readonly wrapper: SetUpWrapper;
}

interface TamperPlace {
  readonly tamper: Tamper;
  readonly wants: TamperWants | undefined;
}

/**
 * The taps of one BMC. Interfaces look at `frame`, `payload` and `sealed` as they send and receive: undefined
 * while nobody wants them, and then nothing is made of what passes. Messages and drops cost nothing at all
 * until there is a tap for them.
 */
export class Taps<B = unknown> {
  frame: ((frame: Frame) => void) | undefined = undefined;
  payload: ((payload: Payload) => void) | undefined = undefined;
  sealed: Tamper | undefined = undefined;
  setUp: SetUpWrapper | undefined = undefined;
  fault: ((hit: FaultHit) => void) | undefined = undefined;
  readonly #bmc: TappedBmc<B>;
  #taps: readonly Place[] = NONE;
  /** Of these, those that want requests, and answers. */
  #askedOf: readonly Place[] = NONE;
  #answeredTo: readonly Place[] = NONE;
  #tampers: readonly TamperPlace[] = NONE;
  #setUps: readonly SetUpPlace[] = NONE;
  #unwrap: (() => void) | undefined;
  #unlisten: (() => void) | undefined;
  /** By port. Made with the first. */
  #named: Map<number, Named> | undefined;
  /** Asked for last: what one request has to do with is one peer's. */
  #latest: Named | undefined;

  constructor(bmc: TappedBmc<B>) {
    this.#bmc = bmc;
  }

  /** Those that there are. */
  get count(): number {
    return this.#taps.length + this.#tampers.length + this.#setUps.length;
  }

  /** Name of an address, for frames: made once for those that come again and again. */
  peerName(host: string, port: number): string {
    const latest = this.#latest;
    if (latest !== undefined && latest.port === port && latest.host === host) return latest.name;
    return (this.#latest = this.#peer(host, port)).name;
  }

  #peer(host: string, port: number): Named {
    const all = (this.#named ??= new Map<number, Named>());
    const named = all.get(port);
    if (named !== undefined && named.host === host) return named;
    if (all.size >= NAMED) all.clear();
    const peer = { host, port, name: endpointName({ host, port }) };
    all.set(port, peer);
    return peer;
  }

  /** From now on the tap sees what passes, on what is open too. Returns its undoing. */
  add(tap: Tap): () => void {
    const mine = { tap };
    this.#put([...this.#taps, mine]);
    return () => this.#put(this.#taps.filter((other) => other !== mine));
  }

  /** Somebody may replace such a packet. */
  tampers(type: number, session: SessionView): boolean {
    return this.#tampers.some(({ wants }) => wants === undefined || wants(type, session));
  }

  /** Sealed packets pass through this, the first first; `wants`: default all. Returns its undoing. */
  tamper(tamper: Tamper, wants?: TamperWants): () => void {
    const mine = { tamper, wants };
    const put = (tampers: readonly TamperPlace[]): void => {
      this.#tampers = tampers;
      this.sealed =
        tampers.length === 0
          ? undefined
          : (sealed, payload, reseal) =>
              tampers.reduce((bytes, { tamper }) => tamper(bytes, payload, reseal), sealed);
    };
    put([...this.#tampers, mine]);
    return () => put(this.#tampers.filter((other) => other !== mine));
  }

  /** The steps of session set-up pass through this, the last one's first. Returns its undoing. */
  wrapSetUp(wrapper: SetUpWrapper): () => void {
    const mine = { wrapper };
    const put = (wrappers: readonly SetUpPlace[]): void => {
      this.#setUps = wrappers;
      this.setUp = wrappers.reduce<SetUpWrapper | undefined>(
        (inner, place) =>
          inner === undefined
            ? place.wrapper
            : (step, serve) => place.wrapper(step, () => inner(step, serve)),
        undefined,
      );
    };
    put([...this.#setUps, mine]);
    return () => put(this.#setUps.filter((other) => other !== mine));
  }

  #put(taps: readonly Place[]): void {
    this.#taps = taps;
    // Each is told by a loop of those that want it: one that passes over others costs more than the call.
    const wanting = (kind: keyof Tap): Place[] => taps.filter(({ tap }) => tap[kind] !== undefined);
    const wants = (kind: keyof Tap): boolean => wanting(kind).length > 0;
    this.frame = wants('frame') ? this.#framesTo(wanting('frame')) : undefined;
    this.payload = wants('payload') ? this.#payloadsTo(wanting('payload')) : undefined;
    this.#askedOf = wanting('message');
    this.#answeredTo = wanting('answer');
    this.fault = wants('fault') ? (hit) => this.#tell((tap) => tap.fault?.(hit)) : undefined;
    if (!wants('message') && !wants('answer')) {
      this.#unwrap?.();
      this.#unwrap = undefined;
    } else {
      this.#unwrap ??= this.#bmc.router.wrap((dispatch) => this.#over(dispatch), { looksOn: true });
    }
    if (!wants('dropped')) {
      this.#unlisten?.();
      this.#unlisten = undefined;
    } else {
      this.#unlisten ??= this.#bmc.drops.onDropped((reason, channel, peer) => {
        this.#tell((tap) => tap.dropped?.({ reason, channel, peer }));
      });
    }
  }

  /** Frames and payloads have each a loop of their own: in one for both, neither is compiled well. */
  #framesTo(taps: readonly Place[]): (frame: Frame) => void {
    return (frame) => {
      for (let i = 0; i < taps.length; i++) {
        try {
          taps[i].tap.frame?.(frame);
        } catch (error) {
          this.#failed(error);
        }
      }
    };
  }

  #payloadsTo(taps: readonly Place[]): (payload: Payload) => void {
    return (payload) => {
      for (let i = 0; i < taps.length; i++) {
        try {
          taps[i].tap.payload?.(payload);
        } catch (error) {
          this.#failed(error);
        }
      }
    };
  }

  #failed(error: unknown): void {
    this.#bmc.log.error('a tap failed', error);
  }

  /** Taps that are added or taken off meanwhile change nothing for what is being told. */
  #tell(tell: (tap: Tap) => void): void {
    for (const { tap } of this.#taps) {
      try {
        tell(tap);
      } catch (error) {
        this.#failed(error);
      }
    }
  }

  #over(dispatch: Dispatch<B>): Dispatch<B> {
    return (message, context) => {
      const asked = new Request(this.#bmc.router, message, context);
      this.#asked(asked);
      const answer = dispatch(message, context);
      if (answer instanceof Promise) return answer.then((late) => this.#answered(asked, late));
      return this.#answered(asked, answer);
    };
  }

  #asked(asked: Asked): void {
    const taps = this.#askedOf;
    for (let i = 0; i < taps.length; i++) {
      try {
        taps[i].tap.message?.(asked);
      } catch (error) {
        this.#failed(error);
      }
    }
  }

  #answered(asked: Asked, answer: Answer): Answer {
    const taps = this.#answeredTo;
    for (let i = 0; i < taps.length; i++) {
      try {
        taps[i].tap.answer?.(asked, answer);
      } catch (error) {
        this.#failed(error);
      }
    }
    return answer;
  }
}

type Names = Pick<Router, 'find' | 'idOf'>;

class Request implements Asked {
  readonly message: Message;
  readonly context: Context;
  readonly #router: Names;

  constructor(router: Names, message: Message, context: Context) {
    this.#router = router;
    this.message = message;
    this.context = context;
  }

  get id(): number {
    return this.#router.idOf(this.context);
  }

  /** Looked up when asked for: most taps do not. */
  get name(): string {
    const { message, context } = this;
    return this.#router.find(message, context.channel.number)?.handler.name ?? keyName(message);
  }
}
