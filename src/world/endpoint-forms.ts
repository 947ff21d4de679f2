import { isIP } from 'node:net';

/** `host:port` as it is written: an IPv6 address in brackets, with its zone where it has one. */
export const ENDPOINT = /^(\[[\da-f:.]+(%[\w.-]+)?\]|[^:\s/*[\]]+):\d{1,5}$/i;

/** What somebody may have meant who wrote an address that is no `host:port`. */
export function meantEndpoint(value: string): string {
  const example = '127.0.0.1:9623';
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
