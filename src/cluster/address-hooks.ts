import type { ClusterHooksOptions } from '../config/options.ts';
import type { Log } from '../state/setup.ts';
import type { Endpoint, Programs } from '../world/world.ts';

/** Lines that one run of a command is given. */
const LINES = 256;

/** Where a BMC listens. */
export interface Addressed {
  readonly name: string;
  readonly endpoints: readonly Endpoint[];
}

/**
 * Commands that lead addresses to the host that serves them, as an administrator wrote them: run without a
 * shell, one at a time, each for as long as it may take. On its standard input is a line for each address,
 * `ADDRESS PORT NAME`; its environment says IPMI_CLUSTER_ACTION (`own`, `lost`) and IPMI_CLUSTER_HOST.
 */
export class AddressHooks {
  readonly #hooks: ClusterHooksOptions;
  readonly #programs: Programs;
  readonly #log: Log;
  readonly #host: string;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(
    hooks: ClusterHooksOptions,
    surroundings: { readonly programs: Programs; readonly log: Log; readonly host: string },
  ) {
    this.#hooks = hooks;
    this.#programs = surroundings.programs;
    this.#log = surroundings.log;
    this.#host = surroundings.host;
  }

  /** False: a command failed for some of them. The log says which one, and what it said. */
  run(action: 'own' | 'lost', bmcs: Iterable<Addressed>): Promise<boolean> {
    const command = this.#hooks[action];
    const lines = [...bmcs].flatMap(({ name, endpoints }) =>
      endpoints.map(({ host, port }) => `${host} ${port} ${name}\n`),
    );
    if (command === undefined || lines.length === 0) return Promise.resolve(true);
    const mine = this.#turn.then(() => this.#runAll(action, command, lines));
    this.#turn = mine;
    return mine;
  }

  async #runAll(action: string, [program, ...args]: readonly string[], lines: string[]): Promise<boolean> {
    let isDone = true;
    for (let at = 0; at < lines.length; at += LINES) {
      const some = lines.slice(at, at + LINES);
      const problem = await this.#once(action, program, args, some.join(''));
      if (problem === undefined) continue;
      isDone = false;
      const more = some.length > 1 ? ` and ${some.length - 1} more` : '';
      this.#log.warn(`cluster: ${program}, ${action} of ${some[0].trimEnd()}${more}: ${problem}`);
    }
    return isDone;
  }

  /** What went wrong. */
  async #once(
    action: string,
    program: string,
    args: readonly string[],
    input: string,
  ): Promise<string | undefined> {
    const { timeout = 5 } = this.#hooks;
    const env = { IPMI_CLUSTER_ACTION: action, IPMI_CLUSTER_HOST: this.#host };
    try {
      const ran = await this.#programs.run(program, args, { input, env, timeout: timeout * 1000 });
      if (ran.code === 0) return undefined;
      const output = (ran.stderr.trim() || ran.stdout.trim()).split('\n')[0].slice(0, 200);
      const end =
        ran.code === null ? `was killed, after ${timeout} s at the latest` : `ended with ${ran.code}`;
      return output === '' ? end : `${end}: ${output}`;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }
}
