import { isIP } from 'node:net';
import { addressOf } from './ip-address.ts';
import { parseEndpoint, type UdpPlace } from './world.ts';

/** `host:port` as it is written: an IPv6 address in brackets, with its zone where it has one. */
export const ENDPOINT = /^(\[[\da-f:.]+(%[\w.-]+)?\]|[^:\s/*[\]]+):\d{1,5}$/i;

/** The same, or an address with the bits of its prefix: `10.9.0.7/16:623`, `[fd00:9::7/64]:623`. */
export const UDP_PLACE =
  /^(\[[\da-f:.]+(%[\w.-]+|\/\d{1,3})?\](\/\d{1,3})?|[^:\s/*[\]]+(\/\d{1,2})?):\d{1,5}$/i;

const PREFIXED = /^(?:\[([\da-f:.]+)(?:\]\/(\d+)|\/(\d+)\])|([\d.]+)\/(\d+)):(\d{1,5})$/i;

/** `host:port`, with the bits of a prefix or without; undefined if it is neither. */
export function parseUdpPlace(text: string): UdpPlace | undefined {
  if (!text.includes('/')) return parseEndpoint(text);
  const [, v6, behind, within, v4, bits, port] = PREFIXED.exec(text) ?? [];
  const host = v6 ?? v4 ?? '';
  const prefix = Number(behind ?? within ?? bits);
  const size = 8 * (addressOf(host)?.length ?? 0);
  return prefix > 0 && prefix <= size && Number(port) <= 65535
    ? { host, port: Number(port), prefix }
    : undefined;
}

/** As `parseUdpPlace` reads it. */
export const udpPlaceText = ({ host, port, prefix }: UdpPlace): string => {
  const bits = prefix === undefined ? '' : `/${prefix}`;
  return host.includes(':') ? `[${host}${bits}]:${port}` : `${host}${bits}:${port}`;
};

/** What somebody may have meant who wrote an address that is no `host:port`. */
export function meantEndpoint(value: string): string {
  const example = '127.0.0.1:9623';
  if (value.includes('/'))
    return '10.9.0.0/16:623 or [fd00:9::/64]:623 (an address with its prefix, and a port)';
  const [, port] = /^:?(\d{1,5})$/.exec(value) ?? [];
  if (port !== undefined)
    return Number(port) <= 65535
      ? `127.0.0.1:${port} or 0.0.0.0:${port} (every address of this machine)`
      : example;
  const [, star] = /^\*:(\d{1,5})$/.exec(value) ?? [];
  if (star !== undefined) return `0.0.0.0:${star} or [::]:${star} (every address of this machine)`;
  // `::1:9623` is an address as well; who wrote it in one piece hardly meant that.
  const [, host, last] = /^(.*):(\d{1,5})$/.exec(value) ?? [];
  if (last !== undefined && isIP(host) === 6 && Number(last) <= 65535)
    return `[${host}]:${last} (an IPv6 address stands in brackets)`;
  const bare = value.replace(/^\[(.*)\]$/, '$1');
  if (isIP(bare) === 6) return `[${bare}]:623 (an IPv6 address stands in brackets)`;
  if (isIP(value) === 4) return `${value}:623`;
  return /^[a-z\d.-]+$/i.test(value) && /[a-z]/i.test(value) ? `${value}:623, or ${example}` : example;
}
