import picocolors from 'picocolors';
import {
  FlashError,
  HpmFlasher,
  HpmImageError,
  LogInError,
  TimeoutError,
  type FlashMethod,
  type FlashProgress,
  type FlashResult,
} from '../client/index.ts';
import { IpmiError } from '../codec/index.ts';
import { nodeWorld } from '../world/node.ts';
import { connectTo, type BmcAddress } from './bmc-address.ts';
import { CliError } from './errors.ts';

export interface FlashFlags extends BmcAddress {
  readonly via: string;
  readonly component?: readonly number[];
  readonly activate: boolean;
  readonly force?: boolean;
  readonly json?: boolean;
}

/** The protocols that firmware can be updated by. */
const methods: Readonly<Record<string, (flags: FlashFlags) => FlashMethod>> = {
  hpm: (flags) => {
    const connect = async () => {
      const client = await connectTo(flags);
      return { client, close: () => client.close() };
    };
    return (options) => new HpmFlasher({ clock: nodeWorld().clock, connect }).flash(options);
  },
};

/** Exit code 0: updated; 1: refused, or the BMC is not there; 2: a mistake of the caller. */
export async function flash(path: string, flags: FlashFlags): Promise<number> {
  const method = methods[flags.via];
  if (!method) throw new CliError(`--via ${flags.via}: expected one of ${Object.keys(methods).join(', ')}`);
  const image = await nodeWorld()
    .files.open(path, 'read')
    .catch((error: NodeJS.ErrnoException) => {
      throw new CliError(`${path}: ${error.code === 'ENOENT' ? 'no such file' : error.message}`);
    });
  const bar = new ProgressBar(flags.json !== true && process.stderr.isTTY);
  // While the BMC is away nothing else keeps this process waiting for it.
  const alive = setInterval(() => undefined, 1000);
  try {
    const { component: components, activate, force } = flags;
    const result = await method(flags)({ image, components, activate, force, progress: (progress) => bar.show(progress) });
    bar.end();
    process.stdout.write(flags.json ? `${JSON.stringify(result)}\n` : report(result));
    return 0;
  } catch (error) {
    bar.end();
    const { message } = error as Error;
    if (error instanceof HpmImageError) throw new CliError(`${path}: ${message}`, { cause: error });
    if (!(error instanceof FlashError || error instanceof LogInError || error instanceof TimeoutError || error instanceof IpmiError)) throw error;
    if (flags.json) process.stdout.write(`${JSON.stringify({ error: message })}\n`);
    process.stderr.write(`ipmi-bmc: ${flags.to}: ${message}\n`);
    return 1;
  } finally {
    clearInterval(alive);
    await image.close();
  }
}

function report({ components, activated, resumed, seconds }: FlashResult): string {
  const lines = components.map(({ component, name, before, after, image, bytes }) => {
    const now = after === undefined ? `${image} waits for activation, ${before} is active` : `${before} -> ${picocolors.bold(after)}`;
    return `${component} ${name}: ${now} (${bytes} bytes)`;
  });
  const lost = resumed === 0 ? '' : `, went on after ${resumed} lost connection${resumed === 1 ? '' : 's'}`;
  return `${lines.join('\n')}\n${activated ? 'activated' : 'uploaded'} in ${seconds.toFixed(1)} s${lost}\n`;
}

const WIDTH = 30;

/** One line that is written over again and again; nothing where nobody watches. */
class ProgressBar {
  readonly #watched: boolean;
  #last = '';

  constructor(watched: boolean) {
    this.#watched = watched;
  }

  show({ step, component, name, sent, size }: FlashProgress): void {
    if (!this.#watched) return;
    const part = component === undefined ? '' : ` ${component} ${name}`;
    const percent = sent === undefined || !size ? undefined : Math.floor((sent * 100) / size);
    const filled = percent === undefined ? 0 : Math.round((percent * WIDTH) / 100);
    const drawn = percent === undefined ? '' : ` [${'#'.repeat(filled)}${' '.repeat(WIDTH - filled)}] ${percent}%`;
    const line = `${step}${part}${drawn}`;
    if (line === this.#last) return;
    this.#last = line;
    process.stderr.write(`\r\x1b[K${line}`);
  }

  end(): void {
    if (this.#last !== '') process.stderr.write('\r\x1b[K');
    this.#last = '';
  }
}
