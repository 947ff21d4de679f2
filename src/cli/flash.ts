import {
  BlobFlasher,
  FlashError,
  HpmFlasher,
  HpmImageError,
  LogInError,
  TimeoutError,
  type FlashMethod,
  type FlashProgress,
  type FlashResult,
  type Way,
} from '../client/index.ts';
import { IpmiError } from '../codec/index.ts';
import { nodeWorld } from '../world/node.ts';
import {
  checkAddress,
  connectTo,
  endpointOf,
  logInProblem,
  tellRefusal,
  type BmcAddress,
} from './bmc-address.ts';
import { CliError, reading } from './errors.ts';
import { bold } from './colors.ts';

export interface FlashFlags extends BmcAddress {
  readonly via: string;
  readonly component?: readonly number[];
  /** The image's path in the blob protocol. */
  readonly blob?: string;
  readonly path?: string;
  readonly window?: string;
  readonly block?: number;
  readonly activate: boolean;
  readonly force?: boolean;
  readonly json?: boolean;
}

/** The protocols that firmware can be updated by. */
const methods: Readonly<Record<string, (flags: FlashFlags) => FlashMethod>> = {
  hpm: (flags) => (options) =>
    new HpmFlasher({ clock: nodeWorld().clock, connect: connecting(flags) }).flash(options),
  blob: (flags) => async (options) => {
    const { blob: path, block } = flags;
    const { way, close } = await wayOf(flags);
    try {
      return await new BlobFlasher({
        clock: nodeWorld().clock,
        connect: connecting(flags),
        path,
        block,
        way,
      }).flash(options);
    } finally {
      await close();
    }
  },
};

/** A flasher connects anew after each lost connection. */
const connecting = (address: BmcAddress) => async () => {
  const client = await connectTo(address);
  return { client, close: () => client.close() };
};

/**
 * How the bytes of an image go: over IPMI itself, over the network, or through a file that both sides share.
 */
async function wayOf({
  to,
  path = 'ipmi',
  window,
}: FlashFlags): Promise<{ way: Way | undefined; close: () => Promise<void> }> {
  const nothing = async (): Promise<void> => undefined;
  const { stream, files } = nodeWorld();
  switch (path) {
    case 'ipmi':
      return { way: undefined, close: nothing };
    case 'net': {
      const { host } = endpointOf(to);
      return { way: { kind: 'net', stream, at: (port) => ({ host, port }) }, close: nothing };
    }
    case 'window': {
      const [, file, kind, address] =
        /^(.+?)(?:,(lpc|p2a))?(?:,(0x[\da-f]+|\d+))?$/i.exec(window ?? '') ?? [];
      if (file === undefined) throw new CliError('--path window needs --window FILE[,lpc|p2a][,ADDRESS]');
      const size = (await files.stat(file))?.size;
      if (size === undefined)
        throw new CliError(`${file}: no such file; the BMC makes it when a session first wants it`);
      const opened = await files.open(file, 'write');
      return {
        way: { kind: kind === 'p2a' ? 'p2a' : 'lpc', file: opened, address: Number(address ?? 0), size },
        close: () => opened.close(),
      };
    }
    default:
      throw new CliError(`--path ${path}: expected ipmi, net or window`);
  }
}

/** Exit code 0: updated; 1: refused, or the BMC is not there; 2: a mistake of the caller. */
export async function flash(path: string, flags: FlashFlags): Promise<number> {
  const method = methods[flags.via];
  if (!method) throw new CliError(`--via ${flags.via}: expected one of ${Object.keys(methods).join(', ')}`);
  await checkAddress(flags);
  const image = await reading(path, () => nodeWorld().files.open(path, 'read'));
  const bar = new ProgressBar(flags.json !== true && process.stderr.isTTY);
  // While the BMC is away nothing else keeps this process waiting for it.
  const alive = setInterval(() => undefined, 1000);
  try {
    const { component: components, activate, force } = flags;
    const result = await method(flags)({
      image,
      components,
      activate,
      force,
      progress: (progress) => bar.show(progress),
    });
    bar.end();
    process.stdout.write(flags.json ? `${JSON.stringify(result)}\n` : report(result));
    return 0;
  } catch (error) {
    bar.end();
    const { message } = error as Error;
    if (error instanceof HpmImageError) throw new CliError(`${path}: ${message}`, { cause: error });
    if (error instanceof LogInError) throw new CliError(logInProblem(flags, error), { cause: error });
    if (!(error instanceof FlashError || error instanceof TimeoutError || error instanceof IpmiError))
      throw error;
    if (flags.json) process.stdout.write(`${JSON.stringify({ error: message })}\n`);
    tellRefusal(flags, error);
    return 1;
  } finally {
    clearInterval(alive);
    await image.close();
  }
}

function report({ components, activated, resumed, seconds }: FlashResult): string {
  const lines = components.map(({ component, name, before, after, image, bytes }) => {
    const now =
      after === undefined
        ? `${image} waits for activation, ${before} is active`
        : `${before} -> ${bold(after)}`;
    return `${component === undefined ? '' : `${component} `}${name}: ${now} (${bytes} bytes)`;
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
    const part = [component, name].map((word) => (word === undefined ? '' : ` ${word}`)).join('');
    const percent = sent === undefined || !size ? undefined : Math.floor((sent * 100) / size);
    const filled = percent === undefined ? 0 : Math.round((percent * WIDTH) / 100);
    const drawn =
      percent === undefined ? '' : ` [${'#'.repeat(filled)}${' '.repeat(WIDTH - filled)}] ${percent}%`;
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
