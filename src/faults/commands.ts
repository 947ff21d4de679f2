import type { BmcState } from '../bmc-state.ts';
import { CC, hex2 } from '../codec/index.ts';
import { keyName } from '../commands/command.ts';
import { refuse, type Answer, type Context, type Dispatch, type Message } from '../router/index.ts';
import type { Armed, Patch } from './armed.ts';
import { hasData, isAbout, isPassing, RulesByUser } from './fitting.ts';
import type { SessionFaults } from './sessions.ts';

export interface CommandSurroundings {
  readonly bmc: BmcState;
  readonly sessions: Pick<SessionFaults, 'passing' | 'request' | 'wantRequests'>;
  hit(rule: Armed, effect: string): void;
  /** A condition that waited for a command. */
  begin(rule: Armed): void;
}

/** Nobody is answered. */
const SILENCE = new Uint8Array(0);
const NONE: readonly Armed[] = [];

/** What goes wrong with the commands of a BMC: a wrapper of its dispatch, there while there are rules. */
export class CommandFaults {
  readonly #surroundings: CommandSurroundings;
  readonly #wrap: (wrapper: (dispatch: Dispatch<BmcState>) => Dispatch<BmcState>) => () => void;
  #rules: readonly Armed[] = NONE;
  #waiting: readonly Armed[] = NONE;
  /**
   * Rules by NetFn and command, then by user: most requests are nobody's business, and there may be many
   * rules.
   */
  readonly #byCommand = new Map<number, RulesByUser>();
  #unwrap: (() => void) | undefined;
  /** A rule gives an answer once more. */
  #remembers = false;
  /** The last answer that was given, while a rule gives it to somebody else. */
  #previous: Answer | undefined;

  constructor(
    surroundings: CommandSurroundings,
    wrap: (wrapper: (dispatch: Dispatch<BmcState>) => Dispatch<BmcState>) => () => void,
  ) {
    this.#surroundings = surroundings;
    this.#wrap = wrap;
  }

  /** `waiting`: conditions that begin with a command. */
  put(rules: readonly Armed[], waiting: readonly Armed[]): void {
    this.#rules = rules;
    this.#waiting = waiting;
    this.#byCommand.clear();
    this.#remembers = rules.some(({ then }) => then.answerOf !== undefined);
    if (!this.#remembers) this.#previous = undefined;
    if (rules.length > 0 || waiting.length > 0 || this.#surroundings.sessions.wantRequests) {
      this.#unwrap ??= this.#wrap((dispatch) => this.#over(dispatch));
    } else {
      this.#unwrap?.();
      this.#unwrap = undefined;
    }
  }

  #over(dispatch: Dispatch<BmcState>): Dispatch<BmcState> {
    return (message, context) => {
      const { sessions } = this.#surroundings;
      if (this.#waiting.length > 0) this.#begin(message, context);
      if (sessions.wantRequests) {
        const answer = sessions.request(message, context);
        if (answer !== undefined) return this.#answered(answer, context);
      }
      for (const rule of this.#about(message, context)) {
        if (!this.#fits(rule, message, context) || !rule.strikes()) continue;
        const answer = this.#struck(rule, message, context, dispatch);
        if (answer !== undefined) return answer;
        break;
      }
      return this.#remembered(dispatch(message, context));
    };
  }

  /** Filled as commands come; the keys are at most all commands there can be. */
  #about(message: Message, { session }: Context): readonly Armed[] {
    const key = (message.netFn << 8) | message.cmd;
    let rules = this.#byCommand.get(key);
    if (rules === undefined) {
      rules = new RulesByUser(this.#rules.filter((rule) => isAbout(rule, message)));
      this.#byCommand.set(key, rules);
    }
    return rules.of(session?.userName);
  }

  #fits(rule: Armed, message: Message, context: Context): boolean {
    return hasData(rule, message) && isPassing(rule, () => this.#surroundings.sessions.passing(context));
  }

  #begin(message: Message, context: Context): void {
    for (const rule of this.#waiting)
      if (isAbout(rule, message) && this.#fits(rule, message, context) && rule.strikes()) {
        this.#surroundings.begin(rule);
        return;
      }
  }

  /** Undefined: the command goes its way. */
  #struck(
    rule: Armed,
    message: Message,
    context: Context<BmcState>,
    dispatch: Dispatch<BmcState>,
  ): Answer | Promise<Answer> | undefined {
    const { then, cc, patch } = rule;
    const name = this.#nameOf(message, context);
    if (then.drop === 'request') {
      this.#surroundings.hit(rule, `${name} dropped`);
      return this.#answered(SILENCE, context);
    }
    if (then.throws) {
      this.#surroundings.hit(rule, `${name}: the handler fails`);
      const { setup, router } = this.#surroundings.bmc;
      const request = router.idOf(context);
      const failed = `fault ${rule.id}: ${name}: handler failed (request ${request})`;
      setup.log.error(failed, new Error('on purpose'), { request });
      return this.#later(rule, context, refuse(message, CC.Unspecified));
    }
    const code = then.busy === undefined ? cc : CC.NodeBusy;
    if (code !== undefined) {
      this.#surroundings.hit(rule, `${name} answered ${hex2(code)}h`);
      return this.#later(rule, context, refuse(message, code));
    }
    const previous = this.#previous;
    if (then.answerOf !== undefined && previous === undefined) return undefined;
    this.#surroundings.hit(rule, `${name} ${doneTo(rule)}`);
    const changed = (answer: Answer): Answer => {
      if (then.drop === 'response') return this.#answered(SILENCE, context);
      return spoilt(then.answerOf === undefined ? answer : (previous ?? answer), then, patch);
    };
    const answer = dispatch(message, context);
    return answer instanceof Promise
      ? answer.then((body) => this.#later(rule, context, changed(body)))
      : this.#later(rule, context, changed(answer));
  }

  /** A controller that carries requests of others waits for their answers: it gets a time-out. */
  #answered(answer: Answer, { cause }: Context): Answer {
    return answer.length === 0 && cause !== undefined ? Uint8Array.of(CC.Timeout) : answer;
  }

  #later(rule: Armed, context: Context, answer: Answer): Answer | Promise<Answer> {
    const late = rule.drawDelay();
    if (late === 0) return answer;
    // Who would have been answered in its data's place must not wait for it.
    const kept = answer.slice();
    return new Promise((resolve) => {
      const timer = this.#surroundings.bmc.setup.clock.after(late, () => resolve(kept));
      context.onExpire(() => {
        timer.cancel();
        resolve(kept);
      });
    });
  }

  #remembered(answer: Answer | Promise<Answer>): Answer | Promise<Answer> {
    if (!this.#remembers) return answer;
    if (answer instanceof Promise)
      return answer.then((body) => {
        this.#previous = body.slice();
        return body;
      });
    this.#previous = answer.slice();
    return answer;
  }

  #nameOf(message: Message, { channel }: Context): string {
    return this.#surroundings.bmc.router.find(message, channel.number)?.handler.name ?? keyName(message);
  }
}

function doneTo({ then }: Armed): string {
  if (then.drop !== undefined) return 'carried out, its response dropped';
  const done = [
    then.answerOf === undefined ? [] : ['answered as the one before'],
    then.patch === undefined ? [] : ['patched'],
    then.truncate === undefined ? [] : [`cut to ${then.truncate} bytes`],
    then.extend === undefined ? [] : [`${then.extend} bytes longer`],
    then.delay === undefined ? [] : ['delayed'],
  ].flat();
  return done.join(', ');
}

function spoilt(answer: Answer, { truncate, extend }: Armed['then'], patch: Patch | undefined): Answer {
  let spoiled = answer;
  if (patch !== undefined && patch.at < answer.length) {
    spoiled = answer.slice();
    spoiled.set(patch.bytes.subarray(0, answer.length - patch.at), patch.at);
  }
  // The completion code stays.
  if (truncate !== undefined) spoiled = spoiled.slice(0, 1 + truncate);
  if (extend !== undefined) spoiled = Uint8Array.of(...spoiled, ...new Uint8Array(extend));
  return spoiled;
}
