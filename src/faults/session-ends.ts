import type { Session } from '../state/app/sessions.ts';
import type { Timer } from '../world/world.ts';
import { timeAt, type Armed } from './armed.ts';
import type { FaultyBmc } from './faulty-bmc.ts';

/** What faults of sessions work on, and who is told of each. */
export interface SessionSurroundings {
  readonly bmc: FaultyBmc;
  hit(rule: Armed, effect: string): void;
}

/** Sessions that a rule drops after so many requests, or so long after they began. */
export class SessionEnds {
  readonly #surroundings: SessionSurroundings;
  readonly #wants: (rule: Armed, session: Session) => boolean;
  /** Requests that each session has had, as each rule counts them. */
  #asked = new Map<Armed, WeakMap<Session, number>>();
  /** Those that wait for the end of a session. */
  readonly #timers = new Map<Session, Timer[]>();
  #aged: readonly Armed[] = [];
  #undo: (() => void)[] = [];

  /** `wants`: channel, user and machine are as the rule wants them. */
  constructor(surroundings: SessionSurroundings, wants: (rule: Armed, session: Session) => boolean) {
    this.#surroundings = surroundings;
    this.#wants = wants;
  }

  put(rules: readonly Armed[]): void {
    const { sessions } = this.#surroundings.bmc;
    const ending = rules.filter(({ then }) => typeof then.endSession === 'object');
    this.#asked = new Map(ending.map((rule) => [rule, this.#asked.get(rule) ?? new WeakMap()]));
    this.close();
    this.#aged = ending.filter(({ then }) => ageOf(then.endSession) !== undefined);
    if (this.#aged.length === 0) return;
    for (const session of sessions.active) this.#watch(session);
    this.#undo = [
      sessions.onOpen((session) => this.#watch(session)),
      sessions.onClose((session) => this.#forget(session)),
    ];
  }

  /** Nothing waits any more. */
  close(): void {
    for (const undo of this.#undo.splice(0)) undo();
    for (const session of this.#timers.keys()) this.#forget(session);
  }

  /** One more request of a session, for a rule that counts them: it is one too many. */
  isTooMany(rule: Armed, session: Session): boolean {
    const { endSession } = rule.then;
    if (typeof endSession !== 'object') return endSession === true;
    const counts = this.#asked.get(rule);
    if (endSession.requests === undefined || counts === undefined) return false;
    const count = (counts.get(session) ?? 0) + 1;
    counts.set(session, count);
    return count > endSession.requests;
  }

  #watch(session: Session): void {
    const { clock } = this.#surroundings.bmc.setup;
    const now = clock.monotonic();
    this.#timers.set(
      session,
      this.#aged.map((rule) =>
        clock.after(Math.max(1, session.began + (ageOf(rule.then.endSession) ?? 0) - now), () =>
          this.#drop(rule, session),
        ),
      ),
    );
  }

  #drop(rule: Armed, session: Session): void {
    if (!this.#wants(rule, session) || !rule.strikes()) return;
    this.#surroundings.bmc.sessions.close(session, 'reset');
    this.#surroundings.hit(rule, `session of ${session.userName} ended`);
  }

  #forget(session: Session): void {
    for (const timer of this.#timers.get(session) ?? []) timer.cancel();
    this.#timers.delete(session);
  }
}

/** Milliseconds. */
const ageOf = (ends: Armed['then']['endSession']): number | undefined =>
  typeof ends === 'object' ? timeAt(['then', 'endSession', 'age'], ends.age) : undefined;
