import { createReadStream, existsSync, statSync } from 'node:fs';
import { Bmc } from '../bmc.ts';
import { hex2 } from '../codec/index.ts';
import { twoSocketServer } from '../config/index.ts';
import {
  CaptureError,
  Explainer,
  foreignFile,
  InputError,
  isCapture,
  isRmcp,
  isToolLog,
  itemsOf,
  passwordsIn,
  readDatagrams,
  readToolLog,
  Tally,
  type Ask,
  type Candidates,
  type CapturedDatagram,
  type Explained,
} from '../explain/index.ts';
import { Context, type Channel } from '../router/index.ts';
import { simWorld } from '../world/index.ts';
import { candidatesOf, type CandidateFlags } from './candidates.ts';
import { opened } from './capture-source.ts';
import { bold, dim } from './colors.ts';
import { CliError, systemProblem } from './errors.ts';
import { plain } from './output.ts';

export interface ExplainOptions extends CandidateFlags {
  readonly json?: boolean;
}

/** Text that is read at once; captures are read as they come. */
const LONGEST_TEXT = 16 * 1024 * 1024;
const LAN: Channel = { number: 1, medium: 'lan', maxAnswer: 0xffff };
const HOST: Channel = { number: 15, medium: 'system-interface', maxAnswer: 0xffff };

/**
 * Says what messages are, what a BMC would answer and why, and why log-ins failed. `words`: a file, `-` or
 * nothing for standard input, or the message itself.
 *
 * @throws CliError for what is no message and no capture.
 */
export async function explain(words: readonly string[], options: ExplainOptions): Promise<number> {
  const print = options.json ? printJson : printer();
  const { chunks, name } = sourceOf(words);
  try {
    const { head, all } = await opened(chunks);
    const candidates = candidatesOf(options);
    if (isCapture(head)) await explainCapture(all, candidates, print);
    else await explainText(await textOf(head, all), candidates, print);
    return 0;
  } catch (error) {
    if (error instanceof InputError)
      throw new CliError(`${name}${error.line === 0 ? '' : `:${error.line}`}: ${error.message}`, {
        cause: error,
      });
    if (error instanceof CaptureError) throw new CliError(`${name}: ${error.message}`, { cause: error });
    const problem = systemProblem(error, name);
    if (problem !== undefined) throw new CliError(problem, { cause: error });
    throw error;
  }
}

type Print = (explained: Explained) => void;

async function explainCapture(
  chunks: AsyncIterable<Uint8Array>,
  candidates: Candidates,
  print: Print,
): Promise<void> {
  const explainer = makeExplainer(candidates);
  const tally = new Tally();
  let isAny = false;
  try {
    for await (const datagram of readDatagrams(chunks, tally)) {
      const explained = await explainer.datagram(datagram);
      if (explained === undefined) continue;
      isAny = true;
      print(explained);
    }
  } finally {
    // What was read before it breaks off counts as well.
    for (const entry of await explainer.end()) print(entry);
  }
  if (!isAny) throw new CaptureError(tally.whyNothing());
  const [name, ...says] = tally.notes();
  if (name !== undefined) print({ kind: 'unreadable', name, says });
}

async function explainText(text: string, candidates: Candidates, print: Print): Promise<void> {
  if (isToolLog(text)) return explainLog(text, candidates, print);
  const bmc = makeBmc();
  const items = itemsOf(text, bmc.router);
  const explainer = makeExplainer(candidates, bmc);
  const from = { host: 'console', port: 0 };
  const to = { host: 'bmc', port: 623 };
  const isAlone = items.filter(({ kind }) => kind === 'datagram').length === 1;
  for (const [i, item] of items.entries()) {
    if (item.kind === 'datagram') {
      const number = i + 1;
      const datagram: CapturedDatagram = { from, to, ...item, number, time: 0 };
      const explained = await explainer.datagram(datagram, isAlone);
      if (explained === undefined) continue;
      const { console: _console, bmc: _bmc, time: _time, ...rest } = explained;
      print(rest);
    } else if (item.kind === 'request')
      print(readAs(await explainer.request(item.message, item.isHost), item.read));
    else print(readAs(explainer.response(item.message), item.read));
  }
  if (!isAlone) for (const entry of await explainer.end()) print(entry);
}

const readAs = (explained: Explained, read: string): Explained => ({
  ...explained,
  says: [`read as: ${read}`, ...explained.says],
});

async function explainLog(text: string, named: Candidates, print: Print): Promise<void> {
  const inLog = passwordsIn(text);
  const candidates = { ...named, inLog };
  const explainer = makeExplainer(candidates);
  const { datagrams, exchanges, logIns } = readToolLog(text, candidates);
  for (const datagram of datagrams) {
    const explained = await explainer.datagram(datagram);
    if (explained !== undefined) print({ ...explained, time: undefined });
  }
  for (const { request, response } of exchanges) {
    print(await explainer.request(request, false));
    if (response !== undefined) print(explainer.response(response, request));
  }
  const whose = inLog.length > 0 ? ["the password in the log is the console's own"] : [];
  for (const logIn of logIns) {
    const explained = explainer.logIn(logIn);
    print({ ...explained, number: undefined, says: [...explained.says, ...whose] });
  }
  for (const entry of await explainer.end()) print({ ...entry, time: undefined });
}

/** A BMC that nobody else has, in a world of its own: what it is told, it forgets. */
const makeBmc = (): Bmc => new Bmc(twoSocketServer, { world: simWorld(1) });

function makeExplainer(candidates: Candidates, bmc = makeBmc()): Explainer {
  const ask: Ask = async (message, level, isHost) => {
    const context = new Context(bmc, isHost ? HOST : LAN, isHost ? 5 : level, message.lun);
    return bmc.router.enter(message, context);
  };
  return new Explainer({ names: bmc.router, ask, candidates });
}

/** What is to be explained, and what a problem with it is called by. */
function sourceOf(words: readonly string[]): { chunks: AsyncIterable<Uint8Array>; name: string } {
  const [first] = words;
  if (first === undefined || (first === '-' && words.length === 1)) {
    if (process.stdin.isTTY)
      throw new CliError('nothing to explain: give a capture, a log, hexadecimal bytes, or raw 6 1');
    return { chunks: process.stdin, name: 'standard input' };
  }
  if (words.length === 1 && existsSync(first)) {
    if (statSync(first).isDirectory()) throw new CliError(`${first}: is a directory, expected a file`);
    return { chunks: createReadStream(first), name: first };
  }
  if (words.length === 1 && /[./\\]|[g-z]/i.test(first.replace(/^0x/i, '')) && !/\s/.test(first))
    throw new CliError(`${first}: no such file`);
  const text = new TextEncoder().encode(words.join(' '));
  return { chunks: once(text), name: 'command line' };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, void> {
  yield bytes;
}

async function textOf(head: Uint8Array, chunks: AsyncIterable<Uint8Array>): Promise<string> {
  if (head.length === 0) throw new CaptureError('is empty');
  const foreign = foreignFile(head);
  if (foreign !== undefined) throw new CaptureError(foreign);
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    length += chunk.length;
    if (length > LONGEST_TEXT) throw new InputError(1, 'more than 16 MiB, and no capture');
    parts.push(chunk);
  }
  const bytes = Buffer.concat(parts);
  // A datagram as it is, of a program that wrote what it received.
  if (isRmcp(bytes)) return bytes.toString('hex');
  // PowerShell writes what it redirects in UTF-16.
  const isWide = bytes[0] === 0xff && bytes[1] === 0xfe;
  const text = new TextDecoder(isWide ? 'utf-16le' : 'utf-8').decode(bytes);
  // What nobody types, and no log has.
  const isText = isWide || !bytes.subarray(0, 4096).some((byte) => byte < 9);
  if (!isText || /^[^\n]*\uFFFD/.test(text))
    throw new CaptureError('neither a capture (pcapng, pcap) nor text');
  return text;
}

const printJson: Print = ({ fields, ...rest }) =>
  void process.stdout.write(
    `${JSON.stringify(fields === undefined ? rest : { ...rest, fields: Object.fromEntries(fields) })}\n`,
  );

/** Times are seconds since the first packet. */
function printer(): Print {
  let began: number | undefined;
  return (entry) => {
    if (entry.time !== undefined) began ??= entry.time;
    const safe = withoutControls(entry);
    const lines = entry.kind === 'log-in' ? logInLines(safe) : messageLines(safe, began);
    process.stdout.write(`${lines.join('\n')}\n`);
  };
}

function messageLines(entry: Explained, began: number | undefined): string[] {
  const { kind, number, time, direction, name, section, fields = [], cc, says } = entry;
  const values = fields.map(([field, value]) => (field === '' ? value : `${field}=${value}`)).join(' ');
  const isResponse = kind === 'response';
  const parts = [
    bold(name),
    isResponse ? `-> ${hex2(cc ?? 0)}h` : '',
    values,
    section === undefined ? '' : dim(`(${section})`),
  ];
  const arrow = direction === undefined ? '' : direction === 'in' ? '->' : '<-';
  const where = [
    number === undefined || direction === undefined ? '' : String(number).padStart(5),
    time === undefined ? '' : ((time - (began ?? time)) / 1e6).toFixed(6).padStart(11),
    arrow,
  ];
  const head = where.filter(Boolean).join('  ');
  return [`${head === '' ? '' : `${head}  `}${parts.filter(Boolean).join('  ')}`, ...says.map(indented)];
}

function logInLines({ name, number, console, bmc, verdict, says }: Explained): string[] {
  const from = number === undefined ? '' : `, from packet ${number} on`;
  const who = `log-in of ${name} (${console} at ${bmc}${from})`;
  if (verdict === undefined) return [who, ...says.map(indented)];
  const { outcome, step, cause, says: why } = verdict;
  return [
    '',
    bold(cause === undefined ? who : `${who}: ${outcome} at ${step}`),
    indented(cause === undefined ? why : `${cause}: ${why}`),
    ...says.map(indented),
  ];
}

const indented = (text: string): string => `      ${text}`;

/** Names come from outside, and go to a terminal. */
const withoutControls = (entry: Explained): Explained => ({
  ...entry,
  name: plain(entry.name),
  fields: entry.fields?.map(([name, value]) => [name, plain(value)]),
  says: entry.says.map(plain),
  verdict: entry.verdict && { ...entry.verdict, says: plain(entry.verdict.says) },
});
