import type { Clock, Http, Programs } from '../../world/world.ts';
import { UpdateError } from './errors.ts';

/** What may be done outside of the BMC as an update goes on. */
export const STAGES = ['prepare', 'upload', 'verify', 'activate', 'self-test', 'rollback'] as const;
export type Stage = (typeof STAGES)[number];

/** What a back end is told. */
export interface StageDetails {
  readonly bmc: string;
  readonly component: number;
  readonly name: string;
  /** The image that this is about, where it is known. */
  readonly version?: string;
  readonly size?: number;
  /** SHA-256 of the payload, as hex. */
  readonly digest?: string;
  /** The image's file, where slots are files. */
  readonly path?: string;
}

/** Does the work of a stage: resolves when it is done, rejects to refuse it. */
export type StageBackend = (stage: Stage, details: StageDetails) => Promise<void>;

/** Milliseconds that a stage may take. */
const PATIENCE = 300_000;

/**
 * A program for each stage that has one, started without a shell, or a line for the shell; what it is about
 * is in its environment. Any exit code but 0 refuses.
 */
export function commandBackend(
  programs: Programs,
  commands: { readonly [S in Stage]?: string | readonly string[] },
  timeout = PATIENCE,
): StageBackend {
  return async (stage, details) => {
    const command = commands[stage];
    const [program, ...args] = typeof command === 'string' ? ['/bin/sh', '-c', command] : (command ?? []);
    if (program === undefined) return;
    const env = Object.fromEntries(
      Object.entries({ stage, ...details })
        .filter(([, value]) => value !== undefined)
        .map(([key, value]) => [`IPMI_UPDATE_${key.toUpperCase()}`, String(value)] as const),
    );
    const ran = await programs.run(program, args, { env, timeout }).catch((error: unknown) => {
      throw new UpdateError('refused', `${stage}: ${(error as Error).message}`, { cause: error });
    });
    if (ran.code !== 0)
      throw new UpdateError(
        'refused',
        `${stage}: ${typeof command === 'string' ? command : program} ended with ${ran.code ?? 'a signal'}${reason(ran.stderr || ran.stdout)}`,
      );
  };
}

/** A POST of `{ stage, ... }` as JSON for every stage; any status but 2xx refuses. */
export function httpBackend(http: Http, url: string, timeout = PATIENCE): StageBackend {
  return async (stage, details) => {
    const options = {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ stage, ...details }),
      timeout,
    };
    const { status, body } = await http.request(url, options).catch((error: unknown) => {
      throw new UpdateError('refused', `${stage}: ${(error as Error).message}`, { cause: error });
    });
    if (status < 200 || status > 299)
      throw new UpdateError('refused', `${stage}: the hook answered ${status}${reason(body)}`);
  };
}

export interface SimulatedStages {
  /** Milliseconds that the self test takes. */
  readonly selfTestTime: number;
  readonly selfTestFails: boolean;
}

/** Nothing outside: a self test that takes its time and passes, or does not. */
export function simulatedBackend(
  clock: Clock,
  { selfTestTime, selfTestFails }: SimulatedStages,
): StageBackend {
  return async (stage, { name }) => {
    if (stage !== 'self-test') return;
    if (selfTestTime > 0) await new Promise<void>((resolve) => clock.after(selfTestTime, resolve));
    if (selfTestFails) throw new UpdateError('self-test', `${name} fails its self test`);
  };
}

/** The first line of what a back end has said. */
function reason(output: string): string {
  const line = output.trim().split('\n', 1)[0].slice(0, 200);
  return line === '' ? '' : `: ${line}`;
}
