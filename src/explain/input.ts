import { udpIn, type UdpDatagram } from '../capture/link-layers.ts';
import { LinkType } from '../capture/pcapng.ts';
import { ERROR_CODES } from '../codec/index.ts';
import { NetFn } from '../commands/command.ts';
import type { Message } from '../joint/message.ts';
import type { Names } from '../taps/index.ts';
import type { Endpoint } from '../world/world.ts';
import { parseMessage, type IpmiMessage } from '../wire/index.ts';
import { parseBt } from '../wire/bt-frame.ts';
import { isRmcp } from './explainer.ts';

/** Text that is no message: `line`, counted from 1, says where. */
export class InputError extends Error {
  override name = 'InputError';
  readonly code = ERROR_CODES.InputError;
  readonly line: number;

  constructor(line: number, problem: string) {
    super(problem);
    this.line = line;
  }
}

/** What was given as text. */
export type Item =
  | {
      readonly kind: 'datagram';
      readonly bytes: Uint8Array;
      /** Where headers of IP stand before it. */
      readonly from?: Endpoint;
      readonly to?: Endpoint;
    }
  | { readonly kind: 'request'; readonly message: Message; readonly isHost: boolean; readonly read: string }
  | { readonly kind: 'response'; readonly message: IpmiMessage; readonly read: string };

/** Bytes of text that are looked at. */
const LONGEST = 16 * 1024 * 1024;

/** NetFn by the names that ipmitool takes for it. */
const NETFN_NAMES: Readonly<Record<string, number>> = {
  chassis: NetFn.Chassis,
  bridge: NetFn.Bridge,
  sensor: NetFn.SensorEvent,
  app: NetFn.App,
  firmware: NetFn.Firmware,
  storage: NetFn.Storage,
  transport: NetFn.Transport,
  picmg: NetFn.Group,
};

/**
 * The messages of a text: hexadecimal bytes in any usual writing, with or without offsets and characters
 * beside them, and `raw` with what ipmitool has behind it. Lines belong together where a dump's offsets or the
 * bytes say so; else each is a message.
 *
 * @throws InputError for a line that is none of it.
 */
export function itemsOf(text: string, names: Names): Item[] {
  if (text.length > LONGEST) throw new InputError(1, 'too long');
  const items: Item[] = [];
  let block: Line[] = [];
  const flush = (): void => {
    if (block.length > 0) items.push(...blockItems(block, names));
    block = [];
  };
  text.split(/\r?\n/).forEach((line, i) => {
    const words = line.trim();
    if (words === '') return flush();
    if (words.startsWith('#')) return;
    const raw = rawOf(words, i + 1);
    if (raw !== undefined) {
      flush();
      items.push({ kind: 'request', message: raw, isHost: false, read: 'raw' });
      return;
    }
    if (isEndOfDump(block.at(-1), words) || isHeading(words)) return flush();
    const found = bytesIn(inArray(words), i + 1);
    // An offset of 0 begins another dump.
    if (found.offset === 0) flush();
    block.push(found);
  });
  flush();
  if (items.length === 0) throw new InputError(1, 'nothing to explain');
  return items;
}

interface Line {
  readonly number: number;
  readonly bytes: Uint8Array;
  readonly offset: number | undefined;
}

/** hexdump and od end with the length alone, as one more offset; od counts in octal. */
function isEndOfDump(last: Line | undefined, words: string): boolean {
  if (last?.offset === undefined || !/^[\da-f]{6,8}$/i.test(words)) return false;
  const [offset, { length }] = [last.offset.toString(16), last.bytes];
  return [16, 8].some((base) => parseInt(words, base) === parseInt(offset, base) + length);
}

/**
 * What stands between dumps: tcpdump's and tshark's line of a packet, and the beginning and the end of an
 * array as `xxd -i` has it.
 */
function isHeading(words: string): boolean {
  return (
    /(?:^|\s)(?:IP6?|ARP),? (?:\(|[\w:.%-]+ > )|^\S+ > \S+: |, ethertype \S/.test(words) ||
    /^(?:Packet|Frame|Reassembled|Decrypted)\b.* \(\d+ bytes?\):?$/.test(words) ||
    /^(?:\w+\s+)+\w+(?:\[\w*\])? = (?:\{|\d+;)$/.test(words) ||
    /^[\])};]+$/.test(words)
  );
}

/** Of an array that begins in the same line, what stands in it. */
const inArray = (words: string): string => words.replace(/^(?:\w+\s+)+\w+\[\w*\] = \{/, '');

function blockItems(lines: readonly Line[], names: Names): Item[] {
  const [first] = lines;
  const whole = Uint8Array.from(lines.flatMap(({ bytes }) => [...bytes]));
  const isDump = lines.every(({ offset }) => offset !== undefined);
  if (lines.length === 1 || isDump || isCertain(whole)) return [itemOf(whole, first.number, names)];
  return lines.map(({ bytes, number }) => itemOf(bytes, number, names));
}

/** What says by itself what it is: lengths and checksums fit. */
const isCertain = (bytes: Uint8Array): boolean =>
  isRmcp(bytes) || datagramIn(bytes) !== undefined || parseMessage(bytes) !== undefined;

function itemOf(bytes: Uint8Array, line: number, names: Names): Item {
  const packet = datagramIn(bytes);
  if (packet !== undefined) return { kind: 'datagram', ...packet };
  if (isRmcp(bytes)) return { kind: 'datagram', bytes };
  const message = parseMessage(bytes);
  if (message !== undefined) return addressed(message);
  const bt = parseBt(bytes);
  if (bt !== undefined) {
    const { netFn, lun, cmd, data } = bt;
    return hostMessage(netFn, lun, cmd, data, 'BT frame');
  }
  if (bytes.length < 2) throw new InputError(line, 'a message has a NetFn and a command at least');
  return bareOf(bytes, names);
}

/** RMCP in an IP packet, or in a frame of Ethernet. */
function datagramIn(bytes: Uint8Array): UdpDatagram | undefined {
  for (const linkType of [LinkType.RawIp, LinkType.Ethernet]) {
    const datagram = udpIn(linkType, bytes);
    if (datagram !== undefined && isRmcp(datagram.bytes)) return datagram;
  }
  return undefined;
}

function addressed(message: IpmiMessage): Item {
  const read = 'message with addresses';
  if (message.netFn % 2 === 1) return { kind: 'response', message, read };
  const { netFn, toLun: lun, cmd, data } = message;
  return { kind: 'request', message: { netFn, lun, cmd, data }, isHost: false, read };
}

function hostMessage(netFn: number, lun: number, cmd: number, data: Uint8Array, read: string): Item {
  if (netFn % 2 === 0) return { kind: 'request', message: { netFn, lun, cmd, data }, isHost: true, read };
  const message = { to: 0x81, toLun: lun, netFn, from: 0x20, fromLun: 0, seq: 0, cmd, data };
  return { kind: 'response', message, read };
}

/**
 * Without a frame the first byte is NetFn and LUN, as KCS has it, or the NetFn alone, as people write it:
 * what is a command is more likely than what is none, LUN 0 more likely than another.
 */
function bareOf(bytes: Uint8Array, names: Names): Item {
  const [head, cmd] = bytes;
  const data = bytes.subarray(2);
  const kcs = { netFn: head >> 2, lun: head & 3 };
  const isKnown = (netFn: number, body: Uint8Array): boolean =>
    names.find({ netFn: netFn & ~1, lun: 0, cmd, data: body }, 1) !== undefined;
  const asKcs =
    (isKnown(kcs.netFn, kcs.netFn % 2 ? data.subarray(1) : data) ? 2 : 0) +
    (kcs.lun === 0 ? 2 : 0) +
    (kcs.netFn % 2 === 0 ? 1 : data.length === 0 ? -4 : 0);
  const asBare = head > 0x3f ? -1 : (isKnown(head, data) ? 3 : 0) + (head % 2 === 0 ? 1 : -2);
  return asKcs >= asBare
    ? hostMessage(kcs.netFn, kcs.lun, cmd, data, 'NetFn and LUN, command, data (KCS)')
    : hostMessage(head, 0, cmd, data, 'NetFn, command, data');
}

/** `raw 0x06 0x01`, with or without `ipmitool` and its options before it. */
function rawOf(words: string, line: number): Message | undefined {
  const [, options, after] = /^((?:\S*ipmitool\b)?.*?\s?)\braw\s+(.*)$/.exec(words) ?? [];
  if (after === undefined) return undefined;
  const [netFnWord = '', ...rest] = after.split(/\s+/);
  const [lunOption] = /(?<=-l\s*)\d/.exec(options ?? '') ?? ['0'];
  const netFn = NETFN_NAMES[netFnWord] ?? numberOf(netFnWord, line);
  const [cmd, ...data] = rest.map((word) => numberOf(word, line));
  if (cmd === undefined) throw new InputError(line, 'raw has a NetFn and a command at least');
  if (netFn > 0x3f) throw new InputError(line, `a NetFn is at most 3Fh, not '${netFnWord}'`);
  if (netFn % 2 === 1) throw new InputError(line, `NetFn '${netFnWord}' is that of a response: it is odd`);
  return { netFn, lun: Number(lunOption), cmd, data: Uint8Array.from(data) };
}

/** As C has numbers: 0x.. hexadecimal, 0.. octal, else decimal. */
function numberOf(word: string, line: number): number {
  const value = /^0x[\da-f]{1,2}$/i.test(word)
    ? parseInt(word, 16)
    : /^0[0-7]+$/.test(word)
      ? parseInt(word, 8)
      : /^\d+$/.test(word)
        ? Number(word)
        : NaN;
  if (!(value <= 0xff)) throw new InputError(line, `'${word}' is no byte: raw has 0x00 to 0xff, or 0 to 255`);
  return value;
}

/**
 * An offset at the head of a line of a dump: `0000  `, `00000010: `, `\t0x0010:  `, and of od `0000020 ` or
 * `000010 `, which nobody takes for bytes.
 */
const OFFSET =
  /^(?:0x)?([\da-f]{3,8}(?=:\s|:?\s{2})|(?:\d{7}|000[\da-f]{3})(?=\s[\da-f]{2}(?:\s|$))):?\s+(?=[\da-f]{2})/i;

function bytesIn(words: string, number: number): Line {
  const [head, offset] = OFFSET.exec(words) ?? [];
  // What stands behind two blanks and no digits is what the bytes look like as characters.
  const rest = (head === undefined ? words : words.slice(head.length)).replace(
    head === undefined ? /\s*\|.*\|\s*$/ : /\s{2,}(?![\da-f]{2}(?:\s|$)).*$|\s*\|.*\|\s*$|\s{3,}\S.*$/i,
    '',
  );
  const digits = rest
    .replaceAll(/\b0x/gi, ' ')
    .replaceAll(/\b([\da-f]{1,2})h\b/gi, ' $1 ')
    .replaceAll(/[[\](){},;:"'\\x-]+/g, ' ')
    .trim();
  const bytes: number[] = [];
  for (const word of digits.split(/\s+/)) {
    if (word === '') continue;
    if (!/^[\da-f]+$/i.test(word) || (word.length > 2 && word.length % 2 === 1))
      throw new InputError(number, `'${word.slice(0, 40)}' is no hexadecimal byte`);
    if (word.length <= 2) bytes.push(parseInt(word, 16));
    else for (let at = 0; at < word.length; at += 2) bytes.push(parseInt(word.slice(at, at + 2), 16));
  }
  if (bytes.length === 0) throw new InputError(number, 'no bytes');
  return {
    number,
    bytes: Uint8Array.from(bytes),
    offset: offset === undefined ? undefined : parseInt(offset, 16),
  };
}
