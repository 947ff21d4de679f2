import { InvalidArgumentError } from 'commander';
import { isIP } from 'node:net';
import { parseEndpoint } from '../world/world.ts';

/** `host:port` of an option. Throws InvalidArgumentError, which shows the form that was meant. */
export function endpoint(value: string): string {
  if (parseEndpoint(value) && !/[\s/*]/.test(value)) return value;
  throw new InvalidArgumentError(`expected host:port, like ${meant(value)}`);
}

/** What somebody may have meant who wrote it like that. */
export function meant(value: string): string {
  const example = '127.0.0.1:9623';
  const [, port] = /^:?(\d{1,5})$/.exec(value) ?? [];
  if (port !== undefined) return Number(port) <= 65535 ? `127.0.0.1:${port} or 0.0.0.0:${port} (every address of this machine)` : example;
  const [, star] = /^\*:(\d{1,5})$/.exec(value) ?? [];
  if (star !== undefined) return `0.0.0.0:${star} or [::]:${star} (every address of this machine)`;
  // `::1:9623` is an address as well; who wrote it in one piece hardly meant that.
  const [, host, last] = /^(.*):(\d{1,5})$/.exec(value) ?? [];
  if (last !== undefined && isIP(host) === 6 && Number(last) <= 65535) return `[${host}]:${last} (an IPv6 address stands in brackets)`;
  const bare = value.replace(/^\[(.*)\]$/, '$1');
  if (isIP(bare) === 6) return `[${bare}]:623 (an IPv6 address stands in brackets)`;
  if (isIP(value) === 4) return `${value}:623`;
  return /^[a-z\d.-]+$/i.test(value) && /[a-z]/i.test(value) ? `${value}:623, or ${example}` : example;
}
