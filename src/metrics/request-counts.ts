import { CC } from '../codec/index.ts';
import { NetFn, spokenName } from '../commands/command.ts';
import type { Answer, Dispatch } from '../joint/message.ts';
import type { Router } from '../router/index.ts';
import type { Clock } from '../world/world.ts';
import type { Labels, Sample } from './exposition.ts';
import { Histogram } from './histogram.ts';

/** Seconds: from what a handler in the process takes to what a client waits for at most. */
const BOUNDS = [
  0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1, 5,
];
/** Who asks a BMC in order to show it to a scraper; that is nobody's request, and not counted. */
export const SCRAPER = 'metrics';
/** Commands that are told apart: workers may come and go with handlers of any name. */
const MOST_COMMANDS = 1024;
const NET_FNS: Readonly<Record<number, string>> = Object.fromEntries(
  Object.entries(NetFn).map(([name, code]) => [code, spokenName(name.replaceAll(/(?<=[a-z])[A-Z]/g, '-$&'))]),
);

/** What one command was answered, by completion code. */
interface Command {
  readonly netFn: string;
  readonly name: string;
  readonly codes: Map<number, number>;
}

/** Requests by NetFn, command and completion code, and how long they took. */
export class RequestCounts {
  readonly #clock: Clock;
  readonly #ofHandlers = new WeakMap<object, Command>();
  readonly #commands = new Map<string, Command>();
  readonly #durations = new Histogram(BOUNDS);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Counts what passes through the router from now on. Returns its undoing. */
  watch<B>(router: Pick<Router<B>, 'wrap' | 'find'>): () => void {
    const over =
      (dispatch: Dispatch<B>): Dispatch<B> =>
      (message, context) => {
        if (context.requester === SCRAPER) return dispatch(message, context);
        const begun = this.#clock.monotonic();
        const handler = router.find(message, context.channel.number)?.handler;
        const command = handler ? this.#of(handler, message.netFn) : this.#unknown(message.netFn);
        const answer = dispatch(message, context);
        if (!(answer instanceof Promise)) return this.#count(command, answer, begun);
        return answer.then((late) => this.#count(command, late, begun));
      };
    return router.wrap(over, { looksOn: true });
  }

  requests(labels: Labels = {}): Sample[] {
    return [...this.#commands.values()].flatMap(({ netFn, name, codes }) =>
      Array.from(codes, ([cc, value]) => ({
        labels: { ...labels, netfn: netFn, command: name, cc: hexOf(cc) },
        value,
      })),
    );
  }

  durations(labels: Labels = {}): Sample[] {
    return this.#durations.samples(labels);
  }

  #count(command: Command, answer: Answer, begun: number): Answer {
    const cc = answer[0] ?? CC.Unspecified;
    command.codes.set(cc, (command.codes.get(cc) ?? 0) + 1);
    this.#durations.observe((this.#clock.monotonic() - begun) / 1000);
    return answer;
  }

  #of(handler: { readonly name: string }, netFn: number): Command {
    const known = this.#ofHandlers.get(handler);
    if (known) return known;
    const command = this.#named(netFn, spokenName(handler.name));
    this.#ofHandlers.set(handler, command);
    return command;
  }

  /** What nobody handles has no name: clients could make up any number of them. */
  #unknown(netFn: number): Command {
    return this.#named(netFn, 'unknown');
  }

  #named(netFn: number, name: string): Command {
    const group = NET_FNS[netFn] ?? hexOf(netFn);
    const key = `${group} ${name}`;
    const known = this.#commands.get(key);
    if (known) return known;
    if (this.#commands.size >= MOST_COMMANDS && name !== 'other') return this.#named(netFn, 'other');
    const command = { netFn: group, name, codes: new Map<number, number>() };
    this.#commands.set(key, command);
    return command;
  }
}

const hexOf = (value: number): string => `${value.toString(16).toUpperCase().padStart(2, '0')}h`;
