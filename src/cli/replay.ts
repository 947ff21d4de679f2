import { readFileSync } from 'node:fs';
import { connectVm, LogInError, TimeoutError, type Client } from '../client/index.ts';
import { IpmiError } from '../codec/index.ts';
import {
  differenceText,
  maskOf,
  readTape,
  replay,
  TapeError,
  type Mask,
  type ReplayReport,
  type Tape,
} from '../tape/index.ts';
import { nodeWorld } from '../world/node.ts';
import { checkAddress, connectTo, logInProblem, type BmcAddress } from './bmc-address.ts';
import { kgOf, passwordIn } from './candidates.ts';
import { CliError, problemOf, reading } from './errors.ts';
import { showCount } from './progress.ts';

export interface ReplayFlags {
  readonly to: string;
  readonly user?: string;
  readonly password?: string;
  /** A file whose one line is it. */
  readonly passwordFile?: string;
  /** Text, or `0x` and digits. */
  readonly kg?: string;
  /** A file whose one line is such a K_g. */
  readonly kgFile?: string;
  readonly cipher?: number;
  readonly ignore?: readonly string[];
  /** A file of such names. */
  readonly ignoreFrom?: string;
  readonly strict?: boolean;
  readonly readOnly?: boolean;
  readonly json?: boolean;
}

/** Exit code 0: nothing differs; 1: something does; 2 (CliError): a mistake, or the BMC cannot be reached. */
export async function replayFile(file: string, flags: ReplayFlags): Promise<number> {
  const tape = tapeIn(file);
  const mask = masksOf(flags);
  await checkReach(flags);
  const progress = showCount('requests', flags.json === true ? undefined : process.stderr);
  const report = await reached(flags, (client, reconnect) =>
    replay(tape, client, { ...flags, mask, now: Date.now, reconnect, progress: progress.show }),
  ).finally(progress.end);
  process.stdout.write(flags.json ? `${JSON.stringify(jsonOf(report))}\n` : reportText(report));
  return report.different > 0 ? 1 : 0;
}

/** Throws CliError: `file:line: what`. */
export function tapeIn(file: string): Tape {
  try {
    const tape = readTape(
      reading(file, () => readFileSync(file, 'utf8')),
      file,
    );
    if (tape.isCut) process.stderr.write(`ipmi-bmc: ${file}: its last line has no end and is left out\n`);
    return tape;
  } catch (error) {
    if (error instanceof TapeError) throw new CliError(error.message, { cause: error });
    throw error;
  }
}

/** Throws CliError for a name that there is not. */
export function masksOf({ ignore = [], ignoreFrom }: ReplayFlags): Mask {
  const listed = ignoreFrom === undefined ? [] : listIn(ignoreFrom);
  try {
    return maskOf([...ignore, ...listed]);
  } catch (error) {
    throw new CliError(`--ignore ${(error as Error).message}`, { cause: error });
  }
}

/** A name a line; what follows a # is for people. */
const listIn = (file: string): string[] =>
  reading(file, () => readFileSync(file, 'utf8'))
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim())
    .filter(Boolean);

const isPath = (to: string): boolean => to.includes('/');

/** Finds mistakes before anything is sent. Rejects with CliError. */
export async function checkReach(flags: ReplayFlags): Promise<void> {
  if (!isPath(flags.to)) await checkAddress(addressOf(flags));
}

function addressOf({ user, passwordFile, kg: text, kgFile, ...flags }: ReplayFlags): BmcAddress {
  if (user === undefined) throw new CliError(`--to ${flags.to}: say who with -U`);
  const kg = kgOf({ kg: text, kgFile });
  if (passwordFile === undefined) return { ...flags, user, kg };
  if (flags.password !== undefined) throw new CliError('-P and --password-file: give one of them');
  return { ...flags, user, kg, password: passwordIn(passwordFile) };
}

/** Milliseconds that a BMC may be away, as after a reset. */
const AWAY = 60_000;

/**
 * Does something with a client of the BMC, by LAN or its VM socket; `reconnect` gives another one in its
 * place, or undefined when the BMC has been away for too long. Rejects with CliError without one.
 */
export async function reached<T>(
  flags: ReplayFlags,
  work: (client: Client, reconnect: () => Promise<Client | undefined>) => Promise<T>,
): Promise<T> {
  let client = await connected(flags);
  // A client that waits for an answer has nothing else that keeps the process.
  const alive = setInterval(() => undefined, 1000);
  const reconnect = async (): Promise<Client | undefined> => {
    const began = Date.now();
    while (Date.now() - began < AWAY) {
      try {
        const fresh = await connected(flags);
        await client.close();
        return (client = fresh);
      } catch (error) {
        if (!(error instanceof CliError)) throw error;
        // Nobody listens at the socket of a machine: the next try would be at once.
        await new Promise((resolve) => setTimeout(resolve, 500));
      }
    }
    return undefined;
  };
  try {
    return await work(client, reconnect);
  } finally {
    clearInterval(alive);
    await client.close();
  }
}

async function connected(flags: ReplayFlags): Promise<Client & { close(): Promise<void> | void }> {
  if (isPath(flags.to)) {
    return connectVm(nodeWorld(), { path: flags.to }).catch((error: unknown) => {
      throw new CliError(problemOf(error), { cause: error });
    });
  }
  const address = addressOf(flags);
  try {
    return await connectTo(address);
  } catch (error) {
    if (error instanceof LogInError) throw new CliError(logInProblem(address, error), { cause: error });
    if (error instanceof TimeoutError || error instanceof IpmiError || error instanceof RangeError) {
      const { message } = error;
      throw new CliError(message.includes(flags.to) ? message : `${flags.to}: ${message}`, { cause: error });
    }
    throw error;
  }
}

function jsonOf({ requests, sent, different }: ReplayReport): unknown {
  return {
    sent,
    different,
    differences: requests.flatMap(({ place, entry, differences }) =>
      differences.map((difference) => ({ place, name: entry.name, ...difference })),
    ),
    skipped: requests.flatMap(({ place, entry, skipped: why }) =>
      why === undefined ? [] : [{ place, name: entry.name, why }],
    ),
  };
}

function reportText({ requests, sent, different }: ReplayReport): string {
  const lines = requests.flatMap(({ place, entry, differences }) =>
    differences.map((difference) => `${place}  ${differenceText(entry, difference)}`),
  );
  const skipped = new Map<string, number>();
  for (const { skipped: why } of requests)
    if (why !== undefined) skipped.set(why, (skipped.get(why) ?? 0) + 1);
  for (const [why, count] of skipped) lines.push(`${count} not sent: ${why}`);
  lines.push(
    `${sent} of ${requests.length} requests sent, ${different === 0 ? 'nothing differs' : `${different} differ`}`,
  );
  return `${lines.join('\n')}\n`;
}
