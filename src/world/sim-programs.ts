import { systemError } from './system-error.ts';
import type { Clock, Files, Program, Programs, Ran, RunOptions, StartOptions } from './world.ts';

/**
 * What a simulated program does with its arguments; `started` is there when it was started to go on by
 * itself.
 */
export type SimProgram = (
  args: readonly string[],
  options: RunOptions,
  started?: SimStarted,
) => Partial<Ran> | Promise<Partial<Ran>>;

/** A started program as the program itself sees it. */
export interface SimStarted {
  output(text: string): void;
  /** Called when it is killed; the program's result then counts no more. */
  onKill: ((how: 'term' | 'kill') => void) | undefined;
}

/** Programs of a simulated world: those that a test defines. */
export class SimPrograms implements Programs {
  readonly #clock: Clock;
  readonly #files: Pick<Files, 'write'>;
  readonly #defined = new Map<string, SimProgram>();
  #pid = 100;

  constructor(clock: Clock, files: Pick<Files, 'write'>) {
    this.#clock = clock;
    this.#files = files;
  }

  define(command: string, program: SimProgram): void {
    this.#defined.set(command, program);
  }

  run(
    command: string,
    args: readonly string[],
    { timeout = 10_000, ...options }: RunOptions & { timeout?: number } = {},
  ): Promise<Ran> {
    return new Promise((resolve, reject) => {
      // A millisecond passes before anything of a program is seen.
      this.#clock.after(1, () => {
        const program = this.#defined.get(command);
        if (!program) return reject(systemError('ENOENT', 'spawn', command));
        const timer = this.#clock.after(timeout, () => resolve({ code: null, stdout: '', stderr: '' }));
        void Promise.resolve(program(args, options)).then((ran) => {
          timer.cancel();
          resolve({ code: 0, stdout: '', stderr: '', ...ran });
        }, reject);
      });
    });
  }

  start(command: string, args: readonly string[], options: StartOptions = {}): Promise<Program> {
    return new Promise((resolve, reject) => {
      this.#clock.after(1, () => {
        const body = this.#defined.get(command);
        if (!body) return reject(systemError('ENOENT', 'spawn', command));
        let over = false;
        const end = (code: number | null): void => {
          if (over) return;
          over = true;
          program.onExit?.(code);
        };
        const { outlives } = options;
        let written = '';
        let saved = Promise.resolve();
        const output = (text: string): void => {
          if (outlives === undefined) return program.onOutput?.(text);
          written += text;
          saved = this.#files.write(outlives, new TextEncoder().encode(written));
        };
        const inside: SimStarted = { output, onKill: undefined };
        const program: Program = {
          pid: this.#pid++,
          onOutput: undefined,
          onExit: undefined,
          kill: (how = 'term') => {
            inside.onKill?.(how);
            this.#clock.after(1, () => end(null));
          },
          release: () => undefined,
        };
        resolve(program);
        this.#clock.after(
          1,
          () =>
            void Promise.resolve(body(args, options, inside)).then(({ code = 0 }) =>
              outlives === undefined ? end(code) : saved.then(() => end(code)),
            ),
        );
      });
    });
  }
}
