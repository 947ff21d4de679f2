import { existsSync } from 'node:fs';
import { MessageChannel, receiveMessageOnPort, Worker, type MessagePort } from 'node:worker_threads';
import { SettingsDocument } from '../config/document.ts';
import { ReadSettings, type PlainSettings, type WrittenSettings } from '../config/written-settings.ts';
import { isBinary, packageFile } from '../world/package-files.ts';
import { Pace } from '../world/pace.ts';
import type { World } from '../world/world.ts';

/** Reads the YAML of settings; `name`: what their places begin with. */
export type YamlReader = (text: string, name: string) => Promise<WrittenSettings>;

/** What the thread begins with. */
export interface ThreadData {
  readonly text: string;
  readonly name: string;
  readonly port: MessagePort;
}

/** What the thread says: the entries of the list, some at a time, and at last the settings without them. */
export type ThreadPiece =
  | { readonly bmcs: readonly unknown[] }
  | { readonly isList: boolean; readonly plain: PlainSettings };

/** Characters that are read here before a thread has begun. */
const SHORT = 4096;

/**
 * Reads what is long in a thread of its own: of a thousand BMCs, one by one, YAML takes half a second, during
 * which those that run have the processor that they need.
 */
export function yamlBeside(world: Pick<World, 'clock'>): YamlReader {
  const code = threadCode();
  return async (text, name) =>
    code === undefined || text.length <= SHORT
      ? new SettingsDocument(text, name)
      : inThread(text, name, code, new Pace(world));
}

/** What the thread runs: a file, or a text; undefined: sources that nobody has built have none. */
function threadCode(): URL | string | undefined {
  if (isBinary()) return packageFile('yaml-thread.cjs');
  const file = new URL('./yaml-thread.js', import.meta.url);
  return existsSync(file) ? file : undefined;
}

async function inThread(
  text: string,
  name: string,
  code: URL | string,
  pace: Pace,
): Promise<WrittenSettings> {
  const { port1, port2: port } = new MessageChannel();
  const workerData: ThreadData = { text, name, port };
  const worker = new Worker(code, {
    eval: typeof code === 'string',
    workerData,
    transferList: [port],
    execArgv: [],
  });
  try {
    await new Promise<void>((resolve, reject) => {
      worker.once('error', reject);
      worker.once('exit', () => resolve());
    });
    const bmcs: unknown[] = [];
    for (;;) {
      const received = receiveMessageOnPort(port1);
      if (received === undefined) throw new Error('the thread that reads settings has ended before its end');
      const piece = received.message as ThreadPiece;
      if ('plain' in piece) {
        const { isList, plain } = piece;
        return new ReadSettings(isList ? { ...plain, value: { ...(plain.value as object), bmcs } } : plain);
      }
      bmcs.push(...piece.bmcs);
      const rest = pace.rest();
      if (rest !== undefined) await rest;
    }
  } finally {
    port1.close();
    await worker.terminate();
  }
}
